"""
True up a district's year: the final quota follows actual output, and the difference moves.

Too little was issued: the budget gives the rest. Too much: it comes back, or is claimed. What was
restricted until now is free afterwards.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from ledger.adopt import Policy
from ledger.allocation.allocate import ALLOCATE_HANDLERS, about, require_document
from ledger.allocation.confirm import CONFIRM_HANDLERS
from ledger.allocation.decide import DECIDE_HANDLERS
from ledger.allocation.fee import end_paid_part
from ledger.allocation.grant import terms_of_row
from ledger.allocation.listed import LISTED_HANDLERS
from ledger.allocation.method_handlers import METHOD_DUE, METHOD_HANDLERS
from ledger.allocation.methods import Granted
from ledger.allocation.notify import NOTIFY_HANDLERS
from ledger.allocation.objection import OBJECTION_HANDLERS, ObjectionOpen, open_objections
from ledger.allocation.prepare import district_rows
from ledger.allocation.quota import BY_OUTPUT, change, final_quota
from ledger.allocation.settle import SETTLE_HANDLERS, settle_due_claim, take_back
from ledger.allocation.tables import AllocationRow
from ledger.chart import of_enterprise
from ledger.command import Payload, canonical
from ledger.days import day_of
from ledger.districts.budget import UNITS, Measure, budget_account, flow_of
from ledger.districts.draw import draw, open_budget, require_headroom
from ledger.districts.tables import BudgetRow
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.metering.report import final_report
from ledger.parties.party import Parties
from ledger.policy import as_switch
from ledger.post import post
from ledger.rows import each_row
from ledger.subject import Handler, Result, Role, Subject
from ledger.work import Work

TRUED_UP_AT_ONCE_MAX = 1_000
"""How many enterprises one true-up takes, so that it never keeps the writer for long."""


class NothingIssued(Refused):
    """An enterprise, or a whole district, has no issued allocation that awaits true-up."""

    code = "nothing_issued"
    rule = "ALC-58"

    def __init__(self, owner: str, *, year: int, measure: str) -> None:
        super().__init__(
            f"{owner} has no {measure} allocation of {year} that was issued and not trued up yet",
            owner=owner,
            year=year,
            measure=measure,
        )


class OutputMissing(Refused):
    """A final report says nothing of the product that an allocation counts."""

    code = "output_missing"
    rule = "ALC-58"

    def __init__(self, enterprise: str, *, year: int, product: str) -> None:
        super().__init__(
            f"the final report of {enterprise} for {year} names no output of {product!r}; where "
            "it made none, say so by naming it in without_output",
            enterprise=enterprise,
            year=year,
            product=product,
        )


class TrueUp(Payload, frozen=True):
    """
    True up some enterprises of a district, or without a list all that were issued.

    *without_output* names those whose missing products count as none made.
    """

    kind: ClassVar[str] = "allocations.true_up"
    district: str
    year: int
    measure: Measure
    document: str
    enterprises: tuple[str, ...] = ()
    without_output: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Final:
    """
    One allocation with its final quota, and how far that is from what was issued.

    *paid_part* is promised no more: it was paid for, or lapsed.
    """

    row: AllocationRow
    output: int
    report_hash: str
    quota: int
    change: Granted
    paid_part: int


def true_up_allocations(work: Work, payload: TrueUp) -> Result:
    """
    Set final quotas and move the differences: returns first, then credits, then what is free.

    At most 1,000 enterprises are taken at once, in order of id; *remaining* says how many are
    left. Every enterprise taken needs its final report, or none is trued up.

    Checks in this order: document, budget, each enterprise's allocation, report and output, then
    the headroom for all credits together. Rule: ALC-58, ALC-59, ALC-60, DST-52.
    """
    require_document(payload.document)
    budget = open_budget(work, payload.district, year=payload.year, measure=payload.measure)
    awaiting = _awaiting(work, payload)
    contested = _contested(work, payload)
    asked = sorted(set(payload.enterprises) or awaiting.keys() - contested.keys())
    if not asked and contested:
        raise next(iter(contested.values()))
    if not asked:
        raise NothingIssued(payload.district, year=payload.year, measure=payload.measure)
    taken = asked[:TRUED_UP_AT_ONCE_MAX]
    each_row(taken, lambda one: _require_uncontested(contested, one))
    finals: list[_Final] = []
    each_row(taken, lambda one: finals.extend(_finals(work, payload, one, awaiting.get(one, []))))
    for final in finals:
        budget.committed -= final.row.granted - final.row.pre_issued - final.paid_part
    returned, claimed = _take_back_excess(work, budget, finals)
    credited = _credit(work, budget, finals)
    freed = sum(_free_restricted(work, budget, enterprise) for enterprise in taken)
    for final in finals:
        _close(work, final)
    result = {
        "enterprises": len(taken),
        "credited": credited,
        "returned": returned,
        "claimed": claimed,
        "freed": freed,
        "remaining": len(asked) - len(taken),
    }
    left_out = len(awaiting.keys() & contested.keys() - set(taken))
    if left_out:
        result["contested"] = left_out
    work.publish("allocations.trued_up", {**about(budget), "document": payload.document, **result})
    return result


def _awaiting(work: Work, payload: TrueUp) -> dict[str, list[AllocationRow]]:
    rows = district_rows(work, payload.district, year=payload.year, measure=payload.measure)
    awaiting: dict[str, list[AllocationRow]] = {}
    for row in rows:
        if row.state == "issued":
            awaiting.setdefault(row.enterprise, []).append(row)
    return awaiting


def _contested(work: Work, payload: TrueUp) -> dict[str, ObjectionOpen]:
    """Return by enterprise the refusal of whoever's figure is objected to. Rule: ALC-93."""
    still_open = open_objections(work, payload.district, year=payload.year, measure=payload.measure)
    if not still_open:
        return {}
    pack = work.memory.cache(Parties).district(payload.district).pack
    today = day_of(work.now)
    blocks = work.memory.cache(Policy).find(pack, "objection.blocks_final", on=today)
    if not as_switch(blocks):
        return {}
    return {row.enterprise: ObjectionOpen(row.enterprise, row.sequence) for row in still_open}


