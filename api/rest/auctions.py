"""
Call auctions that have ended: one price for all, how much it moved, what was left over.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.read.market import auctions
from api.rest.instruments import require_listed
from api.rest.resource import Resource, columns, one, page
from api.rest.shapes import item_of
from market.tables import AuctionRow

calls = Resource("auctions", __name__, "Call auctions: their price, volume and imbalance")

Auction = item_of(AuctionRow)


@calls.get("/instruments/<string:instrument>/auctions")
@calls.lists(Auction)
def index(asked: Mapping[str, Any], instrument: str) -> Any:
    """List the call auctions of an instrument, the newest first."""
    require_listed(instrument)
    return page(auctions(instrument), asked, [AuctionRow.id], newest_first=True)


@calls.get("/auctions/<int:auction>")
@calls.shows(Auction)
def show(auction: int) -> Any:
    """Show what came of one call auction."""
    return one(sa.select(*columns(AuctionRow)).where(AuctionRow.id == auction))
