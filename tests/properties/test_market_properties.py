"""
The market against a naive one written from the rules: same fills, same books, same fen.

The naive market keeps a flat list of orders, sorts it for every match, tries every tick for a call
and derives each balance from what was traded and what is open. It shares no code with the product.
"""

import random
from fractions import Fraction
from itertools import count
from math import floor as whole_part
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import migrations
from ledger.chart import of_enterprise
from ledger.db import connect, sqlite_url
from market.venue import Venue
from tests.conftest import FixedClock
from tests.market.floor import CASH, FLOW, open_floor

FEE_BASIS_POINTS = 33
START_TCE, START_YUAN = 100, 20_000
ENTERPRISES = tuple(f"E{number}" for number in range(10))
GROUPS = {"E0": "G", "E1": "G", "E2": "H", "E3": "H"}
REFERENCE_FEN = 10_000
STEPS = 250


class NaiveOrder:
    def __init__(self, number, enterprise, side, price, left):
        self.number, self.enterprise, self.side, self.price = number, enterprise, side, price
        self.left, self.is_open = left, True
        self.group = GROUPS.get(enterprise, enterprise)

    def rank(self):
        return (-self.price if self.side == "buy" else self.price, self.number)

    def need(self):
        """Return the fen or kgce that must be held for what is open."""
        if self.side == "sell":
            return self.left * 1_000
        exact = Fraction(self.price * FEE_BASIS_POINTS, 10_000)
        per_tonne = exact if exact.denominator == 1 else exact + Fraction(1, 2)
        return self.price * self.left + whole_part(per_tonne * self.left)


class NaiveMarket:
    """Orders in one list; what each enterprise bought, sold, spent and earned; fees."""

    def __init__(self, self_match):
        self.self_match = self_match
        self.orders = []
        self.in_call = True
        self.traded = {name: [0, 0] for name in ENTERPRISES}  # kgce sold, kgce bought
        self.cash = dict.fromkeys(ENTERPRISES, START_YUAN * 100)  # held cash included
        self.fees = 0
        self.last_price = None

    def open_orders(self, side):
        return sorted((o for o in self.orders if o.is_open and o.side == side), key=NaiveOrder.rank)

    def balances(self, name):
        own = [o for o in self.orders if o.is_open and o.enterprise == name]
        held = sum(o.need() for o in own if o.side == "sell")
        cash_held = sum(o.need() for o in own if o.side == "buy")
        sold, bought = self.traded[name]
        return (
            START_TCE * 1_000 - sold - held,
            held,
            bought,
            self.cash[name] - cash_held,
            cash_held,
        )

    def place(self, number, name, side, price, tonnes, validity):
        """Return the code and fills of one order."""
        new = NaiveOrder(number, name, side, price, tonnes)
        if self.in_call and validity != "day":
            return "validity_not_taken", []
        if self.in_call and any(
            o.is_open and o.group == new.group and o.side != side and crosses(new, o)
            for o in self.orders
        ):
            return "own_order_opposite", []
        holding, _, _, cash, _ = self.balances(name)
        if new.need() > (cash if side == "buy" else holding):
            return ("insufficient_cash" if side == "buy" else "insufficient_quota"), []
        self.orders.append(new)
        if self.in_call:
            return "ok", []
        if validity == "fill_or_kill" and self.fillable(new) < tonnes:
            new.is_open = False
            return "ok", []
        fills = self.sweep(new)
        if new.left == 0 or validity != "day":
            new.is_open = False
        return "ok", fills

    def fillable(self, new):
        """Return how much a copy of the market would fill of a new order."""
        total = 0
        for maker in self.open_orders("sell" if new.side == "buy" else "buy"):
            if not crosses(new, maker):
                break
            if maker.group != new.group:
                total += maker.left
            elif self.self_match != "cancel_oldest":
                break
        return total

    def sweep(self, new):
        fills = []
        for maker in self.open_orders("sell" if new.side == "buy" else "buy"):
            if not new.left or not new.is_open or not crosses(new, maker):
                break
            tonnes = min(new.left, maker.left)
            if maker.group != new.group:
                fills.append(self.trade(new, maker, maker.price, tonnes))
            elif self.self_match == "decrement":
                new.left -= tonnes
                maker.left -= tonnes
            else:
                maker.is_open = self.self_match == "cancel_newest"
                new.is_open = self.self_match == "cancel_oldest"
            if maker.left == 0:
                maker.is_open = False
        return fills

    def trade(self, one, other, price, tonnes):
        buy, sell = (one, other) if one.side == "buy" else (other, one)
        value = price * tonnes
        fee = whole_part(Fraction(value * FEE_BASIS_POINTS, 10_000) + Fraction(1, 2))
        self.cash[buy.enterprise] -= value + fee
        self.cash[sell.enterprise] += value - fee
        self.fees += 2 * fee
        self.traded[sell.enterprise][0] += tonnes * 1_000
        self.traded[buy.enterprise][1] += tonnes * 1_000
        self.last_price = price
        for order in (buy, sell):
            order.left -= tonnes
            if order.left == 0:
                order.is_open = False
        return price, tonnes

    def cancel(self, order):
        was_open, order.is_open = order.is_open, False
        return "ok" if was_open else "order_final"

    def uncross(self):
        """Cross the call by trying every tick; return the price or None."""
        self.in_call = False
        buys, sells = self.open_orders("buy"), self.open_orders("sell")
        prices = {o.price for o in buys + sells}
        if not buys or not sells:
            return None
        best = None
        reference = self.last_price or REFERENCE_FEN
        for price in range(min(prices), max(prices) + 1):
            demand = sum(o.left for o in buys if o.price >= price)
            supply = sum(o.left for o in sells if o.price <= price)
            volume = min(demand, supply)
            better_buys = sum(o.left for o in buys if o.price > price)
            better_sells = sum(o.left for o in sells if o.price < price)
            if volume == 0 or better_buys > volume or better_sells > volume:
                continue
            key = (volume, -abs(demand - supply), -abs(price - reference))
            if best is None or key > best[0]:
                best = (key, price, volume)
        if best is None:
            return None
        _, price, left = best
        while left:
            buy, sell = self.open_orders("buy")[0], self.open_orders("sell")[0]
            tonnes = min(left, buy.left, sell.left)
            self.trade(buy, sell, price, tonnes)
            left -= tonnes
        return price


