"""
Plan a year's allocation of one district: rows staged without effect, each with its calculation.

The sheet of every row says how its quota follows from its terms, how it was scaled where the plan
asks for more than the budget has, and what goes out before verification.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from ledger.allocation.draft import Draft, Staged, draft_of, write_drafts
from ledger.allocation.ended import EnterpriseEnded, ended_among
from ledger.allocation.grant import finish
from ledger.allocation.prepare import (
    Asked,
    PlanAllocations,
    PlanLine,
    Planning,
    prepare,
    terms_of,
)
from ledger.allocation.quota import quota
from ledger.command import canonical
from ledger.districts.draw import open_budget, position_of
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.rows import each_row
from ledger.subject import Result
from ledger.versions import RIGHTS
from ledger.work import Work

SCALED_AT_ONCE_MAX = 1_000
"""How many earlier rows one command scales anew, so that it never keeps the writer for long."""


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
    """A plan as it was worked out: its rows in order, those of them that it writes, its answer."""

    rows: list[Staged]
    drafts: list[Draft]
    result: Result


def plan_allocations(work: Work, payload: PlanAllocations) -> Result:
    """
    Compute and stage every row, scaled together to what the budget has left.

    Nothing moves. The hash in the answer covers all that is staged and is what an issue names.
    Where more rows are to be scaled anew than one command takes, the answer says how many are
    unfinished instead: a command without rows goes on, until none are.

    Rule: ALC-53, ALC-54, ALC-55, ALC-99.
    """
    plan = work_out(work, payload, at_once=SCALED_AT_ONCE_MAX if work.is_since(RIGHTS) else None)
    write_drafts(work.session, plan.drafts)
    return plan.result


def work_out(work: Work, payload: PlanAllocations, *, at_once: int | None = None) -> Plan:
    """
    Work a plan out without writing it, for the plan itself and for whoever only tries it.

    Of a part that others follow only the rows that it names are staged, not scaled, and the answer
    is about them alone; the last command of a plan scales all of it and gives the hash.

    Rule: ALC-53, ALC-54, ALC-55.
    """
    budget = open_budget(work, payload.district, year=payload.year, measure=payload.measure)
    headroom = max(position_of(work.memory, budget).headroom, 0)
    planning = prepare(work, payload)
    ended = ended_among(work, {line.enterprise for line in payload.rows})
    if payload.rows or not _goes_on(planning):
        each_row(payload.rows, lambda line: _stage(planning, line, ended))
    staged = [row for _, row in sorted(planning.rows.items()) if row.state == "planned"]
    # Of a part nobody knows yet how all of it is scaled: it is staged as if it had room.
    cap = sum(row.requested for row in staged) if payload.more else headroom
    staged, unfinished = finish(planning, staged, cap=cap, at_once=at_once)
    result: dict[str, object] = {
        "planned": len(staged),
        "headroom": headroom,
        "requested": sum(row.requested for row in staged),
        "granted": sum(row.granted for row in staged),
        "pre_issued": sum(row.pre_issued for row in staged),
        "plan_hash": "" if payload.more or unfinished else plan_hash(staged),
    }
    if unfinished:
        result["unfinished"] = unfinished
    return Plan(staged, [row for row in staged if isinstance(row, Draft)], result)


def _goes_on(planning: Planning) -> bool:
    """Return whether a command without rows has something to scale. Rule: ALC-99."""
    is_whole = planning.work.is_since(RIGHTS) and not planning.payload.more
    return is_whole and any(row.state == "planned" for row in planning.rows.values())


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
    row = planning.rows[key] = _new_row(planning.payload, line) if row is None else draft_of(row)
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


def plan_hash(staged: Iterable[Staged]) -> str:
    """
    Return the SHA-256, in hex, over staged rows in order of enterprise and product.

    Whoever approves an issue names it, so that what takes effect is what was read. Rule: ALC-56.
    """
    return hash_of(row_text(row) for row in staged)


def row_text(row: Staged) -> bytes:
    """Return what the hash of a plan covers of one row, as canonical JSON. Rule: ALC-56."""
    return canonical(
        [row.enterprise, row.product, row.granted, row.pre_issued, row.saleable, row.sheet]
    )


def hash_of(texts: Iterable[bytes]) -> str:
    """Return the hash over the texts of a plan's rows, as of one JSON array of them."""
    return sha256(b"[" + b",".join(texts) + b"]").hexdigest()
