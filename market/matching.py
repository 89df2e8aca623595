"""
Match one incoming order against the book: fills in price–time order, then what becomes of the rest.

Everything that could go wrong is asserted before the first change, so a match never stops halfway.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from market.book import Book
from market.order import Ladder, Order, Side, Validity

_BUY: Final = Side.BUY
_DAY: Final = Validity.DAY
_FILL_OR_KILL: Final = Validity.FILL_OR_KILL


class SelfMatch(StrEnum):
    """Which order gives way when both sides belong to one beneficial-owner group. Rule: MKT-25."""

    CANCEL_NEWEST = "cancel_newest"
    CANCEL_OLDEST = "cancel_oldest"
    CANCEL_BOTH = "cancel_both"
    DECREMENT = "decrement"


_CANCEL_NEWEST: Final = SelfMatch.CANCEL_NEWEST

Fill = tuple[Order, int, int]  # maker, price_fen, quantity_tce: a tuple, one for each trade


class Withdrawn(NamedTuple):
    """
    What an order lost without trading, which its hold must release.

    A cancelled order keeps its leaves, equal to *quantity_tce*; a decremented one has both its
    quantity and its leaves lowered. *is_ended* says whether the order is over.
    """

    order: Order
    quantity_tce: int
    is_ended: bool


class Matched(NamedTuple):
    """
    What one incoming order did.

    *fills* are (maker, price_fen, quantity_tce) in the order they happened, at the resting price;
    a maker whose leaves are zero has left the book. *withdrawn* names every order, incoming or
    resting, that lost quantity to a self-match or to its validity. *is_resting* says whether the
    incoming order is now in the book.
    """

    fills: Sequence[Fill]
    withdrawn: Sequence[Withdrawn]
    is_resting: bool


_RESTED: Final = Matched((), (), True)


def match(
    book: Book,
    order: Order,
    *,
    self_match: SelfMatch = _CANCEL_NEWEST,
    validity: Validity = _DAY,
) -> Matched:
    """
    Match *order* against *book*, best price first, then oldest; a day order's remainder rests.

    *order* must be new to the book, on its tick and in its band: `market.limits` refuses others.

    Rules: MKT-20, MKT-25, MKT-34.
    """
    level = book.level_for(order)
    facing = book.asks if order.side is _BUY else book.bids
    best = facing.best
    if (best is None or best.key + level.key > 0) and validity is _DAY:
        book.join(order, level)
        return _RESTED
    if validity is _FILL_OR_KILL and not _is_fillable(facing, order, -level.key, self_match):
        return Matched((), (Withdrawn(order, order.leaves_tce, True),), False)
    fills, withdrawn, is_over = _sweep(book, facing, order, -level.key, self_match)
    if is_over or order.leaves_tce == 0:
        return Matched(fills, withdrawn, False)
    if validity is _DAY:
        book.join(order, level)
        return Matched(fills, withdrawn, True)
    return Matched(fills, (*withdrawn, Withdrawn(order, order.leaves_tce, True)), False)


def _sweep(
    book: Book, facing: Ladder, order: Order, worst_key: int, self_match: SelfMatch
) -> tuple[list[Fill], Sequence[Withdrawn], bool]:
    """Trade until *order* is filled, meets its limit, or is ended by a self-match (last value)."""
    fills: list[Fill] = []
    withdrawn: list[Withdrawn] = []
    owner = order.owner
    leaves_tce = order.leaves_tce
    level = facing.best
    while leaves_tce and level is not None and level.key <= worst_key:
        maker = level.head
        assert maker is not None
        if maker.owner == owner:
            order.leaves_tce = leaves_tce
            if _is_ended_by_self_match(book, order, maker, self_match, withdrawn):
                return fills, withdrawn, True
            leaves_tce = order.leaves_tce
        else:
            quantity_tce = maker.leaves_tce
            if quantity_tce <= leaves_tce:
                book.remove(maker.id)
                maker.leaves_tce = 0
            else:
                quantity_tce = leaves_tce
                book.take(maker, quantity_tce)
            leaves_tce -= quantity_tce
            fills.append((maker, level.price_fen, quantity_tce))
        level = facing.best
    order.leaves_tce = leaves_tce
    return fills, withdrawn, False


def _is_ended_by_self_match(
    book: Book, order: Order, maker: Order, self_match: SelfMatch, withdrawn: list[Withdrawn]
) -> bool:
    """Resolve one meeting of two orders of one group; return whether the incoming one is over."""
    if self_match is SelfMatch.DECREMENT:
        return _decrement(book, order, maker, withdrawn)
    if self_match is not _CANCEL_NEWEST:
        withdrawn.append(Withdrawn(book.remove(maker.id), maker.leaves_tce, True))
    if self_match is not SelfMatch.CANCEL_OLDEST:
        withdrawn.append(Withdrawn(order, order.leaves_tce, True))
        return True
    return False


def _decrement(book: Book, order: Order, maker: Order, withdrawn: list[Withdrawn]) -> bool:
    """Lower both orders by the smaller of their leaves; what was filled stays what it was."""
    quantity_tce = min(order.leaves_tce, maker.leaves_tce)
    book.take(maker, quantity_tce)
    maker.quantity_tce -= quantity_tce
    order.leaves_tce -= quantity_tce
    order.quantity_tce -= quantity_tce
    withdrawn.append(Withdrawn(maker, quantity_tce, maker.leaves_tce == 0))
    withdrawn.append(Withdrawn(order, quantity_tce, order.leaves_tce == 0))
    return order.leaves_tce == 0


def _is_fillable(facing: Ladder, order: Order, worst_key: int, self_match: SelfMatch) -> bool:
    """Return whether the sweep would fill *order* whole, by the sweep's own rules."""
    needed_tce = order.leaves_tce
    for level in facing.best_first():
        if level.key > worst_key:
            break
        maker = level.head
        while maker is not None:
            if maker.owner != order.owner:
                needed_tce -= maker.leaves_tce
            elif self_match is not SelfMatch.CANCEL_OLDEST:
                return False
            if needed_tce <= 0:
                return True
            maker = maker.next
    return False
