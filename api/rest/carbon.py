"""
Carbon market: who is in it, and what of a reduction counts there; quota stands beside it.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read import coordination as reading
from api.rest.fields import Amount, Words
from api.rest.resource import QueryWhole, Resource, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.coordination.membership import RecordMembership, RecordOffset
from ledger.coordination.outside import RegisterReduction
from ledger.coordination.tables import CarbonMembershipRow, CarbonOffsetRow

fuelled = Resource("carbon", __name__, "Carbon market: members, reductions, conversions")

_QUOTA = {"description": "quota of the year that is free to use, kgce; never exchanged for carbon"}
_OWED = {"description": "obligation of the year, kgce; none before it is computed"}
Membership = enlarged(
    item_of(CarbonMembershipRow),
    "CarbonMembership",
    quota_kgce=Amount(metadata=_QUOTA),
    owed_kgce=Amount(allow_none=True, metadata=_OWED),
)
Offset = item_of(CarbonOffsetRow, documents=("sheet",))
_MEMBERS = [CarbonMembershipRow.enterprise, CarbonMembershipRow.year]


@fuelled.get("/carbon-memberships")
@fuelled.lists(Membership, enterprise=Words, year=QueryWhole, district=Words)
def memberships(asked: Mapping[str, Any]) -> Any:
    """List carbon-market members with both their positions, which are never netted."""
    query = reading.memberships(seen(), asked)
    return page(query, asked, _MEMBERS, complete=reading.with_positions)


@fuelled.post("/carbon-memberships")
@fuelled.takes(RecordMembership, bulk=True)
def record_membership(document: Mapping[str, Any]) -> Any:
    """Record who is in a carbon market in a year; a later record counts instead."""
    return submit(RecordMembership, document)


@fuelled.post("/carbon-reductions")
@fuelled.takes(RegisterReduction)
def register_reduction(document: Mapping[str, Any]) -> Any:
    """Propose to let a reduction go to the carbon market."""
    return submit(RegisterReduction, document)


@fuelled.get("/carbon-offsets")
@fuelled.lists(Offset, claim=Words)
def offsets(asked: Mapping[str, Any]) -> Any:
    """List reductions that count in both markets, with their conversion."""
    keys = [CarbonOffsetRow.claim, CarbonOffsetRow.outside]
    return page(reading.offsets(seen(), asked), asked, keys)


@fuelled.post("/carbon-offsets")
@fuelled.takes(RecordOffset)
def record_offset(document: Mapping[str, Any]) -> Any:
    """Propose the conversion of one reduction that counts in both markets."""
    return submit(RecordOffset, document)
