"""
Register and close meters; load the writer's cache of them.
"""

from decimal import Decimal
from typing import Any, ClassVar

import msgspec
import sqlalchemy as sa

from ledger.calculation import as_text
from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.memory import Memory
from ledger.metering.carriers import require_unit
from ledger.metering.consumption import Use
from ledger.metering.factors import carrier_units
from ledger.metering.meter import (
    INDEX_DECIMALS,
    InstalledMeter,
    MeterExists,
    Meters,
    parse_index,
    parse_month,
    require_few,
    require_over,
)
from ledger.metering.reading import Changeover, Meter, Month, Reading, ReadingNegative
from ledger.metering.tables import MeterRow, ReadingRow
from ledger.parties.party import Parties, PartyUnknown, require_id
from ledger.parties.tables import FacilityRow
from ledger.rows import each_row
from ledger.subject import ANYWHERE, Handler, Result, Role
from ledger.units import parse_decimal
from ledger.work import Work

MULTIPLIER_MAX = 10**6


class CarrierUnknown(Refused):
    """No adopted edition has a factor for the carrier, so a meter of it could never count."""

    code = "carrier_unknown"
    rule = "MRV-53"

    def __init__(self, carrier: str) -> None:
        super().__init__(
            f"no adopted factor edition knows the carrier {carrier[:40]}: adopt one that does, or "
            "choose a listed carrier",
            carrier=carrier[:40],
        )


class FacilityElsewhere(Refused):
    """A meter was to stand in a facility of another enterprise."""

    code = "facility_elsewhere"
    rule = "MRV-53"

    def __init__(self, facility: str, *, enterprise: str) -> None:
        super().__init__(
            f"facility {facility} is not one of {enterprise}'s",
            facility=facility,
            enterprise=enterprise,
        )


class MultiplierOutOfRange(Refused):
    """A transformer ratio is zero, negative or beyond any instrument."""

    code = "multiplier_out_of_range"
    rule = "MRV-53"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:40]} is not a multiplier: above 0 and at most {MULTIPLIER_MAX}",
            multiplier=text[:40],
            largest=MULTIPLIER_MAX,
        )


class ClosingMonthOther(Refused):
    """A meter was to be closed in another month than that of its last reading."""

    code = "closing_month_other"
    rule = "MRV-54"

    def __init__(self, meter: str, *, month: Month, last: Month) -> None:
        super().__init__(
            f"meter {meter} is read to {last} and closes with that reading, not with {month}",
            meter=meter,
            month=str(month),
            last=str(last),
        )


class MeterLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One meter, first read with *first_value* at the end of *first_month* ("2024-12").

    *facility* is empty where the meter serves the whole site; *multiplier* is its transformer
    ratio.
    """

    id: str
    enterprise: str
    carrier: str
    unit: str
    use: Use
    first_month: str
    first_value: str
    facility: str = ""
    multiplier: str = "1"


class RegisterMeters(Payload, frozen=True):
    """Register meters."""

    kind: ClassVar[str] = "meters.register"
    rows: tuple[MeterLine, ...]


class CloseMeter(Payload, frozen=True):
    """Close a meter with the reading of *month*, its last one."""

    kind: ClassVar[str] = "meters.close"
    enterprise: str
    meter: str
    month: str


def register_meters(work: Work, payload: RegisterMeters) -> Result:
    """
    Register every meter with its opening reading, or none.

    Rule: MRV-53, MRV-57.
    """
    require_few(payload.rows)
    units = carrier_units(work.session, {line.carrier for line in payload.rows})
    owners = _facility_owners(work, {line.facility for line in payload.rows})
    each_row(payload.rows, lambda line: _register(work, line, units=units, owners=owners))
    return {"meters": len(payload.rows)}


def close_meter(work: Work, payload: CloseMeter) -> Result:
    """Let no reading follow the last one, nor any report ask for one. Rule: MRV-54."""
    installed = work.memory.cache(Meters).find(payload.meter, enterprise=payload.enterprise)
    month = parse_month(payload.month)
    if month != installed.last.month or installed.closed is not None:
        raise ClosingMonthOther(payload.meter, month=month, last=installed.last.month)
    installed.closed = month

    def undo() -> None:
        installed.closed = None

    work.on_refusal(undo)
    work.session.get_one(MeterRow, payload.meter).closed_month = str(month)
    return {"meter": payload.meter, "closed": str(month)}


def load_meters(connection: sa.Connection, _memory: Memory) -> Meters:
    """Return the cache of all meters, each with its last reading, from the database."""
    last = (
        sa.select(ReadingRow.meter, sa.func.max(ReadingRow.month).label("month"))
        .group_by(ReadingRow.meter)
        .subquery()
    )
    readings = sa.select(ReadingRow.__table__).join(
        last, sa.and_(last.c.meter == ReadingRow.meter, last.c.month == ReadingRow.month)
    )
    last_rows = {row.meter: row for row in connection.execute(readings)}
    meters = Meters()
    for row in connection.execute(sa.select(MeterRow.__table__)):
        meter = Meter(row.id, row.carrier, row.unit, Decimal(row.multiplier))
        installed = InstalledMeter(
            meter,
            enterprise=row.enterprise,
            use=Use(row.use),
            first=parse_month(row.first_month),
            last=reading_of(meter, last_rows[row.id]),
        )
        installed.closed = parse_month(row.closed_month) if row.closed_month else None
        meters.add(installed)
    return meters


def reading_of(meter: Meter, row: "sa.Row[tuple[object, ...]] | ReadingRow") -> Reading:
    """Return a row of the readings' table as the reading it stands for."""
    changeover = None
    if row.replaced_at_value is not None:
        changeover = Changeover(
            final=Decimal(row.replaced_at_value),
            initial=Decimal(row.restarted_at_value or "0"),
            evidence=row.evidence,
        )
    return Reading(
        meter=meter.code,
        month=parse_month(row.month),
        index=Decimal(row.value),
        unit=meter.unit,
        changeover=changeover,
    )