def _require_uncontested(contested: Mapping[str, ObjectionOpen], enterprise: str) -> None:
    if enterprise in contested:
        raise contested[enterprise]


def _finals(
    work: Work, payload: TrueUp, enterprise: str, rows: list[AllocationRow]
) -> Iterable[_Final]:
    if not rows:
        raise NothingIssued(enterprise, year=payload.year, measure=payload.measure)
    report = final_report(work, enterprise, payload.year)
    for row in rows:
        output = report.outputs.get(row.product, 0)
        counts_output = row.method in BY_OUTPUT
        if counts_output and not output and enterprise not in payload.without_output:
            raise OutputMissing(enterprise, year=row.year, product=row.product)
        paid, unpaid = end_paid_part(work, row)
        final = final_quota(
            terms_of_row(row),
            output=output,
            requested=row.requested,
            granted=row.granted,
            cut=row.cut,
            pack_version=row.pack_version,
            unpaid=unpaid,
        )
        difference = change(final, issued=row.issued, unit=UNITS[row.measure])
        yield _Final(row, output, report.report_hash, final.amount_kgce, difference, paid + unpaid)


def _take_back_excess(work: Work, budget: BudgetRow, finals: list[_Final]) -> tuple[int, int]:
    """Take back what was issued beyond final quotas; return what came and what is claimed."""
    returned = claimed = 0
    for final in finals:
        if final.change.amount_kgce < 0:
            split = take_back(
                work,
                final.row.enterprise,
                asset=_asset(budget),
                amount=-final.change.amount_kgce,
                rule="ALC-06",
            )
            returned += split.taken_kgce
            claimed += split.due_claim_kgce
    return returned, claimed


def _credit(work: Work, budget: BudgetRow, finals: list[_Final]) -> int:
    """Credit what final quotas still lack; open claims on the same units are settled first."""
    asset = _asset(budget)
    credits = []
    for final in finals:
        owed = final.change.amount_kgce
        if owed > 0:
            enterprise = final.row.enterprise
            kept = settle_due_claim(work, enterprise, asset=asset, amount=owed)
            credits.append((enterprise, owed - kept))
    total = sum(amount for _, amount in credits)
    require_headroom(work.memory, budget, total)
    source = budget_account(budget.district)
    for enterprise, amount in credits:
        if amount:
            posting = Posting(source, of_enterprise(enterprise, "holding"), asset, amount)
            draw(work, budget, Entry(EntryCode.TRUE_UP, "ALC-58", (posting,)))
    return total


def _free_restricted(work: Work, budget: BudgetRow, enterprise: str) -> int:
    asset = _asset(budget)
    restricted = of_enterprise(enterprise, "restricted")
    amount = work.memory.balance(restricted, asset)
    if amount:
        posting = Posting(restricted, of_enterprise(enterprise, "holding"), asset, amount)
        post(work, Entry(EntryCode.TRUE_UP, "ALC-58", (posting,)))
    return amount


def _close(work: Work, final: _Final) -> None:
    row = final.row
    row.state = "final"
    row.issued = final.quota
    row.final_output = final.output
    row.final_sheet = canonical(final.change.sheet.plain()).decode()
    row.report_hash = final.report_hash
    row.final_by = work.sequence


def _asset(budget: BudgetRow) -> str:
    return flow_of(budget.district, year=budget.year, measure=budget.measure).code


def _scope(_work: Work, payload: TrueUp) -> str:
    return f"district:{payload.district}"


_CITY = frozenset({Role.CITY_REGULATOR})
_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})

ALLOCATION = Subject(
    "allocation",
    (
        *CONFIRM_HANDLERS,
        *LISTED_HANDLERS,
        *ALLOCATE_HANDLERS,
        Handler(TrueUp, true_up_allocations, makers=_DISTRICT, checkers=_CITY, scope=_scope),
        *SETTLE_HANDLERS,
        *NOTIFY_HANDLERS,
        *OBJECTION_HANDLERS,
        *DECIDE_HANDLERS,
        *METHOD_HANDLERS,
    ),
    due=METHOD_DUE,
)
