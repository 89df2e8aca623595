"""
Measure an enterprise's year: lines from its meters, factors and policy of the year, one figure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.calculation import as_text
from ledger.errors import Refused
from ledger.metering.carriers import Basis
from ledger.metering.consumption import (
    Consumption,
    Line,
    Switches,
    Use,
    comprehensive_consumption,
)
from ledger.metering.enroll import reading_of
from ledger.metering.factors import table_in_force
from ledger.metering.meter import InstalledMeter, Meters
from ledger.metering.reading import Month, Reading, consumed_over
from ledger.metering.tables import ReadingRow
from ledger.parties.party import Parties
from ledger.policy import Found, ParameterWrongType, as_switch
from ledger.policy import as_text as as_word
from ledger.post import AmountTooLarge
from ledger.units import AMOUNT_MAX
from ledger.work import Work

NAMED_MAX = 20


class MonthsMissing(Refused):
    """A meter has not been read to the end of the year."""

    code = "months_missing"
    rule = "MRV-60"

    def __init__(self, enterprise: str, *, year: int, missing: list[tuple[str, Month]]) -> None:
        named = ", ".join(f"{meter} from {month}" for meter, month in missing[:NAMED_MAX])
        meter, month = missing[0]
        super().__init__(
            f"{enterprise} cannot report {year}: {len(missing)} meters lack readings up to "
            f"{year}-12: {named}; record them or close the meter",
            enterprise=enterprise,
            year=year,
            meters=len(missing),
            meter=meter,
            month=str(month),
        )


class MetersMissing(Refused):
    """The enterprise had no meter in the year."""

    code = "meters_missing"
    rule = "MRV-60"

    def __init__(self, enterprise: str, *, year: int) -> None:
        super().__init__(
            f"{enterprise} has no meter that measured in {year}: register one with its opening "
            "reading",
            enterprise=enterprise,
            year=year,
        )


class NotOwnRenewable(Refused):
    """A certificate was said to be sold for what is not the enterprise's own renewable energy."""

    code = "not_own_renewable"
    rule = "MRV-22"

    def __init__(self, meter: str) -> None:
        super().__init__(
            f"{meter[:40]} is not a meter of own renewables of this enterprise, so it has no "
            "certificate to sell",
            meter=meter[:40],
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """A year's consumption, the lines it was computed from, and the policy that decided it."""

    lines: tuple[Line, ...]
    policy: tuple[Found, ...]
    consumption: Consumption


def measure_year(
    work: Work, enterprise: str, *, year: int, certificates_sold: frozenset[str]
) -> Measured:
    """
    Return what *enterprise* consumed in *year*, one line a meter.

    *certificates_sold* names the meters of own renewables whose certificates were sold. Basis and
    switches are those in force on 1 January: a year keeps the rules it began with.

    Rule: MRV-60, MRV-61.
    """
    pack = _pack(work, enterprise)
    keys = ("metering.basis", "obligation.own_renewables_counted", "obligation.feedstock_counted")
    find = work.memory.cache(Policy).find
    basis, own_renewables, feedstock = policy = tuple(
        find(pack, key, date(year, 1, 1)) for key in keys
    )
    lines = _lines(work, enterprise, year=year, certificates_sold=certificates_sold)
    consumption = comprehensive_consumption(
        lines,
        table=table_in_force(work.session, year=year, basis=_basis(basis)),
        switches=Switches(
            feedstock_counted=as_switch(feedstock),
            own_renewables_counted=as_switch(own_renewables),
        ),
        pack_version=", ".join(dict.fromkeys(f"{one.pack_id}@{one.version}" for one in policy)),
    )
    _require_countable(consumption)
    return Measured(lines=lines, policy=policy, consumption=consumption)


def report_content(
    measured: Measured, *, enterprise: str, year: int, version: int
) -> dict[str, object]:
    """Return what the report's hash will cover, outputs excepted, as plain data."""
    figures = measured.consumption
    return {
        "enterprise": enterprise,
        "year": year,
        "version": version,
        "basis": figures.basis.value,
        "edition": figures.edition,
        "energy_kgce": figures.energy_kgce,
        "coal_kg": figures.coal_kg,
        "lines": [_plain_line(line) for line in measured.lines],
        "policy": [
            {
                "key": found.key,
                "value": found.value,
                "pack": found.pack_id,
                "version": found.version,
            }
            for found in measured.policy
        ],
        "sheet": figures.sheet.plain(),
    }


def _plain_line(line: Line) -> dict[str, object]:
    return {
        "meter": line.label,
        "carrier": line.carrier,
        "quantity": as_text(line.quantity),
        "unit": line.unit,
        "use": line.use.value,
        "certificate_sold": line.certificate_sold,
    }


def _basis(found: Found) -> Basis:
    word = as_word(found)
    if word not in set(Basis):
        wanted = " or ".join(Basis)
        raise ParameterWrongType(found.key, pack=found.pack_id, unit=found.unit, wanted=wanted)
    return Basis(word)


def _pack(work: Work, enterprise: str) -> str:
    parties = work.memory.cache(Parties)
    return parties.district(parties.enterprise(enterprise).district).pack


def _lines(
    work: Work, enterprise: str, *, year: int, certificates_sold: frozenset[str]
) -> tuple[Line, ...]:
    installed = work.memory.cache(Meters).of(enterprise)
    spans = {one.meter.code: span for one in installed if (span := _span(one, year)) is not None}
    measuring = [one for one in installed if one.meter.code in spans]
    if not measuring:
        raise MetersMissing(enterprise, year=year)
    _require_read(enterprise, year, [(one, spans[one.meter.code][1]) for one in measuring])
    _require_own_renewable(certificates_sold, measuring)
    readings = _readings(work, measuring, spans)
    return tuple(
        _line(one, readings[one.meter.code], one.meter.code in certificates_sold)
        for one in measuring
    )


def _span(installed: InstalledMeter, year: int) -> tuple[Month, Month] | None:
    """Return the months of the opening and closing reading of *year*, None if it was not there."""
    opening = max(installed.first, Month(year - 1, 12))
    closing = min(installed.closed or Month(year, 12), Month(year, 12))
    return (opening, closing) if opening < closing else None


def _require_read(enterprise: str, year: int, closings: list[tuple[InstalledMeter, Month]]) -> None:
    # Readings never skip a month, so a meter lacks exactly the months after its last reading.
    missing = [
        (one.meter.code, max(one.last.month.following(), Month(year, 1)))
        for one, closing in closings
        if one.last.month < closing
    ]
    if missing:
        raise MonthsMissing(enterprise, year=year, missing=missing)


def _require_own_renewable(certificates_sold: frozenset[str], meters: list[InstalledMeter]) -> None:
    own = {one.meter.code for one in meters if one.use is Use.OWN_RENEWABLE}
    for meter in sorted(certificates_sold - own):
        raise NotOwnRenewable(meter)


def _readings(
    work: Work, meters: Iterable[InstalledMeter], spans: dict[str, tuple[Month, Month]]
) -> dict[str, list[Reading]]:
    by_code = {one.meter.code: one.meter for one in meters}
    rows = work.session.execute(
        sa.select(ReadingRow.__table__)
        .where(
            ReadingRow.meter.in_(sorted(by_code)),
            ReadingRow.month >= str(min(opening for opening, _ in spans.values())),
            ReadingRow.month <= str(max(closing for _, closing in spans.values())),
        )
        .order_by(ReadingRow.meter, ReadingRow.month)
    )
    found: dict[str, list[Reading]] = {code: [] for code in by_code}
    for row in rows:
        found[row.meter].append(reading_of(by_code[row.meter], row))
    return found


def _line(installed: InstalledMeter, readings: list[Reading], certificate_sold: bool) -> Line:
    meter = installed.meter
    months = consumed_over(readings, meter)
    return Line(
        label=meter.code,
        carrier=meter.carrier,
        quantity=sum((quantity for _, quantity in months), start=Decimal(0)),
        unit=meter.unit,
        use=installed.use,
        certificate_sold=certificate_sold,
    )


def _require_countable(consumption: Consumption) -> None:
    largest = max(consumption.energy_kgce, consumption.coal_kg)
    if largest > AMOUNT_MAX:
        raise AmountTooLarge(largest)
