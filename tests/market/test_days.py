"""The trading day: reference and band, expiry, closing prices, and when a purchase may be sold."""

from datetime import date

import pytest

import market.close_day
from ledger.transfer import Line, PostLines
from market.open_day import OpenDay
from tests.market.floor import DAY, FLOW, QD, open_floor

BOTH = {"E1": (100, 10_000), "E2": (100, 10_000), "E3": (0, 10_000)}
SECOND = 1_000_000


@pytest.fixture
def floor(engine, clock):
    return open_floor(engine, clock, BOTH)


@pytest.fixture
def lite(sqlite_engine, clock):
    return open_floor(sqlite_engine, clock, BOTH)


def test_a_day_closes_at_the_average_of_its_trades_and_the_next_is_banded_around_it(floor):
    floor.sell("E1", 10_000, 25).require()
    floor.buy("E3", 10_000, 25).require()
    floor.sell("E1", 10_150, 15).require()
    floor.buy("E3", 10_150, 15).require()

    closed = floor.close_day().require().result
    floor.clock.advance(DAY)
    opened = floor.open_day().require().result

    # 2,500.00 and 1,522.50 yuan for 40 t: 100.5625, so 100.56; ten per cent either side is
    # 90.504 and 110.616.
    assert closed["close_price_fen"] == 10_056
    assert (closed["volume_tce"], closed["turnover_fen"], closed["trades"]) == (40, 402_250, 2)
    assert (opened["reference_price_fen"], opened["low_limit_fen"], opened["high_limit_fen"]) == (
        10_056,
        9_050,
        11_062,
    )
    assert floor.rows(
        "SELECT open_price_fen, high_price_fen, low_price_fen, close_price_fen, phase"
        " FROM market_days WHERE number = 1"
    ) == [(10_000, 10_150, 10_000, 10_056, "closed")]


def test_a_day_without_trades_keeps_the_close_before(lite):
    closed = lite.close_day().require().result

    assert closed["close_price_fen"] == 10_000
    assert lite.rows("SELECT open_price_fen, close_price_fen, trades FROM market_days") == [
        (None, 10_000, 0)
    ]


def test_open_orders_expire_at_the_close_and_their_cover_goes_back(floor):
    sold = floor.sell("E1", 10_500, 30).require().result["order"]
    bought = floor.buy("E3", 9_500, 10).require().result["order"]
    floor.sell("E2", 9_500, 4).require()

    closed = floor.close_day().require().result

    assert (closed["expired"], closed["open_orders"]) == (2, 0)
    assert floor.order_row(sold) == ("expired", 30, 0, "day_end")
    assert floor.order_row(bought) == ("expired", 10, 4, "day_end")
    assert floor.held("E1") == (100_000, 0, 0, 1_000_000, 0)
    # 4 t at 95.00 yuan and 0.76 of fee.
    assert floor.held("E3") == (0, 0, 4_000, 1_000_000 - 38_000 - 76, 0)
    assert floor.cancel("E1", sold).code == "order_final"


def test_a_crowded_day_is_closed_by_several_commands(lite, monkeypatch):
    monkeypatch.setattr(market.close_day, "EXPIRIES_MAX", 2)
    for _ in range(3):
        lite.sell("E1", 10_500, 1).require()

    first = lite.close_day().require().result
    entry = lite.sell("E1", 10_500, 1).code
    lite.bench.restart()
    second = lite.close_day().require().result

    assert (first["expired"], first["open_orders"], entry) == (2, 1, "entry_closed")
    assert (second["expired"], second["open_orders"]) == (1, 0)
    assert second["close_price_fen"] == 10_000


def test_what_was_bought_may_be_offered_the_next_trading_day(floor):
    floor.sell("E1", 10_000, 30).require()
    floor.buy("E3", 10_000, 30).require()
    assert floor.sell("E3", 10_000, 30).code == "insufficient_quota"

    floor.next_day()

    assert floor.held("E3")[:3] == (30_000, 0, 0)
    assert floor.sell("E3", 10_000, 30).ok
    assert floor.rows("SELECT code, rule FROM entries WHERE code = 'resale'") == [
        ("resale", "SET-34")
    ]


