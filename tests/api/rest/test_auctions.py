"""Call auctions over HTTP: what came of them, for everybody."""

import pytest

from tests.api.rest.offices import ids, problem
from tests.api.rest.trading import PATH, Exchange


@pytest.fixture
def exchange(engine, clock):
    """A call of 30 t wanted at 102.00 against 20 t offered at 100.00, crossed by its officer."""
    town = Exchange(engine, clock, phase="call")
    town.floor.buy("E1", 10_200, 30).require()
    town.floor.sell("E2", 10_000, 20).require()
    officer = town.visit("person:EXC1")
    answer = town.post(officer, f"{PATH}/uncrossings", {"next_phase": "continuous"})
    assert answer.status_code == 201, answer.text
    yield town
    town.close()


def test_a_call_that_has_ended_shows_price_volume_and_imbalance(exchange):
    [found] = exchange.visit().get(f"{PATH}/auctions").json["items"]

    assert (found["price_fen"], found["volume_tce"]) == ("10200", "20")
    assert (found["imbalance_tce"], found["settled_tce"], found["trades"]) == ("10", "20", 1)
    assert found["next_phase"] == "continuous"


def test_one_call_is_shown_by_its_number_and_another_is_not_there(exchange):
    [number] = ids(exchange.visit().get(f"{PATH}/auctions"))

    assert exchange.visit().get(f"/api/v1/auctions/{number}").json["reading"] == "shenzhen"
    assert problem(exchange.visit().get("/api/v1/auctions/1")) == (404, "not_found")


def test_a_call_is_crossed_once(exchange):
    before = exchange.digest()

    answer = exchange.post(exchange.visit("person:EXC1"), f"{PATH}/uncrossings", {})

    assert problem(answer) == (409, "not_in_call")
    assert exchange.digest() == before
