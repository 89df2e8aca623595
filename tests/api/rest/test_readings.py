"""Readings over HTTP: one command, many at once, corrected, hidden from strangers."""

import pytest

from tests.api.rest.rights_town import A1, C1, C2, CITY, D1, D2, UNASSIGNED, VERIFIER


def reading(month, value="501", meter="E3-M1", **facts):
    return {"meter": meter, "month": month, "value": value, "unit": "kg", **facts}


def test_a_recorded_reading_is_shown_with_its_meters_carrier_and_unit(rights):
    rights.does(CITY, "/readings", {"rows": [reading("2025-02", "512.25")]})

    shown = rights.reads(D2, "/readings/E3-M1/2025-02")

    assert (shown["value"], shown["unit"], shown["carrier"]) == ("512.25", "kg", "coal")
    assert shown["enterprise"] == "E3"
    assert [row["month"] for row in rights.turned(D2, "/readings")] == [
        "2024-12",
        "2025-01",
        "2025-02",
    ]
    assert rights.listed(D2, "/readings?month=2025-01&meter=E3-M1", "value") == ["500.5"]


def test_readings_are_seen_by_owner_district_and_assigned_verifier(rights):
    seen = rights.seen_by(
        "/readings?limit=500", "enterprise", (C1, C2, D1, D2, VERIFIER, UNASSIGNED)
    )

    assert seen == {
        C1: ["E1"],
        C2: ["E2"],
        D1: ["E1", "E2"],
        D2: ["E3"],
        VERIFIER: ["E1", "E2"],
        UNASSIGNED: [],
    }
    assert rights.status("", "/readings") == 401
    rights.same_as_absent(C2, "/readings/E1-COAL/2025-01", "/readings/E1-COAL/1999-01")


def test_in_bulk_each_part_is_taken_whole_or_refused_whole(rights):
    parts = [
        {"rows": [reading("2025-02", "510")]},
        {"rows": [reading("2025-03", "520"), reading("2025-03", "530")]},
        {"rows": [reading("2025-03", "540")]},
    ]
    client = rights.visit(CITY)

    first = rights.post(client, "/api/v1/readings/bulk", {"items": parts}, key="file")
    again = rights.post(client, "/api/v1/readings/bulk", {"items": parts}, key="file")

    assert first.status_code == 200, first.text
    told = [(one["index"], one["status"], one["code"]) for one in first.json["items"]]
    assert [one[:2] for one in told] == [(0, 201), (1, 422), (2, 201)]
    assert told[1][2] == first.json["items"][1]["problem"]["code"] == "rows_refused"
    assert first.json["items"][0]["command_id"] == "REG1/file.0"
    assert [one["is_repeated"] for one in again.json["items"]] == [True, True, True]
    assert rights.listed(D2, "/readings?meter=E3-M1", "value") == ["100", "500.5", "510", "540"]


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"rows": [reading("2025-02")]}, {"rows": [{"meter": "E3-M1"}]}],
        [{"rows": [reading("2025-02")] * 4_000}, {"rows": [reading("2025-02")] * 4_001}],
    ],
    ids=["nothing", "one line malformed", "one line too many"],
)
def test_a_malformed_bulk_request_sends_nothing(rights, items):
    assert rights.refused(CITY, "/readings/bulk", {"items": items}).status_code == 422
    assert rights.listed(D2, "/readings", "month") == ["2024-12", "2025-01"]


def test_eight_thousand_lines_may_come_in_more_than_one_mebibyte(rights):
    lines = [reading("2025-02", "510", evidence="x" * 120) for _ in range(8_000)]

    answer = rights.post(rights.visit(CITY), "/api/v1/readings/bulk", {"items": [{"rows": lines}]})

    assert answer.status_code == 200, answer.text
    assert answer.json["items"][0]["code"] == "rows_refused"  # one month cannot be read twice


def test_a_correction_needs_the_approver_of_the_enterprise(rights):
    body = {
        "enterprise": "E1",
        "reason": "misread",
        "reading": reading("2025-12", "4999", meter="E1-COAL"),
    }
    answer = rights.post(rights.visit(C1), "/api/v1/readings/corrections", body)
    assert answer.status_code == 202

    assert rights.refused(C2, "/readings/corrections", body).json["code"] == "role_missing"
    assert rights.refused(A1, "/readings/corrections", body).status_code == 403
