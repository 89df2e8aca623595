"""Allocations over HTTP: planned, issued, trued up, with their sheets."""

from tests.api.rest.rights_town import AUDITOR, C1, C2, CHECKER, CITY, D1, D2
from tests.api.rest.test_budgets import cap

OF_2026 = "/allocations/990101/2026/energy"


def line(enterprise, output):
    """A row at 100 kgce a tonne of cement."""
    return {
        "enterprise": enterprise,
        "product": "cement",
        "output": str(output),
        "benchmark": "100",
        "method": "benchmarking",
    }


def planned(rights, *, year=2026):
    rights.agreed(CITY, CHECKER, "/budgets", {"rows": [cap("990101", 1_000_000, year=year)]})
    body = {
        "district": "990101",
        "year": year,
        "measure": "energy",
        "rows": [line("E1", 1_000), line("E2", 2_000)],
    }
    return rights.does(D1, "/allocations", body)["result"]["plan_hash"]


def issued(rights, **facts):
    body = {"plan_hash": planned(rights, **facts), "document": "发放1号"}
    year = facts.get("year", 2026)
    return rights.agreed(D1, CHECKER, f"/allocations/990101/{year}/energy/issuances", body)


def test_a_plan_is_shown_with_its_sheet_and_issued_by_its_hash(rights):
    plan_hash = planned(rights)
    row = rights.reads(C1, "/allocations/E1/2026/energy?product=cement")
    assert (row["state"], row["requested"], row["issued"]) == ("planned", "100000", "0")
    assert row["sheet"]["steps"][0]["inputs"]
    assert row["final_sheet"] is None

    rights.agreed(D1, CHECKER, f"{OF_2026}/issuances", {"plan_hash": plan_hash, "document": "1号"})

    assert rights.listed(C1, "/allocations?state=issued", "enterprise") == ["E1"]
    assert rights.reads(D1, "/budgets/990101/2026/energy")["issued"] != "0"


def test_what_was_issued_for_2025_is_trued_up_by_final_reports(rights):
    issued(rights, year=2025)
    body = {"document": "核定1号", "without_output": ["E1", "E2"]}

    rights.agreed(D1, CHECKER, "/allocations/990101/2025/energy/true-ups", body)

    row = rights.reads(C2, "/allocations/E2/2025/energy?product=cement")
    assert (row["state"], row["final_output"], row["issued"]) == ("final", "0", "0")
    assert row["final_sheet"]["steps"]
    # Nothing was made, so all of the 70 % issued ahead went back.
    assert rights.reads(D1, "/budgets/990101/2025/energy")["issued"] == "0"


def test_allocations_are_seen_by_owner_district_and_auditor(rights):
    planned(rights)

    assert rights.seen_by("/allocations", "enterprise", (C1, C2, D1, D2, AUDITOR)) == {
        C1: ["E1"],
        C2: ["E2"],
        D1: ["E1", "E2"],
        D2: [],
        AUDITOR: ["E1", "E2"],
    }
    assert rights.status("", "/allocations") == 401
    assert len(rights.turned(D1, "/allocations?year=2026&measure=energy&product=cement")) == 2
    hidden = "/allocations/E1/2026/energy?product=cement"
    rights.same_as_absent(C2, hidden, "/allocations/E1/2026/energy?product=nothing")


def test_a_plan_of_another_district_is_refused(rights):
    body = {"district": "990101", "year": 2026, "measure": "energy", "rows": [line("E1", 1)]}

    assert rights.refused(D2, "/allocations", body).json["code"] == "role_missing"
    assert rights.refused(C1, "/allocations", body).json["code"] == "not_permitted"
    assert rights.refused(D1, "/allocations", body).json["code"] == "budget_not_set"
