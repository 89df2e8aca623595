"""
Leases of quota: offers, acceptance, return.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read import liens as reading
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.liens.lease import AcceptLease, OfferLease
from ledger.liens.lease_end import CallBackLease, EndLease, SettleLease, WithdrawLease
from ledger.liens.tables import LeaseRow

lent = Resource("leases", __name__, "Leases: offers, acceptance, return")

Lease = item_of(LeaseRow)


@lent.post("/leases")
@lent.takes(OfferLease)
def offer(document: Mapping[str, Any]) -> Any:
    """Propose to offer units on lease until a day, for a rent."""
    return submit(OfferLease, document)


@lent.post("/leases/<lease>/acceptance")
@lent.takes(AcceptLease, path=("lease",))
def accept(document: Mapping[str, Any], lease: str) -> Any:
    """Propose to accept a lease: the units come, the rent goes."""
    return submit(AcceptLease, {**document, "lease": lease})


@lent.post("/leases/<lease>/withdrawal")
@lent.takes(WithdrawLease, path=("lease",))
def withdraw(document: Mapping[str, Any], lease: str) -> Any:
    """Take an offer back, or decline it."""
    return submit(WithdrawLease, {**document, "lease": lease})


@lent.post("/leases/<lease>/ending")
@lent.takes(EndLease, path=("lease",))
def end(document: Mapping[str, Any], lease: str) -> Any:
    """Propose the early end of a lease; the other side's word ends it."""
    return submit(EndLease, {**document, "lease": lease})


@lent.post("/leases/<lease>/settlements")
@lent.takes(SettleLease, path=("lease",))
def settle(document: Mapping[str, Any], lease: str) -> Any:
    """Propose to give back what is still owed of a lease."""
    return submit(SettleLease, {**document, "lease": lease})


@lent.post("/leases/<lease>/call-back")
@lent.takes(CallBackLease, path=("lease",))
def call_back(document: Mapping[str, Any], lease: str) -> Any:
    """Propose to end a lease by decision of the authority."""
    return submit(CallBackLease, {**document, "lease": lease})


@lent.get("/leases")
@lent.lists(Lease, lessor=Words, lessee=Words, state=Words, asset=Words, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List leases, to both sides."""
    return page(reading.leases(seen(), asked), asked, [LeaseRow.id])


@lent.get("/leases/<lease>")
@lent.shows(Lease)
def show(lease: str) -> Any:
    """Show one lease, to either side."""
    return one(reading.leases(seen(), {}).where(LeaseRow.id == lease))
