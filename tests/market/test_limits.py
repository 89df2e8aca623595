import pytest

from market.limits import (
    BandRounding,
    Instrument,
    OffLot,
    OffTick,
    OrderTooLarge,
    OrderTooSmall,
    OutsideBand,
    OwnOrderOpposite,
    PriceNotPositive,
    QuantityNotPositive,
    price_band,
    require_acceptable,
    require_no_own_cross,
)
from market.order import Side
from tests.market.build import buy, sell

LISTED = Instrument(
    tick_fen=5, lot_tce=10, band_basis_points=1_000, quantity_min_tce=20, quantity_max_tce=100
)
BAND_FEN = (900, 1_100)


@pytest.mark.parametrize(
    ("reference", "basis_points", "tick_fen", "rounding", "expected"),
    [
        pytest.param(1_005, 1_000, 1, "half_up", (905, 1_106), id="P1: 904.5 and 1105.5 go up"),
        pytest.param(3, 1_000, 1, "half_up", (2, 4), id="P2: at least one tick"),
        pytest.param(4_831, 3_000, 1, "half_up", (3_382, 6_280), id="P3: block, 3381.7 and 6280.3"),
        pytest.param(1_005, 1_000, 1, "inward", (905, 1_105), id="P1 inward"),
        pytest.param(4_831, 3_000, 1, "inward", (3_382, 6_280), id="P3 inward"),
        pytest.param(3, 1_000, 1, "inward", (2, 4), id="P2 inward is a tick wide too"),
        pytest.param(1, 1_000, 1, "half_up", (1, 2), id="the band never reaches zero"),
        pytest.param(20_000, 1_000, 1, "half_up", (18_000, 22_000), id="exact on the tick"),
        pytest.param(20_025, 1_000, 25, "half_up", (18_025, 22_025), id="18022.5, 22027.5"),
        pytest.param(20_025, 1_000, 25, "inward", (18_025, 22_025), id="inward on a wide tick"),
        pytest.param(20_125, 1_000, 25, "half_up", (18_125, 22_150), id="18112.5, 22137.5 go up"),
        pytest.param(20_125, 1_000, 25, "inward", (18_125, 22_125), id="22137.5 goes down"),
    ],
)
def test_price_band(reference, basis_points, tick_fen, rounding, expected):
    band = price_band(
        reference,
        band_basis_points=basis_points,
        tick_fen=tick_fen,
        rounding=BandRounding(rounding),
    )

    assert band == expected


def test_p4_a_price_one_tick_above_the_band_is_refused_and_not_clipped():
    instrument = Instrument(
        tick_fen=1, lot_tce=1, band_basis_points=1_000, quantity_min_tce=1, quantity_max_tce=99
    )

    with pytest.raises(OutsideBand) as refusal:
        require_acceptable(instrument, price_fen=1_107, quantity_tce=1, band_fen=(905, 1_106))

    assert refusal.value.code == "outside_band"
    assert refusal.value.rule == "MKT-29"
    assert refusal.value.facts == {"price_fen": 1_107, "low_fen": 905, "high_fen": 1_106}
    assert str(refusal.value) == (
        "11.07 yuan is outside today's band, accepted are prices from 9.05 to 11.06 yuan per tce"
    )


@pytest.mark.parametrize("price_fen", [900, 1_100])
@pytest.mark.parametrize("quantity_tce", [20, 100])
def test_the_ends_of_band_and_size_are_accepted(price_fen, quantity_tce):
    require_acceptable(LISTED, price_fen=price_fen, quantity_tce=quantity_tce, band_fen=BAND_FEN)


@pytest.mark.parametrize(
    ("price_fen", "quantity_tce", "refusal", "code", "facts"),
    [
        (0, 50, PriceNotPositive, "price_not_positive", {"price_fen": 0, "price_min_fen": 1}),
        (
            1_002,
            50,
            OffTick,
            "off_tick",
            {
                "price_fen": 1_002,
                "tick_fen": 5,
                "nearest_below_fen": 1_000,
                "nearest_above_fen": 1_005,
            },
        ),
        (
            1_000,
            0,
            QuantityNotPositive,
            "quantity_not_positive",
            {"quantity_tce": 0, "quantity_min_tce": 1},
        ),
        (
            1_000,
            55,
            OffLot,
            "off_lot",
            {
                "quantity_tce": 55,
                "lot_tce": 10,
                "nearest_below_tce": 50,
                "nearest_above_tce": 60,
            },
        ),
        (
            1_000,
            10,
            OrderTooSmall,
            "order_too_small",
            {"quantity_tce": 10, "quantity_min_tce": 20},
        ),
        (
            1_000,
            110,
            OrderTooLarge,
            "order_too_large",
            {"quantity_tce": 110, "quantity_max_tce": 100},
        ),
        (
            895,
            50,
            OutsideBand,
            "outside_band",
            {"price_fen": 895, "low_fen": 900, "high_fen": 1_100},
        ),
    ],
)
def test_each_limit_refuses_with_what_is_accepted(price_fen, quantity_tce, refusal, code, facts):
    with pytest.raises(refusal) as refused:
        require_acceptable(
            LISTED, price_fen=price_fen, quantity_tce=quantity_tce, band_fen=BAND_FEN
        )

    assert refused.value.code == code
    assert refused.value.facts == facts


@pytest.mark.parametrize(
    ("price_fen", "quantity_tce", "first"),
    [
        (-1, -1, PriceNotPositive),
        (1_203, 0, OffTick),
        (1_200, -5, QuantityNotPositive),
        (1_200, 5, OffLot),
        (1_200, 10, OrderTooSmall),
        (1_200, 110, OrderTooLarge),
        (1_200, 50, OutsideBand),
    ],
)
def test_of_several_reasons_the_first_in_order_is_told(price_fen, quantity_tce, first):
    with pytest.raises(first):
        require_acceptable(
            LISTED, price_fen=price_fen, quantity_tce=quantity_tce, band_fen=BAND_FEN
        )


@pytest.mark.parametrize(
    ("side", "price_fen", "own"),
    [
        (Side.BUY, 200, sell(200, 5, id=7)),
        (Side.BUY, 201, sell(200, 5, id=7)),
        (Side.SELL, 200, buy(200, 5, id=7)),
        (Side.SELL, 199, buy(200, 5, id=7)),
    ],
)
def test_an_own_order_that_could_meet_in_a_call_is_refused(side, price_fen, own):
    with pytest.raises(OwnOrderOpposite) as refusal:
        require_no_own_cross(side, price_fen, [own])

    assert refusal.value.code == "own_order_opposite"
    assert refusal.value.facts == {"order_id": 7, "side": str(own.side), "price_fen": 200}


@pytest.mark.parametrize(
    ("side", "price_fen", "own"),
    [
        (Side.BUY, 199, sell(200, 5, id=7)),
        (Side.SELL, 201, buy(200, 5, id=7)),
        (Side.BUY, 300, buy(200, 5, id=7)),
    ],
)
def test_own_orders_that_cannot_meet_may_stand(side, price_fen, own):
    require_no_own_cross(side, price_fen, [own])


def test_the_refusal_of_an_own_order_says_what_may_be_done():
    with pytest.raises(OwnOrderOpposite) as refusal:
        require_no_own_cross(Side.BUY, 20_100, [sell(20_000, 5, id=7)])

    assert str(refusal.value) == (
        "order 7 of your own group, to sell at 200.00 yuan, could trade with this one, "
        "during a call you may buy below 200.00 yuan or cancel it first"
    )
