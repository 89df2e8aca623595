"""
Trades: the public tape without names, bars, and one's own trades without the other side's.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from marshmallow import validate

from api.door import seen
from api.read.market import own_trades, tape
from api.read.market_bars import bars_of_days, bars_of_minutes
from api.rest.fields import Amount, Count, Day, Instant, Words
from api.rest.instruments import require_listed
from api.rest.resource import QueryWhole, Resource, page
from market.tables import TradeRow

done = Resource("trades", __name__, "Trades: the tape, bars, one's own")


class TapeTrade(ma.Schema):
    """One trade as everybody sees it; `side` is that of the order that came later, or empty."""

    id = Count()
    instrument = Words()
    day_number = Count()
    mode = Words()
    price_fen = Amount()
    quantity_tce = Amount()
    side = Words()
    traded_at = Instant()


class Trade(TapeTrade):
    """A trade of one's own; what is the other side's is absent."""

    consideration_fen = Amount()
    buyer = Words(allow_none=True)
    buy_order = Count(allow_none=True)
    buyer_fee_fen = Amount(allow_none=True)
    seller = Words(allow_none=True)
    sell_order = Count(allow_none=True)
    seller_fee_fen = Amount(allow_none=True)


class Bar(ma.Schema):
    """One minute or one trading day; `started_at` belongs to a minute, `day` to a day."""

    started_at = Instant()
    number = Count()
    day = Day()
    open_price_fen = Amount(allow_none=True)
    high_price_fen = Amount(allow_none=True)
    low_price_fen = Amount(allow_none=True)
    close_price_fen = Amount(allow_none=True)
    volume_tce = Amount()
    turnover_fen = Amount()
    trades = Count()


class Period(Words):
    """How long a bar lasts."""

    def __init__(self) -> None:
        super().__init__(load_default="day", validate=validate.OneOf(("minute", "day")))


@done.get("/instruments/<string:instrument>/trades")
@done.lists(TapeTrade, day_number=QueryWhole)
def list_tape(asked: Mapping[str, Any], instrument: str) -> Any:
    """List the trades of an instrument, the newest first, without names."""
    require_listed(instrument)
    query = tape(instrument)
    if "day_number" in asked:
        query = query.where(TradeRow.day_number == asked["day_number"])
    return page(query, asked, [TradeRow.id], newest_first=True)


@done.get("/instruments/<string:instrument>/bars")
@done.lists(Bar, period=Period, day=Day)
def list_bars(asked: Mapping[str, Any], instrument: str) -> Any:
    """List bars, the newest first: of days, or of the minutes of one day (the newest)."""
    require_listed(instrument)
    if asked["period"] == "day":
        bars = bars_of_days(instrument)
        query = sa.select(bars)
        if "day" in asked:
            query = query.where(bars.c.day == asked["day"])
        return page(query, asked, [bars.c.number], newest_first=True)
    bars = bars_of_minutes(instrument, asked.get("day"))
    return page(sa.select(bars), asked, [bars.c.started_at], newest_first=True)


@done.get("/trades")
@done.lists(Trade, instrument=Words, enterprise=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List one's own trades, the newest first; the other side is not named."""
    query = own_trades(seen(), enterprise=asked.get("enterprise"))
    if "instrument" in asked:
        query = query.where(TradeRow.instrument == asked["instrument"])
    return page(query, asked, [TradeRow.id], newest_first=True)
