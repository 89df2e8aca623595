"""Placing orders: the ladder of refusals, fills settled to the fen, self-matches, restart."""

import pytest

from ledger.roles import RoleMissing
from market.place import PlaceOrder
from tests.market.floor import QD, open_floor, trader

# 100 t and 10,000 yuan each, unless a test says otherwise.
BOTH = {"E1": (100, 10_000), "E2": (100, 10_000), "E3": (100, 10_000)}


@pytest.fixture
def floor(engine, clock):
    """A floor on each engine, for what is written and read back."""
    return open_floor(engine, clock, BOTH)


@pytest.fixture
def lite(sqlite_engine, clock):
    """A floor on one engine, for what is decided in memory."""
    return open_floor(sqlite_engine, clock, BOTH)


def test_an_order_that_meets_nobody_rests_with_its_cover_held(floor):
    sold = floor.sell("E1", 10_000, 40).require().result
    bought = floor.buy("E2", 9_990, 10).require().result

    assert sold == {
        "order": sold["order"],
        "state": "new",
        "filled_tce": 0,
        "leaves_tce": 40,
        "fills": [],
    }
    assert floor.held("E1") == (60_000, 40_000, 0, 1_000_000, 0)
    # 10 t at 99.90 yuan are 999.00; 0.2 % of one tonne is 19.98 fen, so ten trades of one tonne
    # would pay 20 fen each: 1.999 yuan at exact rates, 2.04 yuan at most by the bound.
    assert floor.held("E2") == (100_000, 0, 0, 1_000_000 - 99_900 - 204, 99_900 + 204)
    assert floor.book() == [[(bought["order"], 9_990, 10)], [(sold["order"], 10_000, 40)]]


def test_a_trade_at_the_resting_price_settles_in_one_entry_and_returns_the_improvement(floor):
    sold = floor.sell("E1", 10_000, 40).require().result["order"]

    bought = floor.buy("E2", 10_500, 25).require().result

    trade = bought["fills"][0][0]
    assert bought["state"] == "filled"
    assert bought["fills"] == [[trade, 10_000, 25]]
    # 25 t at 100.00 yuan are 2,500.00 yuan; each side pays 0.2 %, 5.00 yuan.
    assert floor.held("E1") == (60_000, 15_000, 0, 1_000_000 + 250_000 - 500, 0)
    assert floor.held("E2") == (100_000, 0, 25_000, 1_000_000 - 250_000 - 500, 0)
    assert floor.fees() == 1_000
    # Held were 25 t at 105.00 and 21 fen of fee a tonne: 263,025 fen. 250,500 were needed.
    assert floor.rows(
        "SELECT p.ordinal, s.address, d.address, p.amount FROM postings p"
        " JOIN accounts s ON s.id = p.source_id JOIN accounts d ON d.id = p.destination_id"
        " WHERE p.entry = :entry ORDER BY p.ordinal",
        entry=trade,
    ) == [
        (0, "enterprise:E1:held", "enterprise:E2:bought", 25_000),
        (1, "enterprise:E2:cash_held", "enterprise:E1:cash", 250_000),
        (2, "enterprise:E2:cash_held", "venue:fees", 500),
        (3, "enterprise:E1:cash", "venue:fees", 500),
        (4, "enterprise:E2:cash_held", "enterprise:E2:cash", 12_525),
    ]
    assert floor.rows("SELECT code, rule FROM entries WHERE sequence = :entry", entry=trade) == [
        ("trade", "SET-30")
    ]
    assert floor.rows(
        "SELECT id, mode, buy_order, sell_order, buyer, seller, taker_side, price_fen,"
        " quantity_tce, consideration_fen, buyer_fee_fen, seller_fee_fen FROM trades"
    ) == [
        (
            trade,
            "continuous",
            bought["order"],
            sold,
            "E2",
            "E1",
            "buy",
            10_000,
            25,
            250_000,
            500,
            500,
        )
    ]
    assert floor.order_row(sold) == ("partially_filled", 40, 25, "")
    assert floor.order_row(bought["order"]) == ("filled", 25, 25, "")


