"""Opinions over HTTP: signed by two verifiers, seen by whom the report concerns."""

from tests.api.rest.rights_town import AUDITOR, C1, C2, D1, D2, HASH, UNASSIGNED, VERIFIER


def test_opinions_are_seen_like_their_reports(rights):
    people = (C1, C2, D1, D2, VERIFIER, UNASSIGNED, AUDITOR)

    assert rights.seen_by("/opinions", "enterprise", people) == {
        C1: ["E1"],
        C2: ["E2"],
        D1: ["E1", "E2"],
        D2: [],
        VERIFIER: ["E1", "E2"],
        UNASSIGNED: [],
        AUDITOR: ["E1", "E2"],
    }
    assert rights.status("", "/opinions") == 401


def test_an_opinion_names_its_team_and_the_hash_it_is_about(rights):
    rows = rights.turned(AUDITOR, "/opinions?year=2025&verdict=accept")

    assert [row["enterprise"] for row in rows] == ["E1", "E2"]
    assert rows[0]["team"] == ["person:VER1", "person:VER2"]
    report = rights.reads(C1, "/reports/E1/2025/1")
    assert rows[0]["report_hash"] == report["report_hash"]


def test_only_verifiers_give_opinions(rights):
    body = {"report_hash": HASH, "verdict": "accept", "opinion_hash": HASH}

    refused = rights.refused(D1, "/reports/E1/2025/1/opinions", body)
    assert refused.json["code"] == "not_permitted"
    proposed = rights.post(rights.visit(VERIFIER), "/api/v1/reports/E1/2025/1/opinions", body)
    assert proposed.status_code == 202