def _facility_owners(work: Work, facilities: set[str]) -> dict[str, str]:
    query = sa.select(FacilityRow.id, FacilityRow.enterprise).where(
        FacilityRow.id.in_(sorted(facilities))
    )
    return {row.id: row.enterprise for row in work.session.execute(query)}


def _register(
    work: Work, line: MeterLine, *, units: dict[str, str], owners: dict[str, str]
) -> None:
    meters = work.memory.cache(Meters)
    require_id(line.id)
    if line.id in meters.by_id:
        raise MeterExists(line.id)
    work.memory.cache(Parties).enterprise(line.enterprise)
    _require_facility(line, owners)
    if line.carrier not in units:
        raise CarrierUnknown(line.carrier)
    require_unit(f"meter {line.id}", given=line.unit, expected=units[line.carrier])
    meter = Meter(line.id, line.carrier, line.unit, _multiplier(line.multiplier))
    opening = _opening(work, meter, line)
    installed = InstalledMeter(
        meter, enterprise=line.enterprise, use=line.use, first=opening.month, last=opening
    )
    meters.add(installed)
    work.on_refusal(lambda: meters.drop(installed))
    _write(work, line, meter=meter, opening=opening)


def _require_facility(line: MeterLine, owners: dict[str, str]) -> None:
    if not line.facility:
        return
    if line.facility not in owners:
        raise PartyUnknown("facility", line.facility)
    if owners[line.facility] != line.enterprise:
        raise FacilityElsewhere(line.facility, enterprise=line.enterprise)


def _multiplier(text: str) -> Decimal:
    multiplier = parse_decimal(text, unit="multiplier", decimals=INDEX_DECIMALS)
    if not 0 < multiplier <= MULTIPLIER_MAX:
        raise MultiplierOutOfRange(text)
    return multiplier


def _opening(work: Work, meter: Meter, line: MeterLine) -> Reading:
    month = parse_month(line.first_month)
    require_over(meter.code, month=month, today=day_of(work.now))
    index = parse_index(line.first_value, unit=meter.unit)
    opening = Reading(meter.code, month, index, meter.unit)
    if index < 0:
        raise ReadingNegative(opening)
    return opening


def _write(work: Work, line: MeterLine, *, meter: Meter, opening: Reading) -> None:
    row = (
        line.id,
        line.enterprise,
        line.facility or None,
        line.carrier,
        line.unit,
        as_text(meter.multiplier),
        line.use.value,
        str(opening.month),
        None,
        work.sequence,
    )
    work.add("meters", row)
    index = as_text(opening.index)
    work.add("readings", (line.id, str(opening.month), index, None, None, "", work.sequence, None))


def _scope(_work: Work, payload: RegisterMeters) -> str:
    enterprises = {line.enterprise for line in payload.rows}
    return f"enterprise:{enterprises.pop()}" if len(enterprises) == 1 else ANYWHERE


def enterprise_scope(_work: Work, payload: Any) -> str:
    """Return the scope of a command that names one *enterprise*."""
    return f"enterprise:{payload.enterprise}"


_MAKERS = frozenset({Role.ENTERPRISE_COMPLIANCE, Role.CITY_REGULATOR})

METER_HANDLERS = (
    Handler(RegisterMeters, register_meters, makers=_MAKERS, scope=_scope),
    Handler(CloseMeter, close_meter, makers=_MAKERS, scope=enterprise_scope),
)
