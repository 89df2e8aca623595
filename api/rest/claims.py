"""
Due claims: what enterprises owe the budgets of their districts, and its settlement.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read.rights import due_claims
from api.rest.fields import Amount, Words
from api.rest.resource import Resource, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.allocation.settle import SettleClaim
from ledger.allocation.tables import DueClaimRow

due = Resource("claims", __name__, "Due claims: what was taken back and was no longer there")

DueClaim = enlarged(item_of(DueClaimRow), "DueClaim", outstanding=Amount())


@due.post("/due-claims/settlements")
@due.takes(SettleClaim)
def settle(document: Mapping[str, Any]) -> Any:
    """Settle what is owed of one asset, all or in part, from the holding."""
    return submit(SettleClaim, document)


@due.get("/due-claims")
@due.lists(DueClaim, enterprise=Words, asset=Words, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List due claims in order of their making; `outstanding` is still owed."""
    return page(due_claims(seen(), asked), asked, [DueClaimRow.sequence, DueClaimRow.ordinal])
