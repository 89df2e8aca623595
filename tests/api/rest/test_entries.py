"""The journal over HTTP: one's own part of it, and changes by decision."""

from market.place import PlaceOrder
from tests.api.rest.offices import (
    AUDITOR,
    FIRST_DISTRICT,
    SECOND_DISTRICT,
    appoint,
    pages,
    problem,
)
from tests.build import CLEARING, REGULATOR, SECOND_REGULATOR
from tests.ledger.compliance.world import ENERGY

PATH = "/api/v1/entries"
LINE = {
    "reference": "decision:1",
    "source": "scheme:issuance",
    "destination": "enterprise:E1:holding",
    "asset": ENERGY,
    "amount": "250",
}


def traded(faced):
    """E2 takes the 10 tce that E1 offers at 105 yuan; return the entry of the trade."""
    order = PlaceOrder(
        instrument="EN-25", enterprise="E2", side="buy", price_fen=10_500, quantity_tce=10
    )
    faced.bench.do(order, actor="person:T2").require()
    found = faced.visit(REGULATOR).get(f"{PATH}?code=trade").json["items"]
    assert len(found) == 1
    return found[0]


def test_both_sides_of_a_trade_see_their_own_part_and_not_each_other(faced):
    appoint(faced)
    entry = traded(faced)["sequence"]

    whole = faced.visit(AUDITOR).get(f"{PATH}/{entry}").json
    seller = faced.visit("person:T1").get(f"{PATH}/{entry}").json
    district = faced.visit(FIRST_DISTRICT).get(f"{PATH}/{entry}").json

    everyone = str(whole["postings"])
    assert "enterprise:E1:" in everyone
    assert "enterprise:E2:" in everyone
    assert "E2" not in str(seller["postings"])
    assert "enterprise:*:" in str(seller["postings"])
    assert district["postings"] == whole["postings"]
    assert whole["actor"] == district["actor"] == "person:T2"
    assert seller["actor"] is None
    assert len(seller["rule_sentence"]) > 5
    for outsider in ("person:T3", SECOND_DISTRICT):
        assert problem(faced.visit(outsider).get(f"{PATH}/{entry}")) == (404, "not_found")
    assert problem(faced.visit().get(PATH)) == (401, "not_signed_in")


def test_the_rule_is_told_in_the_language_asked_for(faced):
    client = faced.visit("person:T1")

    chinese = client.get(f"{PATH}?limit=1").json["items"][0]["rule_sentence"]
    english = client.get(f"{PATH}?limit=1&lang=en").json["items"][0]["rule_sentence"]

    assert not chinese.isascii()
    assert english.isascii()


def test_the_list_is_ones_own_and_is_paged(faced):
    client = faced.visit("person:T3")
    trader = faced.visit("person:T1")

    assert client.get(PATH).json["items"] == []
    whole = trader.get(PATH).json["items"]
    walked = [row for page in pages(trader, f"{PATH}?limit=2") for row in page]

    assert walked == whole
    numbers = [row["sequence"] for row in whole]
    assert numbers == sorted(numbers, reverse=True)
    command = whole[0]["command_sequence"]
    of_command = trader.get(f"{PATH}?command={command}").json["items"]
    assert {row["command_sequence"] for row in of_command} == {command}
    assert trader.get(f"{PATH}?command=999999").json["items"] == []


def test_an_entry_is_posted_by_two_regulators(faced):
    answer = faced.post(faced.visit(REGULATOR), PATH, {"rule": "REG-11", "lines": [LINE]})
    assert answer.status_code == 202, answer.text
    result = answer.json["result"]
    before = faced.bench.balance("enterprise:E1:holding", ENERGY)

    approved = faced.visit(SECOND_REGULATOR).post(
        f"/api/v1/proposals/{result['proposal']}/approvals",
        headers={"If-Match": f'"{result["payload_hash"]}"', "Idempotency-Key": "ok"},
    )

    assert approved.status_code == 201, approved.text
    assert faced.bench.balance("enterprise:E1:holding", ENERGY) == before + 250


def test_a_reversal_is_proposed_by_the_clearing_house_alone(faced):
    path = f"{PATH}/1/reversals"
    before = faced.digest()
    refused = faced.post(faced.visit("person:T1"), path, {"reason": "错账"})
    assert problem(refused) == (403, "not_permitted")
    number = faced.post(faced.visit(CLEARING), path, {"reason": "错账", "amount": "1"})
    assert problem(number) == (422, "field_unknown")
    assert faced.digest() == before

    answer = faced.post(faced.visit(CLEARING), path, {"reason": "错账"})

    assert answer.status_code == 202, answer.text
