"""Enterprises over HTTP: public names, private codes, registration in bulk."""

from ledger.parties.party import credit_check
from tests.api.rest.offices import ids, pages, problem
from tests.build import EXCHANGE, REGULATOR

BODY = "91990000MA0000009"
LINE = {
    "id": "E9",
    "name": "新厂",
    "credit_code": BODY + credit_check(BODY),
    "district": "990101",
    "sector": "CEMENT",
}
PATH = "/api/v1/enterprises"


def test_everybody_sees_names_and_only_the_signed_in_see_codes(faced):
    public, signed_in = faced.visit(), faced.visit("person:T1")

    listed = public.get(PATH).json["items"]
    shown = signed_in.get(f"{PATH}/E2").json

    assert [(row["id"], row["district"], row["sector"]) for row in listed] == [
        ("E1", "990101", "TEXTILE"),
        ("E2", "990101", "CEMENT"),
        ("E3", "990102", "TEXTILE"),
    ]
    assert {row["credit_code"] for row in listed} == {None}
    assert {row["owner_group"] for row in listed} == {None}
    assert len(shown["credit_code"]) == 18
    assert shown["owner_group"] == "E2"
    assert problem(public.get(f"{PATH}/E8")) == (404, "not_found")


def test_a_list_is_filtered_and_paged_without_loss(faced):
    public = faced.visit()

    assert ids(public.get(f"{PATH}?district=990101")) == ["E1", "E2"]
    assert ids(public.get(f"{PATH}?district=990101&sector=CEMENT")) == ["E2"]
    assert ids(public.get(f"{PATH}?sector=NONE")) == []
    assert [[row["id"] for row in page] for page in pages(public, f"{PATH}?limit=1")] == [
        ["E1"],
        ["E2"],
        ["E3"],
    ]
    assert [len(page) for page in pages(public, f"{PATH}?limit=3")] == [3]
    assert problem(public.get(f"{PATH}?colour=red")) == (400, "filter_unknown")
    assert problem(public.get(f"{PATH}?limit=0")) == (400, "page_invalid")
    assert problem(public.get(f"{PATH}?limit=501")) == (400, "page_invalid")


def test_an_enterprise_is_registered_by_those_who_may(faced):
    answer = faced.post(faced.visit(EXCHANGE), PATH, {"rows": [LINE]})

    assert answer.status_code == 201, answer.text
    assert answer.json["result"] == {"enterprises": "1"}
    assert faced.visit().get(f"{PATH}/E9").json["name"] == "新厂"


def test_one_bad_row_refuses_all_and_changes_nothing(faced):
    client = faced.visit(REGULATOR)
    before = faced.digest()

    answer = faced.post(client, PATH, {"rows": [LINE, {**LINE, "id": "E8", "district": "1"}]})
    unknown = faced.post(client, PATH, {"rows": [LINE | {"colour": "red"}]})
    trader = faced.post(faced.visit("person:T1"), PATH, {"rows": [LINE]})

    assert problem(answer) == (422, "rows_refused")
    assert problem(unknown) == (422, "field_unknown")
    assert unknown.json["errors"][0]["pointer"] == "/rows/0/colour"
    assert problem(trader) == (403, "not_permitted")
    assert faced.digest() == before
