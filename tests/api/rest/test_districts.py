"""Districts over HTTP: public, registered by the city."""

from tests.api.rest.offices import ids, problem
from tests.build import CLEARING, REGULATOR

PATH = "/api/v1/districts"
LINE = {
    "code": "990103",
    "name": "丙区",
    "name_en": "Third",
    "parent": "990000",
    "pack": "sample",
}


def test_districts_are_public_and_filtered_by_parent(faced):
    public = faced.visit()

    assert ids(public.get(PATH), "code") == ["990000", "990101", "990102"]
    assert ids(public.get(f"{PATH}?parent=990000&limit=1"), "code") == ["990101"]
    assert public.get(f"{PATH}/990102").json["name"] == "乙区"
    assert problem(public.get(f"{PATH}/990109")) == (404, "not_found")


def test_a_district_is_registered_by_the_city_alone(faced):
    before = faced.digest()
    refused = faced.post(faced.visit(CLEARING), PATH, {"rows": [LINE]})
    assert problem(refused) == (403, "not_permitted")
    assert faced.digest() == before

    answer = faced.post(faced.visit(REGULATOR), PATH, {"rows": [LINE]})

    assert answer.status_code == 201, answer.text
    assert faced.visit().get(f"{PATH}/990103").json["parent"] == "990000"
