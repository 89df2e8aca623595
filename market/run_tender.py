"""
Run an ascending one-way auction: bid for the whole lot, end its rounds, deliver the lot.

The seller's units are held from the opening, a bid's cash until it is outbid. What a bid may be is
decided in `market.tender`; here it is covered, kept and settled.
"""

from typing import ClassVar

import sqlalchemy as sa

from ledger import hold as holds
from ledger.allocation.increment import give_back
from ledger.command import Payload
from ledger.errors import Refused
from ledger.liens.freeze import fill
from ledger.subject import Result
from ledger.work import Work
from market.clearing import fee_fen
from market.cover import hold_cash, require_open
from market.limits import require_tick
from market.pledge_sale import settle_auction
from market.settle import settle_lot
from market.tables import TenderBidRow, TenderRow
from market.tender import RoundBid, Tender, TenderState, award, bid, end_round
from market.venue import Venue

HOLD_PURPOSE = "market:bid"


class TenderUnknown(Refused):
    """There is no such auction."""

    code = "tender_unknown"
    rule = "MKT-82"

    def __init__(self, tender: int) -> None:
        super().__init__(f"there is no tender {tender}, name one that was opened", tender=tender)


class BidTender(Payload, frozen=True):
    """Bid for the whole lot of a tender."""

    kind: ClassVar[str] = "tenders.bid"
    tender: int
    enterprise: str
    price_fen: int


class CloseRound(Payload, frozen=True):
    """End the running round of a tender; a round without a bid, or the last one, ends it all."""

    kind: ClassVar[str] = "tenders.close_round"
    tender: int


def bid_tender(work: Work, payload: BidTender) -> Result:
    """
    Let a bid lead: its cash is held, the outbid one's goes back.

    Refusals in this order: tender unknown, those of `market.tender.bid`, off the tick, an account
    for the lot that is not open, cover.
    Rules: MKT-42 to MKT-45, SET-36.
    """
    venue = work.memory.cache(Venue)
    row, bids = _open_tender_rows(work, payload.tender)
    tender = _tender_of(row, bids)
    listing = venue.listing(row.instrument)
    next_tender = bid(tender, bidder=payload.enterprise, price_fen=payload.price_fen)
    require_tick(payload.price_fen, tick_fen=listing.limits.tick_fen)
    consideration_fen = payload.price_fen * row.quantity_tce
    fee = fee_fen(consideration_fen, listing.terms.fee_basis_points)
    seat = venue.seat(work.memory, payload.enterprise)
    require_open(seat.bought, seat.holding)
    hold = hold_cash(
        work, seat, needed_fen=consideration_fen + fee, fee_fen=fee, purpose=HOLD_PURPOSE
    )
    if bids:
        outbid = bids[-1]
        outbid.state = "outbid"
        holds.release(work, work.memory.holds[outbid.hold_id])
    work.session.add(
        TenderBidRow(
            id=work.sequence,
            tender=row.id,
            round=tender.round,
            bidder=payload.enterprise,
            price_fen=payload.price_fen,
            hold_id=hold.id,
            state="leading",
        )
    )
    work.publish("tender", {"tender": row.id, "round": row.round, "leading_fen": payload.price_fen})
    return {
        "tender": row.id,
        "round": row.round,
        "price_fen": payload.price_fen,
        "lowest_acceptable_fen": next_tender.lowest_acceptable_fen,
    }


def close_round(work: Work, payload: CloseRound) -> Result:
    """
    Go on to the next round, or close: the winner pays its own price, an unsold lot goes back.

    Rules: MKT-42, SET-30, SET-36.
    """
    row, bids = _open_tender_rows(work, payload.tender)
    tender = end_round(_tender_of(row, bids))
    row.round, row.state = tender.round, tender.state.value
    result: dict[str, object] = {"tender": row.id, "round": row.round, "state": row.state}
    lot = award(tender) if tender.state is not TenderState.OPEN else None
    if lot is not None:
        row.trade = _deliver(work, row, bids[-1])
        settle_auction(work, row, lot.consideration_fen)
        result |= {
            "trade": row.trade,
            "bidder": lot.bidder,
            "price_fen": lot.price_fen,
            "consideration_fen": lot.consideration_fen,
        }
    elif tender.state is TenderState.UNSOLD:
        holds.release(work, work.memory.holds[row.hold_id])
        give_back(work, f"tender:{row.id}")
        settle_auction(work, row, None)
        _let_courts_take(work, row)
    work.publish("tender", {"tender": row.id, "state": row.state, "round": row.round})
    return result


def _let_courts_take(work: Work, row: TenderRow) -> None:
    """Let a freeze that waited for a lot have it, now that it has come back. Rule: LIE-31."""
    kind, _, name = row.seller.partition(":")
    if kind == "enterprise":
        fill(work, name, work.memory.cache(Venue).listing(row.instrument).asset.code)


def _deliver(work: Work, row: TenderRow, winner: TenderBidRow) -> int:
    """Settle the lot against the winner's cash and return the trade's number."""
    memory = work.memory
    venue = memory.cache(Venue)
    listing = venue.listing(row.instrument)
    seat = venue.seat(memory, winner.bidder)
    buyer_hold, seller_hold = memory.holds[winner.hold_id], memory.holds[row.hold_id]
    winner.state = "won"
    return settle_lot(
        work,
        listing,
        buyer=seat,
        seller=row.seller,
        buyer_hold=buyer_hold,
        seller_hold=seller_hold,
        price_fen=winner.price_fen,
        quantity_tce=row.quantity_tce,
    )


def _open_tender_rows(work: Work, tender: int) -> tuple[TenderRow, list[TenderBidRow]]:
    """Return a tender with its bids in their order, or refuse one that never was."""
    row = work.session.get(TenderRow, tender)
    if row is None:
        raise TenderUnknown(tender)
    bids = work.session.scalars(
        sa.select(TenderBidRow).where(TenderBidRow.tender == tender).order_by(TenderBidRow.id)
    )
    return row, list(bids)


def _tender_of(row: TenderRow, bids: list[TenderBidRow]) -> Tender:
    return Tender(
        quantity_tce=row.quantity_tce,
        reserve_price_fen=row.reserve_price_fen,
        increment_fen=row.increment_fen,
        bidders=frozenset(row.bidders.split()),
        rounds_max=row.rounds_max,
        round=row.round,
        bids=tuple(RoundBid(each.round, each.bidder, each.price_fen) for each in bids),
        state=TenderState(row.state),
    )
