"""Holds over HTTP: placed, used, given back."""

from tests.api.rest.offices import ids, problem
from tests.build import CLEARING
from tests.ledger.compliance.world import ENERGY

PATH = "/api/v1/holds"
BODY = {
    "enterprise": "E1",
    "asset": ENERGY,
    "amount": "500",
    "purpose": "自留",
    "expires_at": "2030-01-01T00:00:00Z",
}


def placed(faced):
    answer = faced.post(faced.visit("person:T1"), PATH, BODY)
    assert answer.status_code == 201, answer.text
    return answer.json["result"]["hold"]


def test_a_hold_is_placed_seen_by_its_owner_and_given_back(faced):
    owner = faced.visit("person:T1")
    hold = placed(faced)

    shown = owner.get(f"{PATH}/{hold}").json
    assert (shown["account"], shown["asset"]) == ("enterprise:E1:holding", ENERGY)
    assert (shown["amount"], shown["remaining"], shown["state"]) == ("500", "500", "open")
    assert shown["expires_at"] == "2030-01-01T00:00:00.000000Z"
    assert ids(owner.get(f"{PATH}?purpose=自留")) == [hold]
    other = faced.visit("person:T2")
    assert hold not in ids(other.get(PATH))
    assert problem(other.get(f"{PATH}/{hold}")) == (404, "not_found")

    answer = owner.delete(f"{PATH}/{hold}", headers={"Idempotency-Key": "back"})

    assert answer.status_code == 201, answer.text
    assert owner.get(f"{PATH}/{hold}").json["state"] == "released"


def test_part_of_a_hold_is_used_by_the_clearing_house(faced):
    hold = placed(faced)
    client = faced.visit(CLEARING)
    body = {"amount": "200", "destination": "enterprise:E2:holding"}

    answer = faced.post(client, f"{PATH}/{hold}/captures", body)

    assert answer.status_code == 201, answer.text
    assert answer.json["result"]["remaining"] == "300"
    before = faced.digest()
    more = faced.post(client, f"{PATH}/{hold}/captures", {**body, "amount": "301"})
    assert problem(more) == (409, "hold_exceeded")
    assert faced.digest() == before


def test_the_hold_of_another_is_not_given_back(faced):
    hold = placed(faced)
    before = faced.digest()

    answer = faced.visit("person:T2").delete(f"{PATH}/{hold}", headers={"Idempotency-Key": "x"})

    assert problem(answer) == (403, "role_missing")
    assert faced.digest() == before
