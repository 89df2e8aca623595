"""
One-way auctions: announced, bid for, round after round; whose bids they are nobody else learns.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from api.door import reach_of, seen
from api.read.market_tenders import bids, tenders
from api.rest.fields import Amount, Count, Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import item_of
from market.open_tender import OpenTender
from market.run_tender import BidTender, CloseRound
from market.tables import TenderBidRow, TenderRow

lots = Resource("tenders", __name__, "Tenders: one seller, a whole lot, ascending rounds")

VIEW_OWN_ORDERS, VIEW_ORDER_OWNERS = 4, 6


class Tender(ma.Schema):
    """A tender as it is announced; `seller` is "enterprise" where which one is not told."""

    id = Count()
    instrument = Words()
    seller = Words()
    quantity_tce = Amount()
    reserve_price_fen = Amount()
    increment_fen = Amount()
    rounds_max = Count(allow_none=True)
    round = Count()
    state = Words()
    trade = Count(allow_none=True)
    leading_price_fen = Amount(allow_none=True)
    lowest_acceptable_fen = Amount()
    bids_count = Count()
    bidders_count = Count()
    is_admitted = ma.fields.Boolean()


TenderBid = item_of(TenderBidRow)


@lots.get("/tenders")
@lots.lists(Tender, instrument=Words, state=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List tenders, the newest first."""
    query = _announced()
    for name in ("instrument", "state"):
        if name in asked:
            query = query.where(getattr(TenderRow, name) == asked[name])
    return page(query, asked, [TenderRow.id], newest_first=True)


@lots.post("/tenders")
@lots.takes(OpenTender)
def open_tender(document: Mapping[str, Any]) -> Any:
    """Propose to offer a whole lot in ascending rounds; the exchange decides."""
    return submit(OpenTender, document)


@lots.get("/tenders/<int:tender>")
@lots.shows(Tender)
def show(tender: int) -> Any:
    """Show one tender as it is announced."""
    return one(_announced().where(TenderRow.id == tender))


@lots.get("/tenders/<int:tender>/bids")
@lots.lists(TenderBid)
def list_bids(asked: Mapping[str, Any], tender: int) -> Any:
    """List one's own bids for a tender, the newest first."""
    one(sa.select(TenderRow.id).where(TenderRow.id == tender))
    return page(bids(seen(), tender), asked, [TenderBidRow.id], newest_first=True)


@lots.post("/tenders/<int:tender>/bids")
@lots.takes(BidTender, path=("tender",))
def bid(document: Mapping[str, Any], tender: int) -> Any:
    """Bid for the whole lot; its cash is held until the bid is outbid."""
    return submit(BidTender, {**document, "tender": tender})


@lots.post("/tenders/<int:tender>/rounds")
@lots.acts()
def close_round(tender: int) -> Any:
    """End the running round; one without a bid, or the last, ends the tender."""
    return submit(CloseRound, {"tender": tender})


def _announced() -> sa.Select[Any]:
    return tenders(reach_of(VIEW_OWN_ORDERS), reach_of(VIEW_ORDER_OWNERS))
