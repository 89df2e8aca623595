"""Projects over HTTP: registered, planned, accepted; what was retired for them."""

from tests.api.rest.rights_town import AUDITOR, C1, C2, CHECKER, D1, D2
from tests.api.rest.test_freed_claims import freed

NOTHING_ELSE = [
    {"measure": measure, "added": "0"}
    for measure in ("capacity-clinker", "coal", "carbon", "pollutant-nox")
]


def project(code="P1", *, enterprise="E3", district="990102"):
    return {
        "project": code,
        "name": "新线",
        "enterprise": enterprise,
        "district": district,
        "sector": "CEMENT",
        "last_year": 2030,
        "additions": [{"measure": "energy", "added": "400"}, *NOTHING_ELSE],
        "qualifying": "yes",
        "decision": "发改1号",
    }


def accepted(rights):
    """A project of E3 that adds 400 kgce and retires 480 of what E2's closure freed."""
    rights.does(D2, "/projects", project())
    source = freed(rights)["sources"][0]["source"]
    plan = {"sources": [{"source": source, "amount": "480"}], "document": "统筹1号"}
    rights.does(D2, "/projects/P1/plans", plan)
    rights.agreed(D2, CHECKER, "/projects/P1/acceptance", {})
    return source


def test_an_accepted_project_shows_what_it_adds_and_what_was_retired(rights):
    source = accepted(rights)

    shown = rights.reads(D2, "/projects/P1")

    assert (shown["state"], shown["sheet"]["steps"] != []) == ("accepted", True)
    measure = next(one for one in shown["measures"] if one["measure"] == "energy")
    assert (measure["added"], measure["retired"], measure["net_reduction"]) == (
        "400",
        "480",
        "80",
    )
    assert [(one["source"], one["amount"]) for one in shown["plan_lines"]] == [(source, "480")]
    assert [(one["source"], one["amount"]) for one in shown["retirements"]] == [(source, "480")]
    assert rights.listed(C2, "/freed-sources", "remaining") == ["120"]


def test_projects_are_seen_by_owner_district_and_auditor(rights):
    rights.does(D2, "/projects", project())
    rights.does(D1, "/projects", project("P2", enterprise="E2", district="990101"))

    assert rights.seen_by("/projects", "id", (C1, C2, D1, D2, AUDITOR)) == {
        C1: [],
        C2: ["P2"],
        D1: ["P2"],
        D2: ["P1"],
        AUDITOR: ["P1", "P2"],
    }
    assert rights.status("", "/projects") == 401
    rows = rights.turned(AUDITOR, "/projects?state=registered&sector=CEMENT")
    assert [(row["id"], row["plan"], row["plan_lines"]) for row in rows] == [
        ("P1", None, []),
        ("P2", None, []),
    ]
    rights.same_as_absent(C1, "/projects/P1", "/projects/P9")


def test_a_project_of_another_district_is_not_registered(rights):
    assert rights.refused(D1, "/projects", project()).json["code"] == "role_missing"
    assert rights.refused(C1, "/projects/P9/plans", {"sources": []}).status_code >= 400
