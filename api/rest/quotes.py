"""
Quotes: the head of each instrument's page, one line each.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.read.market import quotes
from api.rest.fields import Amount, Count, Day, Words
from api.rest.resource import Resource, page
from market.tables import InstrumentRow

headers = Resource("quotes", __name__, "Quotes: last, change, open, high, low, mean, volume")


class Quote(ma.Schema):
    """One instrument's day so far; prices are absent where nothing traded."""

    id = Words()
    asset = Words()
    day = Day(allow_none=True)
    day_number = Count(allow_none=True)
    phase = Words()
    last_price_fen = Amount(allow_none=True)
    change_fen = Amount(allow_none=True)
    open_price_fen = Amount(allow_none=True)
    previous_close_fen = Amount()
    high_price_fen = Amount(allow_none=True)
    low_price_fen = Amount(allow_none=True)
    close_price_fen = Amount(allow_none=True)
    mean_price_fen = Amount(allow_none=True)
    volume_tce = Amount()
    turnover_fen = Amount()
    trades = Count()
    low_limit_fen = Amount(allow_none=True)
    high_limit_fen = Amount(allow_none=True)


@headers.get("/quotes")
@headers.lists(Quote)
def index(asked: Mapping[str, Any]) -> Any:
    """List the quote of every instrument: last, change, open, high, low, mean, volume, limits."""
    return page(quotes(), asked, [InstrumentRow.id])
