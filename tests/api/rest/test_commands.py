"""Commands over HTTP: one's own answers again, all of them for auditors."""

from market.place import PlaceOrder
from tests.api.rest.offices import ADMIN_1, AUDITOR, appoint, ids, pages, problem
from tests.api.rest.test_orders import ORDER
from tests.build import CLEARING, EXCHANGE, SECURITY

PATH = "/api/v1/commands"


def test_ones_own_command_is_found_by_its_key_and_its_sequence(faced):
    client = faced.visit("person:T1")
    sent = faced.post(client, "/api/v1/orders", ORDER, key="mine-1").json

    by_key = client.get(f"{PATH}/by-key/mine-1").json
    by_sequence = client.get(f"{PATH}/{sent['sequence']}").json

    assert by_key == by_sequence
    assert by_key["id"] == sent["command_id"] == "T1/mine-1"
    assert by_key["leaf_hash"] == sent["leaf_hash"]
    assert by_key["payload"]["price_fen"] == "10000"
    assert by_key["result"] == sent["result"]
    assert problem(client.get(f"{PATH}/by-key/mine-2")) == (404, "not_found")
    assert problem(client.get(f"{PATH}/by-key/%20")) == (400, "idempotency_key_invalid")
    assert problem(faced.visit().get(f"{PATH}/{sent['sequence']}")) == (404, "not_found")


def test_a_refusal_is_kept_with_its_facts(faced):
    client = faced.visit("person:T1")
    refused = faced.post(client, "/api/v1/orders", {**ORDER, "price_fen": "99999900"}, key="far")

    told = client.get(f"{PATH}/{refused.headers['Command-Sequence']}").json

    assert told["code"] == refused.json["code"]
    assert told["rule"] == refused.json["rule"]
    assert told["facts"] == refused.json["facts"]
    assert told["result"] == {}


def test_auditors_see_all_and_others_their_own_and_their_colleagues(faced):
    appoint(faced)
    first = faced.post(faced.visit("person:T1"), "/api/v1/orders", ORDER).json["sequence"]
    buy = PlaceOrder(
        instrument="EN-25", enterprise="E2", side="buy", price_fen=9_500, quantity_tce=10
    )
    second = faced.bench.do(buy, actor="person:T2").require().sequence

    listed = {
        person: ids(faced.visit(person).get(f"{PATH}?kind=orders.place"), "sequence")
        for person in (AUDITOR, "person:T1", ADMIN_1, "person:T2", EXCHANGE, SECURITY, "")
    }

    assert listed[AUDITOR][:2] == [second, first]
    assert listed["person:T1"] == listed[ADMIN_1] == listed[AUDITOR][1:]
    assert listed["person:T2"] == [second]
    assert listed[EXCHANGE] == listed[SECURITY] == listed[""] == []
    assert faced.visit(CLEARING).get(f"{PATH}/{second}").status_code == 200
    hidden = faced.visit("person:T1").get(f"{PATH}/{second}")
    absent = faced.visit("person:T1").get(f"{PATH}/999999")
    assert problem(hidden) == problem(absent) == (404, "not_found")
    walked = pages(faced.visit(AUDITOR), f"{PATH}?kind=orders.place&limit=1")
    assert [page[0]["sequence"] for page in walked] == listed[AUDITOR]
