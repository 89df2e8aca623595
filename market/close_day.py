"""
Close a trading day: open orders expire, and the day gets its prices.
"""

from typing import Any, ClassVar

import sqlalchemy as sa

from ledger.command import Payload
from ledger.subject import Result
from ledger.work import Work
from market.calendar import Phase, require_lawful_change
from market.change_phase import require_settled, require_uncrossed, write_phase
from market.clearing import LAST_MINUTE, Traded, closing_price_fen
from market.tables import MarketDayRow, TradeRow
from market.venue import CENTRALISED, ClosingPrice, Listing, Mode, Venue
from market.withdraw import end_order

EXPIRIES_MAX = 5_000
"""How many orders one command expires, so that it never keeps the writer for long."""


class CloseDay(Payload, frozen=True):
    """Close the running day of one instrument; send again while open orders are left."""

    kind: ClassVar[str] = "market.close_day"
    instrument: str


def close_day(work: Work, payload: CloseDay) -> Result:
    """
    Expire the open orders, oldest first; when none is left, set the day's prices and close it.

    The result's *open_orders* says how many are left for the next such command; meanwhile the
    market is quiet. Rules: MKT-46, MKT-80.
    """
    listing = work.memory.cache(Venue).listing(payload.instrument)
    require_settled(listing)
    require_lawful_change(listing.phase, Phase.CLOSED)
    require_uncrossed(listing, Phase.CLOSED)
    expired = _expire(work, listing)
    left = len(listing.book)
    result = {"instrument": listing.id, "expired": expired, "open_orders": left}
    if left:
        if listing.phase is not Phase.QUIET:
            write_phase(work, listing, Phase.QUIET)
        listing.enter(Phase.QUIET)
        return result
    today = _price_day(work, listing)
    write_phase(work, listing, Phase.CLOSED)
    assert today.close_price_fen is not None
    listing.close_price_fen = today.close_price_fen
    listing.enter(Phase.CLOSED)
    return result | {
        "close_price_fen": today.close_price_fen,
        "volume_tce": today.volume_tce,
        "turnover_fen": today.turnover_fen,
        "trades": today.trades,
    }


def _expire(work: Work, listing: Listing) -> int:
    """Take orders out of the book; a refused release would be a bug, as covers are held."""
    book = listing.book
    ids = sorted(book.orders)[:EXPIRIES_MAX]
    for order_id in ids:
        end_order(work, listing, book.remove(order_id), state="expired", because="day_end")
    return len(ids)


def _price_day(work: Work, listing: Listing) -> MarketDayRow:
    """Write open, high, low, close and totals of the day's call and continuous trades."""
    today = work.session.get_one(MarketDayRow, (listing.id, listing.number))
    totals = work.session.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(TradeRow.quantity_tce), 0),
            sa.func.coalesce(sa.func.sum(TradeRow.consideration_fen), 0),
            sa.func.max(TradeRow.price_fen),
            sa.func.min(TradeRow.price_fen),
            sa.func.min(TradeRow.id),
        ).where(*_of_today(listing))
    ).one()
    today.trades, today.volume_tce, today.turnover_fen = (int(total) for total in totals[:3])
    today.high_price_fen, today.low_price_fen, first = totals[3:]
    if first is not None:
        today.open_price_fen = work.session.get_one(TradeRow, first).price_fen
    today.close_price_fen = _close_fen(work, listing)
    today.closed_by = work.sequence
    return today


def _close_fen(work: Work, listing: Listing) -> int:
    """
    Return the closing price by the listing's own rule.

    Trades at one price count as one, which leaves every average as it is.
    """
    rule = listing.terms.closing_price
    if rule is ClosingPrice.CLOSING_AUCTION:
        last = _last_trade(work, listing)
        # Only a call that nothing traded after was the closing one.
        if last is not None and last.mode == Mode.CALL_AUCTION:
            return last.price_fen
    counted = [*_of_today(listing)]
    if rule is ClosingPrice.VWAP_LAST_MINUTE:
        last_at = sa.select(sa.func.max(TradeRow.traded_at)).where(*_of_today(listing))
        counted.append(TradeRow.traded_at >= last_at.scalar_subquery() - LAST_MINUTE)
    rows = work.session.execute(
        sa.select(TradeRow.price_fen, sa.func.sum(TradeRow.quantity_tce))
        .where(*counted)
        .group_by(TradeRow.price_fen)
    )
    return closing_price_fen(
        (Traded(0, price_fen, int(quantity_tce)) for price_fen, quantity_tce in rows),
        previous_close_fen=listing.reference_price_fen,
        tick_fen=listing.limits.tick_fen,
    )


def _last_trade(work: Work, listing: Listing) -> TradeRow | None:
    query = sa.select(TradeRow).where(*_of_today(listing)).order_by(TradeRow.id.desc()).limit(1)
    return work.session.scalars(query).one_or_none()


def _of_today(listing: Listing) -> tuple[sa.ColumnElement[Any], ...]:
    return (
        TradeRow.instrument == listing.id,
        TradeRow.day_number == listing.number,
        TradeRow.mode.in_([mode.value for mode in CENTRALISED]),
    )