def crosses(new, maker):
    return new.price >= maker.price if new.side == "buy" else new.price <= maker.price


def draw_step(rng):
    """Return one random step; prices lie close together, so that most orders meet another."""
    chance = rng.random()
    if chance < 0.80:
        validities = ("day", "day", "day", "immediate_or_cancel", "fill_or_kill")
        return (
            "place",
            rng.choice(ENTERPRISES),
            rng.choice(("buy", "sell")),
            rng.randint(9_996, 10_004),
            rng.choice((1, 2, 3, 5, 8, 13)),
            rng.choice(validities),
        )
    if chance < 0.90:
        return "cancel", rng.randrange(1_000)
    return (rng.choice(("uncross", "uncross", "uncross", "call", "restart")),)


@pytest.fixture(scope="module")
def fresh_floor():
    """Return a maker of floors on databases of their own, all copies of one funded ledger."""
    with TemporaryDirectory() as directory:
        numbers = count()

        def make(self_match):
            data = Path(directory) / str(next(numbers))
            data.mkdir()
            engine = connect(sqlite_url(data))
            migrations.upgrade(engine)
            return open_floor(
                engine,
                FixedClock(),
                dict.fromkeys(ENTERPRISES, (START_TCE, START_YUAN)),
                groups=GROUPS,
                phase="call",
                fee_basis_points=FEE_BASIS_POINTS,
                self_match=self_match,
                first_reference_price_fen=REFERENCE_FEN,
            )

        yield make


def apply_to_both(step, floor, naive):
    """Do one step on both markets and compare what they answer."""
    match step:
        case ("place", name, side, price, tonnes, validity):
            answer = floor.place(name, side, price, tonnes, validity=validity)
            code, fills = naive.place(answer.sequence, name, side, price, tonnes, validity)
            assert answer.code == code
            if answer.ok:
                assert [tuple(fill[1:]) for fill in answer.result["fills"]] == fills
        case ("cancel", position) if naive.orders:
            order = naive.orders[position % len(naive.orders)]
            assert floor.cancel(order.enterprise, order.number).code == naive.cancel(order)
        case ("uncross",) if naive.in_call:
            assert floor.uncross().require().result["price_fen"] == naive.uncross()
        case ("call",) if not naive.in_call:
            floor.phase("call").require()
            naive.in_call = True
        case ("restart",):
            floor.bench.restart()


def require_same(floor, naive):
    """Compare books and every balance; holds are exactly what the open orders need."""
    memory = floor.bench.writer.memory
    assert floor.book() == [
        [(o.number, o.price, o.left) for o in naive.open_orders(side)] for side in ("buy", "sell")
    ]
    for name in ENTERPRISES:
        places = [("holding", FLOW), ("held", FLOW), ("bought", FLOW)]
        places += [("cash", CASH), ("cash_held", CASH)]
        found = tuple(memory.balance(of_enterprise(name, each), asset) for each, asset in places)
        assert found == naive.balances(name), name
    assert memory.balance("venue:fees", CASH) == naive.fees
    needs = sorted(order.need() for order in naive.orders if order.is_open)
    assert sorted(hold.remaining for hold in memory.holds.values()) == needs
    if not naive.in_call:
        book = memory.cache(Venue).listings["QD-2025"].book
        bid, ask = book.best_bid(), book.best_ask()
        assert bid is None or ask is None or bid < ask


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "self_match", ["cancel_newest", "cancel_oldest", "cancel_both", "decrement"]
)
def test_the_market_does_what_the_rules_say_to_the_fen(fresh_floor, self_match, seed):
    rng = random.Random(seed)
    floor, naive = fresh_floor(self_match), NaiveMarket(self_match)

    try:
        for _ in range(STEPS):
            apply_to_both(draw_step(rng), floor, naive)
            require_same(floor, naive)
        require_durable(floor)
    finally:
        floor.bench.writer.close()
        floor.bench.engine.dispose()


def require_durable(floor):
    """What the database holds is what memory held, and every asset sums to zero."""
    book, digest = floor.book(), floor.bench.digest()
    floor.bench.restart()
    assert (floor.book(), floor.bench.digest()) == (book, digest)
    sums = floor.rows("SELECT asset_id, SUM(amount) FROM balances GROUP BY asset_id")
    assert [total for _, total in sums] == [0, 0]
    assert floor.rows("SELECT COUNT(*) FROM orders WHERE filled_tce > quantity_tce") == [(0,)]
