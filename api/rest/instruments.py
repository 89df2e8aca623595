"""
Instruments of the market: what is listed, its days, and the operator's hand on them.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.read.market import days, instruments
from api.rest.fields import Amount, Count, Day, Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import item_of
from market.change_phase import ChangePhase
from market.close_day import CloseDay
from market.cross import Uncross
from market.list_instrument import ListInstrument
from market.open_day import OpenDay
from market.tables import InstrumentRow, MarketDayRow

listed = Resource("instruments", __name__, "Instruments: their terms, their days, their phases")


class Instrument(item_of(InstrumentRow, documents=("sources",))):  # type: ignore[misc]
    """An instrument with its terms and where it stands."""

    day = Day(allow_none=True)
    day_number = Count(allow_none=True)
    phase = Words()
    reference_price_fen = Amount()
    low_limit_fen = Amount(allow_none=True)
    high_limit_fen = Amount(allow_none=True)
    last_price_fen = Amount(allow_none=True)
    best_bid_fen = Amount(allow_none=True)
    best_ask_fen = Amount(allow_none=True)


MarketDay = item_of(MarketDayRow)


@listed.get("/instruments")
@listed.lists(Instrument)
def index(asked: Mapping[str, Any]) -> Any:
    """List what trades, with its limits, its last price and the best bid and ask."""
    return page(instruments(), asked, [InstrumentRow.id])


@listed.post("/instruments")
@listed.takes(ListInstrument)
def enlist(document: Mapping[str, Any]) -> Any:
    """Propose to list an allowance; a second officer of the exchange decides."""
    return submit(ListInstrument, document)


@listed.get("/instruments/<string:instrument>")
@listed.shows(Instrument)
def show(instrument: str) -> Any:
    """Show one instrument."""
    return one(instruments(instrument))


@listed.get("/instruments/<string:instrument>/days")
@listed.lists(MarketDay, day=Day)
def list_days(asked: Mapping[str, Any], instrument: str) -> Any:
    """List the trading days of an instrument, the newest first."""
    require_listed(instrument)
    query = days(instrument)
    if "day" in asked:
        query = query.where(MarketDayRow.day == asked["day"])
    return page(query, asked, [MarketDayRow.number], newest_first=True)


@listed.post("/instruments/<string:instrument>/days")
@listed.takes(OpenDay, path=("instrument",))
def open_day(document: Mapping[str, Any], instrument: str) -> Any:
    """Open today's trading day."""
    return submit(OpenDay, {**document, "instrument": instrument})


@listed.post("/instruments/<string:instrument>/phases")
@listed.takes(ChangePhase, path=("instrument",))
def change_phase(document: Mapping[str, Any], instrument: str) -> Any:
    """Lead the running day into another phase, such as a halt."""
    return submit(ChangePhase, {**document, "instrument": instrument})


@listed.post("/instruments/<string:instrument>/uncrossings")
@listed.takes(Uncross, path=("instrument",))
def uncross(document: Mapping[str, Any], instrument: str) -> Any:
    """End the call at one price; send again, under a new key, while `left_tce` is above zero."""
    return submit(Uncross, {**document, "instrument": instrument})


@listed.post("/instruments/<string:instrument>/closings")
@listed.acts()
def close_day(instrument: str) -> Any:
    """Close the running day; send again, under a new key, while `open_orders` is above zero."""
    return submit(CloseDay, {"instrument": instrument})


def require_listed(instrument: str) -> None:
    """Let what is not listed look like what does not exist."""
    one(sa.select(InstrumentRow.id).where(InstrumentRow.id == instrument))
