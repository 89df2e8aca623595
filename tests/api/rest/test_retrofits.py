"""Audits of works over HTTP."""

from tests.api.rest.rights_town import AUDITOR, C1, C2, D1, D2, HASH, VERIFIER


def audit(**facts):
    return {
        "enterprise": "E1",
        "facility": "F1",
        "measure": "energy",
        "consumed": "80000000",
        "audited_on": "2026-01-10",
        "evidence": HASH,
        **facts,
    }


def test_a_baseline_is_filed_and_seen_by_whom_it_concerns(rights):
    rights.does(VERIFIER, "/retrofits/W1/baselines", audit())
    other = audit(enterprise="E2", facility="F2", consumed="7")
    rights.does(VERIFIER, "/retrofits/W2/baselines", other)

    assert rights.seen_by("/retrofits", "works", (C1, C2, D1, D2, VERIFIER, AUDITOR)) == {
        C1: ["W1"],
        C2: ["W2"],
        D1: ["W1", "W2"],
        D2: [],
        VERIFIER: ["W1", "W2"],
        AUDITOR: ["W1", "W2"],
    }
    assert rights.status("", "/retrofits") == 401
    names = ("enterprise", "stage", "consumed", "filed_on")
    asked = "works=W1&facility=F1&stage=before&measure=energy"
    assert rights.listed(C1, f"/retrofits?{asked}", *names) == [
        ("E1", "before", "80000000", "2026-01-15")
    ]
    assert [row["works"] for row in rights.turned(AUDITOR, "/retrofits")] == ["W1", "W2"]


def test_an_audit_is_filed_once_and_by_verifiers_only(rights):
    rights.does(VERIFIER, "/retrofits/W1/re-audits", audit())

    assert rights.refused(VERIFIER, "/retrofits/W1/re-audits", audit()).status_code == 409
    assert rights.refused(C1, "/retrofits/W1/baselines", audit()).json["code"] == "role_missing"
