"""Freed quota over HTTP: claimed, reviewed, confirmed, and what remains of its sources."""

from tests.api.rest.rights_town import (
    AUDITOR,
    C1,
    C2,
    CHECKER,
    D1,
    D2,
    HASH,
    UNASSIGNED,
    VERIFIER,
)

SECOND = "person:VER2"


def closure(claim="K2", enterprise="E2", facility="F2", amount=600):
    return {
        "claim": claim,
        "enterprise": enterprise,
        "facility": facility,
        "closed_on": "2026-01-10",
        "statistics_year": 2025,
        "last_year": 2030,
        "evidence": HASH,
        "measures": [{"measure": "energy", "statistics": str(amount), "approved": str(amount)}],
    }


def freed(rights):
    """The closure of E2's cement plant, confirmed: 600 kgce; return what was confirmed."""
    rights.does(C2, "/freed-claims/closures", closure())
    opinion = {"finding": "upheld", "document": "核字1号", "evidence": HASH}
    rights.agreed(VERIFIER, SECOND, "/freed-claims/K2/opinions", opinion)
    return rights.agreed(D1, CHECKER, "/freed-claims/K2/confirmation", {"document": "确权1号"})


def test_a_closure_is_claimed_reviewed_and_confirmed(rights):
    freed(rights)

    shown = rights.reads(C2, "/freed-claims/K2")

    assert (shown["state"], shown["method"], shown["freed_year"]) == ("confirmed", "closure", 2026)
    assert [(one["measure"], one["amount"]) for one in shown["measures"]] == [("energy", "600")]
    assert shown["measures"][0]["sheet"]["steps"]
    source = shown["sources"][0]
    assert source["remaining"] == source["amount"] == "600"
    assert source["asset"] == "energy.standing.two_high.t2030.eq.990101"
    assert shown["audits"] == shown["clawbacks"] == []
    listed = rights.listed(D1, "/freed-sources?claim=K2", "enterprise", "remaining")
    assert listed == [("E2", "600")]


def test_claims_and_sources_are_seen_by_owner_district_verifier_and_auditor(rights):
    freed(rights)
    rights.does(C1, "/freed-claims/closures", closure("K1", "E1", "F1", 5_000))
    people = (C1, C2, D1, D2, VERIFIER, UNASSIGNED, AUDITOR)
    both = ["K1", "K2"]

    assert rights.seen_by("/freed-claims", "id", people) == {
        C1: ["K1"],
        C2: ["K2"],
        D1: both,
        D2: [],
        VERIFIER: both,
        UNASSIGNED: [],
        AUDITOR: both,
    }
    assert rights.seen_by("/freed-sources", "claim", (C1, D2, AUDITOR)) == {
        C1: [],
        D2: [],
        AUDITOR: ["K2"],
    }
    assert rights.status("", "/freed-claims") == rights.status("", "/freed-sources") == 401
    assert [row["id"] for row in rights.turned(AUDITOR, "/freed-claims?method=closure")] == both
    assert rights.listed(AUDITOR, "/freed-claims?state=claimed&facility=F1", "id") == ["K1"]
    rights.same_as_absent(C1, "/freed-claims/K2", "/freed-claims/K9")


def test_a_retrofit_without_audits_and_a_stranger_are_refused(rights):
    retrofit = {
        "claim": "K3",
        "enterprise": "E1",
        "facility": "F1",
        "works": "W1",
        "began_on": "2025-07-01",
        "ended_on": "2025-12-31",
        "last_year": 2030,
        "evidence": HASH,
        "measures": [{"measure": "energy"}],
    }
    assert rights.refused(C1, "/freed-claims/retrofits", retrofit).status_code in (404, 409, 422)
    for path, body in (("retrofits", retrofit), ("closures", closure("K1", "E1", "F1"))):
        refused = rights.refused(C2, f"/freed-claims/{path}", body)
        assert refused.json["code"] == "role_missing"
