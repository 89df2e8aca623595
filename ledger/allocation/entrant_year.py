"""
Settle the year of new entrants: what they did not use goes back, the rest is free.
"""

from typing import ClassVar

import sqlalchemy as sa

from ledger.allocation.allocate import require_document
from ledger.allocation.cut import issued_flow
from ledger.allocation.method_tables import EntrantRow
from ledger.allocation.settle import take_back
from ledger.calculation import Sheet, step
from ledger.chart import of_enterprise
from ledger.command import Payload, canonical
from ledger.districts.budget import UNITS, Measure, flow_of
from ledger.districts.draw import open_budget
from ledger.districts.tables import BudgetRow
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.metering.report import final_report
from ledger.post import post
from ledger.rows import each_row
from ledger.subject import Handler, Result, Role
from ledger.work import Work


class NothingAdmitted(Refused):
    """No admitted entrant of the district awaits its settlement."""

    code = "nothing_admitted"
    rule = "ALC-78"

    def __init__(self, owner: str, *, year: int, measure: str) -> None:
        super().__init__(
            f"{owner} has no {measure} admission of {year} that awaits settlement",
            owner=owner,
            year=year,
            measure=measure,
        )


class SettleEntrants(Payload, frozen=True):
    """Settle the year of some entrants of a district, or without a list of all that await it."""

    kind: ClassVar[str] = "entrants.settle"
    district: str
    year: int
    measure: Measure
    document: str
    enterprises: tuple[str, ...] = ()


def settle_entrants(work: Work, payload: SettleEntrants) -> Result:
    """
    Take back what entrants did not use, and free the rest.

    What was allocated otherwise counts as used first; of what remains the earliest admission is
    used first. Every enterprise needs its final report. Rule: ALC-78, ALC-07.
    """
    require_document(payload.document)
    budget = open_budget(work, payload.district, year=payload.year, measure=payload.measure)
    awaiting = _awaiting(work, payload)
    asked = sorted(set(payload.enterprises) or awaiting)
    if not asked:
        raise NothingAdmitted(payload.district, year=payload.year, measure=payload.measure)
    settled: list[EntrantRow] = []
    each_row(asked, lambda one: settled.extend(_settle(work, budget, one, awaiting.get(one, []))))
    result = {
        "settled": len(settled),
        "returned": sum(row.returned or 0 for row in settled),
        "due": sum(row.due or 0 for row in settled),
    }
    work.publish("entrants", {"district": payload.district, "year": payload.year, **result})
    return result


def _awaiting(work: Work, payload: SettleEntrants) -> dict[str, list[EntrantRow]]:
    rows = work.session.scalars(
        sa.select(EntrantRow)
        .where(
            EntrantRow.district == payload.district,
            EntrantRow.year == payload.year,
            EntrantRow.measure == payload.measure,
            EntrantRow.state == "admitted",
        )
        .order_by(EntrantRow.sequence, EntrantRow.ordinal)
    )
    awaiting: dict[str, list[EntrantRow]] = {}
    for row in rows:
        awaiting.setdefault(row.enterprise, []).append(row)
    return awaiting


def _settle(
    work: Work, budget: BudgetRow, enterprise: str, rows: list[EntrantRow]
) -> list[EntrantRow]:
    if not rows:
        raise NothingAdmitted(enterprise, year=budget.year, measure=budget.measure)
    report = final_report(work, enterprise, budget.year)
    used = report.energy_kgce if budget.measure == "energy" else report.coal_kg
    otherwise = issued_flow(work, enterprise, measure=budget.measure, year=budget.year)
    left = max(used - otherwise, 0)
    for row in rows:
        needed = min(row.amount, left)
        _return_unused(work, row, used=used, otherwise=otherwise, left=left, needed=needed)
        left -= needed
    return rows


def _return_unused(
    work: Work, row: EntrantRow, *, used: int, otherwise: int, left: int, needed: int
) -> None:
    unused = row.amount - needed
    asset = flow_of(row.district, year=row.year, measure=row.measure).code
    row.returned = row.due = 0
    if unused:
        split = take_back(work, row.enterprise, asset=asset, amount=unused, rule="ALC-78")
        row.returned, row.due = split.taken_kgce, split.due_claim_kgce
    _free(work, row.enterprise, asset=asset, amount=needed)
    sheet = Sheet("").then(
        step(
            "unused by the entrant",
            "max(0, admitted − still_used)",
            {"admitted": row.amount, "used": used, "issued_otherwise": otherwise,
             "still_used": left},
            result=unused,
            unit=UNITS[row.measure],
            rule="ALC-78",
        )
    )  # fmt: skip
    row.used, row.sheet = used, canonical(sheet.plain()).decode()
    row.state, row.settled_by = "settled", work.sequence


def _free(work: Work, enterprise: str, *, asset: str, amount: int) -> None:
    """Let up to *amount* of what is restricted go to the holding."""
    restricted = of_enterprise(enterprise, "restricted")
    free = min(amount, work.memory.balance(restricted, asset))
    if free:
        posting = Posting(restricted, of_enterprise(enterprise, "holding"), asset, free)
        post(work, Entry(EntryCode.TRUE_UP, "ALC-78", (posting,)))


def _scope(_work: Work, payload: SettleEntrants) -> str:
    return f"district:{payload.district}"


ENTRANT_YEAR_HANDLERS = (
    Handler(
        SettleEntrants,
        settle_entrants,
        makers=frozenset({Role.DISTRICT_REGULATOR}),
        checkers=frozenset({Role.CITY_REGULATOR}),
        scope=_scope,
    ),
)
