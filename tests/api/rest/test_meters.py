"""Meters over HTTP: registered, seen by whom they concern, closed."""

from tests.api.rest.rights_town import AUDITOR, C1, C2, D1, D2, UNASSIGNED, VERIFIER

METER = {
    "id": "E1-NEW",
    "enterprise": "E1",
    "carrier": "coal",
    "unit": "kg",
    "use": "consumed",
    "first_month": "2025-12",
    "first_value": "0",
    "facility": "F1",
}


def test_a_registered_meter_is_shown_and_found_by_every_filter(rights):
    answer = rights.does(C1, "/meters", {"rows": [METER]})

    assert answer["result"] == {"meters": "1"}
    shown = rights.reads(C1, "/meters/E1-NEW")
    assert (shown["use"], shown["multiplier"], shown["closed_month"]) == ("consumed", "1", None)
    for asked in ("enterprise=E1&facility=F1", "facility=F1", "carrier=coal&facility=F1"):
        assert rights.listed(C1, f"/meters?{asked}", "id") == ["E1-NEW"]
    assert rights.listed(C1, "/meters?use=sold", "id") == []


def test_meters_are_seen_by_owner_district_assigned_verifier_and_auditor(rights):
    first = ["E1-COAL", "E1-GAS"]
    second = ["E2-COAL", "E2-GAS"]
    seen = rights.seen_by("/meters", "id", (C1, C2, D1, D2, VERIFIER, UNASSIGNED, AUDITOR))

    assert seen == {
        C1: first,
        C2: second,
        D1: first + second,
        D2: ["E3-M1"],
        VERIFIER: first + second,
        UNASSIGNED: [],
        AUDITOR: [*first, *second, "E3-M1"],
    }
    assert rights.status("", "/meters") == 401
    assert rights.listed(AUDITOR, "/meters?district=990102", "id") == ["E3-M1"]
    rights.same_as_absent(C2, "/meters/E1-COAL", "/meters/NONE")


def test_meters_turn_page_by_page(rights):
    rows = rights.turned(D1, "/meters")

    assert [row["id"] for row in rows] == ["E1-COAL", "E1-GAS", "E2-COAL", "E2-GAS"]


def test_a_meter_is_closed_with_its_last_month_and_with_no_other(rights):
    refused = rights.refused(
        C1, "/meters/E1-COAL/closure", {"enterprise": "E1", "month": "2025-11"}
    )
    assert refused.json["code"] == "closing_month_other"

    rights.does(C1, "/meters/E1-COAL/closure", {"enterprise": "E1", "month": "2025-12"})

    assert rights.reads(C1, "/meters/E1-COAL")["closed_month"] == "2025-12"


def test_nobody_registers_a_meter_for_another_enterprise(rights):
    answer = rights.refused(C2, "/meters", {"rows": [METER]})

    assert (answer.status_code, answer.json["code"]) == (403, "role_missing")