def test_a_seller_takes_the_best_bid_first_and_every_resting_buyer_pays_its_own_price(lite):
    lite.buy("E2", 9_900, 10).require()
    lite.buy("E3", 10_000, 10).require()

    sold = lite.sell("E1", 9_900, 15).require().result

    assert [fill[1:] for fill in sold["fills"]] == [[10_000, 10], [9_900, 5]]
    # 1,000.00 and 495.00 yuan; fees 2.00 and 0.99 yuan.
    assert lite.held("E1") == (85_000, 0, 0, 1_000_000 + 100_000 + 49_500 - 200 - 99, 0)
    assert lite.held("E3") == (100_000, 0, 10_000, 1_000_000 - 100_000 - 200, 0)
    # E2 still bids for 5 t: 495.00 yuan, and 19.8 fen a tonne rounded up by at most half a fen
    # each: 101.5, so 101 fen.
    assert lite.held("E2") == (
        100_000,
        0,
        5_000,
        1_000_000 - 49_500 - 99 - 49_500 - 101,
        49_500 + 101,
    )
    assert lite.fees() == 2 * (200 + 99)


def test_a_price_between_fees_leaves_no_fen_behind(lite):
    """Twice 0.2 % of 99.99 yuan is 39.996 fen: 20 each of two trades, held were 41 in all."""
    lite.buy("E2", 9_999, 2).require()
    assert lite.held("E2")[4] == 2 * 9_999 + 40

    lite.sell("E1", 9_999, 1).require()
    after_one = lite.held("E2")
    lite.sell("E1", 9_999, 1).require()

    assert after_one == (100_000, 0, 1_000, 1_000_000 - 2 * 9_999 - 40, 9_999 + 20)
    assert lite.held("E2") == (100_000, 0, 2_000, 1_000_000 - 2 * 9_999 - 40, 0)


@pytest.mark.parametrize(
    ("changes", "code", "facts"),
    [
        ({"instrument": "XX"}, "instrument_unknown", {"instrument": "XX"}),
        ({"quantity_tce": 0}, "quantity_not_positive", {"quantity_min_tce": 1}),
        ({"quantity_tce": -1, "price_fen": 0}, "quantity_not_positive", {}),
        ({"quantity_tce": 10_000}, "order_too_large", {"quantity_max_tce": 9_999}),
        ({"price_fen": 0}, "price_not_positive", {}),
        ({"price_fen": 11_001}, "outside_band", {"low_fen": 9_000, "high_fen": 11_000}),
        ({"price_fen": 8_999}, "outside_band", {}),
        (
            {"quantity_tce": 101},
            "insufficient_quota",
            {"needed_kgce": 101_000, "available_kgce": 100_000},
        ),
        # 99 t at 101.00 yuan cost 9,999.00 and 20.2 fen a tonne: 19.9980 yuan, 20.49 at most.
        (
            {"side": "buy", "price_fen": 10_100, "quantity_tce": 99},
            "insufficient_cash",
            {"needed_fen": 999_900 + 2_049, "fee_fen": 2_049, "available_fen": 1_000_000},
        ),
    ],
)
def test_each_rung_refuses_with_its_own_code_and_changes_nothing(lite, changes, code, facts):
    order = {
        "instrument": QD,
        "enterprise": "E1",
        "side": "sell",
        "price_fen": 10_000,
        "quantity_tce": 1,
    }
    before = lite.bench.digest()

    answer = lite.do(PlaceOrder(**(order | changes)), actor=trader("E1"))

    assert answer.code == code
    assert facts.items() <= answer.facts.items()
    assert lite.bench.digest() == before
    assert lite.book() == [[], []]


def test_all_that_is_free_can_be_offered_and_bid(lite):
    # 99 t at 100.80 yuan: 9,979.20 and at most (20.16 + 0.5) × 99 = 2,045 fen.
    assert lite.buy("E2", 10_080, 99).ok
    assert lite.held("E2")[3:] == (1_000_000 - 997_920 - 2_045, 997_920 + 2_045)
    assert lite.sell("E1", 11_000, 100).ok
    assert lite.sell("E1", 11_000, 1).code == "insufficient_quota"


def test_tick_and_lot_are_asked_for(sqlite_engine, clock):
    floor = open_floor(sqlite_engine, clock, BOTH, tick_fen=5, lot_tce=10)

    assert floor.sell("E1", 10_003, 10).code == "off_tick"
    assert floor.sell("E1", 10_005, 15).code == "off_lot"
    assert floor.sell("E1", 10_003, 15).code == "off_lot"
    assert floor.sell("E1", 10_005, 20).ok


