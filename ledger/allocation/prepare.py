"""
Prepare a plan: what its rows share, and the terms that each row's quota rests on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal

import msgspec
import sqlalchemy as sa

from ledger.adopt import Policy
from ledger.allocation.methods import BaseYearsMissing, Granted
from ledger.allocation.quota import Method, PastYear, Terms, TermsMalformed, number
from ledger.allocation.tables import AllocationCutRow, AllocationRow, HistoryRow
from ledger.command import Payload
from ledger.districts.budget import UNITS, Measure
from ledger.parties.party import Parties
from ledger.policy import Found, ParameterMissing, as_text
from ledger.work import Work

BASE_YEARS = 3
"""How many years before the vintage are looked back on where a row names none."""

PRODUCT_MAX = 64

Key = tuple[str, str]
"""An enterprise and a product."""


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
    freed: Mapping[str, int]
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
    """Read once what the rows of a plan need."""
    enterprises = sorted({line.enterprise for line in payload.rows})
    rows = district_rows(work, payload.district, year=payload.year, measure=payload.measure)
    return Planning(
        work=work,
        payload=payload,
        pack=work.memory.cache(Parties).district(payload.district).pack,
        rows={(row.enterprise, row.product): row for row in rows},
        history=_history(work, enterprises),
        freed=_freed(work, payload, enterprises),
    )


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


def _freed(work: Work, payload: PlanAllocations, enterprises: list[str]) -> dict[str, int]:
    rows = work.session.execute(
        sa.select(AllocationCutRow.enterprise, sa.func.sum(AllocationCutRow.amount))
        .where(
            AllocationCutRow.enterprise.in_(enterprises),
            AllocationCutRow.measure == payload.measure,
            AllocationCutRow.from_year <= payload.year,
        )
        .group_by(AllocationCutRow.enterprise)
    )
    return {enterprise: int(amount) for enterprise, amount in rows}


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
    return Terms(
        method=method,
        measure_unit=UNITS[planning.payload.measure],
        reduction=number("reduction", line.reduction, at_most=1),
        sector_coefficient=number("sector_coefficient", line.sector_coefficient),
        benchmark=number("benchmark", line.benchmark if needs_benchmark else "0"),
        freed=planning.freed.get(line.enterprise, 0),
        base_years=() if needs_benchmark else _base_years(planning, line),
        method_pack=method_pack,
    )


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
