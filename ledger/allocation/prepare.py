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
from ledger.allocation.certificate import pre_issued_levels
from ledger.allocation.draft import Staged, stored_rows
from ledger.allocation.freed_before import Cut, cuts_of, freed_in, left_by_others
from ledger.allocation.held import level_of, rights_in_force
from ledger.allocation.history_basis import Counted, counted, require_counted_alike
from ledger.allocation.methods import BaseYearsMissing, Granted
from ledger.allocation.quota import (
    BY_OUTPUT,
    FIRST_METHODS,
    Method,
    PastYear,
    Terms,
    TermsMalformed,
    number,
    quota,
)
from ledger.allocation.rollout import require_class_open
from ledger.allocation.tables import AllocationRow, HistoryRow
from ledger.command import Payload
from ledger.districts.budget import UNITS, Measure
from ledger.districts.evaluation import bands_of
from ledger.errors import Refused
from ledger.metering.carriers import Basis
from ledger.parties.party import Parties
from ledger.policy import Found, ParameterMissing, as_fraction, as_share, as_switch, as_text
from ledger.versions import RIGHTS
from ledger.work import Work

BASE_YEARS = 3
"""How many years before the vintage are looked back on where a row names none."""

PRODUCT_MAX = 64

Key = tuple[str, str]
"""An enterprise and a product."""


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
    sector. Numbers in text are decimals or fractions; *benchmark* is kgce (kg) a unit, the leader
    level where the method asks for that. Base years left at 0 are the three before the vintage.
    """

    enterprise: str
    product: str = ""
    output: int = 0
    method: Literal[
        "", "grandfathering", "historic_intensity", "benchmarking", "leader_level", "entitlement"
    ] = ""
    reduction: str = "0"
    sector_coefficient: str = "1"
    benchmark: str = ""
    base_first_year: int = 0
    base_last_year: int = 0


class PlanAllocations(Payload, frozen=True):
    """
    Stage rows of a district's plan; what was staged before and not issued is part of it.

    *more* says that other commands bring further rows of the same plan: these are only staged, and
    the last command, without *more*, scales all of them. A plan too large for one comes in parts.
    """

    kind: ClassVar[str] = "allocations.plan"
    district: str
    year: int
    measure: Measure
    rows: tuple[PlanLine, ...]
    more: bool = False


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
    are past years and cuts of the enterprises planned now, *counted* how the past is counted,
    *rights* the standing assets in force and *pre_issued* what of them is not formal yet. *asked*
    collects what they ask for. *bands* are those of last year's evaluation, where it counts.
    """

    work: Work
    payload: PlanAllocations
    pack: str
    rows: dict[Key, Staged]
    history: Mapping[tuple[str, int], tuple[HistoryRow, ...]]
    freed: Mapping[str, tuple[Cut, ...]]
    counted: Counted
    rights: tuple[str, ...]
    pre_issued: Mapping[str, int]
    bands: Mapping[str, str] = field(default_factory=dict)
    methods: dict[str, Found] = field(default_factory=dict)
    asked: dict[Key, Asked] = field(default_factory=dict)
    paid: list[Fraction] = field(default_factory=list)

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

    def factor_of(self, enterprise: str) -> tuple[str, Found] | None:
        """Return an enterprise's band and its factor, None where none counts. Rule: ALC-98."""
        band = self.bands.get(enterprise)
        if band is None:
            return None
        key = f"evaluation.coefficient.{band}"
        if key not in self.methods:
            self.methods[key] = self.find(key)
        return band, self.methods[key]

    def paid_share(self) -> Fraction:
        """Return the part of every grant that costs a usage fee in this vintage. Rule: ALC-73."""
        if not self.paid:  # once for all rows: a plan has many
            found = self.paid_found()
            self.paid.append(as_share(found[0]) if found else Fraction(0))
        return self.paid[0]

    def paid_found(self) -> tuple[Found, ...]:
        """Return the pack's word on the paid share, where it is above nothing."""
        if not self.work.is_since(RIGHTS):
            return ()
        key = "allocation.paid_share"
        if key not in self.methods:
            self.methods[key] = self.find(key)
        return (self.methods[key],) if as_share(self.methods[key]) else ()


def prepare(work: Work, payload: PlanAllocations) -> Planning:
    """
    Read once what the rows of a plan need, after the day on which their class opens.

    Rule: ALC-63, ALC-77.
    """
    require_class_open(work, payload.district, measure=payload.measure, space="stock")
    enterprises = sorted({line.enterprise for line in payload.rows})
    rows = stored_rows(work, payload, enterprises if payload.more else None)
    planning = Planning(
        work=work,
        payload=payload,
        pack=work.memory.cache(Parties).district(payload.district).pack,
        rows={(row.enterprise, row.product): row for row in rows},
        history=_history(work, enterprises),
        freed=cuts_of(work, enterprises, measure=payload.measure, year=payload.year),
        counted=counted(work, enterprises, vintage=payload.year),
        rights=rights_in_force(work.memory, measure=payload.measure, year=payload.year),
        pre_issued=pre_issued_levels(work, enterprises, measure=payload.measure, year=payload.year),
    )
    _require_basis(planning)
    if work.is_since(RIGHTS) and as_switch(planning.find("allocation.by_evaluation")):
        return replace(planning, bands=bands_of(work, enterprises, payload.year - 1))
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


