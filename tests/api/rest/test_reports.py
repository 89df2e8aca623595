"""Reports over HTTP: drafted, submitted, verified, accepted, returned; seen by few."""

from hashlib import sha256

import sqlalchemy as sa

from ledger.command import canonical
from ledger.metering.tables import ReportVerifierRow
from tests.api.rest.rights_town import (
    AUDITOR,
    C1,
    C2,
    CHECKER,
    CITY,
    D1,
    D2,
    HASH,
    UNASSIGNED,
    VERIFIER,
)

FINAL = "/reports/E1/2025/1"
E3 = "/reports/E3/2025"


def fill_the_year_of_e3(rights):
    lines = [
        {"meter": "E3-M1", "month": f"2025-{month:02}", "value": "600", "unit": "kg"}
        for month in range(2, 13)
    ]
    rights.does(CITY, "/readings", {"rows": lines})


def submitted(rights):
    """A report of E3 over 500 kg of coal, at 600 less the 100 it began with; return its hash."""
    fill_the_year_of_e3(rights)
    rights.does("person:COM", "/reports", {"enterprise": "E3", "year": 2025})
    output = {"product": "cloth", "amount": "1000", "unit": "m"}
    told = rights.agreed("person:COM", "person:ADM", f"{E3}/1/submission", {"outputs": [output]})
    return told["report_hash"]


def test_a_report_goes_from_draft_to_final(rights):
    report_hash = submitted(rights)
    rights.agreed(D2, CHECKER, f"{E3}/verifiers", {"verifiers": ["person:VER1", "person:VER2"]})
    opinion = {"report_hash": report_hash, "verdict": "accept", "opinion_hash": HASH}
    rights.agreed("person:VER1", "person:VER2", f"{E3}/1/opinions", opinion)
    rights.agreed(D2, CHECKER, f"{E3}/1/acceptance", {"report_hash": report_hash})

    shown = rights.reads(VERIFIER, f"{E3}/1")

    assert (shown["state"], shown["energy_kgce"], shown["coal_kg"]) == ("final", "500", "500")
    assert shown["verifiers"] == ["person:VER1", "person:VER2"]
    assert shown["content"]["outputs"] == [{"product": "cloth", "amount": 1000, "unit": "m"}]
    assert sha256(canonical(shown["content"])).hexdigest() == shown["report_hash"] == report_hash


def test_a_report_is_returned_with_a_reason_and_not_without(rights):
    report_hash = submitted(rights)
    refused = rights.refused(D2, f"{E3}/1/return", {"report_hash": report_hash, "reason": " "})
    assert refused.json["code"] == "return_reason_missing"

    rights.does(D2, f"{E3}/1/return", {"report_hash": report_hash, "reason": "meter missing"})

    assert rights.listed(D2, "/reports?state=returned", "enterprise") == ["E3"]


def test_reports_are_seen_by_owner_district_assigned_verifier_and_auditor(rights):
    people = (C1, C2, D1, D2, VERIFIER, UNASSIGNED, AUDITOR)

    assert rights.seen_by("/reports", "enterprise", people) == {
        C1: ["E1"],
        C2: ["E2"],
        D1: ["E1", "E2"],
        D2: [],
        VERIFIER: ["E1", "E2"],
        UNASSIGNED: [],
        AUDITOR: ["E1", "E2"],
    }
    assert rights.status("", "/reports") == 401
    assert "content" not in rights.reads(C1, "/reports")["items"][0]
    for stranger in (C2, D2, UNASSIGNED):
        rights.same_as_absent(stranger, FINAL, "/reports/E1/2025/9")


def test_a_verifier_sees_only_the_years_assigned(rights):
    with rights.bench.engine.begin() as connection:
        connection.execute(
            sa.update(ReportVerifierRow)
            .where(ReportVerifierRow.enterprise == "E1", ReportVerifierRow.person == VERIFIER)
            .values(year=2024)
        )

    assert rights.listed(VERIFIER, "/reports", "enterprise") == ["E2"]
    assert rights.listed(VERIFIER, "/opinions", "enterprise") == ["E2"]
    assert rights.status(VERIFIER, FINAL) == 404


def test_reports_turn_page_by_page(rights):
    rows = rights.turned(AUDITOR, "/reports?year=2025")

    assert [row["enterprise"] for row in rows] == ["E1", "E2"]
