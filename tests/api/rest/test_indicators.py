"""Indicator ledgers over HTTP: every change with its document, moved and lent budget, headroom."""

import pytest

from tests.api.rest.rights_town import AUDITOR, C1, CHECKER, CITY, D1, D2
from tests.api.rest.test_allocations import issued
from tests.api.rest.test_budgets import BUDGET, capped

LINE = ("line", "amount", "balance", "document")


@pytest.fixture
def used(rights):
    """1,000 tce of the first district: 300 uncovered, 200 reserved, 50 moved and 60 lent out."""
    capped(rights)
    uncovered = {"amount": "300000", "document": "核定1号"}
    rights.agreed(CITY, CHECKER, f"{BUDGET}/uncovered", uncovered)
    reserve = {"document": "预留1号", "amount": "200000"}
    rights.agreed(D1, CHECKER, f"{BUDGET}/reserves", reserve)
    for path, amount, document in (("moves", 50_000, "调剂1号"), ("loans", 60_000, "借用1号")):
        rights.agreed(D1, CHECKER, f"/budget-{path}", giving(amount, document))
    return rights


def giving(amount, document):
    return {
        "giver": "990101",
        "taker": "990102",
        "year": 2026,
        "measure": "energy",
        "amount": str(amount),
        "document": document,
    }


def test_intake_less_outlay_is_the_balance_after_every_line(used):
    assert used.listed(D1, f"{BUDGET}/lines", *LINE) == [
        ("cap", "1000000", "1000000", "预算1号"),
        ("uncovered_use", "-300000", "700000", "核定1号"),
        ("reserved", "-200000", "500000", "预留1号"),
        ("moved_out", "-50000", "450000", "调剂1号"),
        ("lent_out", "-60000", "390000", "借用1号"),
    ]
    assert len(used.turned(D1, f"{BUDGET}/lines")) == 5
    left = used.reads(D1, "/districts/990101/headroom?year=2026")
    assert left["own"] == [
        {
            "measure": "energy",
            "cap": "890000",
            "reserved": "200000",
            "committed": "0",
            "issued": "0",
            "uncovered": "300000",
            "freed": "0",
            "listed": "0",
            "split": "0",
            "headroom": "390000",
        }
    ]


def test_a_loan_given_back_is_in_both_books(used):
    used.agreed(D2, CHECKER, "/budget-returns", {"taker": "990102", "document": "借用1号"})

    last = used.listed(D1, f"{BUDGET}/lines", *LINE)[-1]
    assert last == ("lent_in", "60000", "450000", "借用1号")
    other = used.listed(D2, "/budgets/990102/2026/energy/lines", *LINE)
    assert other == [
        ("cap", "500000", "500000", "预算1号"),
        ("moved_in", "50000", "550000", "调剂1号"),
        ("lent_in", "60000", "610000", "借用1号"),
        ("lent_out", "-60000", "550000", "借用1号"),
    ]
    moves = used.listed(D2, "/budget-moves", "state", "amount")
    assert moves == [("returned", "60000"), ("moved", "50000")]


def test_a_city_sums_its_own_and_what_is_below(used):
    body = used.reads(CITY, "/districts/990000/headroom?year=2026")

    assert (body["districts_count"], body["own"]) == (3, [])
    assert body["with_below"] == [
        {
            "measure": "energy",
            "reserved": "200000",
            "committed": "0",
            "issued": "0",
            "uncovered": "300000",
            "freed": "0",
            "listed": "0",
        }
    ]


def test_what_was_split_down_is_a_line_of_the_city(rights):
    rows = [
        {"district": "990000", "year": 2026, "measure": "energy", "amount": "2000000",
         "document": "市预算1号"}
    ]  # fmt: skip
    rights.agreed(CITY, CHECKER, "/budgets", {"rows": rows})
    capped(rights)

    found = rights.listed(CITY, "/budgets/990000/2026/energy/lines", *LINE)
    assert found == [
        ("cap", "2000000", "2000000", "市预算1号"),
        ("split_down", "-1000000", "1000000", "预算1号"),
        ("split_down", "-500000", "500000", "预算1号"),
    ]
    shown = rights.reads(CITY, "/districts/990000/headroom?year=2026")["own"][0]
    assert (shown["split"], shown["headroom"]) == ("1500000", "500000")


def test_a_ledger_is_seen_by_its_district_the_city_and_the_auditor(used):
    lines = f"{BUDGET}/lines"
    for person in (D1, CITY, AUDITOR):
        assert len(used.listed(person, lines, "line")) == 5
    assert used.listed(D2, lines, "line") == []
    assert used.status(C1, lines) in {200, 403}
    assert used.status("", lines) == 401
    used.same_as_absent(
        D2, "/districts/990101/headroom?year=2026", "/districts/990109/headroom?year=2026"
    )
    refused = used.refused(D2, "/budget-moves", giving(1, "调剂2号"))
    assert refused.json["code"] == "role_missing"


def test_the_balance_is_headroom_and_what_plans_may_still_ask(rights):
    issued(rights)

    left = rights.reads(D1, BUDGET)
    lines = rights.listed(D1, f"{BUDGET}/lines", "line", "balance")
    assert int(left["committed"]) > 0
    assert {line for line, _ in lines} == {"cap", "allocation"}
    assert int(lines[-1][1]) == int(left["headroom"]) + int(left["committed"])
