"""Ascending one-way auctions: opened with four eyes, covered bids, delivery in one entry."""

import pytest

from ledger.chart import CHART
from ledger.transfer import Line, PostLines
from market.open_tender import OpenTender
from market.run_tender import BidTender, CloseRound
from tests.build import DISTRICT, EXCHANGE
from tests.market.floor import CASH, FLOW, QD, open_floor, trader

PARTIES = {
    "E1": (5_000, 0),
    "E2": (0, 1_000_000),
    "E3": (0, 1_000_000),
    "E4": (0, 1_000_000),
    "E5": (0, 1_000_000),
}


@pytest.fixture
def floor(engine, clock):
    return open_floor(engine, clock, PARTIES)


@pytest.fixture
def lite(sqlite_engine, clock):
    return open_floor(sqlite_engine, clock, PARTIES)


def offer(**changes):
    terms = {
        "instrument": QD,
        "seller": "enterprise:E1",
        "quantity_tce": 4_270,
        "reserve_price_fen": 20_000,
        "increment_fen": 200,
        "bidders": ("E2", "E3", "E4"),
    }
    return OpenTender(**(terms | changes))


def open_tender(floor, *, maker=None, **changes):
    return floor.bench.both(offer(**changes), maker=maker or trader("E1"), checker=EXCHANGE)


def bid(floor, tender, enterprise, price_fen):
    payload = BidTender(tender=tender, enterprise=enterprise, price_fen=price_fen)
    return floor.do(payload, actor=trader(enterprise))


def close_round(floor, tender):
    return floor.do(CloseRound(tender=tender))


def test_the_heilongjiang_lot_goes_from_200_to_220_yuan_in_eleven_rounds(floor):
    """4,270 t for 939,400.00 yuan; three qualified bidders; 0.2 % of it is 1,878.80."""
    tender = open_tender(floor, rounds_max=11).require().result["tender"]
    assert floor.held("E1")[:2] == (730_000, 4_270_000)

    for number in range(11):
        enterprise = ("E2", "E3", "E4")[number % 3]
        bid(floor, tender, enterprise, 20_000 + 200 * number).require()
        closed = close_round(floor, tender).require().result

    assert (closed["state"], closed["bidder"], closed["price_fen"]) == ("sold", "E3", 22_000)
    assert closed["consideration_fen"] == 93_940_000
    assert floor.held("E1") == (730_000, 0, 0, 93_940_000 - 187_880, 0)
    assert floor.held("E3") == (0, 0, 4_270_000, 100_000_000 - 93_940_000 - 187_880, 0)
    assert floor.held("E2") == floor.held("E4") == (0, 0, 0, 100_000_000, 0)
    assert floor.fees() == 2 * 187_880
    assert floor.rows(
        "SELECT mode, buyer, seller, price_fen, quantity_tce, buy_order, sell_order FROM trades"
    ) == [("tender", "E3", "E1", 22_000, 4_270, 0, 0)]
    assert floor.rows("SELECT COUNT(*) FROM entries WHERE code = 'trade'") == [(1,)]
    assert floor.rows("SELECT state, trade FROM tenders") == [("sold", closed["trade"])]


def test_only_the_leading_bid_holds_cash(floor):
    tender = open_tender(floor, quantity_tce=100).require().result["tender"]
    bid(floor, tender, "E2", 20_000).require()
    leading = floor.held("E2")[3:]

    bid(floor, tender, "E3", 20_200).require()
    floor.bench.restart()

    # 100 t at 200.00 yuan and 40.00 of fee; then 202.00 and 40.40.
    assert leading == (100_000_000 - 2_000_000 - 4_000, 2_004_000)
    assert floor.held("E2")[3:] == (100_000_000, 0)
    assert floor.held("E3")[3:] == (100_000_000 - 2_024_040, 2_024_040)
    assert bid(floor, tender, "E4", 20_399).code == "bid_below_increment"


def test_what_was_won_may_be_offered_the_next_trading_day(lite):
    tender = open_tender(lite, quantity_tce=100).require().result["tender"]
    bid(lite, tender, "E2", 20_000).require()
    close_round(lite, tender).require()
    close_round(lite, tender).require()
    won = lite.held("E2")[:3]

    lite.next_day()

    assert won == (0, 0, 100_000)
    assert lite.held("E2")[:3] == (100_000, 0, 0)


def test_a_tender_leaves_the_days_prices_alone(lite):
    tender = open_tender(lite, quantity_tce=100).require().result["tender"]
    bid(lite, tender, "E2", 20_000).require()
    close_round(lite, tender).require()
    close_round(lite, tender).require()

    closed = lite.close_day().require().result

    assert (closed["close_price_fen"], closed["volume_tce"]) == (10_000, 0)


