"""Evaluation over HTTP: figures, scores with their sheets, ratings of districts."""

from tests.api.rest.rights_town import AUDITOR, C1, C2, CHECKER, CITY, D1, D2


def figures(enterprise, value_added, **changes):
    return {
        "enterprise": enterprise,
        "year": 2025,
        "value_added_fen": str(value_added),
        "tax_fen": "0",
        "energy_kgce": "1000000",
        "land_m2": "20000",
        "document": "评价1号",
        **changes,
    }


def test_figures_are_scored_and_each_sees_its_own(rights):
    rows = [figures("E1", 1_250_000_000), figures("E2", 1_875_000_000)]
    rights.does(D1, "/evaluations", {"rows": rows})
    assert rights.refused(D2, "/evaluations", {"rows": rows}).json["code"] == "role_missing"

    body = {"district": "990101", "year": 2025, "document": "打分1号"}
    rights.agreed(D1, CHECKER, "/evaluation-scores", body)

    fields = ("enterprise", "score", "band", "rank")
    wanted = [("E1", 6_000, "c", 2), ("E2", 7_200, "c", 1)]
    for path in ("/evaluations", "/evaluation-scores"):
        seen = rights.seen_by(path, "enterprise", (C1, C2, D1, D2, CITY, AUDITOR))
        both = ["E1", "E2"]
        assert seen == {C1: ["E1"], C2: ["E2"], D1: both, D2: [], CITY: both, AUDITOR: both}
    assert rights.listed(D1, "/evaluation-scores", *fields) == wanted
    sheet = rights.reads(C1, "/evaluation-scores")["items"][0]["sheet"]
    assert [step["name"] for step in sheet["steps"]] == [
        "value_added_per_tce", "tax_per_mu", "score", "band",
    ]  # fmt: skip


def test_the_newest_rating_is_shown_to_its_district(rights):
    for rating in ("c", "d"):
        row = {"district": "990101", "year": 2025, "rating": rating, "document": f"通报{rating}"}
        rights.agreed(CITY, CHECKER, "/district-ratings", {"rows": [row]})

    for person, found in ((D1, ["d"]), (D2, []), (AUDITOR, ["d"])):
        assert rights.listed(person, "/district-ratings", "rating") == found
