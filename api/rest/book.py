"""
The order book: anonymous levels, and during a call what it would come to.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import validate

from api.door import NotFound, reach_of, seen
from api.read.market_book import DEPTH_MAX, DEPTH_PUBLIC, book
from api.rest.fields import Amount, Count, Words
from api.rest.resource import QueryWhole, Resource, snapshot

books = Resource("book", __name__, "The order book: levels without names")

VIEW_OWN_ORDERS = 4


class Level(ma.Schema):
    """What rests at one price; `own_tce` is the part that is the asker's own."""

    price_fen = Amount()
    quantity_tce = Amount()
    orders = Count()
    own_tce = Amount()


class Indicative(ma.Schema):
    """What a call would come to if it ended now."""

    price_fen = Amount(allow_none=True)
    matched_tce = Amount()
    unmatched_tce = Amount()
    unmatched_side = Words(allow_none=True)


class Book(ma.Schema):
    """Both sides, best first; `indicative` only during a call."""

    instrument = Words()
    phase = Words()
    depth = Count()
    bids = ma.fields.List(ma.fields.Nested(Level))
    asks = ma.fields.List(ma.fields.Nested(Level))
    indicative = ma.fields.Nested(Indicative, allow_none=True)


class BookQuery(ma.Schema):
    """How many levels; the public sees five, whatever it asks for."""

    depth = QueryWhole(
        load_default=DEPTH_PUBLIC,
        validate=validate.Range(1, DEPTH_MAX, error="a number from 1 to 50"),
    )
    min_sequence = QueryWhole()
    lang = Words(validate=validate.OneOf(("zh", "en")))


@books.get("/instruments/<string:instrument>/book")
@books.tells(Book, query=BookQuery)
def show(asked: Mapping[str, Any], instrument: str) -> Any:
    """Show the order book without names: five levels a side, up to 50 to who trades or oversees."""
    depth = asked["depth"] if seen().everything else min(asked["depth"], DEPTH_PUBLIC)
    own = reach_of(VIEW_OWN_ORDERS).enterprises
    with snapshot() as connection:
        found = book(connection, instrument, depth=depth, own=own)
    if found is None:
        raise NotFound
    return found
