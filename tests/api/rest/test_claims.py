"""Due claims over HTTP: what was sold before it was taken back, and its settlement."""

from ledger.asset import flow
from ledger.transfer import Line, PostLines
from tests.api.rest.rights_town import AUDITOR, C1, C2, CHECKER, D1, D2
from tests.api.rest.test_allocations import issued
from tests.ledger.compliance.world import give

ASSET = flow(measure="energy", vintage=2025, area="990101").code


def indebted(rights):
    """E2 gave away what it was issued ahead, so that true-up finds nothing; return what is due."""
    issued(rights, year=2025)
    bench = rights.bench
    there = bench.balance("enterprise:E2:restricted", ASSET)
    away = Line("away", "enterprise:E2:restricted", "enterprise:E3:holding", ASSET, there)
    bench.both(PostLines(rule="REG-11", lines=(away,))).require()
    body = {"document": "核定1号", "enterprises": ["E2"], "without_output": ["E2"]}
    rights.agreed(D1, CHECKER, "/allocations/990101/2025/energy/true-ups", body)
    return there


def test_a_due_claim_is_seen_by_owner_district_and_auditor_and_settled(rights):
    due = indebted(rights)
    names = ("enterprise", "asset", "amount", "outstanding")

    assert rights.listed(C2, "/due-claims", *names) == [("E2", ASSET, str(due), str(due))]
    assert rights.seen_by("/due-claims", "enterprise", (C1, D1, D2, AUDITOR)) == {
        C1: [],
        D1: ["E2"],
        D2: [],
        AUDITOR: ["E2"],
    }
    assert rights.status("", "/due-claims") == 401
    give(rights.bench, ASSET, 100, to="E2")
    part = {"enterprise": "E2", "asset": ASSET, "amount": "100"}
    told = rights.does(C2, "/due-claims/settlements", part)
    assert told["result"]["still_owed"] == str(due - 100)
    assert rights.listed(C2, "/due-claims", "outstanding") == [str(due - 100)]
    assert len(rights.turned(AUDITOR, f"/due-claims?asset={ASSET}&district=990101")) == 1


def test_nobody_settles_more_than_is_owed_or_for_another(rights):
    body = {"enterprise": "E1", "asset": ASSET, "amount": "1"}

    assert rights.refused(C1, "/due-claims/settlements", body).json["code"] == "claim_exceeded"
    assert rights.refused(C2, "/due-claims/settlements", body).json["code"] == "role_missing"
