"""
Days and minutes of trading as bars: open, high, low, close, and how much traded.

A day that still runs is counted from its trades; a closed one has its figures in its row.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from ledger.days import MINUTE
from ledger.db import WHOLE
from market.tables import MarketDayRow, TradeRow
from market.venue import CENTRALISED

PRICED_MODES = sorted(mode.value for mode in CENTRALISED)
"""Ways of trading that make the day's prices; a tender's sale makes none. Rule: MKT-46."""


def bars_of_minutes(instrument: str, day: str | None = None) -> Any:
    """
    Return a subquery of the minutes of one trading day in which something traded.

    *day* is a date, without one the newest. Columns: *started_at*, *open_price_fen*,
    *high_price_fen*, *low_price_fen*, *close_price_fen*, *volume_tce*, *turnover_fen*, *trades*.
    Only trades that make the day's prices count.
    """
    which = sa.select(sa.func.max(MarketDayRow.number)).where(MarketDayRow.instrument == instrument)
    if day is not None:
        which = which.where(MarketDayRow.day == day)
    minutes = (
        sa.select(
            *(TradeRow.id, TradeRow.price_fen, TradeRow.quantity_tce, TradeRow.consideration_fen),
            (TradeRow.traded_at - TradeRow.traded_at % MINUTE).label("started_at"),
        )
        .where(
            TradeRow.instrument == instrument,
            TradeRow.day_number == which.scalar_subquery(),
            TradeRow.mode.in_(PRICED_MODES),
        )
        .subquery()
    )
    totals = sa.select(minutes.c.started_at, *_totals(minutes.c)).group_by(minutes.c.started_at)
    return _with_ends(totals.subquery(), "started_at")


def bars_of_days(instrument: str) -> Any:
    """
    Return a subquery of the trading days of one instrument as bars; the running one as it stands.

    Columns: *number*, *day*, and those of `bars_of_minutes` after its *started_at*.
    """
    live, first, last = running(), aliased(TradeRow), aliased(TradeRow)
    day = MarketDayRow
    return (
        sa.select(
            day.number,
            day.day,
            sa.func.coalesce(day.open_price_fen, first.price_fen).label("open_price_fen"),
            sa.func.coalesce(day.high_price_fen, live.c.high_price_fen).label("high_price_fen"),
            sa.func.coalesce(day.low_price_fen, live.c.low_price_fen).label("low_price_fen"),
            sa.func.coalesce(day.close_price_fen, last.price_fen).label("close_price_fen"),
            of_day(day, day.volume_tce, live.c.volume_tce).label("volume_tce"),
            of_day(day, day.turnover_fen, live.c.turnover_fen).label("turnover_fen"),
            of_day(day, day.trades, live.c.trades).label("trades"),
        )
        .outerjoin(live, is_of(live.c, day))
        .outerjoin(first, first.id == live.c.first)
        .outerjoin(last, last.id == live.c.last)
        .where(day.instrument == instrument)
        .subquery()
    )


def running() -> Any:
    """Return the totals of each day that still runs, from its trades."""
    day = aliased(MarketDayRow)
    return (
        sa.select(
            TradeRow.instrument.label("instrument"),
            TradeRow.day_number.label("day_number"),
            *_totals(TradeRow),
        )
        .join(
            day, sa.and_(day.instrument == TradeRow.instrument, day.number == TradeRow.day_number)
        )
        .where(day.closed_by.is_(None), TradeRow.mode.in_(PRICED_MODES))
        .group_by(TradeRow.instrument, TradeRow.day_number)
        .subquery()
    )


def _totals(trades: Any) -> list[Any]:
    count, total = sa.func.count(trades.id), sa.func.sum
    return [
        sa.func.min(trades.id).label("first"),
        sa.func.max(trades.id).label("last"),
        sa.func.max(trades.price_fen).label("high_price_fen"),
        sa.func.min(trades.price_fen).label("low_price_fen"),
        sa.cast(total(trades.quantity_tce), WHOLE).label("volume_tce"),
        sa.cast(total(trades.consideration_fen), WHOLE).label("turnover_fen"),
        sa.cast(count, WHOLE).label("trades"),
    ]


def _with_ends(totals: Any, key: str) -> Any:
    first, last = aliased(TradeRow), aliased(TradeRow)
    return (
        sa.select(
            totals.c[key],
            first.price_fen.label("open_price_fen"),
            totals.c.high_price_fen,
            totals.c.low_price_fen,
            last.price_fen.label("close_price_fen"),
            *(totals.c.volume_tce, totals.c.turnover_fen, totals.c.trades),
        )
        .join(first, first.id == totals.c.first)
        .join(last, last.id == totals.c.last)
        .subquery()
    )


def is_of(columns: Any, today: Any) -> sa.ColumnElement[bool]:
    """Return the condition that totals belong to a day."""
    return sa.and_(
        columns.instrument == today.instrument,
        columns.day_number == today.number,
    )


def of_day(today: Any, closed: Any, running: Any) -> Any:
    """Return a total: as the closed day has it, or as the running one has come to."""
    return sa.case((today.closed_by.is_not(None), closed), else_=sa.func.coalesce(running, 0))
