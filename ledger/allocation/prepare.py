"""
Prepare a plan: what its rows share, and the terms that each row's quota rests on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import ClassVar, Literal

import msgspec
import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.allocation.methods import BaseYearsMissing, Granted
from ledger.allocation.quota import Method, PastYear, Terms, TermsMalformed, number
from ledger.allocation.tables import AllocationCutRow, AllocationRow, HistoryRow
from ledger.command import Payload
from ledger.districts.budget import UNITS, Measure
from ledger.errors import Refused
from ledger.metering.carriers import Basis
from ledger.parties.party import Parties
from ledger.policy import Found, ParameterMissing, as_text
from ledger.units import round_half_up
from ledger.work import Work

BASE_YEARS = 3
"""How many years before the vintage are looked back on where a row names none."""

PRODUCT_MAX = 64

Key = tuple[str, str]
"""An enterprise and a product."""

Cut = tuple[int, int]
"""The first year that a cut is for, and its amount."""


class AllocationBasisOther(Refused):
    """The pack counts energy of the vintage on another basis than allowances do."""

    code = "allocation_basis_other"
    rule = "ALC-63"

    def __init__(self, district: str, *, year: int, basis: str) -> None:
        super().__init__(
            f"energy of {district} is counted on the {basis[:20]} basis in {year}, but allowances "
            f"are on the {Basis.EQUIVALENT} basis: only figures on that basis are accepted",
            district=district,
            year=year,
            basis=basis[:20],
        )


class PlanLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    One enterprise and product of a plan.

    *output* is planned, in whole units of *product*. An empty *method* is the pack's for the
    sector. Numbers in text are decimals or fractions; *benchmark* is kgce (kg) a unit. Base years
    left at 0 are the three before the vintage.
    """

    enterprise: str
    product: str = ""
    output: int = 0
    method: Literal["", "grandfathering", "historic_intensity", "benchmarking"] = ""
    reduction: str = "0"
    sector_coefficient: str = "1"
    benchmark: str = ""
    base_first_year: int = 0
    base_last_year: int = 0


