"""
The book against an oracle written from the rules: sorted lists, no links, no levels, no heap.

After every operation both sides are compared in priority order with their leaves, and so are best
prices, depth, fills and what was withdrawn. Best prices are asked of the book itself: a phantom
level heals before the next trade and would never show in trades.
"""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.book import Book, OrderNotOpen
from market.matching import SelfMatch, match
from market.order import Order, Side, Validity
from tests.market.build import fills_of, resting_of, withdrawn_of

LOW, HIGH, TICK = 90, 110, 2
VALIDITIES = ["day"] * 6 + ["immediate_or_cancel", "fill_or_kill"]


@dataclass
class Entry:
    """One order of the oracle."""

    id: int
    is_buy: bool
    price: int
    leaves: int
    owner: str


@dataclass
class Oracle:
    """A market of sorted lists, O(n) for everything, that shares no code with the product."""

    mode: str
    entries: list[Entry] = field(default_factory=list)  # by arrival

    def side(self, is_buy):
        chosen = [e for e in self.entries if e.is_buy == is_buy]
        return sorted(chosen, key=lambda e: -e.price if is_buy else e.price)  # stable by arrival

    def can_trade(self, taker, maker):
        return maker.price <= taker.price if taker.is_buy else maker.price >= taker.price

    def step(self, taker, fills, lost):
        """Meet the best resting order once; return whether the taker may go on."""
        makers = self.side(not taker.is_buy)
        if taker.leaves == 0 or not makers or not self.can_trade(taker, makers[0]):
            return False
        maker = makers[0]
        quantity = min(taker.leaves, maker.leaves)
        if maker.owner != taker.owner:
            fills.append((maker.id, maker.price, quantity))
            taker.leaves -= quantity
            maker.leaves -= quantity
        elif self.mode == "decrement":
            taker.leaves -= quantity
            maker.leaves -= quantity
            lost.append((maker.id, quantity, maker.leaves == 0))
            lost.append((taker.id, quantity, taker.leaves == 0))
        else:
            if self.mode in ("cancel_oldest", "cancel_both"):
                lost.append((maker.id, maker.leaves, True))
                maker.leaves = 0
            if self.mode in ("cancel_newest", "cancel_both"):
                lost.append((taker.id, taker.leaves, True))
                taker.leaves = 0
        self.entries = [e for e in self.entries if e.leaves]
        return True

    def add(self, taker, validity):
        if validity == "fill_or_kill":
            copies = [Entry(e.id, e.is_buy, e.price, e.leaves, e.owner) for e in self.entries]
            asked = taker.leaves
            trial = Oracle(self.mode, copies)
            copy = Entry(taker.id, taker.is_buy, taker.price, asked, taker.owner)
            fills, lost = [], []
            while trial.step(copy, fills, lost):
                pass
            if sum(quantity for _, _, quantity in fills) < asked:
                return [], [(taker.id, asked, True)]
        fills, lost = [], []
        while self.step(taker, fills, lost):
            pass
        if taker.leaves and validity == "day":
            self.entries.append(taker)
        elif taker.leaves:
            lost.append((taker.id, taker.leaves, True))
        return fills, lost

    def cancel(self, id):
        found = [e for e in self.entries if e.id == id]
        self.entries = [e for e in self.entries if e.id != id]
        return found[0].leaves if found else None


def assert_same(book, oracle):
    """Compare everything that can be asked of the book, from its own structures."""
    for side, is_buy in ((Side.BUY, True), (Side.SELL, False)):
        expected = [(e.id, e.price, e.leaves) for e in oracle.side(is_buy)]
        assert resting_of(book, side) == expected
        best = book.best_bid() if is_buy else book.best_ask()
        assert best == (expected[0][1] if expected else None)
        assert book.quantity_tce(side) == sum(leaves for _, _, leaves in expected)
        by_price = {}
        for _, price, leaves in expected:
            quantity, count = by_price.get(price, (0, 0))
            by_price[price] = (quantity + leaves, count + 1)
        depth = tuple((price, *totals) for price, totals in by_price.items())
        assert book.depth(side) == depth
        assert book.depth(side, 2) == depth[:2]
    assert len(book) == len(oracle.entries)


def assert_links(book):
    """Walk every queue both ways: links, levels and counts must agree."""
    for ladder in (book.bids, book.asks):
        for level in ladder.best_first():
            forward, order = [], level.head
            while order is not None:
                assert order.level is level
                forward.append(order)
                order = order.next
            backward, order = [], level.tail
            while order is not None:
                backward.append(order)
                order = order.previous
            assert forward == backward[::-1]
            assert level.count == len(forward)


