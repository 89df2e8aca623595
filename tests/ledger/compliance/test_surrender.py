"""Surrender: in time, what is owed, by two persons."""

from datetime import date

import pytest

from ledger.days import end_of
from tests.ledger.compliance.world import (
    ADMIN,
    COAL,
    COMPLIANCE_OFFICER,
    ENERGY,
    OLD,
    close,
    give,
    opened,
    pass_day,
    pay,
    pay_refused,
    paying,
    report,
    rows,
)

SURRENDERED = "scheme:surrendered:2025"
HOLDING = "enterprise:E1:holding"
LAST_DAY = end_of(date(2026, 6, 30))
GRACE_ENDS = end_of(date(2026, 7, 10))
WITH_GRACE = {"shortfall.grace_days": (10, "day")}


@pytest.fixture
def either(engine, clock):
    return opened(engine, clock)


@pytest.fixture
def bench(sqlite_engine, clock):
    """For what is decided in memory; what the database takes part in runs on `either` engine."""
    return opened(sqlite_engine, clock)


def test_a_surrender_moves_units_to_the_scheme_and_counts(either):
    give(either, ENERGY, 6_000)

    answer = pay(either, paying(3_000)).require()

    assert answer.result["outstanding"] == 2_000
    assert either.balance(SURRENDERED, ENERGY) == 3_000
    assert either.balance(HOLDING, ENERGY) == 3_000
    (row,) = rows(either, "surrenders")
    assert (row["maker"], row["checker"]) == (COMPLIANCE_OFFICER, ADMIN)
    (entry,) = [one for one in rows(either, "entries") if one["code"] == "surrender"]
    assert entry["sequence"] == row["entry"] == answer.result["entry"]


@pytest.mark.parametrize(("amount", "left"), [(1, 4_999), (4_999, 1), (5_000, 0)])
def test_one_some_or_all_that_is_owed_may_be_surrendered(bench, amount, left):
    give(bench, ENERGY, 5_000)

    assert pay(bench, paying(amount)).require().result["outstanding"] == left


@pytest.mark.parametrize(
    ("amount", "code"), [(0, "amount_not_positive"), (-1, "amount_not_positive")]
)
def test_nothing_and_less_are_refused(bench, amount, code):
    give(bench, ENERGY, 5_000)

    assert pay_refused(bench, paying(amount)).code == code


def test_one_more_than_is_owed_is_refused(either):
    give(either, ENERGY, 6_000)

    answer = pay_refused(either, paying(5_001))

    assert answer.code == "over_surrender"
    assert answer.facts == {"amount": 5_001, "outstanding": 5_000}


def test_one_more_than_is_left_of_what_is_owed_is_refused(bench):
    give(bench, ENERGY, 6_000)
    pay(bench, paying(4_000)).require()

    answer = pay_refused(bench, paying(1_001))

    assert answer.facts == {"amount": 1_001, "outstanding": 1_000}


def test_one_more_than_is_held_is_refused(either):
    give(either, ENERGY, 4_000)

    answer = pay_refused(either, paying(4_001))

    assert answer.code == "units_insufficient"
    assert answer.facts == {"needed": 4_001, "available": 4_000}


def test_coal_and_energy_are_answered_separately(either):
    give(either, ENERGY, 9_000)
    give(either, COAL, 2_000)

    pay(either, paying(2_000, "coal")).require()
    too_much = pay_refused(either, paying(1, "coal"))
    pay(either, paying(5_000)).require()

    assert too_much.facts == {"amount": 1, "outstanding": 0}
    assert either.balance(SURRENDERED, COAL) == 2_000
    assert either.balance(SURRENDERED, ENERGY) == 5_000


def test_energy_never_makes_up_for_coal(bench):
    give(bench, ENERGY, 9_000)

    answer = pay_refused(bench, paying(2_000, "coal"))

    assert answer.code == "units_insufficient"
    assert answer.facts == {"needed": 2_000, "available": 0}