def test_an_enterprise_elsewhere_does_not_trade_this_allowance(sqlite_engine, clock):
    floor = open_floor(sqlite_engine, clock, BOTH, districts={"E3": "370300"})

    answer = floor.buy("E3", 10_000, 1)

    assert answer.code == "outside_area"
    assert answer.facts == {"enterprise": "E3", "area": "370200"}


def test_only_the_enterprises_own_trader_places_its_orders(lite):
    order = PlaceOrder(
        instrument=QD, enterprise="E1", side="sell", price_fen=10_000, quantity_tce=1
    )

    with pytest.raises(RoleMissing):
        lite.do(order, actor=trader("E2"))


@pytest.mark.parametrize("phase", [None, "quiet"])
def test_no_order_is_taken_before_the_day_or_in_a_pause(sqlite_engine, clock, phase):
    floor = open_floor(sqlite_engine, clock, BOTH, phase=None)
    if phase is not None:
        floor.open_day().require()
        floor.phase("continuous").require()
        floor.phase(phase).require()

    answer = floor.sell("E1", 10_000, 1)

    assert answer.code == "entry_closed"


def test_immediate_or_cancel_gives_back_what_it_did_not_fill(floor):
    floor.sell("E1", 10_000, 5).require()

    answer = floor.buy("E2", 10_000, 8, validity="immediate_or_cancel").require().result

    assert (answer["state"], answer["filled_tce"], answer["leaves_tce"]) == ("cancelled", 5, 0)
    assert floor.held("E2") == (100_000, 0, 5_000, 1_000_000 - 50_000 - 100, 0)
    assert floor.order_row(answer["order"]) == ("cancelled", 8, 5, "validity")
    assert floor.book() == [[], []]


def test_fill_or_kill_that_cannot_fill_whole_leaves_everything_as_it_was(lite):
    lite.sell("E1", 10_000, 5).require()
    before = lite.book()

    answer = lite.buy("E2", 10_000, 8, validity="fill_or_kill").require().result

    assert (answer["state"], answer["fills"]) == ("cancelled", [])
    assert lite.held("E2") == (100_000, 0, 0, 1_000_000, 0)
    assert lite.book() == before


def test_what_was_bought_today_cannot_be_sold_today(sqlite_engine, clock):
    floor = open_floor(sqlite_engine, clock, {"E1": (100, 0), "E2": (0, 10_000)})
    floor.sell("E1", 10_000, 30).require()
    floor.buy("E2", 10_000, 30).require()

    answer = floor.sell("E2", 10_000, 1)

    assert answer.code == "insufficient_quota"
    assert answer.facts["available_kgce"] == 0


def test_without_a_waiting_time_what_was_bought_is_in_the_holding_at_once(sqlite_engine, clock):
    floor = open_floor(sqlite_engine, clock, {"E1": (100, 0), "E2": (0, 10_000)}, resale_days=0)
    floor.sell("E1", 10_000, 30).require()
    floor.buy("E2", 10_000, 30).require()

    assert floor.held("E2")[:3] == (30_000, 0, 0)
    assert floor.sell("E2", 10_000, 30).ok


GROUP = {"E1": "G", "E2": "G"}


@pytest.mark.parametrize(
    ("mode", "newest", "oldest"),
    [
        # the buy of 10 t, then the resting sell of 30 t of the same group
        ("cancel_newest", ("cancelled", 10, 0, "self_match"), ("new", 30, 0, "")),
        ("cancel_oldest", ("new", 10, 0, ""), ("cancelled", 30, 0, "self_match")),
        ("cancel_both", ("cancelled", 10, 0, "self_match"), ("cancelled", 30, 0, "self_match")),
        ("decrement", ("cancelled", 0, 0, "self_match"), ("new", 20, 0, "")),
    ],
)
def test_orders_of_one_group_never_trade_and_give_their_cover_back(
    sqlite_engine, clock, mode, newest, oldest
):
    floor = open_floor(sqlite_engine, clock, BOTH, groups=GROUP, self_match=mode)
    sold = floor.sell("E1", 10_000, 30).require().result["order"]

    bought = floor.buy("E2", 10_000, 10).require().result

    assert bought["fills"] == []
    assert floor.order_row(bought["order"]) == newest
    assert floor.order_row(sold) == oldest
    open_sell = oldest[1] * 1_000 if oldest[0] == "new" else 0
    open_buy = 100_000 + 200 if newest[0] == "new" else 0
    assert floor.held("E1") == (100_000 - open_sell, open_sell, 0, 1_000_000, 0)
    assert floor.held("E2") == (100_000, 0, 0, 1_000_000 - open_buy, open_buy)