ADD = st.tuples(
    st.booleans(),
    st.integers(LOW // TICK, HIGH // TICK).map(lambda ticks: ticks * TICK),
    st.integers(1, 12),
    st.sampled_from(["A", "B", "C", "D"]),
    st.sampled_from(VALIDITIES),
)
CANCEL = st.integers(0, 60)  # ids that are live, gone, or never were
OPERATIONS = st.lists(st.one_of(ADD, ADD, CANCEL), min_size=10, max_size=80)


def apply_add(book, oracle, mode, id, add):
    is_buy, price, quantity, owner, validity = add
    order = Order(
        id=id,
        owner=owner,
        enterprise=owner,
        side=Side.BUY if is_buy else Side.SELL,
        price_fen=price,
        quantity_tce=quantity,
        sequence=id,
        hold_id=id,
    )

    matched = match(book, order, self_match=SelfMatch(mode), validity=Validity(validity))

    fills, lost = oracle.add(Entry(id, is_buy, price, quantity, owner), validity)
    assert fills_of(matched) == fills
    assert withdrawn_of(matched) == lost
    assert matched.is_resting == (id in book)
    filled = sum(traded for _, _, traded in fills)
    decremented = sum(q for i, q, _ in lost if i == id) if mode == "decrement" else 0
    if validity == "day" or filled == quantity:
        assert order.filled_tce == filled
        assert order.quantity_tce == quantity - decremented


def apply_cancel(book, oracle, id):
    expected = oracle.cancel(id)
    if expected is None:
        with pytest.raises(OrderNotOpen):
            book.remove(id)
        return
    order = book.remove(id)
    assert order.leaves_tce == expected
    assert (order.previous, order.next, order.level) == (None, None, None)


@settings(max_examples=150, deadline=None)
@given(mode=st.sampled_from([str(mode) for mode in SelfMatch]), operations=OPERATIONS)
def test_the_book_and_the_oracle_agree_after_every_operation(mode, operations):
    book = Book(tick_fen=TICK, low_fen=LOW, high_fen=HIGH)
    oracle = Oracle(mode)

    for id, operation in enumerate(operations, 1):
        if isinstance(operation, int):
            apply_cancel(book, oracle, operation)
        else:
            apply_add(book, oracle, mode, id, operation)

        assert_same(book, oracle)
        assert_links(book)
        bid, ask = book.best_bid(), book.best_ask()
        assert bid is None or ask is None or bid < ask


@pytest.mark.parametrize("mode", [str(mode) for mode in SelfMatch])
def test_they_agree_over_a_long_day(mode):
    """Generated cases are short; this book lives through 1,500 operations from a fixed seed."""
    rng = random.Random(20260630)
    book = Book(tick_fen=TICK, low_fen=LOW, high_fen=HIGH)
    oracle = Oracle(mode)

    for id in range(1, 1_501):
        if rng.random() < 0.35:
            apply_cancel(book, oracle, rng.randint(max(1, id - 60), id))
        else:
            is_buy = rng.random() < 0.5
            price = (98 if is_buy else 102) + TICK * rng.randint(-4, 4)
            owner = rng.choice("ABCDEFGH")
            add = (is_buy, price, rng.randint(1, 30), owner, rng.choice(VALIDITIES))
            apply_add(book, oracle, mode, id, add)

        assert_same(book, oracle)
    assert_links(book)


@settings(max_examples=60, deadline=None)
@given(operations=st.lists(st.one_of(ADD, CANCEL), max_size=50), part=st.integers(1, 12))
def test_a_crossed_book_of_a_call_keeps_its_order(operations, part):
    """During a call orders rest without matching; fills are then taken from anywhere in it."""
    book = Book(tick_fen=TICK, low_fen=LOW, high_fen=HIGH)
    oracle = Oracle("cancel_newest")

    for id, operation in enumerate(operations, 1):
        if isinstance(operation, int):
            apply_cancel(book, oracle, operation)
        else:
            is_buy, price, quantity, owner, _ = operation
            book.rest(
                Order(
                    id=id,
                    owner=owner,
                    enterprise=owner,
                    side=Side.BUY if is_buy else Side.SELL,
                    price_fen=price,
                    quantity_tce=quantity,
                    sequence=id,
                    hold_id=id,
                )
            )
            oracle.entries.append(Entry(id, is_buy, price, quantity, owner))
        assert_same(book, oracle)

    for entry in list(oracle.entries)[::2]:
        taken = min(part, entry.leaves)
        book.take(book.orders[entry.id], taken)
        entry.leaves -= taken
        oracle.entries = [e for e in oracle.entries if e.leaves]
        assert_same(book, oracle)
    assert_links(book)
