"""Surrender: from units that may answer, in the order of the rule or as chosen."""

import pytest

from ledger.set_aside import PlaceHold
from tests.build import REGULATOR
from tests.ledger.compliance.world import (
    ADMIN,
    CALM,
    CITY,
    COAL,
    ELSEWHERE,
    ENERGY,
    LATER,
    OLD,
    OLDER,
    TWO_HIGH,
    choosing,
    give,
    opened,
    opening,
    pay,
    pay_refused,
    paying,
)

HOLDING = "enterprise:E1:holding"


@pytest.fixture
def either(engine, clock):
    return opened(engine, clock)


@pytest.fixture
def bench(sqlite_engine, clock):
    """For what is decided in memory; what the database takes part in runs on `either` engine."""
    return opened(sqlite_engine, clock)


def test_the_earliest_expiry_goes_first_then_the_narrowest_class_and_area(either):
    for asset in (ENERGY, OLD, TWO_HIGH, CITY):
        give(either, asset, 1_000)

    pay(either, paying(2_500)).require()

    left = {one: either.balance(HOLDING, one) for one in (OLD, TWO_HIGH, ENERGY, CITY)}
    assert left == {OLD: 0, TWO_HIGH: 0, ENERGY: 500, CITY: 1_000}


def test_of_one_asset_bought_units_go_before_held_ones(bench):
    give(bench, ENERGY, 1_000)
    give(bench, ENERGY, 1_000, purpose="bought")

    pay(bench, paying(1_200)).require()

    assert bench.balance("enterprise:E1:bought", ENERGY) == 0
    assert bench.balance(HOLDING, ENERGY) == 800


def test_units_of_an_area_above_the_district_answer(bench):
    give(bench, CITY, 5_000)

    assert pay(bench, paying(5_000)).ok


@pytest.mark.parametrize("asset", [LATER, OLDER, ELSEWHERE, COAL])
def test_units_that_may_not_answer_are_passed_over(bench, asset):
    give(bench, asset, 5_000)

    assert pay_refused(bench, paying(1)).code == "units_insufficient"


@pytest.mark.parametrize("purpose", ["restricted", "pledged", "frozen"])
def test_units_that_are_tied_up_are_named_as_such(bench, purpose):
    give(bench, ENERGY, 1_000)
    give(bench, ENERGY, 4_000, purpose=purpose)

    answer = pay_refused(bench, paying(5_000))

    assert answer.code == "units_encumbered"
    assert answer.facts == {"needed": 5_000, "available": 1_000, "encumbered": 4_000}


def test_units_on_order_are_tied_up(bench):
    give(bench, ENERGY, 5_000)
    bench.do(
        PlaceHold(enterprise="E1", asset=ENERGY, amount=5_000, purpose="order"), actor=ADMIN
    ).require()

    assert pay_refused(bench, paying(5_000)).code == "units_encumbered"


def test_tied_up_units_that_would_not_suffice_are_no_answer(bench):
    give(bench, ENERGY, 4_999, purpose="frozen")

    assert pay_refused(bench, paying(5_000)).code == "units_insufficient"


def test_the_enterprise_may_choose_its_units(either):
    give(either, OLD, 1_000)
    give(either, ENERGY, 5_000)

    pay(either, choosing(4_500, {ENERGY: 4_000, OLD: 500})).require()

    assert either.balance(HOLDING, OLD) == 500
    assert either.balance(HOLDING, ENERGY) == 1_000


STANDING = "energy.standing.other.t2030.eq.990101"
PROJECT = "energy.flow.general.2025.eq.990101-P17"


@pytest.mark.parametrize(
    ("asset", "code"),
    [
        (COAL, "asset_not_surrendered"),
        (STANDING, "asset_not_surrendered"),
        ("cash.cny", "asset_not_surrendered"),
        ("tonnes", "asset_malformed"),
        (ELSEWHERE, "area_not_accepted"),
        (PROJECT, "area_not_accepted"),
        (LATER, "vintage_not_yet_usable"),
        (OLDER, "allowance_expired"),
        (TWO_HIGH, "chosen_above_held"),
    ],
)
def test_a_choice_that_may_not_answer_is_refused_with_its_reason(bench, asset, code):
    for held in (ENERGY, COAL, ELSEWHERE, PROJECT, LATER, OLDER):
        give(bench, held, 5_000)

    answer = pay_refused(bench, choosing(1_000, {asset: 1_000}))

    assert answer.code == code


def test_the_refusal_of_another_area_names_the_areas_that_are_accepted(bench):
    answer = pay_refused(bench, choosing(1, {ELSEWHERE: 1}))

    assert answer.facts == {
        "asset": ELSEWHERE,
        "area": "990102",
        "accepted": "990101 or 990000",
    }


def test_the_refusal_of_a_later_vintage_names_the_year(bench):
    give(bench, LATER, 5_000)

    answer = pay_refused(bench, choosing(1, {LATER: 1}))

    assert answer.facts == {"asset": LATER, "vintage": 2026, "compliance_year": 2025}


@pytest.mark.parametrize(
    ("amount", "choices"),
    [(1_000, {ENERGY: 999}), (1_000, {ENERGY: 1_001}), (1_000, {ENERGY: 1_001, OLD: -1})],
)
def test_chosen_units_must_add_up(bench, amount, choices):
    give(bench, ENERGY, 5_000)

    assert pay_refused(bench, choosing(amount, choices)).code == "choice_uneven"


BARRED = {
    "shortfall.grace_days": (0, "day"),
    "surrender.bought_general_for_two_high": (False, "switch"),
}


def cement(engine, clock, values):
    return opened(engine, clock, values, firms={"E2": (1_000, 0)})


def test_a_two_high_operator_may_not_surrender_bought_general_flow_where_the_switch_is_off(
    engine, clock
):
    bench = cement(engine, clock, BARRED)
    give(bench, ENERGY, 1_000, to="E2", purpose="bought")

    answer = pay_refused(bench, paying(1_000, by="E2"))

    assert answer.code == "units_insufficient"


@pytest.mark.parametrize(
    ("asset", "purpose"), [(TWO_HIGH, "bought"), (TWO_HIGH, "holding"), (ENERGY, "holding")]
)
def test_a_two_high_operator_may_surrender_two_high_flow_and_its_own(
    sqlite_engine, clock, asset, purpose
):
    bench = cement(sqlite_engine, clock, BARRED)
    give(bench, asset, 1_000, to="E2", purpose=purpose)

    assert pay(bench, paying(1_000, by="E2")).ok


def test_with_the_switch_on_a_two_high_operator_may_surrender_what_it_bought(sqlite_engine, clock):
    bench = cement(sqlite_engine, clock, CALM)
    give(bench, ENERGY, 1_000, to="E2", purpose="bought")

    assert pay(bench, paying(1_000, by="E2")).ok


def test_the_deadline_of_the_next_year_ends_a_vintage_that_was_banked(sqlite_engine, clock):
    """With 2026 open, 2025 units have a known last day and still come after 2024 ones."""
    bench = opened(sqlite_engine, clock)
    bench.both(opening(year=2026, deadline="2027-06-30"), maker=REGULATOR).require()
    give(bench, ENERGY, 1_000)
    give(bench, OLD, 1_000)

    pay(bench, paying(1_500)).require()

    assert bench.balance(HOLDING, OLD) == 0
    assert bench.balance(HOLDING, ENERGY) == 500
