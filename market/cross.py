"""
Cross a call auction: one price for all, first buyer with first seller, then on with the day.

The price and the volume are fixed once; settling them may take several commands, so that none keeps
the writer for long. Until the last one the market is quiet.
"""

from typing import ClassVar, Literal

from ledger.command import Payload
from ledger.errors import Refused
from ledger.subject import Result
from ledger.work import Work
from market.auction import Clearing, clearing_price
from market.calendar import CALLS, Phase, require_lawful_change
from market.change_phase import require_phase_mode, write_phase
from market.order import Side
from market.settle import settle_orders
from market.tables import AuctionRow
from market.venue import Crossing, Listing, Venue
from market.withdraw import write_order

TRADES_MAX = 4_000
"""How many trades one command settles."""


class NotInCall(Refused):
    """There is no call to be crossed."""

    code = "not_in_call"
    rule = "MKT-79"

    def __init__(self, instrument: str, phase: Phase) -> None:
        super().__init__(
            f"{instrument} is in {phase}, only a call is crossed",
            instrument=instrument,
            phase=str(phase),
        )


class Uncross(Payload, frozen=True):
    """End the call of an instrument; send again while the result's *left_tce* is above zero."""

    kind: ClassVar[str] = "call.uncross"
    instrument: str
    next_phase: Literal["continuous", "quiet"] = "continuous"


def uncross(work: Work, payload: Uncross) -> Result:
    """
    Fix the clearing price, settle the pairs at it, and go on to the next phase.

    Orders left over stay in the book with their priority. Refusals in this order: instrument
    unknown, not in a call, a change the day does not know, a mode not listed.
    Rules: MKT-21 to MKT-24, MKT-38, MKT-79.
    """
    venue = work.memory.cache(Venue)
    listing = venue.listing(payload.instrument)
    if listing.crossing is None:
        if listing.phase not in CALLS:
            raise NotInCall(listing.id, listing.phase)
        next_phase = Phase(payload.next_phase)
        require_lawful_change(listing.phase, next_phase)
        require_phase_mode(listing, next_phase)
        listing.crossing = _fix_price(work, listing, next_phase)
    crossing = listing.crossing
    auction = work.session.get_one(AuctionRow, crossing.auction)
    trades = _settle_pairs(work, venue, listing, crossing)
    auction.settled_tce = auction.volume_tce - crossing.left_tce
    auction.trades += len(trades)
    _go_on(work, listing, crossing)
    if trades:
        work.publish("trades", {"instrument": listing.id, "trades": trades})
    return {
        "auction": auction.id,
        "price_fen": auction.price_fen,
        "volume_tce": auction.volume_tce,
        "imbalance_tce": auction.imbalance_tce,
        "left_tce": crossing.left_tce,
        "trades": len(trades),
        "phase": listing.phase.value,
    }


def _fix_price(work: Work, listing: Listing, next_phase: Phase) -> Crossing:
    """Decide the call's price and volume, and write them down; the rest is only settling them."""
    reference_fen = listing.last_price_fen or listing.reference_price_fen
    clearing = _clearing(listing, reference_fen)
    work.session.add(
        AuctionRow(
            id=work.sequence,
            instrument=listing.id,
            day_number=listing.number,
            reading=listing.terms.auction_reading.value,
            reference_price_fen=reference_fen,
            price_fen=clearing.price_fen if clearing else None,
            volume_tce=clearing.volume_tce if clearing else 0,
            imbalance_tce=clearing.imbalance_tce if clearing else 0,
            settled_tce=0,
            trades=0,
            next_phase=next_phase.value,
        )
    )
    work.session.flush()
    return Crossing(
        work.sequence,
        price_fen=clearing.price_fen if clearing else 0,
        left_tce=clearing.volume_tce if clearing else 0,
        next_phase=next_phase,
    )


def _clearing(listing: Listing, reference_fen: int) -> Clearing | None:
    """Return the clearing of the book as it stands, from the totals of its levels."""
    book = listing.book
    return clearing_price(
        [level[:2] for level in book.depth(Side.BUY)],
        [level[:2] for level in book.depth(Side.SELL)],
        tick_fen=listing.limits.tick_fen,
        reference_price_fen=reference_fen,
        reading=listing.terms.auction_reading,
    )


def _settle_pairs(
    work: Work, venue: Venue, listing: Listing, crossing: Crossing
) -> list[list[int]]:
    """
    Settle the first buyer with the first seller until the volume or this command's share is done.

    The heads of the book are what `market.auction` pairs: each side in its priority order, up to
    the cleared volume. Own orders never meet, since the call refused those that could.
    """
    book = listing.book
    trades: list[list[int]] = []
    while crossing.left_tce and len(trades) < TRADES_MAX:
        assert book.bids.best is not None
        assert book.asks.best is not None
        buy, sell = book.bids.best.head, book.asks.best.head
        assert buy is not None
        assert sell is not None
        assert buy.owner != sell.owner, (buy, sell)
        assert sell.price_fen <= crossing.price_fen <= buy.price_fen
        quantity_tce = min(buy.leaves_tce, sell.leaves_tce, crossing.left_tce)
        book.take(buy, quantity_tce)
        book.take(sell, quantity_tce)
        crossing.left_tce -= quantity_tce
        trade = settle_orders(
            work,
            venue,
            listing,
            buy=buy,
            sell=sell,
            price_fen=crossing.price_fen,
            quantity_tce=quantity_tce,
            buy_open_tce=buy.leaves_tce,
            mode="call_auction",
            taker_side="",
        )
        write_order(work, listing, buy)
        write_order(work, listing, sell)
        trades.append([trade, crossing.price_fen, quantity_tce])
    return trades


def _go_on(work: Work, listing: Listing, crossing: Crossing) -> None:
    """Begin the next phase when all is settled; until then the market is quiet."""
    phase = Phase.QUIET if crossing.left_tce else crossing.next_phase
    if listing.phase is not phase:
        write_phase(work, listing, phase)
    if not crossing.left_tce:
        listing.crossing = None
    listing.enter(phase)
