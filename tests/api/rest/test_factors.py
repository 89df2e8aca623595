"""Factors over HTTP: proposed by the city, published to everybody."""

from tests.api.rest.rights_town import C1, CHECKER, CITY

FACTOR = {
    "code": "oil",
    "name_zh": "原油",
    "unit": "kg",
    "kind": "fuel",
    "kgce_per_unit": "1.4286",
    "coal_kg_per_unit": "0",
    "basis": "equivalent",
    "status": "sample",
    "source": "tests",
}
EDITION = {"edition": "second", "year": 2026, "basis": "equivalent", "rows": [FACTOR]}


def test_an_edition_is_proposed_agreed_and_published_with_its_source(rights):
    rights.agreed(CITY, CHECKER, "/factors", EDITION)

    for person in ("", C1):
        rows = rights.reads(person, "/factors?year=2026&basis=equivalent")["items"]
        assert [(row["carrier"], row["kgce_per_unit"]) for row in rows] == [("oil", "1.4286")]
        assert [(row["status"], row["source"]) for row in rows] == [("sample", "tests")]
        assert isinstance(rows[0]["adopted_by"], int)


def test_factors_turn_page_by_page_for_the_public(rights):
    assert [row["carrier"] for row in rights.turned("", "/factors?edition=round")] == [
        "coal",
        "gas",
    ]
    assert rights.listed("", "/factors?carrier=gas&status=sample", "year") == [2025]


def test_only_the_city_proposes_factors_and_not_twice_in_one_edition(rights):
    assert rights.refused(C1, "/factors", EDITION).json["code"] == "not_permitted"
    assert rights.refused("", "/factors", EDITION).status_code == 401
    wrong = {**EDITION, "basis": "weight"}
    assert rights.refused(CITY, "/factors", wrong).json["errors"][0]["pointer"] == "/basis"
