"""One-way auctions over HTTP: announced without names, bid for, delivered."""

import pytest

from ledger.approve import approving
from market.open_tender import OpenTender
from tests.api.rest.offices import ids, problem
from tests.api.rest.trading import AUDITOR, Exchange
from tests.build import EXCHANGE
from tests.market.floor import QD

PATH = "/api/v1/tenders"
OFFER = {
    "instrument": QD,
    "seller": "enterprise:E1",
    "quantity_tce": "100",
    "reserve_price_fen": "9500",
    "increment_fen": "50",
    "bidders": ["E2", "E3"],
    "rounds_max": 3,
}
PAYLOAD = OpenTender(
    **OFFER
    | {
        "quantity_tce": 100,
        "reserve_price_fen": 9_500,
        "increment_fen": 50,
        "bidders": ("E2", "E3"),
    }
)


@pytest.fixture
def exchange(engine, clock):
    """E1 offers 100 t from 95.00 yuan, in steps of 0.50, to E2 and E3."""
    town = Exchange(engine, clock)
    proposed = town.post(town.trader("E1"), PATH, OFFER)
    assert proposed.status_code == 202, proposed.text
    approval = approving(proposed.json["sequence"], PAYLOAD)
    town.number = town.bench.do(approval, actor=EXCHANGE).require().sequence
    yield town
    town.close()


def bid(exchange, enterprise, price):
    path = f"{PATH}/{exchange.number}/bids"
    body = {"enterprise": enterprise, "price_fen": str(price)}
    return exchange.post(exchange.trader(enterprise), path, body)


def shown(exchange, client):
    answer = client.get(f"{PATH}/{exchange.number}")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_tender_is_announced_to_everybody_without_seller_or_bidders(exchange):
    answer = exchange.visit().get(f"{PATH}/{exchange.number}")

    found = answer.json
    assert (found["seller"], found["quantity_tce"], found["round"]) == ("enterprise", "100", 1)
    assert (found["bidders_count"], found["bids_count"]) == (2, 0)
    assert (found["leading_price_fen"], found["lowest_acceptable_fen"]) == (None, "9500")
    assert not any(name in answer.text for name in ("E1", "E2", "E3"))


def test_seller_and_admitted_find_themselves_and_nobody_else(exchange):
    seller, admitted = exchange.trader("E1"), exchange.trader("E2")

    assert shown(exchange, seller)["seller"] == "enterprise:E1"
    assert shown(exchange, seller)["is_admitted"] is False
    assert shown(exchange, admitted)["seller"] == "enterprise"
    assert shown(exchange, admitted)["is_admitted"] is True
    assert shown(exchange, exchange.visit("person:EXC1"))["seller"] == "enterprise:E1"


def test_the_leading_price_is_public_and_whose_it_is_is_not(exchange):
    assert bid(exchange, "E2", 9_500).status_code == 201
    assert bid(exchange, "E3", 9_550).status_code == 201

    answer = exchange.visit().get(PATH)

    [found] = answer.json["items"]
    assert (found["leading_price_fen"], found["lowest_acceptable_fen"]) == ("9550", "9600")
    assert found["bids_count"] == 2
    assert "E3" not in answer.text


def test_everybody_sees_its_own_bids_and_the_auditor_all(exchange):
    bid(exchange, "E2", 9_500)
    bid(exchange, "E3", 9_550)
    path = f"{PATH}/{exchange.number}/bids"

    [own] = exchange.trader("E2").get(path).json["items"]
    assert (own["bidder"], own["price_fen"], own["state"]) == ("E2", "9500", "outbid")
    assert ids(exchange.trader("E1").get(path)) == []
    assert len(ids(exchange.visit(AUDITOR).get(path))) == 2
    assert problem(exchange.visit().get(path)) == (401, "not_signed_in")
    assert problem(exchange.trader("E1").get(f"{PATH}/1/bids")) == (404, "not_found")


def test_a_bid_below_the_next_step_is_refused_and_changes_nothing(exchange):
    bid(exchange, "E2", 9_500)
    before = exchange.digest()

    answer = bid(exchange, "E3", 9_549)

    assert problem(answer) == (422, "bid_below_increment")
    assert exchange.digest() == before


def test_a_round_without_a_bid_delivers_the_lot_to_who_leads(exchange):
    bid(exchange, "E2", 9_500)
    officer = exchange.visit("person:EXC1")
    path = f"{PATH}/{exchange.number}/rounds"

    for key in ("one", "two"):
        answer = officer.post(path, headers={"Idempotency-Key": key})
        assert answer.status_code == 201, answer.text

    # 100 t at 95.00 yuan.
    assert answer.json["result"]["consideration_fen"] == "950000"
    found = exchange.visit().get(f"{PATH}?state=sold").json["items"]
    assert [(each["id"], each["state"]) for each in found] == [(exchange.number, "sold")]
    assert ids(exchange.visit().get(f"{PATH}?state=open")) == []


def test_only_the_exchange_ends_a_round(exchange):
    before = exchange.digest()

    answer = exchange.trader("E1").post(
        f"{PATH}/{exchange.number}/rounds", headers={"Idempotency-Key": "mine"}
    )

    assert problem(answer) == (403, "not_permitted")
    assert exchange.digest() == before


def test_nobody_offers_what_is_anothers(exchange):
    before = exchange.digest()

    answer = exchange.post(exchange.trader("E2"), PATH, OFFER)

    assert answer.status_code == 403
    assert exchange.digest() == before
