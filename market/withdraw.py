"""
End open orders otherwise than by filling: give their holds back and write how they ended.
"""

from ledger import hold as holds
from ledger.work import Work
from market.order import Order, Side
from market.venue import Listing

_BUY = Side.BUY


def end_order(work: Work, listing: Listing, order: Order, *, state: str, because: str) -> None:
    """
    Release all that still covers an order that has left the book, and write its end.

    The order keeps the leaves it had. Rule: SET-35.
    """
    hold = work.memory.holds.get(order.hold_id)
    if hold is not None:
        holds.release(work, hold)
    write_order(work, listing, order, state=state, because=because)


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
