"""Which units may answer: every origin, account and operator against the matrix."""

from datetime import date
from itertools import product

import pytest

from ledger.asset import Origin, flow, standing
from ledger.compliance.surrender_order import Pick
from ledger.compliance.units_accepted import (
    AreaNotAccepted,
    AssetNotSurrendered,
    Claim,
    ClassNotAccepted,
    Unit,
    accepted_units,
    as_holdings,
    free_units,
    is_class_accepted,
    last_day,
    picks_to_postings,
    require_accepted,
    require_class,
)
from ledger.entry import Posting

HOLDING, BOUGHT = "enterprise:E1:holding", "enterprise:E1:bought"
ENERGY = flow(measure="energy", vintage=2025, area="990101")


def claim(**changes) -> Claim:
    fields = {
        "enterprise": "E1",
        "measure": "energy",
        "basis": "eq",
        "compliance_year": 2025,
        "oldest_vintage": 2024,
        "areas": ("990101", "990000"),
        "is_two_high": False,
        "bought_general_for_two_high": False,
        "last_days": {2024: date(2026, 6, 30)},
    }
    return Claim(**(fields | changes))


def unit(address=HOLDING, amount=100, **changes) -> Unit:
    fields = {"measure": "energy", "vintage": 2025, "area": "990101"}
    return Unit(address, flow(**(fields | changes)), amount)


BARRED = {(origin, BOUGHT, True, False) for origin in Origin if origin is not Origin.TWO_HIGH}
"""Bought flow of another class, in the hands of a two-high operator, with the switch off."""


@pytest.mark.parametrize(
    "case", list(product(Origin, (HOLDING, BOUGHT), (True, False), (True, False)))
)
def test_the_class_matrix_bars_bought_flow_of_other_classes_and_nothing_else(case):
    origin, address, is_two_high, switch = case
    wanted = claim(is_two_high=is_two_high, bought_general_for_two_high=switch)

    accepted = is_class_accepted(unit(address, origin=origin), wanted)

    assert accepted is (case not in BARRED)


@pytest.mark.parametrize(
    ("asset", "refusal"),
    [
        ("cash.cny", AssetNotSurrendered),
        (flow(measure="coal", vintage=2025, area="990101").code, AssetNotSurrendered),
        (
            standing(measure="energy", last_year=2030, area="990101", origin=Origin.OTHER).code,
            AssetNotSurrendered,
        ),
        (flow(measure="energy", vintage=2025, area="990102").code, AreaNotAccepted),
        (flow(measure="coal", vintage=2025, area="990102").code, AssetNotSurrendered),
    ],
)
def test_measure_and_kind_are_asked_before_the_area(asset, refusal):
    with pytest.raises(refusal):
        require_accepted(asset, claim())


def test_a_class_is_refused_only_where_no_account_could_serve():
    barred = claim(is_two_high=True)
    require_class(ENERGY.code, [unit(BOUGHT), unit(HOLDING)], barred)

    with pytest.raises(ClassNotAccepted) as refused:
        require_class(ENERGY.code, [unit(BOUGHT)], barred)

    assert refused.value.code == "class_not_accepted"
    assert refused.value.facts == {"asset": ENERGY.code, "origin": "general"}


def test_units_of_other_measures_and_areas_are_left_out():
    units = [unit(), unit(measure="coal"), unit(area="990102"), unit(area="990000")]

    assert accepted_units(units, claim()) == [units[0], units[3]]


def test_cash_and_empty_balances_are_no_units():
    held = {("enterprise:E1:cash", "cash.cny"): 5, (HOLDING, ENERGY.code): 7}

    assert free_units(held) == [Unit(HOLDING, ENERGY, 7)]


@pytest.mark.parametrize(
    ("vintage", "expected"),
    [(2025, date.max), (2024, date(2026, 6, 30)), (2023, date(2024, 12, 31))],
)
def test_a_vintage_has_its_last_day_from_the_year_that_ends_it(vintage, expected):
    assert last_day(vintage, claim()) == expected


def test_what_is_held_twice_is_one_holding():
    (holding,) = as_holdings([unit(BOUGHT, 30), unit(HOLDING, 70)], claim())

    assert (holding.asset, holding.available) == (ENERGY.code, 100)


def test_a_pick_takes_bought_units_first():
    postings = picks_to_postings(
        [Pick(ENERGY.code, 90)], [unit(HOLDING, 70), unit(BOUGHT, 30)], to="scheme:expired"
    )

    assert postings == [
        Posting(BOUGHT, "scheme:expired", ENERGY.code, 30),
        Posting(HOLDING, "scheme:expired", ENERGY.code, 60),
    ]
