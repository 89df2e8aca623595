"""Instruments over HTTP: what everybody sees, who leads the day, whom it is kept from."""

import pytest

from tests.api.rest.offices import pages, problem
from tests.conftest import DAY

PATH = "/api/v1/instruments"
LISTING = {"instrument": "CO-25", "asset": "coal.flow.general.2025.na.990101"}


def test_everybody_sees_what_trades_with_its_limits_and_best_prices(faced):
    shown = faced.visit().get(f"{PATH}/EN-25")

    assert shown.status_code == 200, shown.text
    found = shown.json
    assert (found["phase"], found["day"], found["day_number"]) == ("continuous", "2026-01-15", 1)
    assert (found["reference_price_fen"], found["tick_fen"]) == ("10000", "10")
    assert (found["low_limit_fen"], found["high_limit_fen"]) == ("9000", "11000")
    assert (found["best_bid_fen"], found["best_ask_fen"]) == (None, "10500")
    assert found["last_price_fen"] is None
    assert found["sources"]["tick_fen"] == "stated at listing"


def test_an_instrument_before_its_first_day_is_closed_without_limits(faced):
    found = faced.visit().get(f"{PATH}/EN-26").json

    assert (found["phase"], found["day"], found["high_limit_fen"]) == ("closed", None, None)
    assert found["reference_price_fen"] == "10000"


@pytest.mark.parametrize("below", ["", "/days", "/book", "/trades", "/bars", "/auctions"])
def test_below_an_instrument_that_is_not_listed_there_is_nothing(faced, below):
    assert problem(faced.visit().get(f"{PATH}/NONE{below}")) == (404, "not_found")


def test_the_list_goes_on_by_cursor_to_its_last_page(faced):
    client = faced.visit()

    found = pages(client, f"{PATH}?limit=1")

    assert [[item["id"] for item in items] for items in found] == [["EN-25"], ["EN-26"]]


def test_a_filter_that_is_not_declared_is_refused(faced):
    assert problem(faced.visit().get(f"{PATH}?colour=red")) == (400, "filter_unknown")


def test_listing_is_proposed_by_the_exchange_and_by_nobody_else(faced):
    before = faced.digest()
    refused = faced.post(faced.visit("person:T1"), PATH, LISTING)
    assert problem(refused) == (403, "not_permitted")
    assert faced.digest() == before

    answer = faced.post(faced.visit("person:EXC1"), PATH, LISTING)

    assert answer.status_code == 202, answer.text
    assert answer.json["result"]["proposal"] == answer.json["sequence"]


def test_the_operator_leads_a_day_from_halt_to_close_and_opens_the_next(faced):
    officer = faced.visit("person:EXC1")

    def act(what, body):
        answer = faced.post(officer, f"{PATH}/EN-25/{what}", body)
        assert answer.status_code == 201, answer.text
        return answer.json["result"]

    assert act("phases", {"phase": "halted"})["before"] == "continuous"
    assert act("phases", {"phase": "call"})["phase"] == "call"
    assert act("uncrossings", {"next_phase": "quiet"})["volume_tce"] == "0"
    closed = officer.post(f"{PATH}/EN-25/closings", headers={"Idempotency-Key": "close"})
    assert closed.json["result"]["close_price_fen"] == "10000"
    faced.bench.clock.advance(DAY)
    assert act("days", {"day": "2026-01-16"})["number"] == 2

    found = faced.visit().get(f"{PATH}/EN-25/days").json["items"]
    assert [(day["number"], day["phase"], day["trades"]) for day in found] == [
        (2, "pre_open", 0),
        (1, "closed", 0),
    ]
    assert found[1]["close_price_fen"] == "10000"
    second = faced.visit().get(f"{PATH}/EN-25/days?day=2026-01-16").json["items"]
    assert [day["number"] for day in second] == [2]


@pytest.mark.parametrize("person", ["person:T1", "person:CLR1", "person:AUD9"])
def test_nobody_but_the_exchange_leads_the_day(faced, person):
    before = faced.digest()

    answer = faced.post(faced.visit(person), f"{PATH}/EN-25/days", {"day": "2026-01-16"})

    assert problem(answer) == (403, "not_permitted")
    assert faced.digest() == before


def test_the_public_is_asked_to_sign_in_before_it_leads_a_day(faced):
    answer = faced.post(faced.visit(), f"{PATH}/EN-25/phases", {"phase": "halted"})

    assert problem(answer) == (401, "not_signed_in")


def test_a_phase_the_day_does_not_know_from_here_is_refused(faced):
    before = faced.digest()

    answer = faced.post(faced.visit("person:EXC1"), f"{PATH}/EN-25/days", {"day": "2026-01-15"})

    assert problem(answer) == (409, "day_not_closed")
    assert faced.digest() == before
