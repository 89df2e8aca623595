"""The two-high register and projects beyond their plan, over HTTP."""

import seeds
from tests.api.rest.rights_town import AUDITOR, C1, C2, CHECKER, CITY, D1, D2, HASH
from tests.api.rest.test_projects import accepted, project

TODAY = "2026-01-15"


def listed(rights):
    """Adopt the sample's list of industries."""
    found = seeds.read_industry_lists()["sample_2025"]
    document = {**found, "valid_from": str(found["valid_from"])}
    return rights.agreed(CITY, CHECKER, "/industry-lists", document)


def line(entry="TH1", enterprise="E2", **facts):
    return {
        "entry": entry,
        "name": "熟料线",
        "enterprise": enterprise,
        "industry": "cement_clinker",
        "state": "proposed",
        "adds_capacity": "yes",
        "energy_kgce": "50000000",
        "review_by": "2099-06-30",
        **facts,
    }


def entered(rights, *rows, by=D1, district="990101"):
    body = {"district": district, "document": "清单1号", "rows": list(rows)}
    return rights.does(by, "/two-high-entries", body)


def test_lists_are_published_with_their_industries(rights):
    listed(rights)

    shown = rights.reads(AUDITOR, "/industry-lists/sample_2025")

    assert shown["status"] == "sample"
    assert len(shown["industries"]) == 6
    assert rights.listed(C1, "/industry-lists?status=sample", "version") == ["sample_2025"]
    assert rights.listed(C1, "/industry-lists?status=confirmed", "version") == []


def test_the_register_is_kept_and_seen_by_those_whom_it_concerns(rights):
    listed(rights)
    entered(rights, line(), line("TH2", energy_kgce="1"))
    entered(rights, line("TH3", "E3"), by=D2, district="990102")
    disposition = {"disposition": "upgrade", "document": "处置1号", "review_by": "2099-01-01"}
    rights.does(D1, "/two-high-entries/TH1/dispositions", disposition)
    moving = {"state": "under_construction", "document": "变更1号"}
    rights.does(D1, "/two-high-entries/TH1/moves", moving)

    shown = rights.reads(C2, "/two-high-entries/TH1")

    assert [one["step"] for one in shown["steps"]] == ["entered", "classified", "moved"]
    assert (shown["state"], shown["disposition"], shown["guidance"]) == (
        "under_construction",
        "upgrade",
        "yes",
    )
    assert shown["energy_kgce"] == "50000000"
    assert rights.seen_by("/two-high-entries", "id", (C1, C2, D1, D2, AUDITOR)) == {
        C1: [],
        C2: ["TH1", "TH2"],
        D1: ["TH1", "TH2"],
        D2: ["TH3"],
        AUDITOR: ["TH1", "TH2", "TH3"],
    }
    assert rights.listed(D1, "/two-high-entries?guidance=yes", "id") == ["TH1"]
    assert rights.listed(D1, "/two-high-entries?review_before=2099-01-01", "id") == ["TH1"]
    assert rights.listed(D1, "/two-high-entries?review_before=2098-12-31", "id") == []
    rights.same_as_absent(C1, "/two-high-entries/TH1", "/two-high-entries/TH9")
    refused = rights.refused(D2, "/two-high-entries/TH1/moves", moving)
    assert refused.json["code"] == "role_missing"


def test_a_project_shows_what_it_reserves_and_what_became_of_it(rights):
    accepted(rights)
    rights.agreed(D2, CHECKER, "/projects/P1/undoings", {"document": "撤销1号"})
    shown = rights.reads(D2, "/projects/P1")
    assert (shown["stage"], shown["retirements"], len(shown["undoings"])) == ("registered", [], 1)

    source = rights.listed(C2, "/freed-sources", "id")[0]
    plan = {"sources": [{"source": source, "amount": "500"}], "document": "统筹2号"}
    rights.does(D2, "/projects/P1/plans", plan)
    shown = rights.reads(D2, "/projects/P1")
    assert (shown["stage"], shown["assignment"]) == ("planned", "统筹2号")
    assert [(one["source"], one["amount"]) for one in shown["reservations"]] == [(source, "500")]

    rights.does(D2, "/projects/P1/withdrawals", {"document": "撤回1号"})
    shown = rights.reads(D2, "/projects/P1")
    assert shown["stage"] == "withdrawn"
    assert [(one["retired"], one["released"]) for one in shown["reservations"]] == [("0", "500")]
    assert rights.listed(C2, "/freed-sources", "remaining") == ["600"]


def test_the_closed_loop_tells_what_a_project_owes_and_must_put_right(rights):
    accepted(rights)
    rights.does(D1, "/projects", project("P2", enterprise="E2", district="990101"))
    running = {"commissioned_on": TODAY, "document": "投产1号", "evidence": HASH}
    rights.does(D2, "/projects/P1/commissionings", running)
    ordered = {
        "rectification": "R1",
        "limit": "产品能耗限额",
        "allowed": "117 kgce/t",
        "found": "121 kgce/t",
        "deadline": "2099-01-10",
        "document": "整改1号",
    }
    rights.does(D2, "/projects/P1/rectifications", ordered)

    assert rights.listed(AUDITOR, "/closed-loops", "id") == ["P1"]
    shown = rights.reads(D2, "/closed-loops/P1")
    told = {name: shown[name] for name in ("stage", "open_count", "overdue_count", "owed_count")}
    assert told == {"stage": "commissioned", "open_count": 1, "overdue_count": 0, "owed_count": 0}

    done = {"done_on": TODAY, "document": "复查1号", "evidence": HASH}
    rights.does(D2, "/projects/P1/rectifications/R1/completions", done)
    rights.does(D2, "/projects/P1/closings", {"document": "验收1号", "evidence": HASH})
    shown = rights.reads(D2, "/closed-loops/P1")
    assert (shown["stage"], shown["open_count"]) == ("closed", 0)
    nothing = {"measure": "energy", "document": "补足1号", "sources": []}
    answer = rights.post(rights.visit(D2), "/api/v1/projects/P1/settlements", nothing)
    assert answer.status_code == 202
    rights.same_as_absent(C1, "/closed-loops/P1", "/closed-loops/P9")
