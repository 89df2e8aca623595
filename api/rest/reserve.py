"""
The reserve (收储): batches that collect quota, what is released from it and bought back.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import seen
from api.read.sources import batches, sales, with_lots
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.substitution.buy_back import BuyBack
from ledger.substitution.collect import DecideBatch, PlanBatch, ReviewBatch
from ledger.substitution.release_reserve import ReleaseQuota
from ledger.substitution.reserve_tables import ReserveBatchRow, ReserveLotRow, ReserveSaleRow

stored = Resource("reserve", __name__, "The reserve: collection, release, buy-back")

Batch = enlarged(
    item_of(ReserveBatchRow),
    "ReserveBatch",
    lots=ma.fields.List(ma.fields.Nested(item_of(ReserveLotRow, documents=("sheet",)))),
)
Sale = item_of(ReserveSaleRow, documents=("sheet",))


@stored.post("/reserve-batches")
@stored.takes(PlanBatch)
def plan(document: Mapping[str, Any]) -> Any:
    """Plan which lots a reserve collects, and work out how much of each."""
    return submit(PlanBatch, document)


@stored.post("/reserve-batches/<batch>/reviews")
@stored.takes(ReviewBatch, path=("batch",))
def review(document: Mapping[str, Any], batch: str) -> Any:
    """Propose a third party's review of a batch, for the second verifier to sign."""
    return submit(ReviewBatch, {**document, "batch": batch})


@stored.post("/reserve-batches/<batch>/decision")
@stored.takes(DecideBatch, path=("batch",))
def decide(document: Mapping[str, Any], batch: str) -> Any:
    """Propose to decide on a reviewed batch, which moves its lots into the reserve."""
    return submit(DecideBatch, {**document, "batch": batch})


@stored.get("/reserve-batches")
@stored.lists(Batch, reserve=Words, state=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List batches with their lots."""
    return page(batches(seen(), asked), asked, [ReserveBatchRow.id], complete=with_lots)


@stored.get("/reserve-batches/<batch>")
@stored.shows(Batch)
def show(batch: str) -> Any:
    """Show one batch with its lots and their calculation sheets."""
    query = batches(seen(), {}).where(ReserveBatchRow.id == batch)
    return one(query, complete=with_lots)


@stored.post("/reserve-releases")
@stored.takes(ReleaseQuota)
def release(document: Mapping[str, Any]) -> Any:
    """Apply to buy quota of a reserve at its price; the city approves."""
    return submit(ReleaseQuota, document)


@stored.post("/reserve-buy-backs")
@stored.takes(BuyBack)
def buy_back(document: Mapping[str, Any]) -> Any:
    """Offer freed quota back to a reserve at its price; the city approves."""
    return submit(BuyBack, document)


@stored.get("/reserve-sales")
@stored.lists(Sale, enterprise=Words, reserve=Words, direction=Words)
def index_sales(asked: Mapping[str, Any]) -> Any:
    """List what reserves released and bought back, with prices and sheets."""
    return page(sales(seen(), asked), asked, [ReserveSaleRow.sequence, ReserveSaleRow.ordinal])