def test_an_unsold_lot_goes_back(floor):
    tender = open_tender(floor).require().result["tender"]

    closed = close_round(floor, tender).require().result

    assert closed == {"tender": tender, "round": 1, "state": "unsold"}
    assert floor.held("E1")[:2] == (5_000_000, 0)
    assert bid(floor, tender, "E2", 20_000).code == "tender_closed"


def test_who_was_not_admitted_is_told_nothing_of_the_bids(lite):
    tender = open_tender(lite).require().result["tender"]
    before_bids = bid(lite, tender, "E5", 30_000)
    bid(lite, tender, "E2", 20_000).require()
    before = lite.bench.digest()

    answer = bid(lite, tender, "E5", 30_000)

    assert (answer.code, answer.facts) == ("not_qualified", {"bidder": "E5", "bidders": 3})
    assert (answer.message, answer.facts) == (before_bids.message, before_bids.facts)
    assert lite.bench.digest() == before


def test_a_number_that_is_something_else_is_as_unknown_as_one_that_is_nothing(lite):
    order = lite.sell("E1", 20_000, 10).sequence
    open_tender(lite).require()

    answers = [bid(lite, number, "E5", 30_000) for number in (order, 999_999)]

    assert [(each.code, each.facts) for each in answers] == [
        ("tender_unknown", {"tender": order}),
        ("tender_unknown", {"tender": 999_999}),
    ]


@pytest.mark.parametrize(
    ("enterprise", "price_fen", "code"),
    [
        ("E5", 30_000, "not_qualified"),
        ("E2", 30_000, "already_leading"),
        ("E3", 20_199, "bid_below_increment"),
        # 4,270 t at 234.19 yuan are 999,991.30, but the fee is 1,999.98.
        ("E3", 23_419, "insufficient_cash"),
        ("E3", 23_300, "ok"),
    ],
)
def test_a_bid_is_checked_before_anything_is_held(lite, enterprise, price_fen, code):
    tender = open_tender(lite).require().result["tender"]
    bid(lite, tender, "E2", 20_000).require()
    before = lite.bench.digest()

    answer = bid(lite, tender, enterprise, price_fen)

    assert answer.code == code
    assert (lite.bench.digest() == before) is (code != "ok")


def test_a_bid_for_nothing_is_refused(lite):
    assert bid(lite, 999, "E2", 20_000).code == "tender_unknown"
    assert close_round(lite, 999).code == "tender_unknown"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"instrument": "XX"}, "instrument_unknown"),
        ({"quantity_tce": 0}, "quantity_not_positive"),
        ({"reserve_price_fen": 0}, "price_not_positive"),
        ({"increment_fen": 0}, "price_not_positive"),
        ({"rounds_max": 0}, "term_unlawful"),
        ({"bidders": ()}, "bidders_missing"),
        ({"bidders": ("E2", "E9")}, "party_unknown"),
        ({"bidders": ("E2", "E6")}, "bidder_of_seller"),
        ({"bidders": ("E2", "E7")}, "outside_area"),
        ({"quantity_tce": 5_001}, "insufficient_quota"),
    ],
)
def test_each_rung_of_the_opening_refuses_with_its_own_code(sqlite_engine, clock, changes, code):
    floor = open_floor(
        sqlite_engine,
        clock,
        PARTIES | {"E6": (0, 0), "E7": (0, 0)},
        groups={"E6": "E1"},
        districts={"E7": "370300"},
    )

    answer = open_tender(floor, **changes)

    assert answer.code == code
    assert floor.held("E1")[:2] == (5_000_000, 0)
    assert floor.rows("SELECT COUNT(*) FROM tenders") == [(0,)]


def test_a_regulator_cannot_sell_an_enterprises_units(lite):
    answer = open_tender(lite, maker="person:REG1")

    assert answer.code == "role_missing"


def test_an_instrument_without_tenders_has_none(sqlite_engine, clock):
    floor = open_floor(sqlite_engine, clock, PARTIES, modes="continuous")

    assert open_tender(floor).code == "mode_not_listed"


@pytest.mark.skipif(
    not any(place.pattern.fullmatch("district:370200:held") for place in CHART),
    reason="the chart has no held account of a district yet",
)
def test_an_authority_sells_from_its_reserve_into_the_treasury_without_a_fee(lite):
    line = Line("reserve", "scheme:issuance", "district:370200:reserve", FLOW, 1_000_000)
    lite.bench.both(PostLines(rule="REG-11", lines=(line,))).require()
    tender = (
        open_tender(lite, maker=DISTRICT, seller="district:370200", quantity_tce=1_000)
        .require()
        .result["tender"]
    )
    bid(lite, tender, "E2", 20_000).require()
    close_round(lite, tender).require()

    close_round(lite, tender).require()

    assert lite.bench.balance("treasury:sales", CASH) == 20_000_000
    assert lite.bench.balance("district:370200:reserve", FLOW) == 0
    assert lite.held("E2") == (0, 0, 1_000_000, 100_000_000 - 20_000_000 - 40_000, 0)
    assert lite.fees() == 40_000
