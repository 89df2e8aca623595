"""
Plan a year's allocation of one district: rows staged without effect, each with its calculation.

The sheet of every row says how its quota follows from its terms, how it was scaled where the plan
asks for more than the budget has, and what goes out before verification.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256

import msgspec

from ledger.allocation.draft import Draft, Staged, write_drafts
from ledger.allocation.ended import EnterpriseEnded, ended_among
from ledger.allocation.methods import Granted, Request, scale_to_cap
from ledger.allocation.prepare import (
    Asked,
    PlanAllocations,
    PlanLine,
    Planning,
    prepare,
    terms_of,
)
from ledger.allocation.quota import (
    Method,
    PlainTerms,
    Terms,
    in_unit,
    paid_of,
    pre_issued,
    quota,
    terms_from_plain,
    versions,
)
from ledger.calculation import Sheet, Step, step
from ledger.command import canonical
from ledger.districts.budget import UNITS
from ledger.districts.draw import open_budget, position_of
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.policy import as_share
from ledger.rows import each_row
from ledger.subject import Result
from ledger.work import Work


class EnterpriseElsewhere(Refused):
    """An enterprise belongs to another district than the plan's."""

    code = "enterprise_elsewhere"
    rule = "ALC-62"

    def __init__(self, enterprise: str, *, district: str, planned: str) -> None:
        super().__init__(
            f"{enterprise} belongs to {district}, so it cannot be planned in {planned}",
            enterprise=enterprise,
            district=district,
            planned=planned,
        )


class AllocationRepeated(Refused):
    """One plan names an enterprise and product twice."""

    code = "allocation_repeated"
    rule = "ALC-53"

    def __init__(self, enterprise: str, *, product: str) -> None:
        super().__init__(
            f"{enterprise} and product {product!r} are planned twice; send one row",
            enterprise=enterprise,
            product=product,
        )


