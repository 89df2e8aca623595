import pytest

from market.order import LAWFUL_NEXT, OrderState, Side, live_state, opposite, priority
from tests.market.build import buy, sell


def test_a_new_order_leaves_all_it_asks_for():
    order = buy(20_000, 50, id=1)

    assert (order.quantity_tce, order.filled_tce, order.leaves_tce) == (50, 0, 50)


@pytest.mark.parametrize(
    ("leaves_tce", "expected"),
    [
        (50, OrderState.NEW),
        (49, OrderState.PARTIALLY_FILLED),
        (1, OrderState.PARTIALLY_FILLED),
        (0, OrderState.FILLED),
    ],
)
def test_fills_decide_the_state_of_a_live_order(leaves_tce, expected):
    order = buy(20_000, 50, id=1)

    order.leaves_tce = leaves_tce

    assert live_state(order) is expected


@pytest.mark.parametrize("ended", [OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED])
def test_nothing_follows_an_ended_state(ended):
    assert LAWFUL_NEXT[ended] == frozenset()


def test_no_order_becomes_new_again():
    assert all(OrderState.NEW not in following for following in LAWFUL_NEXT.values())


def test_buys_stand_highest_price_first_then_earliest():
    late, high, early = buy(100, 1, id=2), buy(101, 1, id=3), buy(100, 1, id=1)

    ranked = sorted([late, high, early], key=priority)

    assert [o.id for o in ranked] == [3, 1, 2]


def test_sells_stand_lowest_price_first_then_earliest():
    late, low, early = sell(100, 1, id=2), sell(99, 1, id=3), sell(100, 1, id=1)

    ranked = sorted([late, low, early], key=priority)

    assert [o.id for o in ranked] == [3, 1, 2]


def test_each_side_trades_with_the_other():
    assert opposite(Side.BUY) is Side.SELL
    assert opposite(Side.SELL) is Side.BUY
