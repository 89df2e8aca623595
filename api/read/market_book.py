"""
The anonymous order book: what rests at each price, and during a call what it would come to.
"""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from api.read.market import OPEN_STATES
from api.read.market_bars import PRICED_MODES
from ledger.db import WHOLE
from market.auction import Indicative, Reading, indicative
from market.calendar import CALLS, Phase
from market.order import Side
from market.tables import InstrumentRow, MarketDayRow, OrderRow, TradeRow

DEPTH_PUBLIC = 5
DEPTH_MAX = 50


def book(
    connection: sa.Connection,
    instrument: str,
    *,
    depth: int = DEPTH_PUBLIC,
    own: Collection[str] = (),
) -> dict[str, Any] | None:
    """
    Return the best *depth* levels of both sides, or None where nothing of that id is listed.

    *bids* and *asks* are levels, best first: *price_fen*, *quantity_tce*, *orders* (how many), and
    *own_tce*, the part of the enterprises in *own*. *indicative* is what a call would come to if it
    ended now, None outside a call: *price_fen* (None if nothing crosses), *matched_tce*,
    *unmatched_tce*, *unmatched_side*. Rule: MKT-37.
    """
    listed = connection.execute(_standing(instrument)).mappings().first()
    if listed is None:
        return None
    sides = _levels(connection, instrument, listed["day_number"], own)
    found: dict[str, Any] = {
        "instrument": instrument,
        "phase": listed["phase"] or Phase.CLOSED.value,
        "depth": depth,
        "bids": sides[Side.BUY][:depth],
        "asks": sides[Side.SELL][:depth],
        "indicative": None,
    }
    if listed["phase"] in CALLS:
        found["indicative"] = _indicative(connection, instrument, listed, sides)
    return found


def _standing(instrument: str) -> sa.Select[Any]:
    """Return the newest day of one instrument, and what its call is decided by."""
    columns: list[Any] = [
        InstrumentRow.tick_fen,
        InstrumentRow.auction_reading,
        MarketDayRow.number.label("day_number"),
        MarketDayRow.phase,
        MarketDayRow.reference_price_fen,
    ]
    return (
        sa.select(*columns)
        .outerjoin(MarketDayRow, MarketDayRow.instrument == InstrumentRow.id)
        .where(InstrumentRow.id == instrument)
        .order_by(MarketDayRow.number.desc())
        .limit(1)
    )


def _levels(
    connection: sa.Connection, instrument: str, day_number: int | None, own: Collection[str]
) -> dict[str, list[dict[str, Any]]]:
    leaves = OrderRow.quantity_tce - OrderRow.filled_tce
    mine = sa.case((OrderRow.enterprise.in_(sorted(own)), leaves), else_=0)
    query = (
        sa.select(
            OrderRow.side,
            OrderRow.price_fen,
            sa.cast(sa.func.sum(leaves), WHOLE).label("quantity_tce"),
            sa.cast(sa.func.count(), WHOLE).label("orders"),
            sa.cast(sa.func.sum(mine), WHOLE).label("own_tce"),
        )
        .where(
            OrderRow.instrument == instrument,
            OrderRow.day_number == day_number,
            OrderRow.state.in_(OPEN_STATES),
        )
        .group_by(OrderRow.side, OrderRow.price_fen)
        .order_by(OrderRow.price_fen)
    )
    sides: dict[str, list[dict[str, Any]]] = {Side.BUY: [], Side.SELL: []}
    for row in connection.execute(query).mappings():
        level = dict(row)
        sides[level.pop("side")].append(level)
    sides[Side.BUY].reverse()
    return sides


def _indicative(
    connection: sa.Connection,
    instrument: str,
    listed: sa.RowMapping,
    sides: dict[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    last = connection.execute(
        sa.select(TradeRow.price_fen)
        .where(
            TradeRow.instrument == instrument,
            TradeRow.day_number == listed["day_number"],
            TradeRow.mode.in_(PRICED_MODES),
        )
        .order_by(TradeRow.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    buys, sells = (
        [(level["price_fen"], level["quantity_tce"]) for level in sides[side]] for side in Side
    )
    return _told(
        indicative(
            buys,
            sells,
            tick_fen=listed["tick_fen"],
            reference_price_fen=last or listed["reference_price_fen"],
            reading=Reading(listed["auction_reading"]),
        )
    )


def _told(found: Indicative | None) -> dict[str, Any]:
    if found is None:
        return {"price_fen": None, "matched_tce": 0, "unmatched_tce": 0, "unmatched_side": None}
    side = found.unmatched_side
    return {
        "price_fen": found.price_fen,
        "matched_tce": found.matched_tce,
        "unmatched_tce": found.unmatched_tce,
        "unmatched_side": None if side is None else side.value,
    }
