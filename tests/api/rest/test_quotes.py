"""Quote headers over HTTP, worked by hand."""

import pytest

from tests.api.rest.trading import Exchange
from tests.conftest import DAY


@pytest.fixture
def exchange(engine, clock):
    town = Exchange(engine, clock)
    yield town
    town.close()


def quote(exchange, person=""):
    [found] = exchange.visit(person).get("/api/v1/quotes").json["items"]
    return found


def test_a_day_without_trades_has_its_previous_close_and_no_price(exchange):
    found = quote(exchange)

    assert found["previous_close_fen"] == "10000"
    absent = ("last", "open", "high", "low", "mean", "close")
    assert [found[f"{name}_price_fen"] for name in absent] == [None] * 6
    assert (found["change_fen"], found["volume_tce"], found["trades"]) == (None, "0", 0)


def test_a_quote_has_last_change_extremes_mean_and_totals(exchange):
    exchange.floor.sell("E1", 10_200, 10).require()
    exchange.floor.sell("E1", 10_305, 20).require()
    exchange.floor.buy("E2", 10_305, 30).require()
    exchange.floor.buy("E2", 9_900, 1).require()
    exchange.floor.sell("E3", 9_900, 1).require()

    found = quote(exchange)

    assert (found["open_price_fen"], found["last_price_fen"]) == ("10200", "9900")
    assert (found["high_price_fen"], found["low_price_fen"]) == ("10305", "9900")
    assert found["change_fen"] == "-100"
    # 102,000 + 206,100 + 9,900 fen over 31 t are 10,258.06…
    assert (found["turnover_fen"], found["volume_tce"]) == ("318000", "31")
    assert (found["mean_price_fen"], found["trades"]) == ("10258", 3)
    assert (found["low_limit_fen"], found["high_limit_fen"]) == ("9000", "11000")


def test_a_mean_that_ends_in_half_a_fen_is_rounded_up(exchange):
    exchange.floor.sell("E1", 10_000, 1).require()
    exchange.floor.sell("E1", 10_001, 1).require()
    exchange.floor.buy("E2", 10_001, 2).require()

    assert quote(exchange)["mean_price_fen"] == "10001"


def test_a_closed_day_keeps_its_figures_and_the_next_begins_at_its_close(exchange, clock):
    exchange.floor.sell("E1", 10_200, 10).require()
    exchange.floor.buy("E2", 10_200, 10).require()
    exchange.floor.close_day().require()

    closed = quote(exchange, "person:EXC1")
    assert (closed["phase"], closed["close_price_fen"]) == ("closed", "10200")
    assert (closed["last_price_fen"], closed["volume_tce"]) == ("10200", "10")

    clock.advance(DAY)
    exchange.floor.open_day().require()
    assert quote(exchange)["previous_close_fen"] == "10200"
