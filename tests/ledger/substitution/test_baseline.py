"""From which years a closure is measured: worked by hand, to the unit at each boundary."""

from fractions import Fraction

import pytest

from ledger.errors import Refused
from ledger.substitution.baseline import Baseline, BaselineRule, baseline_of, read_choice

THREE = {2023: 900, 2024: 1_001, 2025: 1_100}  # sum 3,001, mean 1,000.33


def measured(reported, *, choice="prior_year", share=None, approved=None):
    rule = BaselineRule(Baseline(choice), None if share is None else Fraction(share))
    return baseline_of("F1", closed_in=2026, reported=reported, approved=approved, rule=rule)[0]


@pytest.mark.parametrize(
    ("choice", "amount"),
    [("prior_year", 1_100), ("avg_3y", 1_000), ("max_3y", 1_100), ("approved", 777)],
)
def test_the_pack_chooses_the_baseline(choice, amount):
    assert measured(THREE, choice=choice, approved=777) == amount


@pytest.mark.parametrize(
    ("last", "amount"),
    [
        (1_500, 1_500),  # mean 1,500: nothing odd
        (2_250, 2_250),  # mean 1,750, and 500 above it is exactly 2/7
        (2_251, 1_750),  # mean 1,750.33, and 500.67 is more than 2/7 of it
        (0, 1_000),  # lay idle: mean 1,000
    ],
)
def test_an_abnormal_last_year_falls_back_to_the_mean(last, amount):
    reported = {2023: 1_500, 2024: 1_500, 2025: last}

    assert measured(reported, share="2/7") == amount


def test_a_single_year_is_its_own_mean():
    assert measured({2025: 5}, share="0") == 5


@pytest.mark.parametrize("choice", ["avg_3y", "max_3y"])
def test_three_years_need_each_of_them(choice):
    with pytest.raises(Refused) as caught:
        measured({2024: 1, 2025: 1}, choice=choice)

    assert caught.value.code == "closure_baseline_missing"
    assert caught.value.facts["year"] == 2023


def test_the_year_before_is_needed_whatever_else_is_stated():
    with pytest.raises(Refused) as caught:
        measured({2023: 1, 2024: 1})

    assert caught.value.facts["year"] == 2025


def test_what_was_approved_must_be_stated_where_it_is_the_baseline():
    with pytest.raises(Refused) as caught:
        measured(THREE, choice="approved")

    assert caught.value.code == "freed_approval_missing"


def test_an_unknown_choice_is_refused_with_those_that_are_known():
    with pytest.raises(Refused) as caught:
        read_choice("best_year")

    assert caught.value.facts["accepted"] == "prior_year, avg_3y, max_3y, approved"


def test_the_step_says_which_years_it_took():
    _, step = baseline_of(
        "F1", closed_in=2026, reported=THREE, approved=None, rule=BaselineRule(Baseline.AVG_3Y)
    )

    assert dict(step.inputs) == {"used_2025": "1100", "used_2024": "1001", "used_2023": "900"}
    assert (step.result, step.rule) == ("1000", "FRQ-72")
