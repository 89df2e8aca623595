"""
Adopt factor tables: an edition for a year on a basis takes effect by four eyes of the authority.
"""

from collections import Counter
from decimal import Decimal
from typing import ClassVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.asset import Kind, kind_of, parse_asset
from ledger.calculation import as_text
from ledger.command import Payload
from ledger.errors import Refused
from ledger.metering.carriers import (
    Basis,
    Carrier,
    CarrierKind,
    ElectricityRate,
    Factor,
    FactorStatus,
    FactorTable,
    RateSeries,
    factor_table,
)
from ledger.metering.factor_rows import parse_factors, parse_rates
from ledger.metering.meter import require_year
from ledger.metering.tables import FactorEditionRow, FactorRow, ReportRow
from ledger.rows import RowsEmpty
from ledger.subject import Handler, Result, Role
from ledger.work import Work


class EditionAdoptedAlready(Refused):
    """An edition of this name was adopted for the year and basis before."""

    code = "edition_adopted_already"
    rule = "MRV-50"

    def __init__(self, edition: str, *, year: int, basis: Basis) -> None:
        super().__init__(
            f"edition {edition} was adopted for {year} on the {basis} basis before: "
            "give an amended table a name of its own",
            edition=edition,
            year=year,
            basis=basis.value,
        )


class EditionInUse(Refused):
    """Reports of the year rest on the edition in force, so it cannot be replaced."""

    code = "edition_in_use"
    rule = "MRV-51"

    def __init__(self, *, year: int, basis: Basis, reports: int) -> None:
        super().__init__(
            f"{reports} reports of {year} on the {basis} basis are submitted or beyond, so the "
            "edition of that year stays",
            year=year,
            basis=basis.value,
            reports=reports,
        )


class EditionBehindQuota(Refused):
    """Quota of the year is counted by the edition in force, so it cannot be replaced."""

    code = "edition_behind_quota"
    rule = "MRV-71"

    def __init__(self, *, year: int, basis: Basis, asset: str) -> None:
        super().__init__(
            f"{asset} is counted by the edition in force for {year} on the {basis} basis, so that "
            "edition stays; an amended one is accepted for a year without quota",
            year=year,
            basis=basis.value,
            asset=asset,
        )


class EditionMissing(Refused):
    """No edition has been adopted for the year and basis."""

    code = "factor_edition_missing"
    rule = "MRV-50"

    def __init__(self, *, year: int, basis: Basis) -> None:
        super().__init__(
            f"no factor edition is adopted for {year} on the {basis} basis: adopt one first",
            year=year,
            basis=basis.value,
        )


class FactorDuplicate(Refused):
    """A carrier has two factors on one basis, or a year two chosen rates."""

    code = "factor_duplicate"
    rule = "MRV-52"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} stands there twice: one row is accepted", what=what)


class FactorNegative(Refused):
    """A factor or rate is below zero."""

    code = "factor_negative"
    rule = "MRV-52"

    def __init__(self, what: str, *, value: Decimal) -> None:
        super().__init__(
            f"the factor of {what} is {as_text(value)}: zero or more is accepted",
            what=what,
            value=as_text(value),
        )


class FactorLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of a factor file; the two factors are decimal text."""

    code: str
    name_zh: str
    unit: str
    kind: CarrierKind
    kgce_per_unit: str
    coal_kg_per_unit: str
    basis: Basis
    status: FactorStatus
    source: str


class RateLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of a file of electricity rates; the rate is decimal text in kgce per kWh."""

    year: int
    kgce_per_kwh: str
    series: RateSeries
    status: FactorStatus
    source: str


class AdoptFactors(Payload, frozen=True):
    """Adopt an edition for *year* on *basis*, from the rows of its files."""

    kind: ClassVar[str] = "factors.adopt"
    edition: str
    year: int
    basis: Basis
    rows: tuple[FactorLine, ...]
    rates: tuple[RateLine, ...] = ()


def adopt_factors(work: Work, payload: AdoptFactors) -> Result:
    """
    Put an edition in force for a year and basis, unless reports or quota rest on another.

    Rule: MRV-50, MRV-51, MRV-52, MRV-71.
    """
    require_year(payload.year)
    work.require_keys(payload.edition, *(line.code for line in payload.rows))
    table = _table(payload)
    _require_free(work.session, payload)
    _require_no_quota(work, payload)
    key = {"year": payload.year, "basis": payload.basis.value, "edition": payload.edition}
    work.session.add(FactorEditionRow(**key, adopted_by=work.sequence))
    work.session.add_all(
        FactorRow(
            **key,
            carrier=factor.carrier.code,
            name_zh=factor.carrier.name_zh,
            unit=factor.carrier.unit,
            kind=factor.carrier.kind.value,
            kgce_per_unit=as_text(factor.kgce_per_unit),
            coal_kg_per_unit=as_text(factor.coal_kg_per_unit),
            status=factor.status.value,
            source=factor.source,
        )
        for factor in table.factors.values()
    )
    return {**key, "factors": len(table.factors)}


