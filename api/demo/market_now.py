"""
Where the market stands at the end of the play: read from the database, as a visitor would see it.
"""

from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from api.demo.stage import Stage
from api.demo.words import PHASES, Words
from ledger.days import text_of
from ledger.db import reading
from ledger.tables import CommandRow, ProposalRow
from ledger.units import format_yuan
from market.auction import Reading, clearing_price
from market.calendar import CALLS, Phase
from market.tables import InstrumentRow, MarketDayRow, OrderRow, TenderRow, TradeRow

_RESTING = ("new", "partially_filled")

Levels = dict[int, int]
"""Tonnes by price in fen."""


def ledger_now(connection: sa.Connection) -> int:
    """Return the instant of the last command, zero where there is none."""
    last = sa.select(CommandRow.recorded_at).order_by(CommandRow.sequence.desc()).limit(1)
    return int(connection.execute(last).scalar_one_or_none() or 0)


def session_figures(connection: sa.Connection) -> dict[str, Any]:
    """Return the open instruments with their books, and how much waits for a second person."""
    now = ledger_now(connection)
    days = connection.execute(
        sa.select(MarketDayRow.__table__, InstrumentRow.tick_fen, InstrumentRow.auction_reading)
        .join(InstrumentRow, InstrumentRow.id == MarketDayRow.instrument)
        .where(MarketDayRow.closed_by.is_(None))
    ).all()
    # Ordered here: engines collate text differently.
    instruments = [_instrument(connection, day) for day in sorted(days, key=lambda d: d.instrument)]
    return {
        "at": text_of(now),
        "instruments": instruments,
        "resting_orders": sum(one["resting_orders"] for one in instruments),
        "open_tenders": _count(connection, TenderRow.id, TenderRow.state == "open"),
        "open_proposals": _count(
            connection, ProposalRow.id, ProposalRow.state == "open", ProposalRow.expires_at > now
        ),
    }


def _instrument(connection: sa.Connection, day: Any) -> dict[str, Any]:
    rows = connection.execute(
        sa.select(OrderRow.side, OrderRow.price_fen, OrderRow.quantity_tce - OrderRow.filled_tce)
        .where(OrderRow.instrument == day.instrument, OrderRow.day_number == day.number)
        .where(OrderRow.state.in_(_RESTING))
    ).all()
    sides: dict[str, Levels] = {"buy": defaultdict(int), "sell": defaultdict(int)}
    for side, price_fen, leaves_tce in rows:
        sides[side][price_fen] += leaves_tce
    last = connection.execute(
        sa.select(TradeRow.price_fen)
        .where(TradeRow.instrument == day.instrument, TradeRow.day_number == day.number)
        .order_by(TradeRow.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return {
        "instrument": day.instrument,
        "phase": day.phase,
        "best_bid_fen": max(sides["buy"], default=None),
        "best_ask_fen": min(sides["sell"], default=None),
        "bid_levels": len(sides["buy"]),
        "ask_levels": len(sides["sell"]),
        "last_price_fen": last,
        "indicative_price_fen": _indicative_fen(day, sides),
        "resting_orders": len(rows),
    }


def _indicative_fen(day: Any, sides: dict[str, Levels]) -> int | None:
    """Return the price at which a call that is open would cross now."""
    if Phase(day.phase) not in CALLS:
        return None
    clearing = clearing_price(
        sides["buy"].items(),
        sides["sell"].items(),
        tick_fen=day.tick_fen,
        reference_price_fen=day.reference_price_fen,
        reading=Reading(day.auction_reading),
    )
    return None if clearing is None else clearing.price_fen


def _count(connection: sa.Connection, column: Any, *conditions: Any) -> int:
    return int(connection.execute(sa.select(sa.func.count(column)).where(*conditions)).scalar_one())


def tell_session(stage: Stage) -> None:
    """Show the market as the visitor finds it."""
    with reading(stage.program.engine) as connection:
        now = session_figures(connection)
    stage.voice.table(
        Words(f"{now['at'][:16]}，市场正在交易：", f"{now['at'][:16]}, the market is open:"),
        (
            Words("品种", "instrument"),
            Words("阶段", "phase"),
            Words("买一（元）", "bid, yuan"),
            Words("卖一（元）", "ask, yuan"),
            Words("最新价（元）", "last, yuan"),
            Words("参考价（元）", "indicative, yuan"),
            Words("在簿申报", "resting orders"),
        ),
        (
            (
                one["instrument"],
                PHASES[one["phase"]],
                *(
                    _yuan(one[name])
                    for name in (
                        "best_bid_fen",
                        "best_ask_fen",
                        "last_price_fen",
                        "indicative_price_fen",
                    )
                ),
                str(one["resting_orders"]),
            )
            for one in now["instruments"]
        ),
    )
    stage.voice.say(
        zh=f"另有单向竞价 {now['open_tenders']} 场正在进行；"
        f"{now['open_proposals']} 项事项待第二人复核。",
        en=f"Besides, {now['open_tenders']} one-way auction is under way, and "
        f"{now['open_proposals']} proposals wait for a second person.",
    )
    stage.voice.why(
        zh="账本停在交易时段：进来就能申报、成交，也会得到说明理由的拒绝。",
        en="The ledger stops in an open session: an order is filled, or is refused and told why.",
    )


def _yuan(price_fen: int | None) -> str:
    return "–" if price_fen is None else format_yuan(price_fen)
