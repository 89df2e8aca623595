"""The order book over HTTP: levels without names, deeper for who trades, and a call's price."""

import pytest

from tests.api.rest.offices import problem
from tests.api.rest.trading import PATH, Exchange


@pytest.fixture
def exchange(engine, clock):
    """Seven levels to sell, 101 to 107 yuan; two orders at the first."""
    town = Exchange(engine, clock)
    for price in range(10_100, 10_800, 100):
        town.floor.sell("E1", price, 10).require()
    town.floor.sell("E2", 10_100, 5).require()
    town.floor.buy("E3", 9_900, 7).require()
    yield town
    town.close()


@pytest.mark.parametrize(("asked", "seen"), [("", 5), ("?depth=1", 1), ("?depth=50", 5)])
def test_the_public_sees_at_most_five_levels(exchange, asked, seen):
    found = exchange.visit().get(f"{PATH}/book{asked}").json

    assert len(found["asks"]) == seen
    assert found["asks"][0] == {
        "price_fen": "10100",
        "quantity_tce": "15",
        "orders": 2,
        "own_tce": "0",
    }
    assert [level["price_fen"] for level in found["bids"]] == ["9900"]
    assert found["indicative"] is None


@pytest.mark.parametrize(("asked", "seen"), [("", 5), ("?depth=6", 6), ("?depth=50", 7)])
def test_a_trader_may_look_deeper_and_finds_its_own_part_marked(exchange, asked, seen):
    found = exchange.trader("E2").get(f"{PATH}/book{asked}").json

    assert len(found["asks"]) == seen
    assert [level["own_tce"] for level in found["asks"][:2]] == ["5", "0"]


def test_the_exchange_looks_deep_and_owns_nothing(exchange):
    found = exchange.visit("person:EXC1").get(f"{PATH}/book?depth=7").json

    assert [level["own_tce"] for level in found["asks"]] == ["0"] * 7


@pytest.mark.parametrize("depth", ["0", "51", "x", "-1"])
def test_a_depth_that_is_none_is_refused(exchange, depth):
    assert problem(exchange.visit().get(f"{PATH}/book?depth={depth}")) == (422, "filter_invalid")


def test_nothing_in_a_book_says_whose_it_is(exchange):
    text = exchange.visit().get(f"{PATH}/book").text

    assert not any(name in text for name in ("E1", "E2", "E3", "enterprise", "owner"))


def test_a_call_shows_the_price_it_would_come_to(engine, clock):
    town = Exchange(engine, clock, phase="call")
    town.floor.buy("E1", 10_200, 30).require()
    town.floor.sell("E2", 10_000, 20).require()

    found = town.visit().get(f"{PATH}/book").json

    # At any price below 102.00 buyers who offer more than it would be left, so it is 102.00.
    assert found["phase"] == "call"
    assert found["indicative"] == {
        "price_fen": "10200",
        "matched_tce": "20",
        "unmatched_tce": "10",
        "unmatched_side": "buy",
    }
    town.close()


def test_a_call_that_crosses_nothing_has_no_price(engine, clock):
    town = Exchange(engine, clock, phase="call")
    town.floor.buy("E1", 9_900, 30).require()

    found = town.visit().get(f"{PATH}/book").json["indicative"]

    assert (found["price_fen"], found["matched_tce"]) == (None, "0")
    town.close()
