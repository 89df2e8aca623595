"""Call-auction vectors A1 to A11 (no A6c, no A9), for both readings and both kernels."""

import numpy as np
import pytest

from market import auction_columns
from market.auction import Clearing, Indicative, Reading, allocate, clearing_price, indicative, pair
from market.order import Side
from tests.market.build import buy, sell

A1_BUYS = [(380, 2), (376, 6), (365, 4), (360, 7), (355, 6), (350, 3)]
A1_SELLS = [(352, 5), (357, 1), (360, 2), (365, 6), (370, 6)]
A2_BUYS = [(202, 5), (201, 4), (200, 3), (199, 2), (198, 1)]
A2_SELLS = [(205, 1), (204, 2), (203, 3), (202, 4), (201, 5)]
A3_BUYS = [(1_045, 100), (1_045, 2_500), (1_030, 1_800), (1_025, 500), (1_025, 800), (995, 1_500)]
A3_SELLS = [(1_005, 600), (1_005, 400), (1_020, 1_500), (1_030, 1_200), (1_045, 700)]
A10_BUYS = [(102, 300), (101, 200), (100, 100)]
A10_SELLS = [(98, 200), (100, 100), (101, 200)]
A11_BUYS = [(105, 100), (103, 400)]
A11_SELLS = [(100, 100), (103, 350), (104, 50)]

# name, buys, sells, reference price, Shenzhen (price, volume, imbalance), Shanghai the same
VECTORS = [
    ("A1", A1_BUYS, A1_SELLS, 360, (365, 12, -2), (365, 12, -2)),
    ("A2a", A2_BUYS, A2_SELLS, 201, (201, 5, 4), (202, 5, -4)),
    ("A2b", A2_BUYS, A2_SELLS, 203, (202, 5, -4), (202, 5, -4)),
    ("A3", A3_BUYS, A3_SELLS, 1_020, (1_030, 3_700, 700), (1_030, 3_700, 700)),
    ("A4", [(10, 10)], [(5, 5)], 7, (10, 5, 5), (10, 5, 5)),
    ("A5", [(10, 5)], [(5, 10)], 7, (5, 5, -5), (5, 5, -5)),
    ("A6a", [(10, 10)], [(5, 10)], 7, (7, 10, 0), (8, 10, 0)),
    ("A6b", [(10, 10)], [(5, 10)], 12, (10, 10, 0), (8, 10, 0)),
    ("A6d", [(11, 10)], [(5, 10)], 3, (5, 10, 0), (8, 10, 0)),
    ("A7", [(9, 10)], [(10, 10)], 9, None, None),
    ("A8", [(100, 30), (100, 20)], [(100, 35)], 90, (100, 35, 15), (100, 35, 15)),
    ("A10", A10_BUYS, A10_SELLS, 100, (101, 500, 0), (101, 500, 0)),
    ("A11", A11_BUYS, A11_SELLS, 103, (103, 450, 50), (103, 450, 50)),
    ("no buys", [], [(5, 10)], 7, None, None),
    ("no orders", [], [], 7, None, None),
]
CASES = [
    pytest.param(buys, sells, reference, reading, expected, id=f"{name} {reading}")
    for name, buys, sells, reference, shenzhen, shanghai in VECTORS
    for reading, expected in ((Reading.SHENZHEN, shenzhen), (Reading.SHANGHAI, shanghai))
]


def columns(side):
    return auction_columns.OrderColumns(
        np.array([price for price, _ in side], dtype=np.int64),
        np.array([quantity for _, quantity in side], dtype=np.int64),
    )


def fills(orders, clearing):
    return [(order.id, quantity) for order, quantity in allocate(orders, clearing)]


@pytest.mark.parametrize(("buys", "sells", "reference", "reading", "expected"), CASES)
def test_the_clearing_price_of_the_vectors(buys, sells, reference, reading, expected):
    clearing = clearing_price(
        buys, sells, tick_fen=1, reference_price_fen=reference, reading=reading
    )

    assert clearing == (None if expected is None else Clearing(*expected))


@pytest.mark.parametrize(("buys", "sells", "reference", "reading", "expected"), CASES)
def test_the_columnar_kernel_gives_the_same_price(buys, sells, reference, reading, expected):
    clearing = auction_columns.clearing_price(
        columns(buys), columns(sells), tick_fen=1, reference_price_fen=reference, reading=reading
    )

    assert clearing == (None if expected is None else Clearing(*expected))


