"""
Cancel an order: it leaves the book at once, wherever it stands, and its cover goes back.
"""

from typing import ClassVar

from ledger.command import Payload
from ledger.errors import Refused
from ledger.subject import Result
from ledger.work import Work
from market.calendar import require_cancel
from market.order import Order
from market.venue import Venue
from market.withdraw import end_order


class OrderUnknown(Refused):
    """The enterprise has no such order today; whether another has is not told."""

    code = "order_unknown"
    rule = "MKT-78"

    def __init__(self, order_id: int, *, enterprise: str) -> None:
        super().__init__(
            f"{enterprise} has placed no order {order_id} today, name one of its own",
            order=order_id,
            enterprise=enterprise[:40],
        )


class OrderFinal(Refused):
    """The order has been filled, cancelled or has expired."""

    code = "order_final"
    rule = "MKT-36"

    def __init__(self, order: Order) -> None:
        super().__init__(
            f"order {order.id} is over with {order.filled_tce} of {order.quantity_tce} tce filled, "
            "only an open order can be cancelled",
            order=order.id,
            filled_tce=order.filled_tce,
            quantity_tce=order.quantity_tce,
        )


class CancelOrder(Payload, frozen=True):
    """Take back what is still open of an enterprise's order."""

    kind: ClassVar[str] = "orders.cancel"
    enterprise: str
    order: int


def cancel(work: Work, payload: CancelOrder) -> Result:
    """
    Cancel one open order.

    Refusals in this order: not an order of this enterprise, over already, a phase without cancels.
    A frozen account gets its cover back all the same (REG-44). Rules: MKT-32, MKT-36, MKT-78.
    """
    placed = work.memory.cache(Venue).orders.get(payload.order)
    if placed is None or placed[0].enterprise != payload.enterprise:
        raise OrderUnknown(payload.order, enterprise=payload.enterprise)
    order, listing = placed
    if order.level is None:
        raise OrderFinal(order)
    require_cancel(listing.phase)
    book = listing.book
    book.remove(order.id)
    end_order(work, listing, order, state="cancelled", because="request")
    work.publish("book", {"instrument": listing.id, "bid": book.best_bid(), "ask": book.best_ask()})
    return {
        "order": order.id,
        "state": "cancelled",
        "filled_tce": order.filled_tce,
        "cancelled_tce": order.leaves_tce,
    }