def test_a_decremented_order_that_goes_on_trading_ends_with_nothing_held(engine, clock):
    """A buy of 10 t meets 4 t of its own group, then 6 t of another's, and is done."""
    floor = open_floor(engine, clock, BOTH, groups=GROUP, self_match="decrement")
    floor.sell("E1", 9_900, 4).require()
    floor.sell("E3", 10_000, 6).require()

    bought = floor.buy("E2", 10_000, 10).require().result

    assert (bought["state"], bought["filled_tce"], bought["leaves_tce"]) == ("filled", 6, 0)
    # 6 t at 100.00 yuan and 1.20 yuan of fee.
    assert floor.held("E2") == (100_000, 0, 6_000, 1_000_000 - 60_000 - 120, 0)
    assert floor.held("E1") == (100_000, 0, 0, 1_000_000, 0)


def test_during_a_call_an_order_that_could_meet_its_own_group_is_refused(sqlite_engine, clock):
    floor = open_floor(sqlite_engine, clock, BOTH, groups=GROUP, phase="call")
    own = floor.sell("E1", 10_000, 30).require().result["order"]
    before = floor.bench.digest()

    answer = floor.buy("E2", 10_000, 10)

    assert answer.code == "own_order_opposite"
    assert answer.facts == {"order_id": own, "side": "sell", "price_fen": 10_000}
    assert floor.bench.digest() == before
    assert floor.buy("E2", 9_999, 10).ok
    floor.cancel("E1", own).require()
    assert floor.buy("E2", 10_000, 10).ok


def test_during_a_call_only_day_orders_are_taken_and_none_is_matched(sqlite_engine, clock):
    floor = open_floor(sqlite_engine, clock, BOTH, phase="call")

    answer = floor.buy("E2", 10_000, 10, validity="immediate_or_cancel")
    floor.sell("E1", 9_900, 10).require()
    floor.buy("E2", 10_100, 10).require()

    assert answer.code == "validity_not_taken"
    assert [len(side) for side in floor.book()] == [1, 1]


def test_a_restart_in_the_middle_of_the_day_gives_the_same_book_and_the_same_later_fills(floor):
    floor.sell("E1", 10_000, 10).require()
    floor.sell("E3", 10_000, 10).require()
    floor.sell("E1", 9_950, 10).require()
    floor.buy("E2", 9_950, 4).require()
    gone = floor.sell("E3", 10_010, 5).require().result["order"]
    floor.cancel("E3", gone).require()
    book, digest = floor.book(), floor.bench.digest()

    floor.bench.restart()

    assert floor.book() == book
    assert floor.bench.digest() == digest
    fills = floor.buy("E2", 10_000, 20).require().result["fills"]
    assert [fill[1:] for fill in fills] == [[9_950, 6], [10_000, 10], [10_000, 4]]
    assert floor.rows("SELECT seller, quantity_tce FROM trades ORDER BY id") == [
        ("E1", 4),
        ("E1", 6),
        ("E1", 10),
        ("E3", 4),
    ]
    assert floor.cancel("E3", gone).code == "order_final"


def test_two_buyers_want_the_last_tonne_and_one_gets_it(lite):
    lite.sell("E1", 10_000, 1).require()

    first = lite.buy("E2", 10_000, 1).require().result
    second = lite.buy("E3", 10_000, 1).require().result

    assert (first["state"], second["state"]) == ("filled", "new")


def test_readers_are_told_of_trades_and_of_the_best_prices(floor):
    floor.sell("E1", 10_000, 10).require()
    sequence = floor.buy("E2", 10_000, 4).require().sequence

    told = floor.rows(
        "SELECT topic, body FROM outbox WHERE sequence = :s ORDER BY ordinal", s=sequence
    )

    assert [topic for topic, _ in told] == ["trades", "book"]
    assert told[1][1] == '{"ask":10000,"bid":null,"instrument":"QD-2025"}'
