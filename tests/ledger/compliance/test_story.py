"""One year from end to end, and the same year again from its log."""

import itertools
from datetime import date

import pytest

from ledger.compliance.deduct import ApplyDeductions
from ledger.compliance.lapse import ExpireVintages
from ledger.compliance.open_year import RecordPrice
from ledger.replay import replay
from tests.ledger.compliance.world import (
    CLOSE_YEAR,
    COAL,
    ENERGY,
    LATER,
    OLD,
    close,
    give,
    opened,
    pass_day,
    pay,
    paying,
    rows,
)


@pytest.fixture
def played(sqlite_engine, clock):
    """E1 surrenders in grace and in part, E2 falls short, E3 owes nothing."""
    bench = opened(sqlite_engine, clock, {}, firms={"E1": (5_000, 2_000), "E2": (700, 0)})
    for asset, amount in ((ENERGY, 4_000), (OLD, 600), (COAL, 3_000)):
        give(bench, asset, amount)
    give(bench, OLD, 50, to="E3")
    pay(bench, paying(4_500)).require()
    pass_day(bench, clock, date(2026, 6, 30))
    pay(bench, paying(2_000, "coal")).require()
    assert close(bench).code == "grace_running"
    pass_day(bench, clock, date(2026, 7, 10))
    assert pay(bench, paying(100)).code == "deadline_passed"
    price = RecordPrice(
        year=2025, measure="energy", turnover_fen=20_000_000, volume=1_000_000, source="tests"
    )
    bench.both(price).require()
    for enterprise in ("E1", "E2"):
        close(bench, enterprise).require()
    bench.both(CLOSE_YEAR).require()
    bench.do(ExpireVintages(year=2025, enterprises=("E3",))).require()
    bench.do(ApplyDeductions(year=2026, enterprises=("E1", "E2"))).require()
    return bench


def test_the_year_ends_with_every_unit_accounted_for(played):
    assert played.balance("scheme:surrendered:2025", OLD) == 600
    assert played.balance("scheme:surrendered:2025", ENERGY) == 4_000
    assert played.balance("scheme:surrendered:2025", COAL) == 2_000
    assert played.balance("scheme:expired", OLD) == 50
    assert played.balance("enterprise:E1:holding", COAL) == 1_000
    closings = {(row["enterprise"], row["measure"]): row for row in rows(played, "closings")}
    assert (closings["E1", "energy"]["missing"], closings["E1", "energy"]["recovered"]) == (
        500,
        100,
    )
    assert closings["E1", "coal"]["banked"] == 1_000
    assert closings["E2", "energy"]["missing"] == 700


def test_what_stayed_missing_is_claimed_twice_over_from_the_next_year(played):
    claims = {
        (row["enterprise"], row["asset"], row["amount"]) for row in rows(played, "due_claims")
    }

    assert claims == {("E1", LATER, 800), ("E2", LATER, 1_400)}


def test_fines_are_proposed_between_one_and_three_times_the_price(played):
    fines = {
        (row["enterprise"], row["base"], row["min_fen"], row["max_fen"])
        for row in rows(played, "penalty_proposals")
        if row["kind"] == "fine"
    }

    # 200 yuan a tonne: half a tonne is 100 yuan, seven tenths 140.
    assert fines == {("E1", 500, 10_000, 30_000), ("E2", 700, 14_000, 42_000)}


@pytest.mark.parametrize("size", [1, 7, 512])
def test_the_log_replays_to_the_same_state_on_either_database(played, other_engine, size):
    replayed = replay(played.engine, other_engine, played.subjects, itertools.repeat(size))

    assert replayed.digest == played.digest()
