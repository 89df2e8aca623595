"""
Indicator ledgers of districts, uncovered use, budget moved and lent, and headroom by its parts.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import seen
from api.read import indicators as reading
from api.read.districts import district
from api.rest.asked import Measure, NeededYear
from api.rest.fields import Amount, Count, Instant, Words
from api.rest.resource import QueryWhole, Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.districts.lend import GiveBackBudget, LendBudget, MoveBudget
from ledger.districts.uncovered import SetUncovered
from ledger.districts.use_tables import BudgetMoveRow

indicated = Resource("indicators", __name__, "Indicator ledgers: every change of a budget")

BUDGET = ("district", "year", "measure")
Move = item_of(BudgetMoveRow)
IndicatorLine = ma.Schema.from_dict(
    {
        "command": Count(metadata={"description": "the command that made the change"}),
        "recorded_at": Instant(),
        "line": Words(metadata={"description": "what came in or went out, such as cap"}),
        "rule": Words(),
        "amount": Amount(metadata={"description": "above zero is intake, below zero outlay"}),
        "balance": Amount(metadata={"description": "intake less outlay so far"}),
        "document": Words(),
    },
    name="IndicatorLine",
)
BudgetParts = ma.Schema.from_dict(
    {"measure": Words(), **{name: Amount() for name in (*reading.PARTS, "headroom")}},
    name="BudgetParts",
)
UsedWithBelow = ma.Schema.from_dict(
    {
        "measure": Words(),
        **{name: Amount() for name in reading.PARTS if name not in ("cap", "split")},
    },
    name="UsedWithBelow",
)
Headroom = ma.Schema.from_dict(
    {
        "district": Words(),
        "name": Words(),
        "name_en": Words(),
        "year": Count(),
        "districts_count": Count(),
        "own": ma.fields.List(ma.fields.Nested(BudgetParts)),
        "with_below": ma.fields.List(ma.fields.Nested(UsedWithBelow)),
    },
    name="Headroom",
)


@indicated.get("/budgets/<district>/<int:year>/<measure>/lines")
@indicated.lists(IndicatorLine)
def lines(asked: Mapping[str, Any], **budget: Any) -> Any:
    """List the indicator ledger of one budget, every change with the balance after it."""
    query = reading.lines(seen(), **budget)
    return page(query, asked, reading.keys_of(query))


@indicated.post("/budgets/<district>/<int:year>/<measure>/uncovered")
@indicated.takes(SetUncovered, path=BUDGET)
def set_uncovered(document: Mapping[str, Any], **budget: Any) -> Any:
    """Propose how much of a budget is for use that no quota covers."""
    return submit(SetUncovered, {**document, **budget})


@indicated.get("/districts/<code>/headroom")
@indicated.shows(Headroom, year=NeededYear)
def show_headroom(asked: Mapping[str, Any], code: str) -> Any:
    """Show every part of a district's headroom, and what it and the districts below use."""
    return one(
        district(seen(), code),
        complete=lambda connection, rows: [
            reading.headroom(connection, rows[0], year=asked["year"])
        ],
    )


@indicated.get("/budget-moves")
@indicated.lists(Move, giver=Words, taker=Words, year=QueryWhole, measure=Measure, state=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List budget moved and lent between districts, the newest first."""
    query = reading.moves(seen(), asked)
    return page(query, asked, [BudgetMoveRow.sequence], newest_first=True)


@indicated.post("/budget-moves")
@indicated.takes(MoveBudget)
def move(document: Mapping[str, Any]) -> Any:
    """Propose to move budget to another district of the city for good."""
    return submit(MoveBudget, document)


@indicated.post("/budget-loans")
@indicated.takes(LendBudget)
def lend(document: Mapping[str, Any]) -> Any:
    """Propose to lend budget to another district of the city."""
    return submit(LendBudget, document)


@indicated.post("/budget-returns")
@indicated.takes(GiveBackBudget)
def give_back(document: Mapping[str, Any]) -> Any:
    """Propose to give back all that was lent under a document."""
    return submit(GiveBackBudget, document)
