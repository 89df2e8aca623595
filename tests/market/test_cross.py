"""Crossing a call: one price, pairs in priority order, the rest goes on with its priority."""

import pytest

import market.cross
from tests.market.floor import open_floor

BUYS = [
    ("B1", 1_045, 100),
    ("B2", 1_045, 2_500),
    ("B3", 1_030, 1_800),
    ("B4", 1_025, 500),
    ("B5", 1_025, 800),
    ("B6", 995, 1_500),
]
SELLS = [
    ("S1", 1_005, 600),
    ("S2", 1_005, 400),
    ("S3", 1_020, 1_500),
    ("S4", 1_030, 1_200),
    ("S5", 1_045, 700),
]


def call_floor(engine, clock):
    """Return a floor with the orders of vector A3 in its opening call: 3,700 t at 10.30 yuan."""
    sellers = {name: (tce, 0) for name, _, tce in SELLS}
    buyers = {name: (0, 30_000) for name, _, _ in BUYS}
    floor = open_floor(
        engine, clock, sellers | buyers, phase="call", first_reference_price_fen=1_020
    )
    for name, price_fen, tce in BUYS:
        floor.buy(name, price_fen, tce).require()
    for name, price_fen, tce in SELLS:
        floor.sell(name, price_fen, tce).require()
    return floor


@pytest.fixture
def floor(engine, clock):
    return call_floor(engine, clock)


PAIRS = [
    ("B1", "S1", 100),
    ("B2", "S1", 500),
    ("B2", "S2", 400),
    ("B2", "S3", 1_500),
    ("B2", "S4", 100),
    ("B3", "S4", 1_100),
]


def test_all_trades_are_at_one_price_in_priority_order(floor):
    answer = floor.uncross().require().result

    assert answer["price_fen"] == 1_030
    assert answer["volume_tce"] == 3_700
    assert answer["imbalance_tce"] == 700
    assert (answer["trades"], answer["left_tce"], answer["phase"]) == (6, 0, "continuous")
    assert (
        floor.rows(
            "SELECT buyer, seller, quantity_tce FROM trades WHERE price_fen = 1030"
            " AND mode = 'call_auction' AND taker_side = '' ORDER BY id"
        )
        == PAIRS
    )


def test_every_fen_of_the_call_is_where_it_belongs(floor):
    floor.uncross().require()

    # B1 bought 100 t: 1,030.00 yuan and 2.06 of fee; it had held for 10.45 yuan a tonne.
    assert floor.held("B1") == (0, 0, 100_000, 3_000_000 - 103_000 - 206, 0)
    # B2 bought 2,500 t: 25,750.00 yuan and 51.50 of fee.
    assert floor.held("B2") == (0, 0, 2_500_000, 3_000_000 - 2_575_000 - 5_150, 0)
    # B3 bought 1,100 t for 11,330.00 and 22.66, and still bids for 700 t: 7,210.00 yuan, and a
    # fee of 2.06 fen a tonne that may be rounded up by half a fen each: 17.92.
    held = 721_000 + 1_792
    assert floor.held("B3") == (0, 0, 1_100_000, 3_000_000 - 1_133_000 - 2_266 - held, held)
    # S4 sold 100 t and 1,100 t: 1,030.00 and 11,330.00 yuan less 2.06 and 22.66.
    assert floor.held("S4") == (0, 0, 0, 103_000 + 1_133_000 - 206 - 2_266, 0)
    assert floor.held("S5") == (0, 700_000, 0, 0, 0)
    # 38,110.00 yuan changed hands; each side paid 0.2 %: 76.22.
    assert floor.fees() == 2 * 7_622
    assert floor.rows("SELECT price_fen, volume_tce, settled_tce, trades FROM auctions") == [
        (1_030, 3_700, 3_700, 6)
    ]


def test_what_is_left_over_goes_on_with_its_priority(floor):
    floor.uncross().require()

    buys, sells = floor.book()
    assert [(price, left) for _, price, left in buys] == [
        (1_030, 700),
        (1_025, 500),
        (1_025, 800),
        (995, 1_500),
    ]
    assert [(price, left) for _, price, left in sells] == [(1_045, 700)]
    fills = floor.sell("S5", 1_100, 1)
    assert fills.code == "insufficient_quota"
    assert buys[1][0] < buys[2][0]


def test_a_large_call_is_settled_by_several_commands_even_across_a_restart(floor, monkeypatch):
    monkeypatch.setattr(market.cross, "TRADES_MAX", 4)

    first = floor.uncross().require().result
    refusals = [
        floor.sell("S5", 1_045, 1).code,
        floor.phase("continuous").code,
        floor.close_day().code,
    ]
    floor.bench.restart()
    second = floor.uncross(next_phase="quiet").require().result

    assert (first["trades"], first["left_tce"], first["phase"]) == (4, 1_200, "quiet")
    assert refusals == ["entry_closed", "crossing_unfinished", "crossing_unfinished"]
    # The next phase was decided when the call ended.
    assert (second["trades"], second["left_tce"], second["phase"]) == (2, 0, "continuous")
    assert second["auction"] == first["auction"]
    assert floor.rows("SELECT buyer, seller, quantity_tce FROM trades ORDER BY id") == PAIRS


def test_a_restart_before_the_call_ends_changes_nothing(floor):
    book = floor.book()

    floor.bench.restart()

    assert floor.book() == book
    assert floor.uncross().require().result["volume_tce"] == 3_700


def test_a_call_in_which_nothing_crosses_has_no_price(sqlite_engine, clock):
    floor = open_floor(sqlite_engine, clock, {"E1": (10, 0), "E2": (0, 10_000)}, phase="call")
    floor.sell("E1", 10_000, 10).require()
    floor.buy("E2", 9_900, 10).require()

    answer = floor.uncross().require().result

    assert (answer["price_fen"], answer["volume_tce"]) == (None, 0)
    assert [len(side) for side in floor.book()] == [1, 1]


@pytest.mark.parametrize(("reading", "price_fen"), [("shenzhen", 9_950), ("shanghai", 9_975)])
def test_the_listings_reading_breaks_the_tie(sqlite_engine, clock, reading, price_fen):
    """10 t are bid at 100.50 and offered at 99.00: every price between clears them all."""
    floor = open_floor(
        sqlite_engine,
        clock,
        {"E1": (10, 0), "E2": (0, 10_000)},
        phase="call",
        auction_reading=reading,
        first_reference_price_fen=9_950,
    )
    floor.sell("E1", 9_900, 10).require()
    floor.buy("E2", 10_050, 10).require()

    answer = floor.uncross().require().result

    assert answer["price_fen"] == price_fen


def test_a_call_ends_only_by_being_crossed_and_only_a_call_is_crossed(sqlite_engine, clock):
    floor = open_floor(sqlite_engine, clock, {"E1": (10, 0)}, phase="call")

    codes = [floor.phase("continuous").code, floor.phase("quiet").code, floor.close_day().code]
    floor.uncross().require()

    assert codes == ["uncross_due"] * 3
    assert floor.uncross().code == "not_in_call"