class AllocationIssued(Refused):
    """The allocation was issued and can no longer be planned anew."""

    code = "allocation_issued"
    rule = "ALC-53"

    def __init__(self, enterprise: str, *, year: int, product: str) -> None:
        super().__init__(
            f"the allocation of {enterprise} for {year}, product {product!r}, was issued; "
            "only true-up changes it now",
            enterprise=enterprise,
            year=year,
            product=product,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it was worked out: its rows in order, those of them that are new, its answer."""

    rows: list[Staged]
    new: list[Draft]
    result: Result


def plan_allocations(work: Work, payload: PlanAllocations) -> Result:
    """
    Compute and stage every row, scaled together to what the budget has left.

    Nothing moves. The hash in the answer covers all that is staged and is what an issue names.

    Rule: ALC-53, ALC-54, ALC-55.
    """
    plan = work_out(work, payload)
    write_drafts(work.session, plan.new)
    return plan.result


def work_out(work: Work, payload: PlanAllocations) -> Plan:
    """
    Work a plan out without writing it, for the plan itself and for whoever only tries it.

    Rows that were planned before are objects of the session and change with it.

    Rule: ALC-53, ALC-54, ALC-55.
    """
    budget = open_budget(work, payload.district, year=payload.year, measure=payload.measure)
    headroom = max(position_of(work.memory, budget).headroom, 0)
    planning = prepare(work, payload)
    ended = ended_among(work, {line.enterprise for line in payload.rows})
    each_row(payload.rows, lambda line: _stage(planning, line, ended))
    staged = [row for _, row in sorted(planning.rows.items()) if row.state == "planned"]
    _finish(planning, staged, cap=headroom)
    result = {
        "planned": len(staged),
        "headroom": headroom,
        "requested": sum(row.requested for row in staged),
        "granted": sum(row.granted for row in staged),
        "pre_issued": sum(row.pre_issued for row in staged),
        "plan_hash": plan_hash(staged),
    }
    return Plan(staged, [row for row in staged if isinstance(row, Draft)], result)


def _stage(planning: Planning, line: PlanLine, ended: Mapping[str, EnterpriseEnded]) -> None:
    key = (line.enterprise, line.product)
    if line.enterprise in ended:
        raise ended[line.enterprise]
    enterprise = planning.work.memory.cache(Parties).enterprise(line.enterprise)
    planned_in = planning.payload.district
    if enterprise.district != planned_in:
        raise EnterpriseElsewhere(line.enterprise, district=enterprise.district, planned=planned_in)
    if key in planning.asked:
        raise AllocationRepeated(line.enterprise, product=line.product)
    row = planning.rows.get(key)
    if row is not None and row.state != "planned":
        raise AllocationIssued(line.enterprise, year=row.year, product=line.product)
    terms = terms_of(planning, line, sector=enterprise.sector)
    granted = quota(terms, output=line.output, pack_version="")
    planning.asked[key] = Asked(terms, granted)
    if row is None:
        row = planning.rows[key] = _new_row(planning.payload, line)
    row.method = str(terms.method)
    row.terms = canonical(terms.plain()).decode()
    row.output = line.output
    row.requested = granted.amount_kgce
    row.planned_by = planning.work.sequence


def _new_row(payload: PlanAllocations, line: PlanLine) -> Draft:
    return Draft(
        year=payload.year,
        measure=payload.measure,
        enterprise=line.enterprise,
        product=line.product,
        district=payload.district,
    )


def _finish(planning: Planning, staged: list[Staged], *, cap: int) -> None:
    """
    Set what each staged row is granted and what of it goes out beforehand.

    Where the rows ask for more than *cap*, all of them are scaled anew, earlier ones too.
    """
    shares = Shares.find(planning)
    scaled = _scaled(staged, cap=cap)
    for row in staged:
        asked = planning.asked.get((row.enterprise, row.product))
        if asked is None and not scaled and row.granted == row.requested:
            continue
        _finish_row(row, asked or _asked(row), scaled.get(_code(row)), shares=shares)


def _asked(row: Staged) -> Asked:
    terms = terms_of_row(row)
    return Asked(terms, quota(terms, output=row.output, pack_version=""))


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of a grant that go out beforehand, and the packs that say so."""

    pre_issue: Fraction
    saleable: Fraction
    packs: tuple[str, ...]

    @classmethod
    def find(cls, planning: Planning) -> "Shares":
        """Return the shares in force for the vintage. Rule: ALC-54."""
        pre_issue = planning.find("allocation.pre_issue_share")
        saleable = planning.find("allocation.pre_issue_saleable_share")
        spoke = (pre_issue, saleable, *planning.paid_found())
        packs = tuple(f"{found.pack_id}@{found.version}" for found in spoke)
        return cls(as_share(pre_issue), as_share(saleable), packs)


def _finish_row(row: Staged, asked: Asked, scaled: Granted | None, *, shares: Shares) -> None:
    terms = asked.terms
    granted = asked.quota if scaled is None else in_unit(scaled, terms.measure_unit)
    paid = paid_of(granted.amount_kgce, terms)
    first = pre_issued(
        granted.amount_kgce - paid.amount_kgce,
        share=shares.pre_issue,
        saleable_share=shares.saleable,
        unit=terms.measure_unit,
    )
    row.granted = granted.amount_kgce
    row.pre_issued, row.saleable = first.amount, first.saleable
    row.pack_version = versions([terms.method_pack, *shares.packs])
    scaling = () if scaled is None else granted.sheet.steps
    free = _free(granted.amount_kgce, paid.amount_kgce, terms) if paid.amount_kgce else ()
    steps = (*asked.quota.sheet.steps, *scaling, *paid.sheet.steps, *free, *first.steps)
    sheet = Sheet(row.pack_version, steps)
    row.sheet = canonical(sheet.plain()).decode()


def _free(granted: int, paid: int, terms: Terms) -> tuple[Step, ...]:
    """Return the step from a grant to the part that goes out without a fee. Rule: ALC-90."""
    part = step(
        "free part",
        "granted − paid",
        {"granted": granted, "paid": paid},
        result=granted - paid,
        unit=terms.measure_unit,
        rule="ALC-90",
    )
    return (part,)


def _scaled(staged: list[Staged], *, cap: int) -> dict[str, Granted]:
    """Return every row's scaled grant by code, or nothing where the rows fit under *cap*."""
    if sum(row.requested for row in staged) <= cap:
        return {}
    requests = [Request(_code(row), row.requested) for row in staged]
    return scale_to_cap(requests, cap_kgce=cap, pack_version="")


def _code(row: Staged) -> str:
    return f"{row.enterprise}/{row.product}"


def terms_of_row(row: Staged) -> Terms:
    """Return the terms that a row was planned on."""
    return terms_from_plain(
        msgspec.json.decode(row.terms, type=PlainTerms),
        method=Method(row.method),
        measure_unit=UNITS[row.measure],
    )


def plan_hash(staged: Iterable[Staged]) -> str:
    """
    Return the SHA-256, in hex, over staged rows in order of enterprise and product.

    Whoever approves an issue names it, so that what takes effect is what was read. Rule: ALC-56.
    """
    content = [
        [row.enterprise, row.product, row.granted, row.pre_issued, row.saleable, row.sheet]
        for row in staged
    ]
    return sha256(canonical(content)).hexdigest()
