"""Sectors over HTTP: public, registered by the city."""

from tests.api.rest.offices import ids, problem
from tests.build import REGULATOR

PATH = "/api/v1/sectors"
LINE = {"code": "GLASS", "name": "玻璃", "name_en": "Glass", "two_high": "yes"}


def test_sectors_are_public_and_filtered_by_their_mark(faced):
    public = faced.visit()

    assert ids(public.get(PATH), "code") == ["CEMENT", "TEXTILE"]
    assert ids(public.get(f"{PATH}?two_high=yes"), "code") == ["CEMENT"]
    assert public.get(f"{PATH}/TEXTILE").json["two_high"] == "no"
    assert problem(public.get(f"{PATH}/STEEL")) == (404, "not_found")


def test_a_sector_is_registered_once(faced):
    client = faced.visit(REGULATOR)
    assert faced.post(client, PATH, {"rows": [LINE]}).status_code == 201
    before = faced.digest()

    again = faced.post(client, PATH, {"rows": [LINE]})

    assert problem(again) == (409, "party_exists")
    assert faced.digest() == before
    assert faced.visit().get(f"{PATH}/GLASS").json["two_high"] == "yes"
