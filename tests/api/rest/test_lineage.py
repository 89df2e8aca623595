"""Lineage over HTTP: back to the decision, forward to the end, and no further than one's eyes."""

import pytest

from ledger.follow import catch_up
from ledger.projections import PROJECTIONS
from tests.api.rest.rights_town import A1, AUDITOR, C1, C2, CITY, D1, D2
from tests.api.rest.test_figures import traded
from tests.api.rest.test_projects import accepted

ENTRY_OF_ALLOCATION, ENTRY_OF_TRANSFER = 14, 17


@pytest.fixture
def traced(rights):
    """
    Entry 1 gave E1 100,000 kgce of 2025; entry 12 is the budget of which 13 and 14 issued some.

    Of lot 1.0, E1 surrendered 1,000, gave E3 3,000, got 500 back and gave E2 200. Entry 10 freed
    600 kgce of E2's, 480 of which entry 12 retired for a project of E3's that added 400.
    """
    accepted(rights)
    traded(rights)
    catch_up(rights.bench.engine, PROJECTIONS)
    return rights


def lot_of(traced, person, name):
    return traced.reads(person, f"/lots/{name}")


def outcomes(told):
    return [{one["outcome"]: one["amount"] for one in lot["outcomes"]} for lot in told["items"]]


def test_a_lot_leads_back_to_its_decision_and_forward_to_its_ends(traced):
    told = lot_of(traced, CITY, "1.0")

    [lot] = told["items"]
    assert (lot["amount"], lot["first_holder"], lot["unit"]) == ("100000", "enterprise:E1", "kgce")
    decision = lot["decision"]
    assert (decision["kind"], decision["rule"]) == ("entries.post", "REG-11")
    assert (decision["made_by"], decision["approved_by"]) == ("person:REG1", "person:REG2")
    assert outcomes(told) == [{"surrendered": "1000", "held": "99000"}]
    assert told["through_entry"] == 19
    budget = lot_of(traced, AUDITOR, "13.0")["items"][0]
    assert (budget["decision"]["kind"], budget["decision"]["documents"]) == (
        "budgets.set",
        ["预算1号"],
    )


def test_every_step_of_a_lot_is_listed_a_page_at_a_time(traced):
    steps = traced.turned(CITY, "/lots/1.0/moves")

    assert [(row["entry"], row["giver"], row["taker"], row["amount"]) for row in steps] == [
        (1, "scheme:issuance", "enterprise:E1", "100000"),
        (16, "enterprise:E1", "scheme:surrendered:2025", "1000"),
        (17, "enterprise:E1", "enterprise:E3", "3000"),
        (18, "enterprise:E3", "enterprise:E1", "500"),
        (19, "enterprise:E1", "enterprise:E2", "200"),
    ]
    holders = traced.turned(CITY, "/lots/1.0/holders")
    assert {row["holder"]: (row["outcome"], row["amount"]) for row in holders} == {
        "enterprise:E1": ("held", "96300"),
        "enterprise:E2": ("held", "200"),
        "enterprise:E3": ("held", "2500"),
        "scheme:surrendered:2025": ("surrendered", "1000"),
    }


def test_a_trace_goes_through_a_substitution(traced):
    freed = lot_of(traced, CITY, "source:K2-ENERGY")
    added = lot_of(traced, CITY, "12.1")

    assert outcomes(freed) == [{"substituted": "480", "held": "120"}]
    assert freed["became"] == [{"lot": "12.1", "made_of": "10.0", "amount": "480"}]
    assert added["made_of"] == freed["became"]
    [older] = added["older"]
    assert (older["lot"], older["first_holder"]) == ("10.0", "source:K2-ENERGY")
    assert older["decision"]["documents"] == ["确权1号"]


def test_a_holding_tells_its_lots_in_the_order_in_which_they_will_leave(traced):
    asset = "energy.flow.general.2025.eq.990101"
    rows = traced.turned(CITY, f"/accounts/enterprise:E1:held/lots?asset={asset}")

    # The account is the one for holds; lots are those of all accounts of its owner.
    assert [(row["lot"], row["amount"], row["came_by_entry"]) for row in rows] == [
        ("1.0", "95800", 1),
        ("13.0", "60000", ENTRY_OF_ALLOCATION),
        ("1.0", "500", 18),
    ]
    assert [row["came_from"] for row in rows] == [
        "scheme:issuance",
        "district:990101",
        "enterprise:E3",
    ]


