"""
The call auction against brute force over every tick, written from the rules, for both kernels.

The oracle tries each price, checks the three conditions of the rule literally, and breaks ties by
distance; it knows nothing of clamping, of candidate prices or of histograms.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market import auction_columns
from market.auction import Reading, allocate, clearing_price, pair, quotes
from tests.market.build import buy, sell

TICK = 3
TICKS = st.integers(1, 15)


def demand(buys, price):
    return sum(quantity for limit, quantity in buys if limit >= price)


def supply(sells, price):
    return sum(quantity for limit, quantity in sells if limit <= price)


def brute_force(buys, sells, reference, reading):
    """Return (price, volume, imbalance) or None."""
    grid = range(TICK, 17 * TICK, TICK)
    volumes = {p: min(demand(buys, p), supply(sells, p)) for p in grid}
    most = max(volumes.values())
    if most == 0:
        return None
    fair = []
    for p in grid:
        better_buys = sum(quantity for limit, quantity in buys if limit > p)
        better_sells = sum(quantity for limit, quantity in sells if limit < p)
        all_better_fill = better_buys <= most and better_sells <= most
        one_side_fills = demand(buys, p) == most or supply(sells, p) == most
        if volumes[p] == most and all_better_fill and one_side_fills:
            fair.append(p)
    if reading is Reading.SHANGHAI:
        ordered = {limit for limit, _ in buys} | {limit for limit, _ in sells}
        fair = [p for p in fair if p in ordered]
    gap = {p: abs(demand(buys, p) - supply(sells, p)) for p in fair}
    tied = [p for p in fair if gap[p] == min(gap.values())]
    if reading is Reading.SHENZHEN:
        price = min(tied, key=lambda p: abs(p - reference))
        assert sum(abs(p - reference) == abs(price - reference) for p in tied) == 1
    else:
        assert len(tied) <= 2
        # The first tick at or above the exact midpoint.
        price = next(p for p in grid if 2 * p >= tied[0] + tied[-1])
    return price, most, demand(buys, price) - supply(sells, price)


def brute_allocation(orders, price, volume, *, is_buy):
    """Hand out one tce at a time to the best, earliest order that still wants it."""
    wants = {
        id: quantity
        for id, (limit, quantity) in enumerate(orders)
        if (limit >= price if is_buy else limit <= price)
    }
    got = {}
    for _ in range(volume):
        best = min(wants, key=lambda id: (-orders[id][0] if is_buy else orders[id][0], id))
        got[best] = got.get(best, 0) + 1
        wants[best] -= 1
        if wants[best] == 0:
            del wants[best]
    return list(got.items())


def brute_pairs(buy_fills, sell_fills):
    """Write each tce's owner in a row for both sides and read the runs off."""
    buyers = [id for id, quantity in buy_fills for _ in range(quantity)]
    sellers = [id for id, quantity in sell_fills for _ in range(quantity)]
    runs = []
    for pair_of_ids in zip(buyers, sellers, strict=True):
        if runs and runs[-1][:2] == list(pair_of_ids):
            runs[-1][2] += 1
        else:
            runs.append([*pair_of_ids, 1])
    return [tuple(run) for run in runs]


QUOTES = st.lists(st.tuples(TICKS.map(lambda t: t * TICK), st.integers(1, 9)), max_size=9)
CALL = {
    "buys": QUOTES,
    "sells": QUOTES,
    "reference": TICKS.map(lambda t: t * TICK),
    "reading": st.sampled_from(Reading),
}


def columns(side):
    return auction_columns.OrderColumns(
        np.array([price for price, _ in side], dtype=np.int64),
        np.array([quantity for _, quantity in side], dtype=np.int64),
    )


def as_tuple(clearing):
    if clearing is None:
        return None
    return clearing.price_fen, clearing.volume_tce, clearing.imbalance_tce


@settings(max_examples=400, deadline=None)
@given(**CALL)
def test_the_price_is_the_one_that_brute_force_finds(buys, sells, reference, reading):
    clearing = clearing_price(
        buys, sells, tick_fen=TICK, reference_price_fen=reference, reading=reading
    )

    assert as_tuple(clearing) == brute_force(buys, sells, reference, reading)


@settings(max_examples=300, deadline=None)
@given(**CALL)
def test_fills_and_trades_are_those_of_brute_force_in_both_kernels(buys, sells, reference, reading):
    expected = brute_force(buys, sells, reference, reading)
    buy_orders = [buy(price, quantity, id=id) for id, (price, quantity) in enumerate(buys)]
    sell_orders = [sell(price, quantity, id=id) for id, (price, quantity) in enumerate(sells)]
    terms = {"tick_fen": TICK, "reference_price_fen": reference, "reading": reading}

    clearing = clearing_price(quotes(buy_orders), quotes(sell_orders), **terms)
    cross = auction_columns.uncross(columns(buys), columns(sells), **terms)

    assert as_tuple(clearing) == expected
    assert (cross is None) == (expected is None)
    if cross is None:
        return
    assert cross.clearing == clearing
    price, volume, _ = expected
    bought = brute_allocation(buys, price, volume, is_buy=True)
    sold = brute_allocation(sells, price, volume, is_buy=False)
    trades = brute_pairs(bought, sold)
    buy_fills, sell_fills = allocate(buy_orders, clearing), allocate(sell_orders, clearing)
    assert [(order.id, quantity) for order, quantity in buy_fills] == bought
    assert [(order.id, quantity) for order, quantity in sell_fills] == sold
    assert [(b.id, s.id, quantity) for b, s, quantity in pair(buy_fills, sell_fills)] == trades
    assert rows(cross.buy_fills.index, cross.buy_fills.quantity_tce) == bought
    assert rows(cross.sell_fills.index, cross.sell_fills.quantity_tce) == sold
    made = cross.trades
    assert rows(made.buy_index, made.sell_index, made.quantity_tce) == trades


def rows(*arrays):
    return list(zip(*(array.tolist() for array in arrays), strict=True))


@pytest.mark.parametrize("reading", list(Reading))
@pytest.mark.parametrize("spread", [1, 50, 5_000, 200_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_kernels_agree_on_many_orders(seed, spread, reading):
    """The widest spread has distances that do not fit into sixteen bits."""
    count = 2_000
    rng = np.random.default_rng(seed)
    sides = [
        auction_columns.OrderColumns(
            rng.integers(1, spread + 1, count) * 2, rng.integers(1, 10**9, count)
        )
        for _ in range(2)
    ]
    buys, sells = (rows(side.price_fen, side.quantity_tce) for side in sides)
    buy_orders = [buy(price, quantity, id=id) for id, (price, quantity) in enumerate(buys)]
    sell_orders = [sell(price, quantity, id=id) for id, (price, quantity) in enumerate(sells)]
    terms = {"tick_fen": 2, "reference_price_fen": spread // 2 * 2 + 2, "reading": reading}

    cross = auction_columns.uncross(*sides, **terms)
    clearing = clearing_price(buys, sells, **terms)

    assert (None if cross is None else cross.clearing) == clearing
    if cross is None:
        return
    trades = pair(allocate(buy_orders, clearing), allocate(sell_orders, clearing))
    made = cross.trades
    assert rows(made.buy_index, made.sell_index, made.quantity_tce) == [
        (b.id, s.id, quantity) for b, s, quantity in trades
    ]
