"""Trades over HTTP: a tape without names, bars worked by hand, one's own side and no other."""

import pytest

from tests.api.rest.offices import ids, pages, problem
from tests.api.rest.trading import AUDITOR, PATH, Exchange

MINUTE = 60_000_000


@pytest.fixture
def exchange(engine, clock):
    """
    Three trades of one day.

    E1 sells to E2: 10 t at 100.00 and, in the same minute, 20 t at 103.00; a minute later E3 sells
    to E2 30 t at 101.00.
    """
    town = Exchange(engine, clock)
    town.floor.sell("E1", 10_000, 10).require()
    town.floor.sell("E1", 10_300, 20).require()
    town.floor.buy("E2", 10_300, 30).require()
    clock.advance(MINUTE)
    town.floor.buy("E2", 10_100, 30).require()
    town.floor.sell("E3", 10_100, 30).require()
    yield town
    town.close()


def test_the_tape_is_public_and_names_nobody(exchange):
    answer = exchange.visit().get(f"{PATH}/trades")

    found = [
        (each["price_fen"], each["quantity_tce"], each["side"]) for each in answer.json["items"]
    ]
    assert found == [("10100", "30", "sell"), ("10300", "20", "buy"), ("10000", "10", "buy")]
    assert not any(name in answer.text for name in ("E1", "E2", "E3", "buyer", "seller"))


def test_the_tape_goes_on_by_cursor_without_loss_or_repeat(exchange):
    found = pages(exchange.visit(), f"{PATH}/trades?limit=1")

    assert [item["price_fen"] for items in found for item in items] == ["10100", "10300", "10000"]


def test_the_tape_of_one_day_holds_the_trades_of_that_day(exchange):
    assert len(ids(exchange.visit().get(f"{PATH}/trades?day_number=1"))) == 3
    assert ids(exchange.visit().get(f"{PATH}/trades?day_number=2")) == []


def test_an_enterprise_sees_its_own_side_and_not_whose_the_other_was(exchange):
    first = exchange.trader("E1").get("/api/v1/trades").json["items"][-1]

    assert (first["seller"], first["buyer"]) == ("E1", None)
    assert (first["buy_order"], first["buyer_fee_fen"]) == (None, None)
    # 10 t at 100.00 yuan cost 100,000 fen; 0.2 % of that are 200.
    assert (first["consideration_fen"], first["seller_fee_fen"]) == ("100000", "200")
    bought = exchange.trader("E2").get("/api/v1/trades").json["items"]
    assert [(each["buyer"], each["seller"]) for each in bought] == [("E2", None)] * 3


def test_asking_for_a_counterparty_by_name_finds_nothing(exchange):
    client = exchange.trader("E2")

    assert ids(client.get("/api/v1/trades?enterprise=E1")) == []
    assert len(ids(client.get("/api/v1/trades?enterprise=E2"))) == 3


def test_the_auditor_sees_both_sides(exchange):
    client = exchange.visit(AUDITOR)

    found = client.get("/api/v1/trades?enterprise=E3").json["items"]

    assert [(each["buyer"], each["seller"]) for each in found] == [("E2", "E3")]
    assert len(ids(client.get("/api/v1/trades"))) == 3


@pytest.mark.parametrize(
    ("person", "refusal"),
    [("", (401, "not_signed_in")), ("person:EXC1", (403, "not_permitted"))],
)
def test_own_trades_are_for_who_has_some(exchange, person, refusal):
    assert problem(exchange.visit(person).get("/api/v1/trades")) == refusal


def test_bars_of_minutes_have_open_high_low_close_and_volume(exchange):
    found = exchange.visit().get(f"{PATH}/bars?period=minute").json["items"]

    prices = ("open_price_fen", "high_price_fen", "low_price_fen", "close_price_fen")
    assert [[bar[name] for name in prices] for bar in found] == [
        ["10100"] * 4,
        ["10000", "10300", "10000", "10300"],
    ]
    # 10 × 100.00 + 20 × 103.00 yuan.
    assert (found[1]["volume_tce"], found[1]["turnover_fen"], found[1]["trades"]) == (
        "30",
        "306000",
        2,
    )
    assert found[0]["started_at"] == "2024-12-31T16:01:00.000000Z"


def test_bars_of_minutes_go_on_by_cursor(exchange):
    found = pages(exchange.visit(), f"{PATH}/bars?period=minute&limit=1")

    assert [item["volume_tce"] for items in found for item in items] == ["30", "30"]


def test_the_bar_of_a_running_day_is_counted_and_of_a_closed_one_kept(exchange):
    client = exchange.visit()
    [running] = client.get(f"{PATH}/bars").json["items"]
    assert (running["open_price_fen"], running["close_price_fen"]) == ("10000", "10100")
    assert (running["high_price_fen"], running["low_price_fen"]) == ("10300", "10000")
    assert (running["volume_tce"], running["turnover_fen"]) == ("60", "609000")

    exchange.floor.close_day().require()

    [closed] = client.get(f"{PATH}/bars").json["items"]
    # The close is the average: 609,000 fen / 60 t = 101.50 yuan.
    assert closed == running | {"close_price_fen": "10150"}


def test_a_day_without_trades_has_a_bar_without_prices(exchange):
    exchange.floor.next_day()

    found = exchange.visit().get(f"{PATH}/bars").json["items"]

    assert (found[0]["open_price_fen"], found[0]["volume_tce"]) == (None, "0")
    assert exchange.visit().get(f"{PATH}/bars?period=minute").json["items"] == []
    day = found[1]["day"]
    assert len(exchange.visit().get(f"{PATH}/bars?period=minute&day={day}").json["items"]) == 2


def test_a_period_that_is_none_is_refused(exchange):
    assert problem(exchange.visit().get(f"{PATH}/bars?period=week")) == (422, "filter_invalid")