def test_an_entry_tells_the_lots_that_it_moved(traced):
    told = traced.reads(CITY, f"/entries/{ENTRY_OF_TRANSFER}/lots")

    assert [(row["lot"], row["amount"]) for row in told["items"]] == [("1.0", "3000")]
    assert told["through_entry"] == 19
    # A hold moves units between accounts of one owner, which is no step of theirs.
    assert traced.reads(CITY, "/entries/9/lots")["items"] == []


def test_an_enterprise_sees_its_own_lots_back_to_the_decision_and_nobody_else(traced):
    told = lot_of(traced, C1, "1.0")

    assert outcomes(told) == [{"surrendered": "1000", "held": "96300"}]
    assert told["items"][0]["decision"]["made_by"] is None
    assert told["items"][0]["decision"]["approved_by"] is None
    moves = traced.turned(C1, "/lots/1.0/moves")
    assert [row["taker"] for row in moves] == [
        "enterprise:E1",
        "scheme:surrendered:2025",
        "enterprise:*",
        "enterprise:E1",
        "enterprise:*",
    ]
    assert traced.listed(C1, "/lots/1.0/holders", "holder") == ["enterprise:E1"]
    held = traced.reads(C1, "/accounts/enterprise:E1:holding/lots")["items"]
    assert {row["came_from"] for row in held} == {
        "scheme:issuance",
        "district:990101",
        "enterprise:*",
    }


def test_another_party_is_named_nowhere_in_what_an_enterprise_is_told(traced):
    paths = ("/lots/1.0", "/lots/1.0/moves", "/lots/1.0/holders", "/lots/13.0", "/lots/13.0/moves")

    for path in paths:
        text = traced.visit(C2).get(f"/api/v1{path}").text
        assert "E1" not in text, path
        assert "E3" not in text, path
    # What E3 was given was made of what E2's closure freed; it is told the decision, not whose.
    added = traced.visit(D2).get("/api/v1/lots/12.1").text
    assert "source:*" in added
    assert "K2" not in added


def test_each_sees_the_lots_of_its_own_and_hidden_is_as_absent(traced):
    names = ("1.0", "5.0", "10.0", "12.1", "13.0")
    seen = {
        person: [name for name in names if traced.status(person, f"/lots/{name}") == 200]
        for person in (C1, A1, C2, D1, D2, AUDITOR)
    }

    assert seen == {
        C1: ["1.0", "13.0"],
        A1: ["1.0", "13.0"],
        C2: ["1.0", "5.0", "10.0", "13.0"],
        D1: ["1.0", "5.0", "10.0", "13.0"],
        D2: ["1.0", "12.1"],
        AUDITOR: list(names),
    }
    for tail in ("", "/moves", "/holders"):
        traced.same_as_absent(C1, f"/lots/5.0{tail}", f"/lots/999.0{tail}")
    hidden = "/accounts/enterprise:E2:holding/lots"
    traced.same_as_absent(C1, hidden, "/accounts/enterprise:E9:holding/lots")
    traced.same_as_absent(C1, "/entries/15/lots", "/entries/999/lots")
    assert traced.status("", "/lots/1.0") == 401
    assert traced.status("person:CLR1", "/lots/1.0") == 403


def test_what_names_no_lot_is_said_to_name_none(traced):
    answer = traced.visit(CITY).get("/api/v1/lots/12")

    assert (answer.status_code, answer.json["code"]) == (422, "lot_malformed")
    assert traced.status(CITY, "/lots/source:S999") == 404


def test_what_was_not_followed_yet_is_not_there_yet(rights):
    traded(rights)

    assert rights.status(CITY, "/lots/1.0") == 404
    assert rights.reads(CITY, "/entries/1/lots") | {"sequence": 0} == {
        "items": [],
        "next_cursor": None,
        "sequence": 0,
        "through_entry": 0,
    }
