"""
What the market shows: instruments, quote headers, days, the tape, bars, one's own trades.

Each function returns a query whose rows are plain mappings, for a page of a list or for one thing;
`rows` reads a few at once. What everybody sees has no column that tells who traded.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from api.matrix import Reach
from api.read.market_bars import PRICED_MODES, is_of, of_day, running
from api.read.visible import visible
from ledger.db import WHOLE
from market.order import OrderState, Side
from market.tables import AuctionRow, InstrumentRow, MarketDayRow, OrderRow, TradeRow

OPEN_STATES = (OrderState.NEW.value, OrderState.PARTIALLY_FILLED.value)
Rows = list[dict[str, Any]]


def rows(connection: sa.Connection, query: sa.Select[Any], *, limit: int | None = 500) -> Rows:
    """Return at most *limit* rows of *query* as mappings; None returns all of a bounded one."""
    return [dict(row) for row in connection.execute(query.limit(limit)).mappings()]


def instruments(instrument: str | None = None) -> sa.Select[Any]:
    """
    Return every instrument, or one, with its terms and where it stands.

    Columns: those of the table, and *day*, *day_number*, *phase*, *reference_price_fen*,
    *low_limit_fen*, *high_limit_fen*, *last_price_fen*, *best_bid_fen*, *best_ask_fen*.
    """
    today = aliased(MarketDayRow)
    table = sa.inspect(InstrumentRow).local_table
    reference = sa.func.coalesce(today.reference_price_fen, InstrumentRow.first_reference_price_fen)
    query = sa.select(
        *table.columns,
        today.day,
        today.number.label("day_number"),
        sa.func.coalesce(today.phase, "closed").label("phase"),
        reference.label("reference_price_fen"),
        today.low_limit_fen,
        today.high_limit_fen,
        _last(today).label("last_price_fen"),
        _best(today, Side.BUY).label("best_bid_fen"),
        _best(today, Side.SELL).label("best_ask_fen"),
    ).outerjoin(today, _is_latest(today))
    return query if instrument is None else query.where(InstrumentRow.id == instrument)


def quotes(instrument: str | None = None) -> sa.Select[Any]:
    """
    Return the quote header of every instrument, or of one.

    Columns: *id*, *asset*, *day*, *day_number*, *phase*, *last_price_fen*, *change_fen* (against
    the previous close), *open_price_fen*, *previous_close_fen*, *high_price_fen*, *low_price_fen*,
    *close_price_fen*, *mean_price_fen* (half up), *volume_tce*, *turnover_fen*, *trades*,
    *low_limit_fen*, *high_limit_fen*. Without a trade the prices are absent.
    """
    today, first, live = aliased(MarketDayRow), aliased(TradeRow), running()
    previous = sa.func.coalesce(today.reference_price_fen, InstrumentRow.first_reference_price_fen)
    last = _last(today)
    volume = of_day(today, today.volume_tce, live.c.volume_tce)
    turnover = of_day(today, today.turnover_fen, live.c.turnover_fen)
    query = (
        sa.select(
            InstrumentRow.id,
            InstrumentRow.asset,
            today.day,
            today.number.label("day_number"),
            sa.func.coalesce(today.phase, "closed").label("phase"),
            last.label("last_price_fen"),
            (last - previous).label("change_fen"),
            sa.func.coalesce(today.open_price_fen, first.price_fen).label("open_price_fen"),
            previous.label("previous_close_fen"),
            sa.func.coalesce(today.high_price_fen, live.c.high_price_fen).label("high_price_fen"),
            sa.func.coalesce(today.low_price_fen, live.c.low_price_fen).label("low_price_fen"),
            today.close_price_fen,
            _mean(turnover, volume).label("mean_price_fen"),
            volume.label("volume_tce"),
            turnover.label("turnover_fen"),
            of_day(today, today.trades, live.c.trades).label("trades"),
            today.low_limit_fen,
            today.high_limit_fen,
        )
        .outerjoin(today, _is_latest(today))
        .outerjoin(live, is_of(live.c, today))
        .outerjoin(first, first.id == live.c.first)
    )
    return query if instrument is None else query.where(InstrumentRow.id == instrument)


def days(instrument: str) -> sa.Select[Any]:
    """Return the trading days of one instrument with their prices; order by `MarketDayRow`."""
    return sa.select(*sa.inspect(MarketDayRow).local_table.columns).where(
        MarketDayRow.instrument == instrument
    )


def tape(instrument: str) -> sa.Select[Any]:
    """Return the public tape of one instrument: *id*, price, quantity, time, *side*, no parties."""
    return sa.select(*_public()).where(TradeRow.instrument == instrument)


def own_trades(reach: Reach, *, enterprise: str | None = None) -> sa.Select[Any]:
    """
    Return the trades of which *reach* sees a side, and of each only the sides it sees.

    The other side's enterprise, order and fee are absent. *enterprise* narrows to the trades of
    one, on a side that is seen: nobody finds a counterparty by asking for it.
    """
    sees_buyer = visible(reach, enterprises=[TradeRow.buyer])
    sees_seller = visible(reach, enterprises=[TradeRow.seller])
    if enterprise is None:
        seen = sa.or_(sees_buyer, sees_seller)
    else:
        seen = sa.or_(
            sa.and_(TradeRow.buyer == enterprise, sees_buyer),
            sa.and_(TradeRow.seller == enterprise, sees_seller),
        )
    return sa.select(
        *_public(),
        TradeRow.consideration_fen,
        *(_where(sees_buyer, each) for each in ("buyer", "buy_order", "buyer_fee_fen")),
        *(_where(sees_seller, each) for each in ("seller", "sell_order", "seller_fee_fen")),
    ).where(seen)


def auctions(instrument: str) -> sa.Select[Any]:
    """Return the call auctions of one instrument that have ended, with what came of them."""
    return sa.select(*sa.inspect(AuctionRow).local_table.columns).where(
        AuctionRow.instrument == instrument
    )


def _is_latest(today: Any) -> sa.ColumnElement[bool]:
    other = aliased(MarketDayRow)
    number = sa.select(sa.func.max(other.number)).where(other.instrument == InstrumentRow.id)
    return sa.and_(
        today.instrument == InstrumentRow.id,
        today.number == number.correlate(InstrumentRow).scalar_subquery(),
    )


def _last(today: Any) -> Any:
    """Return the price of the last trade of a day that makes its prices."""
    return (
        sa.select(TradeRow.price_fen)
        .where(
            TradeRow.instrument == today.instrument,
            TradeRow.day_number == today.number,
            TradeRow.mode.in_(PRICED_MODES),
        )
        .order_by(TradeRow.id.desc())
        .limit(1)
        .correlate(today)
        .scalar_subquery()
    )


def _best(today: Any, side: Side) -> Any:
    best = sa.func.max if side is Side.BUY else sa.func.min
    return (
        sa.select(best(OrderRow.price_fen))
        .where(
            OrderRow.instrument == today.instrument,
            OrderRow.day_number == today.number,
            OrderRow.side == side.value,
            OrderRow.state.in_(OPEN_STATES),
        )
        .correlate(today)
        .scalar_subquery()
    )


def _mean(turnover: Any, volume: Any) -> Any:
    return (2 * turnover + volume) // (2 * sa.func.nullif(volume, 0, type_=WHOLE))


def _public() -> list[Any]:
    """Return what everybody may see of a trade."""
    return [
        TradeRow.id,
        TradeRow.instrument,
        TradeRow.day_number,
        TradeRow.mode,
        TradeRow.price_fen,
        TradeRow.quantity_tce,
        TradeRow.taker_side.label("side"),
        TradeRow.traded_at,
    ]


def _where(sees: sa.ColumnElement[bool], column: str) -> Any:
    value = getattr(TradeRow, column)
    return sa.case((sees, value), else_=sa.null()).label(column)
