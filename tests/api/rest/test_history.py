"""Past energy use over HTTP."""

from tests.api.rest.rights_town import AUDITOR, C1, C2, D1, D2

LINE = {"enterprise": "E1", "year": 2024, "energy_kgce": "800", "coal_kg": "100", "output": "7"}


def test_past_use_is_recorded_and_shown_with_amounts_as_text(rights):
    rights.does(D1, "/history", {"rows": [LINE]})

    rows = rights.reads(C1, "/history?year=2024")["items"]

    assert [(row["energy_kgce"], row["coal_kg"], row["output"]) for row in rows] == [
        ("800", "100", "7")
    ]
    assert [row["year"] for row in rights.turned(C1, "/history")] == [2024, 2025]


def test_past_use_is_seen_by_owner_district_and_auditor(rights):
    assert rights.seen_by("/history", "enterprise", (C1, C2, D1, D2, AUDITOR)) == {
        C1: ["E1"],
        C2: ["E2"],
        D1: ["E1", "E2"],
        D2: ["E3"],
        AUDITOR: ["E1", "E2", "E3"],
    }
    assert rights.listed(AUDITOR, "/history?district=990102", "enterprise") == ["E3"]
    assert rights.status("", "/history") == 401


def test_a_district_records_nothing_of_another(rights):
    assert rights.refused(D2, "/history", {"rows": [LINE]}).json["code"] == "role_missing"
    wrong = {"rows": [{**LINE, "energy_kgce": 800}]}
    pointer = rights.refused(D1, "/history", wrong).json["errors"][0]["pointer"]
    assert pointer == "/rows/0/energy_kgce"
