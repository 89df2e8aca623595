"""
Settle a trade: allowances and cash change hands in one entry, or not at all.

This is the only place that builds trade entries. What comes here has been checked and is covered by
holds, so a refusal on the way is a bug: it stops the command and drops the writer's memory.
"""

from ledger import hold as holds
from ledger.asset import CNY
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.memory import Hold
from ledger.post import post
from ledger.units import KGCE_PER_TCE
from ledger.work import Work
from market.clearing import buyer_cover_fen, fee_fen
from market.order import Order
from market.venue import Listing, Seat, Venue

FEES = "venue:fees"


def settle_orders(
    work: Work,
    venue: Venue,
    listing: Listing,
    *,
    buy: Order,
    sell: Order,
    price_fen: int,
    quantity_tce: int,
    buy_open_tce: int,
    mode: str,
    taker_side: str,
) -> int:
    """
    Settle one trade between two orders and return its number.

    *buy_open_tce* is what the buy order still has to fill afterwards: the cash it no longer needs,
    because the price or the fee came out better than held for, goes back in the same entry.

    Rules: SET-30, SET-33.
    """
    memory = work.memory
    buyer_hold, seller_hold = memory.holds[buy.hold_id], memory.holds[sell.hold_id]
    terms = listing.terms
    needed_fen = 0
    if buy_open_tce:
        needed_fen = buyer_cover_fen(
            buy.price_fen, buy_open_tce, fee_basis_points=terms.fee_basis_points
        )
    consideration_fen = price_fen * quantity_tce
    fee = fee_fen(consideration_fen, terms.fee_basis_points)
    used_fen = buyer_hold.remaining - needed_fen
    buyer = venue.seats.get(buy.enterprise) or venue.seat(memory, buy.enterprise)
    seller = venue.seats.get(sell.enterprise) or venue.seat(memory, sell.enterprise)
    trade = _exchange(
        work,
        listing,
        buyer=buyer,
        units_from=seller_hold.held.address,
        proceeds_to=seller.cash.address,
        quantity_tce=quantity_tce,
        consideration_fen=consideration_fen,
        buyer_fee_fen=fee,
        seller_fee_fen=fee,
        returned_fen=used_fen - consideration_fen - fee,
    )
    holds.take(work, buyer_hold, used_fen)
    holds.take(work, seller_hold, quantity_tce * KGCE_PER_TCE)
    listing.last_price_fen = price_fen
    names = (buy.id, sell.id, buy.enterprise, sell.enterprise, taker_side)
    money = (price_fen, quantity_tce, consideration_fen, fee, fee, work.now)
    work.add("trades", (trade, listing.id, listing.number, mode, *names, *money))
    return trade


def settle_lot(
    work: Work,
    listing: Listing,
    *,
    buyer: Seat,
    seller: str,
    buyer_hold: Hold,
    seller_hold: Hold,
    price_fen: int,
    quantity_tce: int,
) -> int:
    """
    Settle the sale of a tender's whole lot and return the trade's number.

    *seller* is an owner. An enterprise pays its fee from the proceeds; an authority, which sells
    into the treasury, pays none.

    Rules: SET-30, SET-37.
    """
    kind, _, seller_id = seller.partition(":")
    consideration_fen = price_fen * quantity_tce
    fee = fee_fen(consideration_fen, listing.terms.fee_basis_points)
    is_enterprise = kind == "enterprise"
    seller_fee = fee if is_enterprise else 0
    trade = _exchange(
        work,
        listing,
        buyer=buyer,
        units_from=seller_hold.held.address,
        proceeds_to=f"{seller}:cash" if is_enterprise else "treasury:sales",
        quantity_tce=quantity_tce,
        consideration_fen=consideration_fen,
        buyer_fee_fen=fee,
        seller_fee_fen=seller_fee,
        returned_fen=buyer_hold.remaining - consideration_fen - fee,
    )
    holds.take(work, buyer_hold, buyer_hold.remaining)
    holds.take(work, seller_hold, quantity_tce * KGCE_PER_TCE)
    name = seller_id if is_enterprise else seller
    names = (0, 0, buyer.enterprise, name, "")
    money = (price_fen, quantity_tce, consideration_fen, fee, seller_fee, work.now)
    work.add("trades", (trade, listing.id, listing.number, "tender", *names, *money))
    return trade


def _exchange(
    work: Work,
    listing: Listing,
    *,
    buyer: Seat,
    units_from: str,
    proceeds_to: str,
    quantity_tce: int,
    consideration_fen: int,
    buyer_fee_fen: int,
    seller_fee_fen: int,
    returned_fen: int,
) -> int:
    """Post the one entry of a trade and put what was bought apart until it may be offered."""
    assert returned_fen >= 0
    asset = listing.asset.code
    cash_held = buyer.cash_held.address
    amount_kgce = quantity_tce * KGCE_PER_TCE
    is_apart = listing.terms.resale_days > 0
    units_to = buyer.bought.address if is_apart else buyer.holding.address
    postings = [
        Posting(units_from, units_to, asset, amount_kgce),
        Posting(cash_held, proceeds_to, CNY, consideration_fen),
    ]
    if buyer_fee_fen:
        postings.append(Posting(cash_held, FEES, CNY, buyer_fee_fen))
    if seller_fee_fen:
        postings.append(Posting(proceeds_to, FEES, CNY, seller_fee_fen))
    if returned_fen:
        postings.append(Posting(cash_held, buyer.cash.address, CNY, returned_fen))
    try:
        trade = post(work, Entry(EntryCode.TRADE, "SET-30", tuple(postings)))
    except Refused as refusal:
        raise AssertionError(f"a covered trade did not settle: {refusal.code}") from refusal
    if is_apart:
        _put_apart(work, listing, buyer.enterprise, amount_kgce)
    return trade


def _put_apart(work: Work, listing: Listing, enterprise: str, amount_kgce: int) -> None:
    """Count what was bought today; it may be offered some trading days later. Rule: SET-34."""
    due_number = listing.number + listing.terms.resale_days
    lots = listing.lots.setdefault(enterprise, {})
    lots[due_number] = total_kgce = lots.get(due_number, 0) + amount_kgce
    key = (listing.id, enterprise, due_number)
    work.put("bought_lots", key, (*key, total_kgce, None))
