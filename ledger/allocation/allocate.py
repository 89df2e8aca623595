"""
Issue a district's plan: what was staged takes effect, and the pre-issue leaves the budget.
"""

from typing import ClassVar, cast

import sqlalchemy as sa

from ledger.allocation.draft import mark_issued
from ledger.allocation.fee import let_be_paid
from ledger.allocation.grant import scaling_of
from ledger.allocation.netting import Debts
from ledger.allocation.plan import hash_of, plan_allocations, row_text
from ledger.allocation.prepare import PlanAllocations
from ledger.allocation.quota import BY_THE_PAST
from ledger.allocation.tables import AllocationCutRow, AllocationRow
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.districts.budget import Measure, budget_account, flow_of
from ledger.districts.draw import draw, open_budget, require_headroom
from ledger.districts.tables import BudgetRow
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.register import open_asset
from ledger.subject import Handler, Result, Role
from ledger.versions import RIGHTS
from ledger.work import Work

ISSUED_AT_ONCE_MAX = 1_000
"""How many rows one issue takes, so that it never keeps the writer for long."""

FIRST_ISSUED_AT_ONCE_MAX = 2_000
"""How many it took before version 4 of the rules."""


class NothingPlanned(Refused):
    """A district has no staged rows for the year and measure."""

    code = "nothing_planned"
    rule = "ALC-56"

    def __init__(self, district: str, *, year: int, measure: str) -> None:
        super().__init__(
            f"nothing is planned of {measure} in {district} for {year}: stage a plan first",
            district=district,
            year=year,
            measure=measure,
        )


class PlanChanged(Refused):
    """What is staged now is not what the issue names."""

    code = "plan_changed"
    rule = "ALC-56"

    def __init__(self, named: str, *, staged: str) -> None:
        super().__init__(
            f"the plan was {named[:12]}… when this issue was written and is {staged[:12]}… now; "
            "read it again",
            named=named[:64],
            staged=staged,
        )


class PlanUnfinished(Refused):
    """Some rows of a plan are scaled to another cap or total than others."""

    code = "plan_unfinished"
    rule = "ALC-99"

    def __init__(self, district: str, *, year: int, measure: str) -> None:
        super().__init__(
            f"the {measure} plan of {district} for {year} is not scaled in all its rows alike: "
            "send the plan again without rows until nothing of it is unfinished",
            district=district,
            year=year,
            measure=measure,
        )


class PlanOutdated(Refused):
    """Freed quota was confirmed after a row by past totals was planned, and cuts it."""

    code = "plan_outdated"
    rule = "ALC-64"

    def __init__(self, row: AllocationRow) -> None:
        super().__init__(
            f"{row.enterprise} gave up quota after its {row.measure} allocation of {row.year} was "
            "planned: plan it again first",
            enterprise=row.enterprise,
            year=row.year,
            measure=row.measure,
        )


class IssueDocumentMissing(Refused):
    """An issue or a true-up names no decision document."""

    code = "allocation_document_missing"
    rule = "ALC-56"

    def __init__(self) -> None:
        super().__init__("the decision has no document: name the one that orders it")


class IssueAllocations(Payload, frozen=True):
    """Let a staged plan take effect; *plan_hash* is from the answer to the last plan or issue."""

    kind: ClassVar[str] = "allocations.issue"
    district: str
    year: int
    measure: Measure
    plan_hash: str
    document: str