@pytest.mark.parametrize(
    ("reading", "expected"), [(Reading.SHENZHEN, 175), (Reading.SHANGHAI, 200)]
)
def test_prices_stay_on_a_tick_of_several_fen(reading, expected):
    """A6a on a tick of 25 fen: the midpoint 187.5 is half a tick and goes up."""
    clearing = clearing_price(
        [(250, 10)], [(125, 10)], tick_fen=25, reference_price_fen=175, reading=reading
    )

    assert clearing == Clearing(expected, 10, 0)


def test_a3_fills_better_prices_whole_and_the_margin_in_part():
    orders = [buy(price, quantity, id=id) for id, (price, quantity) in enumerate(A3_BUYS, 1)]

    assert fills(orders, Clearing(1_030, 3_700, 700)) == [(1, 100), (2, 2_500), (3, 1_100)]


def test_a3_fills_every_sell_at_the_price_or_below():
    orders = [sell(price, quantity, id=id) for id, (price, quantity) in enumerate(A3_SELLS, 1)]

    assert fills(orders, Clearing(1_030, 3_700, 700)) == [
        (1, 600),
        (2, 400),
        (3, 1_500),
        (4, 1_200),
    ]


def test_a8_at_the_price_the_earlier_order_fills_first():
    orders = [buy(100, 20, id=2), buy(100, 30, id=1)]

    assert fills(orders, Clearing(100, 35, 15)) == [(1, 30), (2, 5)]


def test_pairing_lays_both_sides_along_one_line():
    b1, b2, b3 = buy(1, 100, id=1), buy(1, 2_500, id=2), buy(1, 1_800, id=3)
    s1, s2, s3, s4 = (sell(1, 1, id=id) for id in (4, 5, 6, 7))

    trades = pair(
        [(b1, 100), (b2, 2_500), (b3, 1_100)], [(s1, 600), (s2, 400), (s3, 1_500), (s4, 1_200)]
    )

    assert trades == [
        (b1, s1, 100),
        (b2, s1, 500),
        (b2, s2, 400),
        (b2, s3, 1_500),
        (b2, s4, 100),
        (b3, s4, 1_100),
    ]


def test_pairing_of_equal_borders_makes_no_empty_trade():
    b1, b2, s1, s2 = buy(1, 5, id=1), buy(1, 6, id=2), sell(1, 5, id=3), sell(1, 6, id=4)

    assert pair([(b1, 5), (b2, 6)], [(s1, 5), (s2, 6)]) == [(b1, s1, 5), (b2, s2, 6)]


def test_a3_from_columns_gives_the_same_fills_and_trades():
    cross = auction_columns.uncross(
        columns(A3_BUYS), columns(A3_SELLS), tick_fen=1, reference_price_fen=1_020
    )

    trades = cross.trades
    assert cross.clearing == Clearing(1_030, 3_700, 700)
    assert cross.buy_fills.quantity_tce.tolist() == [100, 2_500, 1_100]
    assert cross.sell_fills.index.tolist() == [0, 1, 2, 3]
    assert trades.buy_index.tolist() == [0, 1, 1, 1, 1, 2]
    assert trades.sell_index.tolist() == [0, 0, 1, 2, 3, 3]
    assert trades.quantity_tce.tolist() == [100, 500, 400, 1_500, 100, 1_100]


def test_limits_further_apart_than_sixteen_bits_keep_their_priority():
    """65,536 fen below the best limit is not the best limit again."""
    side = columns([(100_000, 1), (34_464, 1), (99_999, 1)])

    filled = auction_columns.allocate(side, Clearing(34_464, 3, 0), is_buy=True)

    assert filled.index.tolist() == [0, 2, 1]


def test_quantities_beyond_the_exactness_of_floats_stay_exact():
    """2⁵³ + 1 is the first whole number that a float cannot hold."""
    exact_tce = 2**53 + 1

    clearing = auction_columns.clearing_price(
        columns([(10, exact_tce)]), columns([(10, exact_tce)]), tick_fen=1, reference_price_fen=10
    )

    assert clearing == Clearing(10, 9_007_199_254_740_993, 0)


@pytest.mark.parametrize(
    ("buys", "sells", "expected"),
    [
        (A1_BUYS, A1_SELLS, Indicative(365, 12, 2, Side.SELL)),
        (A3_BUYS, A3_SELLS, Indicative(1_030, 3_700, 700, Side.BUY)),
        (A10_BUYS, A10_SELLS, Indicative(101, 500, 0, None)),
        ([(9, 10)], [(10, 10)], None),
    ],
)
def test_the_indicative_price_tells_what_is_left_over(buys, sells, expected):
    assert indicative(buys, sells, tick_fen=1, reference_price_fen=360) == expected