@pytest.mark.parametrize(
    ("microseconds", "code"), [(-1, "ok"), (0, "deadline_passed"), (1, "deadline_passed")]
)
def test_the_deadline_day_itself_is_in_time(engine, clock, microseconds, code):
    bench = opened(engine, clock)
    give(bench, ENERGY, 5_000)
    # The proposal is a command of its own and takes a microsecond of ledger time.
    clock.now = LAST_DAY + microseconds - 1

    assert pay(bench, paying(5_000)).code == code


def test_after_the_deadline_the_refusal_names_both_days(either, clock):
    give(either, ENERGY, 5_000)
    pass_day(either, clock, date(2026, 6, 30))

    answer = pay_refused(either, paying(5_000))

    assert answer.code == "deadline_passed"
    assert answer.facts == {
        "compliance_year": 2025,
        "last_day": "2026-06-30",
        "today": "2026-07-01",
    }


@pytest.mark.parametrize(("microseconds", "code"), [(-1, "ok"), (0, "deadline_passed")])
def test_days_of_grace_follow_the_deadline(sqlite_engine, clock, microseconds, code):
    bench = opened(sqlite_engine, clock, WITH_GRACE)
    give(bench, ENERGY, 5_000)
    pass_day(bench, clock, date(2026, 6, 30))
    clock.now = GRACE_ENDS + microseconds - 1

    assert pay(bench, paying(5_000)).code == code


def test_a_vintage_of_the_year_before_lives_through_the_days_of_grace(sqlite_engine, clock):
    bench = opened(sqlite_engine, clock, WITH_GRACE)
    give(bench, OLD, 5_000)
    pass_day(bench, clock, date(2026, 6, 30))
    clock.now = GRACE_ENDS - 2

    assert pay(bench, paying(5_000)).ok


def test_whoever_is_closed_surrenders_no_more(sqlite_engine, clock):
    bench = opened(sqlite_engine, clock, WITH_GRACE, firms={"E1": (0, 0)})
    pass_day(bench, clock, date(2026, 6, 30))
    close(bench).require()

    assert pay_refused(bench, paying(1)).code == "enterprise_year_closed"


def test_without_a_final_report_nothing_can_be_surrendered(engine, clock):
    bench = opened(engine, clock, firms={})
    give(bench, ENERGY, 5_000)

    answer = pay_refused(bench, paying(1))

    assert answer.code == "verification_pending"


def test_a_final_report_alone_is_no_obligation(sqlite_engine, clock):
    bench = opened(sqlite_engine, clock, firms={})
    report(bench, "E1", energy=5_000)
    give(bench, ENERGY, 5_000)

    assert pay_refused(bench, paying(1)).code == "obligation_missing"


def test_a_measure_that_the_year_does_not_ask_for_is_refused(sqlite_engine, clock):
    bench = opened(sqlite_engine, clock, measures="energy")

    assert pay_refused(bench, paying(1, "coal")).code == "measure_not_owed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"by": "E9"}, "party_unknown"),
        ({"by": "E3"}, "verification_pending"),
        ({"amount": 9_000}, "over_surrender"),
        ({"amount": 5_000}, "units_insufficient"),
    ],
)
def test_the_first_rule_in_order_is_the_one_reported(bench, change, code):
    assert pay_refused(bench, paying(**({"amount": 0} | change))).code == code


def test_one_person_alone_surrenders_nothing(bench):
    give(bench, ENERGY, 5_000)
    before = bench.digest()

    answer = bench.do(paying(1_000), actor=COMPLIANCE_OFFICER)

    assert answer.code == "second_person_needed"
    assert bench.digest() == before


def test_of_two_surrenders_of_the_last_unit_one_is_refused(bench):
    give(bench, ENERGY, 3_000)
    pay(bench, paying(3_000)).require()

    answer = pay_refused(bench, paying(1))

    assert answer.facts == {"needed": 1, "available": 0}
