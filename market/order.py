"""
An order, the states it passes through, and the queue it stands in: a level of a ladder.

Prices are whole fen per tce, quantities are whole tce. `Order`, `Level` and `Ladder` are mutable
and slotted because the matching loop touches them a million times a second; they name each other,
so they live together. Only `market.book` changes the links between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from heapq import heappop, heappush


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"


class Validity(StrEnum):
    """How long what was not filled at once may wait. Rule: MKT-34."""

    DAY = "day"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"


class OrderState(StrEnum):
    """Where an order stands, in the words of FIX. Rule: MKT-31."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


_ENDED: frozenset[OrderState] = frozenset()
_LIVE_NEXT = frozenset(OrderState) - {OrderState.NEW}
LAWFUL_NEXT: dict[OrderState, frozenset[OrderState]] = {
    OrderState.NEW: _LIVE_NEXT,
    OrderState.PARTIALLY_FILLED: _LIVE_NEXT,
    OrderState.FILLED: _ENDED,
    OrderState.CANCELLED: _ENDED,
    OrderState.EXPIRED: _ENDED,
}


class Order:
    """
    One instruction to buy or sell at a limit price.

    *owner* is the key of the beneficial-owner group, by which self-matches are found; *enterprise*
    holds the account. *sequence* is the arrival that decides time priority. At every moment
    quantity_tce = filled_tce + leaves_tce; an order that leaves the book unfilled keeps the leaves
    it had, so that its hold can be released. *previous*, *next* and *level* belong to the book.

    Rule: MKT-31.
    """

    __slots__ = (
        "enterprise",
        "hold_id",
        "id",
        "leaves_tce",
        "level",
        "next",
        "owner",
        "previous",
        "price_fen",
        "quantity_tce",
        "sequence",
        "side",
    )

    def __init__(
        self,
        *,
        id: int,
        owner: str,
        enterprise: str,
        side: Side,
        price_fen: int,
        quantity_tce: int,
        sequence: int,
        hold_id: int,
        filled_tce: int = 0,
    ) -> None:
        self.id = id
        self.owner = owner
        self.enterprise = enterprise
        self.side = side
        self.price_fen = price_fen
        self.quantity_tce = quantity_tce
        self.leaves_tce = quantity_tce
        self.sequence = sequence
        self.hold_id = hold_id
        self.previous: Order | None = None
        self.next: Order | None = None
        self.level: Level | None = None
        if filled_tce:  # only when a book is rebuilt
            assert 0 < filled_tce < quantity_tce
            self.leaves_tce = quantity_tce - filled_tce

    @property
    def filled_tce(self) -> int:
        """Return how much has traded so far."""
        return self.quantity_tce - self.leaves_tce

    def __repr__(self) -> str:
        return f"<order {self.id}: {self.side} {self.leaves_tce} tce at {self.price_fen} fen>"


class Level:
    """
    The queue of orders at one price of one side, oldest first.

    *key* orders levels best first on either side: the price for sells, minus the price for buys, so
    that a buy level and a sell level cross when their keys sum to zero or less. *is_queued* says
    whether the key stands in the heap of its ladder.
    """

    __slots__ = ("count", "head", "is_queued", "key", "ladder", "price_fen", "quantity_tce", "tail")

    def __init__(self, ladder: Ladder, price_fen: int) -> None:
        self.ladder = ladder
        self.price_fen = price_fen
        self.key = ladder.sign * price_fen
        self.head: Order | None = None
        self.tail: Order | None = None
        self.quantity_tce = 0
        self.count = 0
        self.is_queued = False


class Ladder:
    """
    All levels of one side of a book. *best* is exact after every operation.

    Levels stay in the dict once opened, so the heap of keys holds at most one for each tick.
    """

    __slots__ = ("best", "heap", "levels", "quantity_tce", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: dict[int, Level] = {}
        self.heap: list[int] = []
        self.best: Level | None = None
        self.quantity_tce = 0

    def fill_first(self, level: Level) -> None:
        """Take note that *level* holds an order again."""
        if not level.is_queued:
            heappush(self.heap, level.key)
            level.is_queued = True
        best = self.best
        if best is None or level.key < best.key:
            self.best = level

    def advance(self) -> None:
        """Move *best* to the next level that holds an order, dropping empty ones from the heap."""
        heap, levels = self.heap, self.levels
        while heap:
            level = levels[abs(heap[0])]
            if level.head is not None:
                self.best = level
                return
            heappop(heap)
            level.is_queued = False
        self.best = None

    def best_first(self) -> Iterator[Level]:
        """Yield the levels that hold orders, best price first; the first k cost O(k log k)."""
        heap = self.heap
        frontier = [(heap[0], 0)] if heap else []
        while frontier:
            key, index = heappop(frontier)
            level = self.levels[abs(key)]
            if level.head is not None:
                yield level
            for child in range(2 * index + 1, min(2 * index + 3, len(heap))):
                heappush(frontier, (heap[child], child))


def opposite(side: Side) -> Side:
    """Return the side that *side* trades with."""
    return Side.SELL if side is Side.BUY else Side.BUY


def live_state(order: Order) -> OrderState:
    """Return the state that fills alone give; cancel and expiry are events of their own."""
    if order.leaves_tce == 0:
        return OrderState.FILLED
    if order.leaves_tce < order.quantity_tce:
        return OrderState.PARTIALLY_FILLED
    return OrderState.NEW


def priority(order: Order) -> tuple[int, int]:
    """
    Return the key that sorts orders of one side by price, best first, then by arrival.

    Rule: MKT-20.
    """
    if order.side is Side.BUY:
        return (-order.price_fen, order.sequence)
    return (order.price_fen, order.sequence)
