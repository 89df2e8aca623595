"""
Move budget between districts of one city, for good or until it is given back (市域内统筹).

Units name the district they may be used in, so a move takes the giver's back and issues as many of
the taker's, in one entry: the sum over the city stays what it was.
"""

from typing import ClassVar

import sqlalchemy as sa

from ledger.command import Payload
from ledger.districts.budget import Measure, budget_account, flow_of
from ledger.districts.decision import require_decision
from ledger.districts.draw import BudgetExceeded, draw, open_budget, position_of
from ledger.districts.tables import BudgetRow
from ledger.districts.use_tables import BudgetMoveRow
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.post import AmountNotPositive
from ledger.subject import Handler, Result, Role
from ledger.work import Work


class NotOneCity(Refused):
    """Budget is to move between districts that are not two of one city."""

    code = "not_one_city"
    rule = "DST-64"

    def __init__(self, giver: str, *, taker: str) -> None:
        super().__init__(
            f"{giver} and {taker} are not two districts of one city: budget moves only inside one",
            giver=giver,
            taker=taker,
        )


class MoveDocumentUsed(Refused):
    """The document moved budget before."""

    code = "move_document_used"
    rule = "DST-64"

    def __init__(self, document: str) -> None:
        super().__init__(
            f"document {document[:80]!r} moved budget before; a new move needs one of its own",
            document=document[:80],
        )


class LoanUnknown(Refused):
    """No budget is lent under this document, or it was given back."""

    code = "loan_unknown"
    rule = "DST-65"

    def __init__(self, document: str) -> None:
        super().__init__(
            f"no budget is lent under document {document[:80]!r}, or it was given back",
            document=document[:80],
        )


class MoveBudget(Payload, frozen=True):
    """Move *amount* of budget, in kgce or kg, from one district of a city to another."""

    kind: ClassVar[str] = "budgets.move"
    giver: str
    taker: str
    year: int
    measure: Measure
    amount: int
    document: str


class LendBudget(Payload, frozen=True):
    """Lend *amount* of budget, in kgce or kg, to another district of the city."""

    kind: ClassVar[str] = "budgets.lend"
    giver: str
    taker: str
    year: int
    measure: Measure
    amount: int
    document: str


class GiveBackBudget(Payload, frozen=True):
    """Give back all that was lent under *document*."""

    kind: ClassVar[str] = "budgets.give_back"
    taker: str
    document: str


def move_budget(work: Work, payload: MoveBudget) -> Result:
    """Move budget for good. Rule: DST-64, DST-52."""
    return _give(work, payload, state="moved", rule="DST-64")


def lend_budget(work: Work, payload: LendBudget) -> Result:
    """Move budget until it is given back; both books show it as lent. Rule: DST-65, DST-52."""
    return _give(work, payload, state="lent", rule="DST-65")


def give_back_budget(work: Work, payload: GiveBackBudget) -> Result:
    """Move what was lent back to its lender, from what the borrower has left. Rule: DST-65."""
    loan = work.session.scalar(
        sa.select(BudgetMoveRow).where(
            BudgetMoveRow.document == payload.document,
            BudgetMoveRow.taker == payload.taker,
            BudgetMoveRow.state == "lent",
        )
    )
    if loan is None:
        raise LoanUnknown(payload.document)
    taker = open_budget(work, loan.taker, year=loan.year, measure=loan.measure)
    giver = open_budget(work, loan.giver, year=loan.year, measure=loan.measure)
    _shift(work, taker, giver, loan.amount, rule="DST-65")
    loan.state, loan.returned_by = "returned", work.sequence
    return {"giver": loan.giver, "taker": loan.taker, "amount": loan.amount}


def _give(work: Work, payload: MoveBudget | LendBudget, *, state: str, rule: str) -> Result:
    giver = open_budget(work, payload.giver, year=payload.year, measure=payload.measure)
    taker = open_budget(work, payload.taker, year=payload.year, measure=payload.measure)
    _require_one_city(work, payload.giver, payload.taker)
    _require_first(work, payload.document)
    _shift(work, giver, taker, payload.amount, rule=rule)
    work.session.add(
        BudgetMoveRow(
            sequence=work.sequence,
            giver=payload.giver,
            taker=payload.taker,
            year=payload.year,
            measure=payload.measure,
            amount=payload.amount,
            document=payload.document,
            state=state,
        )
    )
    return {
        "giver_headroom": position_of(work.memory, giver).headroom,
        "taker_headroom": position_of(work.memory, taker).headroom,
    }


def _shift(work: Work, giver: BudgetRow, taker: BudgetRow, amount: int, *, rule: str) -> None:
    """Take *amount* off one cap and put it on the other, in one entry. Rule: DST-52."""
    if amount <= 0:
        raise AmountNotPositive(amount)
    # Something of a budget stays, since a cap of nothing is no decision on a budget.
    available = min(position_of(work.memory, giver).headroom, giver.cap - 1)
    if amount > available:
        raise BudgetExceeded(
            giver.district,
            year=giver.year,
            measure=giver.measure,
            needed=amount,
            available=available,
        )
    postings = (
        Posting(budget_account(giver.district), "scheme:issuance", _asset(giver), amount),
        Posting("scheme:issuance", budget_account(taker.district), _asset(taker), amount),
    )
    draw(work, giver, Entry(EntryCode.BUDGET, rule, postings))
    giver.cap -= amount
    taker.cap += amount


def _asset(row: BudgetRow) -> str:
    return flow_of(row.district, year=row.year, measure=row.measure).code


def _require_one_city(work: Work, giver: str, taker: str) -> None:
    parties = work.memory.cache(Parties)
    parent = parties.district(giver).parent
    if giver == taker or not parent or parties.district(taker).parent != parent:
        raise NotOneCity(giver, taker=taker)


def _require_first(work: Work, document: str) -> None:
    require_decision("the move of budget", document)
    work.require_keys(document)
    same = sa.select(BudgetMoveRow.sequence).where(BudgetMoveRow.document == document)
    if work.session.scalar(same) is not None:
        raise MoveDocumentUsed(document)


def _scope_of_giver(_work: Work, payload: MoveBudget | LendBudget) -> str:
    return f"district:{payload.giver}"


def _scope_of_taker(_work: Work, payload: GiveBackBudget) -> str:
    return f"district:{payload.taker}"


_CITY = frozenset({Role.CITY_REGULATOR})
_DISTRICT = frozenset({Role.DISTRICT_REGULATOR})

LEND_HANDLERS = (
    Handler(MoveBudget, move_budget, makers=_DISTRICT, checkers=_CITY, scope=_scope_of_giver),
    Handler(LendBudget, lend_budget, makers=_DISTRICT, checkers=_CITY, scope=_scope_of_giver),
    Handler(
        GiveBackBudget, give_back_budget, makers=_DISTRICT, checkers=_CITY, scope=_scope_of_taker
    ),
)
