"""
Pledges of surplus quota: offers, ranks, release, and sales for the pledgees.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read import liens as reading
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.liens.pledge import AcceptPledge, OfferPledge, ReleasePledge, WithdrawPledge
from ledger.liens.pledge_lapse import LapsePledge
from ledger.liens.pledge_sale import ApproveSale, BuyPledged, ConsentSale, SellPledged, WithdrawSale
from ledger.liens.tables import PledgeRow, PledgeSaleRow
from market.pledge_sale import AuctionPledged

secured = Resource("pledges", __name__, "Pledges, registered in this ledger: ranks, release, sale")

Pledge = item_of(PledgeRow, documents=("sheet",))
Sale = enlarged(item_of(PledgeSaleRow), "PledgeSale", pledgor=Words(), pledgee=Words())


@secured.post("/pledges")
@secured.takes(OfferPledge)
def offer(document: Mapping[str, Any]) -> Any:
    """Propose to offer a pledge of surplus units, or of a later rank on pledged ones."""
    return submit(OfferPledge, document)


@secured.post("/pledges/<pledge>/acceptance")
@secured.takes(AcceptPledge, path=("pledge",))
def accept(document: Mapping[str, Any], pledge: str) -> Any:
    """Propose to accept a pledge, which moves the units of a first rank."""
    return submit(AcceptPledge, {**document, "pledge": pledge})


@secured.post("/pledges/<pledge>/withdrawal")
@secured.takes(WithdrawPledge, path=("pledge",))
def withdraw(document: Mapping[str, Any], pledge: str) -> Any:
    """Take an offered pledge back, or decline it."""
    return submit(WithdrawPledge, {**document, "pledge": pledge})


@secured.post("/pledges/<pledge>/releases")
@secured.takes(ReleasePledge, path=("pledge",))
def release(document: Mapping[str, Any], pledge: str) -> Any:
    """Propose to release a pledge wholly or in part."""
    return submit(ReleasePledge, {**document, "pledge": pledge})


@secured.post("/pledges/<pledge>/lapse")
@secured.takes(LapsePledge, path=("pledge",))
def lapse(document: Mapping[str, Any], pledge: str) -> Any:
    """Propose that a pledge falls away with units that no year accepts any more."""
    return submit(LapsePledge, {**document, "pledge": pledge})


@secured.get("/pledges")
@secured.lists(
    Pledge, pledgor=Words, pledgee=Words, lot=Words, state=Words, asset=Words, district=Words
)
def index(asked: Mapping[str, Any]) -> Any:
    """List pledges, to both sides."""
    return page(reading.pledges(seen(), asked), asked, [PledgeRow.id])


@secured.get("/pledges/<pledge>")
@secured.shows(Pledge)
def show(pledge: str) -> Any:
    """Show one pledge, to either side."""
    return one(reading.pledges(seen(), {}).where(PledgeRow.id == pledge))


@secured.post("/pledge-sales")
@secured.takes(SellPledged)
def sell(document: Mapping[str, Any]) -> Any:
    """Propose to sell units of a matured pledge to a buyer."""
    return submit(SellPledged, document)


@secured.post("/pledge-auctions")
@secured.takes(AuctionPledged)
def auction(document: Mapping[str, Any]) -> Any:
    """Propose to auction units of a matured pledge."""
    return submit(AuctionPledged, document)


@secured.post("/pledge-sales/<sale>/consent")
@secured.takes(ConsentSale, path=("sale",))
def consent(document: Mapping[str, Any], sale: str) -> Any:
    """Propose, as the pledgor, to consent to a valuation."""
    return submit(ConsentSale, {**document, "sale": sale})


@secured.post("/pledge-sales/<sale>/approval")
@secured.takes(ApproveSale, path=("sale",))
def approve(document: Mapping[str, Any], sale: str) -> Any:
    """Propose, as the authority, to approve a sale to an eligible buyer."""
    return submit(ApproveSale, {**document, "sale": sale})


@secured.post("/pledge-sales/<sale>/purchase")
@secured.takes(BuyPledged, path=("sale",))
def buy(document: Mapping[str, Any], sale: str) -> Any:
    """Propose to buy as the named buyer: units against cash, by rank."""
    return submit(BuyPledged, {**document, "sale": sale})


@secured.post("/pledge-sales/<sale>/withdrawal")
@secured.takes(WithdrawSale, path=("sale",))
def withdraw_sale(document: Mapping[str, Any], sale: str) -> Any:
    """Take the offer of a sale back."""
    return submit(WithdrawSale, {**document, "sale": sale})


@secured.get("/pledge-sales")
@secured.lists(Sale, pledge=Words, buyer=Words, way=Words, state=Words)
def index_sales(asked: Mapping[str, Any]) -> Any:
    """List sales of pledged units, to pledgor, pledgee and buyer."""
    return page(reading.pledge_sales(seen(), asked), asked, [PledgeSaleRow.id])