def issue_allocations(work: Work, payload: IssueAllocations) -> Result:
    """
    Issue the pre-issue of the staged rows and commit the rest of their grants.

    The whole plan must fit the budget, or nothing is issued. At most 1,000 rows go out at once,
    in order of enterprise; the answer names the hash of what remains, for the next issue.

    Checks in this order: document, budget, something planned, the plan that was read, that no
    closure has cut it since, that all of it is scaled alike, headroom. Rule: ALC-56, ALC-57,
    ALC-64, ALC-99, DST-52.
    """
    require_document(payload.document)
    budget = open_budget(work, payload.district, year=payload.year, measure=payload.measure)
    staged = _planned(work, payload)
    if not staged:
        raise NothingPlanned(payload.district, year=payload.year, measure=payload.measure)
    texts = [row_text(row) for row in staged]
    now = hash_of(texts)
    if now != payload.plan_hash:
        raise PlanChanged(payload.plan_hash, staged=now)
    _require_current(work, staged)
    _require_finished(work, staged)
    require_headroom(work.memory, budget, sum(row.granted for row in staged))
    at_once = ISSUED_AT_ONCE_MAX if work.is_since(RIGHTS) else FIRST_ISSUED_AT_ONCE_MAX
    taken, left = staged[:at_once], texts[at_once:]
    flow = flow_of(budget.district, year=budget.year, measure=budget.measure)
    debts = Debts(work, taken, flow)
    asset = open_asset(work, flow)
    for row in taken:
        _issue(work, budget, row, debts, asset)
    budget.committed += sum(row.granted - row.pre_issued for row in taken)
    mark_issued(work.session, taken, work.sequence)
    result = {
        "issued": len(taken),
        "amount": sum(row.pre_issued for row in taken),
        "remaining": len(left),
        "plan_hash": hash_of(left),
    }
    work.publish("allocations.issued", {**about(budget), "document": payload.document, **result})
    return result


def _planned(work: Work, payload: IssueAllocations) -> list[AllocationRow]:
    """Return what is planned, in order of enterprise and product, to be read and not written."""
    table = AllocationRow.__table__
    work.session.flush()
    rows = work.session.execute(
        sa.select(table).where(
            table.c.district == payload.district,
            table.c.year == payload.year,
            table.c.measure == payload.measure,
            table.c.state == "planned",
        )
    ).all()
    # Plain rows have the fields of the mapped ones at a tenth of the cost.
    return cast(list[AllocationRow], sorted(rows, key=lambda row: (row.enterprise, row.product)))


def require_document(document: str) -> None:
    """Refuse a decision without a document. Rule: ALC-56."""
    if not document.strip():
        raise IssueDocumentMissing


def _require_current(work: Work, staged: list[AllocationRow]) -> None:
    """Refuse rows by past figures that were planned before a cut of theirs. Rule: ALC-64."""
    cuts = work.session.execute(
        sa.select(AllocationCutRow.enterprise, sa.func.max(AllocationCutRow.sequence))
        .where(
            AllocationCutRow.measure == staged[0].measure,
            AllocationCutRow.from_year <= staged[0].year,
        )
        .group_by(AllocationCutRow.enterprise)
    )
    newest = {enterprise: int(sequence) for enterprise, sequence in cuts}
    for row in staged:
        is_by_the_past = row.method in BY_THE_PAST
        if is_by_the_past and newest.get(row.enterprise, 0) > row.planned_by:
            raise PlanOutdated(row)


def _require_finished(work: Work, staged: list[AllocationRow]) -> None:
    """Refuse a plan of which some rows are scaled otherwise than others. Rule: ALC-99."""
    if work.is_since(RIGHTS) and len({scaling_of(row.sheet) for row in staged}) > 1:
        row = staged[0]
        raise PlanUnfinished(row.district, year=row.year, measure=row.measure)


def _issue(work: Work, budget: BudgetRow, row: AllocationRow, debts: Debts, asset: str) -> None:
    source = budget_account(budget.district)
    parts = (
        ("restricted", row.pre_issued - row.saleable),
        ("holding", row.saleable),
    )
    postings = tuple(
        Posting(source, of_enterprise(row.enterprise, purpose), asset, amount)
        for purpose, amount in parts
        if amount
    )
    if postings:
        reference = f"allocation:{row.year}:{row.measure}:{row.enterprise}:{row.product}"
        back = debts.net(row)
        draw(work, budget, Entry(EntryCode.ALLOCATION, "ALC-56", (*postings, *back), reference))
    let_be_paid(work, row)


def about(budget: BudgetRow) -> dict[str, object]:
    """Return what names a budget, for events."""
    return {"district": budget.district, "year": budget.year, "measure": budget.measure}


def _scope(_work: Work, payload: PlanAllocations | IssueAllocations) -> str:
    return f"district:{payload.district}"


_CITY = frozenset({Role.CITY_REGULATOR})
_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})

ALLOCATE_HANDLERS = (
    Handler(PlanAllocations, plan_allocations, makers=_DISTRICT, scope=_scope),
    Handler(IssueAllocations, issue_allocations, makers=_DISTRICT, checkers=_CITY, scope=_scope),
)
