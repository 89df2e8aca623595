"""Project gates over HTTP: verdicts, asks in their order, listed quota, assessed areas."""

from tests.api.rest.rights_town import AUDITOR, C1, C2, CHECKER, CITY, D1, D2
from tests.api.rest.test_budgets import capped


def assessing(project, energy, **changes):
    return {
        "project": project,
        "enterprise": "E1",
        "district": "990101",
        "energy_kgce": str(energy),
        "document": f"评估{project}",
        **changes,
    }


def test_asks_are_served_by_class_then_by_day_and_as_far_as_headroom_goes(rights):
    capped(rights)
    for project, energy, priority in (
        ("P1", 500_000, ""),
        ("P2", 300_000, "high_tech"),
        ("P3", 600_000, "high_tech"),
        ("P4", 400_000, "households"),
        ("P5", 100_000, ""),
    ):
        body = assessing(project, energy, priority=priority)
        assert rights.does(D1, "/gate-verdicts", body)["result"]["verdict"] == "no_gate"

    told = rights.reads(D1, "/districts/990101/asks?year=2026")

    assert (told["headroom"], told["left"]) == ("1000000", "200000")
    found = [(row["project"], row["left"], row["fits"]) for row in told["asks"]]
    assert found == [
        ("P4", "1000000", True),
        ("P2", "600000", True),
        ("P3", "300000", False),
        ("P1", "300000", False),
        ("P5", "300000", True),
    ]


def test_the_newest_verdict_of_a_project_asks(rights):
    capped(rights)
    rights.does(D1, "/gate-verdicts", assessing("P1", 1_000_000))
    rights.does(D1, "/gate-verdicts", assessing("P1", 400_000))

    told = rights.reads(D1, "/districts/990101/asks?year=2026")

    assert [row["asks"] for row in told["asks"]] == ["400000"]


def test_verdicts_are_seen_by_whom_they_concern(rights):
    rights.does(D1, "/gate-verdicts", assessing("P1", 1_000))

    seen = rights.seen_by("/gate-verdicts", "project", (C1, C2, D1, D2, CITY, AUDITOR))
    assert seen == {C1: ["P1"], C2: [], D1: ["P1"], D2: [], CITY: ["P1"], AUDITOR: ["P1"]}
    sheet = rights.reads(C1, "/gate-verdicts")["items"][0]["sheet"]
    assert sheet["steps"][0]["rule"] == "DST-75"
    refused = rights.refused(D2, "/gate-verdicts", assessing("P2", 1_000))
    assert refused.json["code"] == "role_missing"
    rights.same_as_absent(
        D2, "/districts/990101/asks?year=2026", "/districts/990109/asks?year=2026"
    )


def test_quota_is_listed_only_where_the_verdict_says_so(rights):
    rights.does(D1, "/gate-verdicts", assessing("P1", 1_000))
    body = {"project": "P1", "amount_kgce": "1000", "last_year": 2030, "document": "申请1号"}

    refused = rights.refused(D1, "/listings", body)

    assert refused.json["code"] == "listing_not_open"
    decision = {"finding": "granted", "amount_kgce": "1", "document": "批1号"}
    assert rights.refused(CITY, "/listings/P1/decisions", decision).json["code"] == (
        "listing_not_ready"
    )
    handing = {"document": "交1号"}
    assert rights.refused(D1, "/listings/P1/hand-overs", handing).json["code"] == (
        "listing_not_ready"
    )
    assert rights.listed(AUDITOR, "/listings", "project") == []


def test_a_project_is_linked_to_its_area(rights):
    area = {
        "region": "A1",
        "district": "990101",
        "name": "高新区",
        "total_kgce": "300000",
        "intensity": "0.5",
        "last_year": 2030,
        "document": "区评1号",
        "negative_list": ["CEMENT"],
    }
    rights.agreed(CITY, CHECKER, "/regions", area)
    project = {
        "project": "P1",
        "enterprise": "E1",
        "sector": "TEXTILE",
        "energy_kgce": "200000",
        "value_added_fen": "400000000",
        "document": "联动1号",
    }

    rights.agreed(D1, CHECKER, "/regions/A1/projects", project)

    shown = rights.reads(C1, "/region-projects")["items"][0]
    assert (shown["region"], shown["energy"]) == ("A1", "200000")
    region = rights.reads(D1, "/regions")["items"][0]
    assert (region["remaining"], region["negative_list"]) == ("100000", {"sectors": ["CEMENT"]})
    assert rights.listed(D2, "/regions", "id") == rights.listed(C2, "/region-projects", "id") == []