def table_in_force(session: Session, *, year: int, basis: Basis) -> FactorTable:
    """Return the newest edition adopted for a year and basis, or refuse. Rule: MRV-50."""
    edition = session.scalar(
        sa.select(FactorEditionRow.edition)
        .where(FactorEditionRow.year == year, FactorEditionRow.basis == basis.value)
        .order_by(FactorEditionRow.adopted_by.desc())
        .limit(1)
    )
    if edition is None:
        raise EditionMissing(year=year, basis=basis)
    rows = session.execute(
        sa.select(FactorRow.__table__).where(
            FactorRow.year == year, FactorRow.basis == basis.value, FactorRow.edition == edition
        )
    )
    factors = {row.carrier: _factor(row) for row in rows}
    return FactorTable(edition=edition, basis=basis, year=year, factors=factors)


def carrier_units(session: Session, carriers: set[str]) -> dict[str, str]:
    """Return the unit of each of *carriers* that an adopted edition knows, as the newest has it."""
    rows = session.execute(
        sa.select(FactorRow.carrier, FactorRow.unit)
        .join(
            FactorEditionRow,
            sa.and_(
                FactorEditionRow.year == FactorRow.year,
                FactorEditionRow.basis == FactorRow.basis,
                FactorEditionRow.edition == FactorRow.edition,
            ),
        )
        .where(FactorRow.carrier.in_(sorted(carriers)))
        .order_by(FactorEditionRow.adopted_by)
    )
    return {row.carrier: row.unit for row in rows}


def _factor(row: sa.Row[tuple[object, ...]]) -> Factor:
    return Factor(
        carrier=Carrier(
            code=row.carrier, name_zh=row.name_zh, unit=row.unit, kind=CarrierKind(row.kind)
        ),
        kgce_per_unit=Decimal(row.kgce_per_unit),
        coal_kg_per_unit=Decimal(row.coal_kg_per_unit),
        basis=Basis(row.basis),
        status=FactorStatus(row.status),
        source=row.source,
    )


def _table(payload: AdoptFactors) -> FactorTable:
    if not payload.rows:
        raise RowsEmpty
    factors = parse_factors(msgspec.structs.asdict(line) for line in payload.rows)
    rates = parse_rates(msgspec.structs.asdict(line) for line in payload.rates)
    _require_single(factors, rates)
    for factor in factors:
        _require_positive(factor.carrier.code, factor.kgce_per_unit)
        _require_positive(factor.carrier.code, factor.coal_kg_per_unit)
    for rate in rates:
        _require_positive(f"electricity in {rate.year}", rate.kgce_per_kwh)
    return factor_table(
        edition=payload.edition,
        basis=payload.basis,
        year=payload.year,
        factors=factors,
        rates=rates,
    )


def _require_single(factors: tuple[Factor, ...], rates: tuple[ElectricityRate, ...]) -> None:
    names = [f"{factor.carrier.code} on the {factor.basis} basis" for factor in factors]
    names += [f"the {rate.series} rate of {rate.year}" for rate in rates]
    for name, times in Counter(names).items():
        if times > 1:
            raise FactorDuplicate(name)


def _require_positive(what: str, value: Decimal) -> None:
    if value < 0:
        raise FactorNegative(what, value=value)


def _require_free(session: Session, payload: AdoptFactors) -> None:
    key = (payload.year, payload.basis.value, payload.edition)
    if session.get(FactorEditionRow, key) is not None:
        raise EditionAdoptedAlready(payload.edition, year=payload.year, basis=payload.basis)
    reports = session.scalar(
        sa.select(sa.func.count()).where(
            ReportRow.year == payload.year,
            ReportRow.basis == payload.basis.value,
            ReportRow.state.in_(("submitted", "verified", "final")),
        )
    )
    if reports:
        raise EditionInUse(year=payload.year, basis=payload.basis, reports=reports)


def _require_no_quota(work: Work, payload: AdoptFactors) -> None:
    """Refuse a second edition once allowances of the year exist. Rule: MRV-71."""
    in_force = sa.select(sa.func.count()).where(
        FactorEditionRow.year == payload.year, FactorEditionRow.basis == payload.basis.value
    )
    if not work.session.scalar(in_force):
        return
    flows = (parse_asset(code) for code in work.memory.assets if kind_of(code) is Kind.FLOW)
    for flow in flows:
        if flow.vintage == payload.year and flow.basis == payload.basis.short:
            raise EditionBehindQuota(year=payload.year, basis=payload.basis, asset=flow.code)


_CITY = frozenset({Role.CITY_REGULATOR})

FACTOR_HANDLERS = (Handler(AdoptFactors, adopt_factors, makers=_CITY, checkers=_CITY),)
