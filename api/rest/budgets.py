"""
Budgets of districts: caps, reserves, what is committed and what is left.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read.districts import budget_decisions, budgets, with_headroom
from api.rest.asked import Measure
from api.rest.fields import Amount, Words
from api.rest.resource import QueryWhole, Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.districts.enforce import ReleaseReserve, ReserveBudget, SetBudgets
from ledger.districts.tables import BudgetDecisionRow, BudgetRow

capped = Resource("budgets", __name__, "Budgets: caps of districts and the decisions on them")

Budget = enlarged(
    item_of(BudgetRow), "Budget", reserved=Amount(), issued=Amount(), headroom=Amount()
)
BudgetDecision = item_of(BudgetDecisionRow, documents=("sheet",))
BUDGET = ("district", "year", "measure")


@capped.post("/budgets")
@capped.takes(SetBudgets)
def decide(document: Mapping[str, Any]) -> Any:
    """Propose the caps of districts."""
    return submit(SetBudgets, document)


@capped.post("/budgets/<district>/<int:year>/<measure>/reserves")
@capped.takes(ReserveBudget, path=BUDGET)
def reserve(document: Mapping[str, Any], **budget: Any) -> Any:
    """Propose to set part of a budget aside."""
    return submit(ReserveBudget, {**document, **budget})


@capped.post("/budgets/<district>/<int:year>/<measure>/releases")
@capped.takes(ReleaseReserve, path=BUDGET)
def release(document: Mapping[str, Any], **budget: Any) -> Any:
    """Propose to give part of the reserve back to the budget."""
    return submit(ReleaseReserve, {**document, **budget})


@capped.get("/budgets")
@capped.lists(Budget, district=Words, year=QueryWhole, measure=Measure)
def index(asked: Mapping[str, Any]) -> Any:
    """List budgets with what is left of each."""
    keys = [BudgetRow.district, BudgetRow.year, BudgetRow.measure]
    return page(budgets(seen(), asked), asked, keys, complete=with_headroom)


@capped.get("/budgets/<district>/<int:year>/<measure>")
@capped.shows(Budget)
def show(**budget: Any) -> Any:
    """Show one budget with what is left of it."""
    return one(budgets(seen(), budget), complete=with_headroom)


@capped.get("/budget-decisions")
@capped.lists(BudgetDecision, district=Words, year=QueryWhole, measure=Measure, step=Words)
def decisions(asked: Mapping[str, Any]) -> Any:
    """List decisions on budgets, the newest first."""
    keys = [BudgetDecisionRow.sequence, BudgetDecisionRow.ordinal]
    return page(budget_decisions(seen(), asked), asked, keys, newest_first=True)
