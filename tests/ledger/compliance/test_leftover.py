"""What is left at the close: earlier vintages go, the own vintage stays within its limit."""

from fractions import Fraction

import pytest

from ledger.asset import flow
from ledger.compliance.leftover import exchange_postings, expiry_postings, leftover_plan
from ledger.compliance.shortfall import ShortfallPolicy
from ledger.compliance.terms import Expiry, Terms
from ledger.compliance.units_accepted import Unit
from ledger.entry import Posting

RESTRICTED, BOUGHT, HOLDING = (
    f"enterprise:E1:{purpose}" for purpose in ("restricted", "bought", "holding")
)
OWN = flow(measure="energy", vintage=2025, area="990101")
BEFORE = flow(measure="energy", vintage=2024, area="990101")
NEXT = flow(measure="energy", vintage=2026, area="990101")
COAL = flow(measure="coal", vintage=2025, area="990101")


def terms(*, banking=True, share=None, expiry=Expiry.NEXT_VINTAGE) -> Terms:
    return Terms(
        packs="sample@1",
        bought_general_for_two_high=True,
        shortfall=ShortfallPolicy(),
        banking=banking,
        banking_share=share,
        expiry=expiry,
    )


def plan(units, found=None, owed=1_000):
    return leftover_plan(
        units, compliance_year=2025, measure="energy", owed=owed, found=found or terms()
    )


def test_the_own_vintage_stays_and_earlier_ones_expire():
    result = plan([Unit(HOLDING, OWN, 70), Unit(HOLDING, BEFORE, 30)])

    assert result.expire == (Unit(HOLDING, BEFORE, 30),)
    assert (result.exchange, result.banked, result.expired) == ((), 70, 30)


@pytest.mark.parametrize(
    ("share", "owed", "banked"),
    [
        (None, 0, 500),
        (Fraction(0), 1_000, 0),
        (Fraction(1, 10), 1_000, 100),
        (Fraction(1, 3), 1_000, 333),
        (Fraction(1, 2), 1_000, 500),
        (Fraction(1), 1_000, 500),
        (Fraction(1, 10), 0, 0),
    ],
)
def test_banking_is_limited_by_a_share_of_what_was_owed(share, owed, banked):
    result = plan([Unit(HOLDING, OWN, 500)], terms(share=share), owed)

    assert (result.banked, result.expired) == (banked, 500 - banked)


def test_what_lapses_is_taken_from_restricted_then_bought_then_held_units():
    units = [Unit(HOLDING, OWN, 200), Unit(RESTRICTED, OWN, 100), Unit(BOUGHT, OWN, 100)]

    result = plan(units, terms(share=Fraction(1, 4)))

    assert expiry_postings(result.expire) == (
        Posting(RESTRICTED, "scheme:expired", OWN.code, 100),
        Posting(BOUGHT, "scheme:expired", OWN.code, 50),
    )


def test_an_exchange_gives_the_next_vintage_for_each_unit_in_place():
    own_deadline = terms(expiry=Expiry.OWN_VINTAGE, share=Fraction(1, 10))

    result = plan([Unit(HOLDING, OWN, 150)], own_deadline)

    assert exchange_postings(result) == (
        Posting(HOLDING, "scheme:converted", OWN.code, 100),
        Posting("scheme:issuance", HOLDING, NEXT.code, 100),
    )
    assert expiry_postings(result.expire) == (Posting(HOLDING, "scheme:expired", OWN.code, 50),)


def test_later_vintages_and_other_measures_are_not_touched():
    result = plan([Unit(HOLDING, NEXT, 5), Unit(HOLDING, COAL, 5)], terms(banking=False))

    assert (result.expire, result.exchange, result.banked) == ((), (), 0)


def test_both_figures_are_explained():
    result = plan([Unit(HOLDING, OWN, 150), Unit(HOLDING, BEFORE, 7)], terms(share=Fraction(1, 10)))

    assert [(step.name, step.result) for step in result.steps] == [
        ("banked", "100"),
        ("expired", "57"),
    ]
