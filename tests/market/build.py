"""Orders with honest defaults, for the tests of the market."""

from market.book import Book
from market.order import Order, Side


def order(side, price_fen, quantity_tce, *, id, owner=None, sequence=None):
    """Return an order; its group is its own unless *owner* is given, its sequence its id."""
    return Order(
        id=id,
        owner=f"G{id}" if owner is None else owner,
        enterprise=f"E{id}",
        side=side,
        price_fen=price_fen,
        quantity_tce=quantity_tce,
        sequence=id if sequence is None else sequence,
        hold_id=id,
    )


def buy(price_fen, quantity_tce, **named):
    """Return a buy order."""
    return order(Side.BUY, price_fen, quantity_tce, **named)


def sell(price_fen, quantity_tce, **named):
    """Return a sell order."""
    return order(Side.SELL, price_fen, quantity_tce, **named)


def empty_book(*, low_fen=1, high_fen=10_000, tick_fen=1):
    """Return a book with room for the small prices of the vectors."""
    return Book(tick_fen=tick_fen, low_fen=low_fen, high_fen=high_fen)


def fills_of(matched):
    """Return what *matched* filled as (maker id, price_fen, quantity_tce)."""
    return [(maker.id, price_fen, quantity) for maker, price_fen, quantity in matched.fills]


def withdrawn_of(matched):
    """Return what *matched* withdrew as (order id, quantity_tce, is_ended)."""
    return [(lost.order.id, lost.quantity_tce, lost.is_ended) for lost in matched.withdrawn]


def resting_of(book, side):
    """Return (id, price_fen, leaves_tce) of one side in priority order."""
    return [(o.id, o.price_fen, o.leaves_tce) for o in book.resting(side)]
