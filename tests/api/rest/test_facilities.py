"""Facilities over HTTP: for the signed in, not for the public."""

from tests.api.rest.offices import ids, problem
from tests.build import EXCHANGE

PATH = "/api/v1/facilities"
LINE = {
    "id": "F1",
    "enterprise": "E1",
    "name": "一号窑",
    "sector": "CEMENT",
    "product": "熟料",
    "capacity": "500000",
    "capacity_unit": "t",
}


def test_a_facility_is_registered_and_hidden_from_the_public(faced):
    answer = faced.post(faced.visit(EXCHANGE), PATH, {"rows": [LINE]})
    assert answer.status_code == 201, answer.text
    trader, public = faced.visit("person:T1"), faced.visit()

    assert trader.get(f"{PATH}/F1").json["capacity"] == "500000"
    assert ids(trader.get(f"{PATH}?enterprise=E1&state=running")) == ["F1"]
    assert ids(trader.get(f"{PATH}?enterprise=E2")) == []
    assert ids(public.get(PATH)) == []
    hidden, absent = public.get(f"{PATH}/F1"), public.get(f"{PATH}/F2")
    assert problem(hidden) == problem(absent) == (404, "not_found")


def test_a_capacity_of_nothing_is_refused(faced):
    before = faced.digest()

    answer = faced.post(faced.visit(EXCHANGE), PATH, {"rows": [{**LINE, "capacity": "0"}]})

    assert problem(answer) == (422, "amount_not_positive")
    assert faced.digest() == before