class PlanAllocations(Payload, frozen=True):
    """Stage rows of a district's plan; what was staged before and not issued is part of it."""

    kind: ClassVar[str] = "allocations.plan"
    district: str
    year: int
    measure: Measure
    rows: tuple[PlanLine, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What one row asks for, and the terms that it rests on."""

    terms: Terms
    quota: Granted


@dataclass(frozen=True, slots=True)
class Planning:
    """
    What the rows of one plan share.

    *rows* are all of the district's allocations for the year and measure; *history* and *freed*
    are past years and cuts of the enterprises planned now. *asked* collects what they ask for.
    """

    work: Work
    payload: PlanAllocations
    pack: str
    rows: dict[Key, AllocationRow]
    history: Mapping[tuple[str, int], tuple[HistoryRow, ...]]
    freed: Mapping[str, tuple[Cut, ...]]
    methods: dict[str, Found] = field(default_factory=dict)
    asked: dict[Key, Asked] = field(default_factory=dict)

    def find(self, key: str) -> Found:
        """Return a parameter in force on the first day of the vintage. Rule: ALC-54."""
        first_day = date(self.payload.year, 1, 1)
        return self.work.memory.cache(Policy).find(self.pack, key, on=first_day)

    def method_of(self, sector: str) -> Found:
        """Return the method of a sector, or the default where it has none. Rule: ALC-53."""
        if sector not in self.methods:
            try:
                found = self.find(f"allocation.method.{sector.lower()}")
            except ParameterMissing:
                found = self.find("allocation.method.default")
            self.methods[sector] = found
        return self.methods[sector]


def prepare(work: Work, payload: PlanAllocations) -> Planning:
    """Read once what the rows of a plan need. Rule: ALC-63."""
    enterprises = sorted({line.enterprise for line in payload.rows})
    rows = district_rows(work, payload.district, year=payload.year, measure=payload.measure)
    planning = Planning(
        work=work,
        payload=payload,
        pack=work.memory.cache(Parties).district(payload.district).pack,
        rows={(row.enterprise, row.product): row for row in rows},
        history=_history(work, enterprises),
        freed=_freed(work, payload, enterprises),
    )
    _require_basis(planning)
    return planning


def _require_basis(planning: Planning) -> None:
    payload = planning.payload
    if payload.measure != "energy":
        return
    basis = as_text(planning.find("metering.basis"))
    if basis != Basis.EQUIVALENT:
        raise AllocationBasisOther(payload.district, year=payload.year, basis=basis)


def district_rows(work: Work, district: str, *, year: int, measure: str) -> list[AllocationRow]:
    """Return all allocations of a district, year and measure, in order of enterprise, product."""
    rows = work.session.scalars(
        sa.select(AllocationRow).where(
            AllocationRow.district == district,
            AllocationRow.year == year,
            AllocationRow.measure == measure,
        )
    )
    # Sorted here, since databases collate text differently.
    return sorted(rows, key=lambda row: (row.enterprise, row.product))


def _history(work: Work, enterprises: list[str]) -> dict[tuple[str, int], tuple[HistoryRow, ...]]:
    """Return the newest record of each product by (enterprise, year)."""
    rows = work.session.scalars(
        sa.select(HistoryRow)
        .where(HistoryRow.enterprise.in_(enterprises))
        .order_by(HistoryRow.recorded_by)
    )
    newest = {(row.enterprise, row.year, row.product): row for row in rows}
    by_year: dict[tuple[str, int], tuple[HistoryRow, ...]] = {}
    for (enterprise, year, _), row in newest.items():
        by_year[enterprise, year] = (*by_year.get((enterprise, year), ()), row)
    return by_year


def _freed(
    work: Work, payload: PlanAllocations, enterprises: list[str]
) -> dict[str, tuple[Cut, ...]]:
    rows = work.session.execute(
        sa.select(
            AllocationCutRow.enterprise, AllocationCutRow.from_year, AllocationCutRow.amount
        ).where(
            AllocationCutRow.enterprise.in_(enterprises),
            AllocationCutRow.measure == payload.measure,
            AllocationCutRow.from_year <= payload.year,
        )
    )
    cuts: dict[str, tuple[Cut, ...]] = {}
    for enterprise, from_year, amount in rows:
        cuts[enterprise] = (*cuts.get(enterprise, ()), (from_year, amount))
    return cuts


def _freed_in(base_years: tuple[PastYear, ...], cuts: tuple[Cut, ...]) -> int:
    """
    Return what was freed as far as the mean of *base_years* still holds it.

    A year from which a cut counts shows it already, so the cut falls out of the mean with it.

    Rule: ALC-61.
    """
    if not base_years:
        return 0
    held = sum(
        amount * sum(one.year < from_year for one in base_years) for from_year, amount in cuts
    )
    return round_half_up(Fraction(held, len(base_years)))


def terms_of(planning: Planning, line: PlanLine, *, sector: str) -> Terms:
    """
    Return the terms of one row, or refuse what its method cannot work with.

    Rule: ALC-02, ALC-53.
    """
    method, method_pack = _method(planning, line, sector)
    looks_at_output = method is not Method.GRANDFATHERING
    if bool(line.product) != looks_at_output:
        accepted = "the product it counts" if looks_at_output else "no product, but the total"
        raise TermsMalformed("product", text=line.product, accepted=f"for {method} {accepted}")
    if len(line.product) > PRODUCT_MAX:
        raise TermsMalformed("product", text=line.product, accepted="a name up to 64 characters")
    if line.output < 0:
        raise TermsMalformed("output", text=str(line.output), accepted="a whole number from 0 up")
    needs_benchmark = method is Method.BENCHMARKING
    terms = Terms(
        method=method,
        measure_unit=UNITS[planning.payload.measure],
        reduction=number("reduction", line.reduction, at_most=1),
        sector_coefficient=number("sector_coefficient", line.sector_coefficient),
        benchmark=number("benchmark", line.benchmark if needs_benchmark else "0"),
        freed=0,
        base_years=() if needs_benchmark else _base_years(planning, line),
        method_pack=method_pack,
    )
    cuts = planning.freed.get(line.enterprise, ())
    return replace(terms, freed=_freed_in(terms.base_years, cuts))


def _method(planning: Planning, line: PlanLine, sector: str) -> tuple[Method, str]:
    if line.method:
        return Method(line.method), ""
    found = planning.method_of(sector)
    name = as_text(found)
    if name not in list(Method):
        raise TermsMalformed("method", text=name, accepted=" or ".join(Method))
    return Method(name), f"{found.pack_id}@{found.version}"


def _base_years(planning: Planning, line: PlanLine) -> tuple[PastYear, ...]:
    year = planning.payload.year
    first, last = line.base_first_year or year - BASE_YEARS, line.base_last_year or year - 1
    needed = range(first, last + 1)
    found = [_past_year(planning, line, past) for past in needed]
    usable = tuple(one for one in found if one is not None)
    if not needed or len(usable) < len(needed):
        raise BaseYearsMissing(usable_years=len(usable), needed_years=max(len(needed), 1))
    return usable


def _past_year(planning: Planning, line: PlanLine, year: int) -> PastYear | None:
    """Return one year of a product, or of all; a row for all stands before rows by product."""
    rows = planning.history.get((line.enterprise, year), ())
    named = [row for row in rows if row.product == line.product]
    if not named and not line.product:
        named = list(rows)
    if not named:
        return None
    is_energy = planning.payload.measure == "energy"
    return PastYear(
        year=year,
        used=sum(row.energy_kgce if is_energy else row.coal_kg for row in named),
        output=sum(row.output for row in named),
    )
