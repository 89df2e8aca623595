"""A plan too large for one command: staged in parts, scaled some rows at a time, issued whole."""

from fractions import Fraction

import pytest

from ledger.allocation.draft import draft_of
from ledger.allocation.grant import Shares, finish_row, terms_of_row
from ledger.allocation.methods import Request, scaled_to
from ledger.allocation.plan import plan_hash
from ledger.allocation.prepare import Asked
from ledger.allocation.quota import quota
from tests.ledger.allocation.build import (
    agreed,
    allocation,
    allocation_ledger,
    cement,
    issuing,
    plan,
    set_budget,
)


@pytest.fixture
def bench(engine, clock):
    return allocation_ledger(engine, clock)


def test_a_plan_in_parts_ends_with_the_hash_of_the_plan_in_one(bench, monkeypatch):
    set_budget(bench, 1_000_000)
    lines = [cement(name, 5_000) for name in ("E1", "E2", "E5")]
    whole = plan(bench, *lines).require().result
    monkeypatch.setattr("ledger.allocation.plan.SCALED_AT_ONCE_MAX", 1)

    # Another output of E5, then the first again: E2 alone tells the right cap and total throughout.
    parts = [plan(bench, cement("E5", 9_000), lines[0], more=True), plan(bench, lines[2])]
    again = [plan(bench, *rows).require().result for rows in ((), (), lines[:1])]

    first, second = (answer.require().result for answer in parts)
    assert (first["planned"], first["granted"], first["plan_hash"]) == (2, 1_400_000, "")
    assert (second["planned"], second.get("unfinished")) == (3, None)
    assert second["plan_hash"] == whole["plan_hash"]
    assert all(one == whole for one in again)


def test_a_plan_that_is_half_scaled_anew_is_not_issued_until_it_is_finished(bench, monkeypatch):
    monkeypatch.setattr("ledger.allocation.plan.SCALED_AT_ONCE_MAX", 1)
    set_budget(bench, 900_000)
    plan(bench, *(cement(name, 5_000) for name in ("E1", "E2", "E5"))).require()
    set_budget(bench, 1_200_000, document="DOC-2")

    half = plan(bench).require().result
    planned = [allocation(bench, name) for name in ("E1", "E2", "E5")]
    half_hash = plan_hash(planned)
    answer = agreed(bench, issuing(half_hash))

    # 900,000 and then 1,200,000 of 1,500,000 asked for: a third of each.
    assert [row.granted for row in planned] == [400_000, 300_000, 300_000]
    assert (half["unfinished"], half["plan_hash"], answer.code) == (2, "", "plan_unfinished")
    assert plan(bench).require().result["unfinished"] == 1
    done = plan(bench).require().result
    assert ("unfinished" in done, done["granted"]) == (False, 1_200_000)
    assert agreed(bench, issuing(done["plan_hash"])).ok


def test_a_plan_without_rows_goes_on_only_where_something_is_planned(bench):
    set_budget(bench, 1_000_000)
    assert plan(bench).code == "rows_empty"
    plan(bench, cement()).require()
    assert plan(bench, more=True).code == "rows_empty"


def test_a_row_that_is_filled_in_has_the_sheet_of_one_that_is_reckoned_step_by_step(bench):
    """The same steps come from `finish_row`, as for rows with a paid part."""
    set_budget(bench, 1_000_000)
    set_budget(bench, 1_000_000, measure="coal", document="DOC-2")
    for measure in ("energy", "coal"):
        plan(
            bench,
            cement("E1", 7_777, sector_coefficient="1.12"),
            cement("E2", 9_999, benchmark="100/3"),
            measure=measure,
        ).require()
    for measure, name in (("energy", "E1"), ("energy", "E2"), ("coal", "E1"), ("coal", "E2")):
        row = allocation(bench, name, measure=measure)
        terms = terms_of_row(row)
        asked = Asked(terms, quota(terms, output=row.output, pack_version=""))
        reckoned = draft_of(row)
        shares = Shares(Fraction(3, 5), Fraction(0), (row.pack_version,))
        total = 871_024 + 333_300
        scaled = scaled_to(
            Request(name, row.requested),
            amount=row.granted,
            total=total,
            cap=1_000_000,
            pack_version="",
        )
        filled = (row.granted, row.pre_issued, row.saleable, row.pack_version, row.sheet)
        finish_row(reckoned, asked, scaled, shares)
        names = ("granted", "pre_issued", "saleable", "pack_version", "sheet")
        assert tuple(getattr(reckoned, each) for each in names) == filled
