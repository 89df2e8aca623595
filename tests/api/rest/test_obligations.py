"""Obligations over HTTP, where enterprises stand, and what each still lacks."""

from tests.api.rest.rights_town import A1, AUDITOR, C1, C2, CITY, D1, D2

LINE = ("measure", "owed", "surrendered", "usable", "restricted", "encumbered", "gap")


def position(rights, person, enterprise, year=2025):
    rows = rights.reads(person, f"/enterprises/{enterprise}/position?year={year}")["items"]
    return [tuple(row[name] for name in LINE) for row in rows]


def test_obligations_are_seen_with_their_sheets_by_whom_they_concern(rights):
    people = (C1, C2, D1, D2, AUDITOR)
    everything = {C1: ["E1"], C2: ["E2"], D1: ["E1", "E2"], D2: [], AUDITOR: ["E1", "E2"]}

    for path in ("/obligations", "/standings"):
        assert rights.seen_by(path, "enterprise", people) == everything
        assert rights.status("", path) == 401
        assert len(rights.turned(D1, f"{path}?year=2025")) == 4
        assert rights.listed(AUDITOR, f"{path}?district=990102", "owed") == []
    shown = rights.reads(C1, "/obligations/E1/2025/energy")
    assert shown["owed"] == "5000"
    assert shown["sheet"]["steps"]
    hidden = "/obligations/E1/2025/energy"
    rights.same_as_absent(C2, hidden, "/obligations/E9/2025/energy")


def test_the_gap_of_a_standing_is_what_is_still_owed(rights):
    paying = {"enterprise": "E1", "year": 2025, "measure": "energy", "amount": "1200"}
    rights.agreed(C1, A1, "/surrenders", paying)

    names = ("measure", "owed", "surrendered", "gap", "state")
    assert rights.listed(C1, "/standings", *names) == [
        ("coal", "2000", "0", "2000", "due"),
        ("energy", "5000", "1200", "3800", "due"),
    ]
    assert rights.listed(D1, "/standings?state=closed", "owed") == []


def test_a_position_counts_what_answers_and_nothing_else(rights):
    # E1: 100,000 less 10,000 on order; the units of 2026 and of the other district do not answer.
    assert position(rights, C1, "E1") == [
        ("energy", "5000", "0", "90000", "0", "10000", "-85000"),
        ("coal", "2000", "0", "5000", "0", "0", "-3000"),
    ]
    # E2 is two-high: what it bought of the general class does not answer, the city's units do.
    assert position(rights, D1, "E2")[0] == (
        "energy", "700", "0", "50000", "0", "0", "-49300",
    )  # fmt: skip


def test_before_an_obligation_is_computed_there_is_no_gap(rights):
    assert position(rights, AUDITOR, "E3")[0] == ("energy", None, "0", "0", "0", "0", None)
    assert position(rights, C1, "E1", 2026)[0][1] is None
    assert rights.status(C1, "/enterprises/E1/position") in (400, 422)
    assert rights.status(C1, "/enterprises/E1/position?year=999999") in (400, 422)
    rights.same_as_absent(
        C2, "/enterprises/E1/position?year=2025", "/enterprises/E9/position?year=2025"
    )


def test_obligations_are_computed_once_by_the_city(rights):
    body = {"year": 2025, "enterprises": ["E3"]}

    assert rights.refused(D1, "/obligations", body).json["code"] == "not_permitted"
    assert rights.refused(CITY, "/obligations", body).status_code in (404, 409, 422)
