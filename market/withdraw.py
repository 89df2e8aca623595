"""
End open orders otherwise than by filling: give their holds back and write how they ended.
"""

from collections.abc import Sequence

from ledger import hold as holds
from ledger.errors import Refused
from ledger.memory import Hold
from ledger.units import KGCE_PER_TCE
from ledger.work import Work
from market.clearing import buyer_cover_fen
from market.matching import Withdrawn
from market.order import Order, Side, Validity
from market.venue import Listing

_BUY = Side.BUY


def withdraw(
    work: Work,
    listing: Listing,
    order: Order,
    withdrawn: Sequence[Withdrawn],
    validity: Validity,
) -> bool:
    """
    See to what an incoming *order* and others lost without trading; return whether it is over.

    Rules: MKT-25, MKT-34, SET-35.
    """
    is_over = False
    for lost, _, is_ended in withdrawn:
        if lost is order:
            is_over = is_over or is_ended
        elif is_ended:
            end_order(work, listing, lost, state="cancelled", because="self_match")
        else:
            _release_excess(work, listing, lost)
            write_order(work, listing, lost)
    if is_over:
        because = "self_match" if validity is Validity.DAY else "validity"
        end_order(work, listing, order, state="cancelled", because=because, validity=validity.value)
    else:
        _release_excess(work, listing, order)
    return is_over


def _release_excess(work: Work, listing: Listing, order: Order) -> None:
    """Give back what the leaves of a decremented order no longer need."""
    hold = work.memory.holds.get(order.hold_id)
    if hold is None:
        return
    needed = order.leaves_tce * KGCE_PER_TCE
    if order.side is _BUY and order.leaves_tce:
        needed = buyer_cover_fen(
            order.price_fen,
            order.leaves_tce,
            fee_basis_points=listing.terms.fee_basis_points,
        )
    if hold.remaining > needed:
        release(work, hold, hold.remaining - needed)


def end_order(
    work: Work,
    listing: Listing,
    order: Order,
    *,
    state: str,
    because: str,
    validity: str = "day",
) -> None:
    """
    Release all that still covers an order that has left the book, and write its end.

    The order keeps the leaves it had. It is out of its book by now, so a refused release would be
    a bug and stops the command. Rule: SET-35.
    """
    hold = work.memory.holds.get(order.hold_id)
    if hold is not None:
        release(work, hold, hold.remaining)
    write_order(work, listing, order, state=state, because=because, validity=validity)


def release(work: Work, hold: Hold, amount: int) -> None:
    """Give back part of an order's cover, which nothing can refuse any more."""
    try:
        holds.release(work, hold, amount)
    except Refused as refusal:
        raise AssertionError(f"a cover was not given back: {refusal.code}") from refusal


def write_order(
    work: Work,
    listing: Listing,
    order: Order,
    *,
    state: str = "",
    because: str = "",
    validity: str = "day",
) -> None:
    """Write one order as it now stands; without *state*, the one its fills give."""
    order_id = order.id
    quantity_tce = order.quantity_tce
    leaves_tce = order.leaves_tce
    if not state:
        state = fill_state(quantity_tce, leaves_tce)
    # Plain text, not enum members: the drivers bind it twice as fast.
    row = (
        order_id,
        listing.id,
        listing.number,
        order.enterprise,
        order.owner,
        "buy" if order.side is _BUY else "sell",
        order.price_fen,
        quantity_tce,
        quantity_tce - leaves_tce,
        validity,
        state,
        because,
        order.hold_id,
    )
    work.put("orders", order_id, row)


def fill_state(quantity_tce: int, leaves_tce: int) -> str:
    """Return the state that fills alone give an order, as text. Rule: MKT-31."""
    if leaves_tce == 0:
        return "filled"
    return "new" if leaves_tce == quantity_tce else "partially_filled"
