"""
How years closed: closings, deductions from the year after, proposed penalties.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read.compliance import closings, deductions, penalty_proposals
from api.rest.asked import Measure
from api.rest.fields import Words
from api.rest.resource import QueryWhole, Resource, one, page
from api.rest.shapes import item_of
from ledger.compliance.tables import ClosingRow, DeductionRow, PenaltyProposalRow

closed = Resource("closings", __name__, "Closings: what a year lacked, and what follows")

Closing = item_of(ClosingRow, documents=("sheet",))
Deduction = item_of(DeductionRow)
PenaltyProposal = item_of(PenaltyProposalRow)


@closed.get("/closings")
@closed.lists(Closing, year=QueryWhole, enterprise=Words, measure=Measure, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List closed years of enterprises with their sheets."""
    keys = [ClosingRow.year, ClosingRow.enterprise, ClosingRow.measure]
    return page(closings(seen(), asked), asked, keys)


@closed.get("/closings/<enterprise>/<int:year>/<measure>")
@closed.shows(Closing)
def show(**path: Any) -> Any:
    """Show how one enterprise's year closed, with its sheet."""
    return one(closings(seen(), path))


@closed.get("/deductions")
@closed.lists(Deduction, year=QueryWhole, enterprise=Words, measure=Measure, district=Words)
def index_deductions(asked: Mapping[str, Any]) -> Any:
    """List what is cut from later allocations for a shortfall."""
    keys = [DeductionRow.year, DeductionRow.enterprise, DeductionRow.measure]
    return page(deductions(seen(), asked), asked, keys)


@closed.get("/penalty-proposals")
@closed.lists(
    PenaltyProposal, year=QueryWhole, enterprise=Words, measure=Measure, kind=Words, district=Words
)
def index_penalties(asked: Mapping[str, Any]) -> Any:
    """List proposed fines and credit records, for an officer to decide."""
    row = PenaltyProposalRow
    keys = [row.year, row.enterprise, row.measure, row.kind]
    return page(penalty_proposals(seen(), asked), asked, keys)
