from datetime import date
from fractions import Fraction

import pytest

from ledger.compliance.shortfall import (
    CreditRecord,
    FineBase,
    FinePolicy,
    FineProposal,
    ForcedDeduction,
    Grace,
    NextYearDeduction,
    ShortfallPlan,
    ShortfallPolicy,
    shortfall_plan,
)

NATIONAL = ShortfallPolicy(
    next_year_multiplier=Fraction(1),
    fine=FinePolicy(lowest_multiple=Fraction(5), highest_multiple=Fraction(10)),
)
"""National carbon form: 5 to 10 times the mean of the month before the deadline."""

SIXTY_YUAN = Fraction(6_000)
FORTY_YUAN = Fraction(4_000)


def shenzhen(base: FineBase) -> ShortfallPolicy:
    three = Fraction(3)
    return ShortfallPolicy(
        has_forced_deduction=True,
        next_year_multiplier=Fraction(1),
        fine=FinePolicy(lowest_multiple=three, highest_multiple=three, base=base),
    )


def plan(
    policy: ShortfallPolicy,
    *,
    missing: int = 1_000_000,
    available: int = 0,
    price: Fraction | None = SIXTY_YUAN,
) -> ShortfallPlan:
    return shortfall_plan(
        policy,
        missing=missing,
        available=available,
        mean_price_fen=price,
        deadline=date(2026, 6, 30),
        pack_version="2026.1",
    )


def test_the_national_form_cuts_next_year_and_proposes_300_000_to_600_000_yuan():
    assert plan(NATIONAL, available=400_000).steps == (
        NextYearDeduction(1_000_000),
        FineProposal(base=1_000_000, min_fen=30_000_000, max_fen=60_000_000),
    )


@pytest.mark.parametrize(
    ("base", "base_kgce", "fine_fen"),
    [(FineBase.MISSING, 1_000_000, 12_000_000), (FineBase.UNRECOVERED, 600_000, 7_200_000)],
)
def test_the_shenzhen_form_deducts_400_then_600_and_fines_on_the_base_it_names(
    base, base_kgce, fine_fen
):
    result = plan(shenzhen(base), available=400_000, price=FORTY_YUAN)

    assert result.steps == (
        ForcedDeduction(amount=400_000, unrecovered=600_000),
        NextYearDeduction(600_000),
        FineProposal(base=base_kgce, min_fen=fine_fen, max_fen=fine_fen),
    )


@pytest.mark.parametrize(
    ("available", "steps"),
    [
        (0, (NextYearDeduction(1_000),)),
        (999, (ForcedDeduction(999, 1), NextYearDeduction(1))),
        (1_000, (ForcedDeduction(1_000, 0),)),
        (5_000, (ForcedDeduction(1_000, 0),)),
    ],
)
def test_a_forced_deduction_takes_what_is_there_and_no_more(available, steps):
    policy = ShortfallPolicy(has_forced_deduction=True, next_year_multiplier=Fraction(1))

    assert plan(policy, missing=1_000, available=available).steps == steps


@pytest.mark.parametrize(
    ("multiplier", "cut"), [("1", 3), ("2", 6), ("1.5", 5), ("0.5", 2), ("0", 0)]
)
def test_the_next_year_is_cut_by_a_multiple_rounded_half_up(multiplier, cut):
    policy = ShortfallPolicy(next_year_multiplier=Fraction(multiplier))

    assert plan(policy, missing=3).steps == (NextYearDeduction(cut),)


@pytest.mark.parametrize(
    ("cap_fen", "max_fen"),
    [
        (None, 60_000_000),
        (60_000_001, 60_000_000),
        (60_000_000, 60_000_000),
        (45_000_000, 45_000_000),
    ],
)
def test_a_fine_is_capped(cap_fen, max_fen):
    fine = FinePolicy(Fraction(5), Fraction(10), cap_fen=cap_fen)

    assert plan(ShortfallPolicy(fine=fine)).steps == (
        FineProposal(base=1_000_000, min_fen=30_000_000, max_fen=max_fen),
    )


def test_without_trades_a_fine_has_no_figure_and_the_other_steps_go_on():
    assert plan(NATIONAL, price=None).steps == (
        NextYearDeduction(1_000_000),
        FineProposal(base=1_000_000, min_fen=None, max_fen=None),
    )


@pytest.mark.parametrize(("days", "last_day"), [(1, date(2026, 7, 1)), (30, date(2026, 7, 30))])
def test_a_grace_period_runs_from_the_deadline(days, last_day):
    assert plan(ShortfallPolicy(grace_days=days)).steps == (Grace(last_day),)


def test_a_credit_record_comes_last():
    policy = ShortfallPolicy(grace_days=1, next_year_multiplier=Fraction(1), has_credit_record=True)

    assert plan(policy, missing=7).steps == (
        Grace(date(2026, 7, 1)),
        NextYearDeduction(7),
        CreditRecord(7),
    )


def test_a_pack_without_steps_does_nothing():
    assert plan(ShortfallPolicy()).steps == ()


def test_the_sheet_shows_every_figure():
    result = plan(shenzhen(FineBase.MISSING), available=400_000, price=FORTY_YUAN)

    steps = result.sheet.plain()["steps"]

    assert [(one["name"], one["result"]) for one in steps] == [
        ("forced deduction", "400000"),
        ("next-year deduction", "600000"),
        ("fine proposal", "12000000 to 12000000"),
    ]