def test_lots_wait_their_number_of_trading_days_even_across_a_restart(engine, clock):
    floor = open_floor(engine, clock, BOTH, resale_days=2)
    floor.sell("E1", 10_000, 30).require()
    floor.buy("E3", 10_000, 10).require()
    floor.next_day()
    floor.sell("E1", 10_000, 30).require()
    floor.buy("E3", 10_000, 20).require()
    seen = [floor.held("E3")[:3]]
    floor.bench.restart()

    floor.next_day()
    seen.append(floor.held("E3")[:3])
    floor.next_day()
    seen.append(floor.held("E3")[:3])

    assert seen == [(0, 0, 30_000), (10_000, 0, 20_000), (30_000, 0, 0)]


def test_what_was_surrendered_meanwhile_counts_against_the_oldest_lot(sqlite_engine, clock):
    floor = open_floor(sqlite_engine, clock, BOTH, resale_days=2)
    floor.sell("E1", 10_000, 30).require()
    floor.buy("E3", 10_000, 10).require()
    floor.next_day()
    floor.sell("E1", 10_000, 30).require()
    floor.buy("E3", 10_000, 20).require()
    used = Line("use", "enterprise:E3:bought", "enterprise:E2:holding", FLOW, 4_000)
    floor.bench.both(PostLines(rule="REG-11", lines=(used,))).require()

    floor.next_day()

    # 26 t are left; the 20 t bought later are not due, so 6 of the first 10 are.
    assert floor.held("E3")[:3] == (6_000, 0, 20_000)


@pytest.mark.parametrize(
    ("rule", "price_fen"),
    [
        # 10 t at 100.00, 30 t at 101.00, then 61 seconds later 20 t at 100.30
        ("vwap_day", 10_060),
        ("vwap_last_minute", 10_030),
        ("closing_auction", 10_060),
    ],
)
def test_the_close_follows_the_listings_rule(sqlite_engine, clock, rule, price_fen):
    floor = open_floor(sqlite_engine, clock, BOTH, closing_price=rule)
    for price, tce in ((10_000, 10), (10_100, 30)):
        floor.sell("E1", price, tce).require()
        floor.buy("E2", price, tce).require()
    clock.advance(61 * SECOND)
    floor.sell("E1", 10_030, 20).require()
    floor.buy("E2", 10_030, 20).require()

    closed = floor.close_day().require().result

    assert closed["close_price_fen"] == price_fen


def test_a_closing_call_gives_the_close(sqlite_engine, clock):
    floor = open_floor(sqlite_engine, clock, BOTH, closing_price="closing_auction")
    floor.sell("E1", 10_000, 30).require()
    floor.buy("E2", 10_000, 30).require()
    floor.phase("call").require()
    floor.sell("E1", 10_200, 10).require()
    floor.buy("E2", 10_200, 10).require()
    floor.uncross(next_phase="quiet").require()

    closed = floor.close_day().require().result

    assert closed["close_price_fen"] == 10_200


def test_a_day_opens_on_its_date_once_and_after_the_one_before(lite):
    before = lite.bench.digest()

    wrong_date = lite.do(OpenDay(instrument=QD, day=date(2025, 1, 2)))
    still_open = lite.open_day()
    unknown = lite.open_day(instrument="XX")
    unchanged = lite.bench.digest() == before
    lite.close_day().require()
    again = lite.open_day()

    assert wrong_date.code == "day_not_today"
    assert wrong_date.facts == {"day": "2025-01-02", "today": "2025-01-01"}
    assert [still_open.code, unknown.code, again.code] == [
        "day_not_closed",
        "instrument_unknown",
        "day_over_already",
    ]
    assert unchanged


def test_a_phase_the_day_does_not_know_is_refused(lite):
    before = lite.bench.digest()

    lite.phase("halted").require()
    answer = lite.phase("continuous")

    assert answer.code == "phase_unlawful"
    assert answer.facts["accepted_phases"] == "call, call_locked, closed"
    assert lite.bench.digest() != before


def test_orders_gathered_in_a_halt_come_back_through_a_call(lite):
    lite.phase("halted").require()
    lite.sell("E1", 9_900, 10).require()
    lite.buy("E2", 10_000, 10).require()
    assert [len(side) for side in lite.book()] == [1, 1]

    lite.phase("call").require()
    answer = lite.uncross().require().result

    assert (answer["volume_tce"], answer["price_fen"]) == (10, 10_000)


def test_a_closed_day_can_not_be_closed_again(lite):
    lite.close_day().require()

    assert lite.close_day().code == "phase_unlawful"
