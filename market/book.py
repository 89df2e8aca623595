"""
The order book: price first, then time, and any order can leave it in constant time.

A dict finds the order, links cut it out of its queue, and a heap of level keys says which price is
best next. A ladder of all ticks was the alternative: it is as fast when the book is dense, but an
energy-rights book is mostly empty and each last order to leave would then cost a walk over the
whole band.

A book may be crossed: during a call the orders rest without matching.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.errors import Refused
from market.order import Ladder, Level, Order, Side

_BUY: Final = Side.BUY  # looking a member up on its enum is slow in the matching loop

Depth = tuple[int, int, int]  # price_fen, quantity_tce, count of orders


class OrderNotOpen(Refused):
    """The order is not in the book: never accepted, filled, cancelled or expired."""

    code = "order_not_open"
    rule = "MKT-36"

    def __init__(self, order_id: int) -> None:
        super().__init__(
            f"order {order_id} is not open, only an open order can be cancelled", order_id=order_id
        )


class Book:
    """
    The resting orders of one instrument for one day's price band.

    Prices are multiples of *tick_fen* from *low_fen* to *high_fen*, both included.

    Rule: MKT-20.
    """

    __slots__ = ("asks", "bids", "high_fen", "low_fen", "orders", "tick_fen")

    def __init__(self, *, tick_fen: int, low_fen: int, high_fen: int) -> None:
        assert 0 < tick_fen <= low_fen <= high_fen
        assert low_fen % tick_fen == 0
        assert high_fen % tick_fen == 0
        self.tick_fen = tick_fen
        self.low_fen = low_fen
        self.high_fen = high_fen
        self.orders: dict[int, Order] = {}
        self.bids = Ladder(-1)
        self.asks = Ladder(1)

    def rest(self, order: Order) -> None:
        """Put *order* behind all others at its price; nothing is matched."""
        self.join(order, self.level_for(order))

    def level_for(self, order: Order) -> Level:
        """
        Return the level where *order* would rest, opening it if need be.

        An order that may not enter (known already, off its tick, outside the band) is a bug of the
        caller and stops here, before anything has changed. Levels that exist passed these checks.
        """
        assert order.id not in self.orders, order
        assert order.level is None, order
        ladder = self.bids if order.side is _BUY else self.asks
        price_fen = order.price_fen
        level = ladder.levels.get(price_fen)
        if level is None:
            assert self.low_fen <= price_fen <= self.high_fen, order
            assert price_fen % self.tick_fen == 0, order
            level = ladder.levels[price_fen] = Level(ladder, price_fen)
        return level

    def join(self, order: Order, level: Level) -> None:
        """Put *order* at the end of the level that `level_for` named."""
        tail = level.tail
        if tail is None:
            level.head = order
            level.ladder.fill_first(level)
        else:
            tail.next = order
            order.previous = tail
        level.tail = order
        order.level = level
        order.price_fen = level.price_fen  # one integer object for the whole queue
        leaves_tce = order.leaves_tce
        level.quantity_tce += leaves_tce
        level.count += 1
        level.ladder.quantity_tce += leaves_tce
        self.orders[order.id] = order

    def remove(self, order_id: int) -> Order:
        """Take an order out and return it with the leaves it had. Refuses `order_not_open`."""
        order = self.orders.pop(order_id, None)
        if order is None:
            raise OrderNotOpen(order_id)
        level = order.level
        assert level is not None
        ladder = level.ladder
        leaves_tce = order.leaves_tce
        level.quantity_tce -= leaves_tce
        level.count -= 1
        ladder.quantity_tce -= leaves_tce
        # With all three links cut, reference counting alone frees the order.
        order.level = None
        before, after = order.previous, order.next
        if after is None:
            level.tail = before
        else:
            after.previous = before
            order.next = None
        if before is not None:
            before.next = after
            order.previous = None
            return order
        level.head = after
        if after is None and level is ladder.best:
            ladder.advance()
        return order

    def take(self, order: Order, quantity_tce: int) -> None:
        """Lower the leaves of a resting order, keeping its place; at zero it leaves the book."""
        leaves_tce = order.leaves_tce
        assert 0 < quantity_tce <= leaves_tce, order
        if quantity_tce == leaves_tce:
            self.remove(order.id)
            order.leaves_tce = 0
            return
        level = order.level
        assert level is not None
        order.leaves_tce = leaves_tce - quantity_tce
        level.quantity_tce -= quantity_tce
        level.ladder.quantity_tce -= quantity_tce

    def best_bid(self) -> int | None:
        """Return the highest price at which a buy order rests, or None."""
        best = self.bids.best
        return None if best is None else best.price_fen

    def best_ask(self) -> int | None:
        """Return the lowest price at which a sell order rests, or None."""
        best = self.asks.best
        return None if best is None else best.price_fen

    def depth(self, side: Side, levels: int | None = None) -> tuple[Depth, ...]:
        """Return (price_fen, quantity_tce, order count) of the best *levels*, or of all."""
        found: list[Depth] = []
        for level in self._ladder(side).best_first():
            if len(found) == levels:
                break
            found.append((level.price_fen, level.quantity_tce, level.count))
        return tuple(found)

    def resting(self, side: Side) -> Iterator[Order]:
        """Yield the orders of *side* in priority order; the book must not change meanwhile."""
        for level in self._ladder(side).best_first():
            order = level.head
            while order is not None:
                yield order
                order = order.next

    def quantity_tce(self, side: Side) -> int:
        """Return how much rests on *side* in all."""
        return self._ladder(side).quantity_tce

    def __contains__(self, order_id: int) -> bool:
        return order_id in self.orders

    def __len__(self) -> int:
        return len(self.orders)

    def _ladder(self, side: Side) -> Ladder:
        return self.bids if side is _BUY else self.asks