def terms_of(planning: Planning, line: PlanLine, *, sector: str) -> Terms:
    """
    Return the terms of one row, or refuse what its method cannot work with.

    Rule: ALC-02, ALC-53, ALC-73, ALC-98.
    """
    method, method_pack = _method(planning, line, sector)
    _require_fit(method, line)
    needs_benchmark = method in _BENCHMARKED
    terms = Terms(
        method=method,
        measure_unit=UNITS[planning.payload.measure],
        reduction=number("reduction", line.reduction, at_most=1),
        sector_coefficient=number("sector_coefficient", line.sector_coefficient),
        benchmark=number("benchmark", line.benchmark if needs_benchmark else "0"),
        freed=0,
        base_years=_base_years(planning, line) if method in _LOOKS_BACK else (),
        method_pack=method_pack,
        level=_level(planning, line) if method is Method.ENTITLEMENT else 0,
        paid_share=planning.paid_share(),
    )
    terms = _evaluated(planning, line, terms)
    freed = freed_in(terms.base_years, planning.freed.get(line.enterprise, ()))
    if freed and method is Method.LEADER_LEVEL:
        whole = quota(terms, output=line.output, pack_version="").amount_kgce
        freed = min(left_by_others(planning.rows, line.enterprise, line.product, freed), whole)
    return replace(terms, freed=freed) if freed else terms


def _evaluated(planning: Planning, line: PlanLine, terms: Terms) -> Terms:
    found = planning.factor_of(line.enterprise)
    if found is None:
        return terms
    band, factor = found
    pack = f"{factor.pack_id}@{factor.version}"
    return replace(terms, band=band, factor=as_fraction(factor), factor_pack=pack)


_BENCHMARKED = frozenset({Method.BENCHMARKING, Method.LEADER_LEVEL})
_LOOKS_BACK = frozenset({Method.GRANDFATHERING, Method.HISTORIC_INTENSITY, Method.LEADER_LEVEL})


def _require_fit(method: Method, line: PlanLine) -> None:
    """Refuse a row that names a product where its method takes none, or none where it does."""
    is_of_product = method in BY_OUTPUT or method is Method.LEADER_LEVEL
    if bool(line.product) != is_of_product:
        accepted = "the product it counts" if is_of_product else "no product, but the total"
        raise TermsMalformed("product", text=line.product, accepted=f"for {method} {accepted}")
    if len(line.product) > PRODUCT_MAX:
        raise TermsMalformed("product", text=line.product, accepted="a name up to 64 characters")
    if line.output < 0:
        raise TermsMalformed("output", text=str(line.output), accepted="a whole number from 0 up")


def _method(planning: Planning, line: PlanLine, sector: str) -> tuple[Method, str]:
    if line.method:
        return Method(line.method), ""
    found = planning.method_of(sector)
    name = as_text(found)
    accepted = tuple(Method) if planning.work.is_since(RIGHTS) else FIRST_METHODS
    if name not in accepted:
        raise TermsMalformed("method", text=name, accepted=" or ".join(accepted))
    return Method(name), f"{found.pack_id}@{found.version}"


def _level(planning: Planning, line: PlanLine) -> int:
    """Return what formal standing rights a row's enterprise holds in its year. Rule: ALC-71."""
    held = level_of(planning.work.memory, line.enterprise, planning.rights)
    return max(held - planning.pre_issued.get(line.enterprise, 0), 0)


def _base_years(planning: Planning, line: PlanLine) -> tuple[PastYear, ...]:
    year = planning.payload.year
    first, last = line.base_first_year or year - BASE_YEARS, line.base_last_year or year - 1
    needed = range(first, last + 1)
    found = [_past_year(planning, line, past) for past in needed]
    require_counted_alike(
        planning.counted, (row for past in needed for row in _rows_of(planning, line, past))
    )
    usable = tuple(one for one in found if one is not None)
    if not needed or len(usable) < len(needed):
        raise BaseYearsMissing(usable_years=len(usable), needed_years=max(len(needed), 1))
    return usable


def _rows_of(planning: Planning, line: PlanLine, year: int) -> list[HistoryRow]:
    """Return the records of one year of a product; a row for all stands before rows by product."""
    rows = planning.history.get((line.enterprise, year), ())
    named = [row for row in rows if row.product == line.product]
    return named or ([] if line.product else list(rows))


def _past_year(planning: Planning, line: PlanLine, year: int) -> PastYear | None:
    """Return one year of a product, or of all that the enterprise makes."""
    named = _rows_of(planning, line, year)
    if not named:
        return None
    is_energy = planning.payload.measure == "energy"
    return PastYear(
        year=year,
        used=sum(row.energy_kgce if is_energy else row.coal_kg for row in named),
        output=sum(row.output for row in named),
    )
