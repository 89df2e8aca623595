import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.clearing import (
    Traded,
    buyer_cover_fen,
    closing_price_fen,
    consideration_fen,
    fee_bound_fen,
    fee_fen,
    last_minute_price_fen,
)


def at(text, price_fen, quantity_tce):
    """Return a trade at a time of day written as 14:59:40 or 14:59:40.5."""
    hours, minutes, seconds = text.split(":")
    whole, _, fraction = seconds.partition(".")
    second = (int(hours) * 60 + int(minutes)) * 60 + int(whole)
    return Traded(second * 1_000_000 + int(fraction.ljust(6, "0")), price_fen, quantity_tce)


K1_TRADES = [at("14:58:30", 1_000, 10), at("14:59:10", 1_010, 30), at("14:59:40", 1_003, 20)]


def test_a_consideration_is_price_times_quantity():
    assert consideration_fen(22_000, 4_270) == 93_940_000  # 939,400.00 yuan


@pytest.mark.parametrize(
    ("consideration", "basis_points", "expected"),
    [
        (0, 10, 0),
        (93_940_000, 10, 93_940),
        (22_037, 10, 22),  # 22.037
        (22_500, 10, 23),  # 22.5 goes up
        (22_499, 10, 22),
        (1, 4_999, 0),
        (1, 5_000, 1),
        (22_037, 0, 0),
    ],
)
def test_a_fee_is_rounded_half_up_to_the_fen(consideration, basis_points, expected):
    assert fee_fen(consideration, basis_points) == expected


@pytest.mark.parametrize(
    ("price_fen", "quantity_tce", "basis_points", "expected"),
    [
        (105, 10, 0, 1_050),  # C6: the hold is 1,050
        (20_000, 10, 10, 200_200),  # one tce costs 20 fen: nothing rounds
        (22_037, 1, 10, 22_059),  # 22.037 and at most half a fen
        (22_037, 10, 10, 220_595),  # 220.37 and at most 5 fen
    ],
)
def test_a_buy_order_holds_its_limit_and_the_most_its_fees_can_be(
    price_fen, quantity_tce, basis_points, expected
):
    assert buyer_cover_fen(price_fen, quantity_tce, fee_basis_points=basis_points) == expected


@given(
    limit_fen=st.integers(1, 50_000),
    basis_points=st.integers(0, 500),
    fills=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50_000)), min_size=1, max_size=8),
    left_tce=st.integers(0, 20),
)
def test_cover_pays_every_fill_and_still_covers_what_is_left(
    limit_fen, basis_points, fills, left_tce
):
    """What is held for the leaves never exceeds what the hold has left after the fills."""
    quantity_tce = sum(quantity for quantity, _ in fills) + left_tce
    held_fen = buyer_cover_fen(limit_fen, quantity_tce, fee_basis_points=basis_points)

    spent_fen = 0
    for quantity, better_by in fills:
        cost = max(limit_fen - better_by, 1) * quantity
        spent_fen += cost + fee_fen(cost, basis_points)

    needed_fen = limit_fen * left_tce + fee_bound_fen(
        limit_fen, left_tce, fee_basis_points=basis_points
    )
    assert spent_fen + needed_fen <= held_fen


@pytest.mark.parametrize(
    ("trades", "tick_fen", "expected"),
    [
        ([], 1, 998),  # K3: no trade, the previous close stands
        (K1_TRADES, 1, 1_006),  # 60,360 / 60 = 1,006
        ([at("10:00:00", 1_000, 1), at("10:00:01", 1_001, 1)], 1, 1_001),  # 1,000.5 goes up
        ([at("10:00:00", 1_000, 2), at("10:00:01", 1_001, 1)], 1, 1_000),  # 1,000.33
        ([at("10:00:00", 1_000, 1), at("10:00:01", 1_005, 1)], 5, 1_005),  # 1,002.5 goes up
        ([at("10:00:00", 1_000, 3), at("10:00:01", 1_005, 2)], 5, 1_000),  # 1,002
    ],
)
def test_the_closing_price_is_the_average_of_the_day(trades, tick_fen, expected):
    assert closing_price_fen(trades, previous_close_fen=998, tick_fen=tick_fen) == expected


@pytest.mark.parametrize(
    ("trades", "expected"),
    [
        pytest.param(K1_TRADES, 1_007, id="K1: 50,360 / 50 = 1,007.2, the first trade is too old"),
        pytest.param([], 998, id="K3: no trade"),
        pytest.param(
            [at("14:58:40", 1_000, 10), at("14:59:40", 1_010, 10)],
            1_005,
            id="K4: exactly sixty seconds before the last is inside",
        ),
        pytest.param(
            [at("14:58:39.999", 1_000, 10), at("14:59:40", 1_010, 10)],
            1_010,
            id="a millisecond earlier is outside",
        ),
    ],
)
def test_the_last_minute_price(trades, expected):
    """The table of vectors has no K2."""
    assert last_minute_price_fen(trades, previous_close_fen=998, tick_fen=1) == expected
