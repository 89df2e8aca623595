"""
Decide how much of a budget is for use that no quota covers: households, services, transport.
"""

from typing import ClassVar

import sqlalchemy as sa

from ledger.command import Payload
from ledger.districts.budget import Measure
from ledger.districts.draw import open_budget, position_of, require_headroom
from ledger.districts.enforce import BudgetDecisionUsed
from ledger.districts.use_tables import BudgetLineRow
from ledger.districts.uses import use_of, write_line
from ledger.post import AmountNotPositive
from ledger.subject import Handler, Result, Role
from ledger.work import Work

LINE = "uncovered_use"


class SetUncovered(Payload, frozen=True):
    """
    Decide the use that no quota covers, in kgce or kg: the whole of it, not a change.

    What was released before the decision is already out of *amount*.
    """

    kind: ClassVar[str] = "budgets.set_uncovered"
    district: str
    year: int
    measure: Measure
    amount: int
    document: str


def set_uncovered(work: Work, payload: SetUncovered) -> Result:
    """
    Take the use that no quota covers off a budget's headroom, or give back what is less of it.

    Rule: DST-51, DST-52, DST-62.
    """
    row = open_budget(work, payload.district, year=payload.year, measure=payload.measure)
    if payload.amount < 0:
        raise AmountNotPositive(payload.amount)
    _require_first(work, payload)
    use = use_of(work, row.district, year=row.year, measure=row.measure)
    change = payload.amount - use.uncovered
    if change > 0:
        require_headroom(work.memory, row, change)
    use.uncovered = payload.amount
    if change:
        write_line(work, use, line=LINE, amount=-change, document=payload.document)
    return {"uncovered": payload.amount, "headroom": position_of(work.memory, row).headroom}


def _require_first(work: Work, payload: SetUncovered) -> None:
    work.require_keys(payload.document)
    same = sa.select(BudgetLineRow.sequence).where(
        BudgetLineRow.district == payload.district,
        BudgetLineRow.year == payload.year,
        BudgetLineRow.measure == payload.measure,
        BudgetLineRow.line == LINE,
        BudgetLineRow.document == payload.document,
    )
    if not payload.document.strip() or work.session.scalar(same) is not None:
        raise BudgetDecisionUsed(payload.district, year=payload.year, document=payload.document)


def _scope(_work: Work, payload: SetUncovered) -> str:
    return f"district:{payload.district}"


_CITY = frozenset({Role.CITY_REGULATOR})

UNCOVERED_HANDLERS = (
    Handler(SetUncovered, set_uncovered, makers=_CITY, checkers=_CITY, scope=_scope),
)
