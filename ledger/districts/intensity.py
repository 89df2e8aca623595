"""
Intensity of energy use, and how far a reduction target has been met.

Reductions are fractions (Fraction(148, 1000) is 14.8 %), exact wherever the formula is rational.
Roots and logarithms are decimals, computed with 50 digits and rounded half up to 12 decimals.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

from ledger.units import round_half_up

WORKING_DIGITS = 50
DECIMALS = 12


def intensity(*, energy_kgce: int, gdp_ten_thousand_yuan: int) -> Fraction:
    """
    Return kgce per 10,000 yuan of GDP at the constant price of the plan's base year.

    Rule: DST-01.
    """
    assert gdp_ten_thousand_yuan > 0
    return Fraction(energy_kgce, gdp_ten_thousand_yuan)


def growth(*, before: int, now: int) -> Fraction:
    """Return the change from *before* to *now* as a fraction of *before*."""
    assert before > 0
    return Fraction(now - before, before)


def annual_reduction(*, before: Fraction, now: Fraction) -> Fraction:
    """
    Return the fall of intensity from one year to the next; negative where it rose.

    Rule: DST-02.
    """
    assert before > 0
    return 1 - now / before


def reduction_from_growth(*, energy_growth: Fraction, gdp_growth: Fraction) -> Fraction:
    """
    Return the fall of intensity that follows from two growth rates.

    It is one minus a quotient, not the difference of the two rates.

    Rule: DST-02.
    """
    assert gdp_growth > -1
    return 1 - (1 + energy_growth) / (1 + gdp_growth)


def cumulative_reduction(annual: Sequence[Fraction]) -> Fraction:
    """
    Return the reduction over all years of *annual*, which multiply and do not add.

    Rule: DST-03.
    """
    remaining = Fraction(1)
    for reduction in annual:
        remaining *= 1 - reduction
    return 1 - remaining


def is_target_met(reduction: Fraction, *, target: Fraction, judged_in_tenths: bool) -> bool:
    """
    Return whether *reduction* reaches *target*.

    The strict test compares exact figures; *judged_in_tenths* first rounds the reduction half up to
    a tenth of a percentage point, as published bulletins do.

    Rule: DST-04.
    """
    if judged_in_tenths:
        reduction = Fraction(round_half_up(reduction * 1_000), 1_000)
    return reduction >= target


def uniform_annual_rate(reduction: Fraction, *, years: int) -> Decimal:
    """
    Return the equal yearly reduction that makes *reduction* in *years*.

    Rule: DST-05.
    """
    return _reduction_by_power(reduction, exponent=Fraction(1, years))


def progress_target(reduction: Fraction, *, years_passed: int, years: int) -> Decimal:
    """
    Return the reduction due after *years_passed* on the geometric path.

    Rule: DST-06.
    """
    return _reduction_by_power(reduction, exponent=Fraction(years_passed, years))


def linear_progress_target(reduction: Fraction, *, years_passed: int, years: int) -> Fraction:
    """
    Return the reduction due after *years_passed* on the straight path, a local option.

    Rule: DST-06.
    """
    return reduction * Fraction(years_passed, years)


def completion_ratio(achieved: Fraction, *, target: Fraction) -> Decimal:
    """
    Return how much of *target* has been achieved, 1 where exactly met.

    The ratio of logarithms counts average years achieved, so it neither flatters early years nor
    punishes late ones.

    Rule: DST-07.
    """
    assert achieved < 1
    assert 0 < target < 1
    with localcontext() as context:
        context.prec = WORKING_DIGITS
        return _rounded(_decimal(1 - achieved).ln() / _decimal(1 - target).ln())


def remaining_reduction(achieved: Fraction, *, target: Fraction) -> Fraction:
    """
    Return the reduction still due, measured from where intensity stands now.

    Rule: DST-08.
    """
    assert achieved < 1
    return 1 - (1 - target) / (1 - achieved)


def remaining_annual_rate(achieved: Fraction, *, target: Fraction, years_left: int) -> Decimal:
    """
    Return the equal yearly reduction that still reaches *target*.

    Rule: DST-08.
    """
    return uniform_annual_rate(remaining_reduction(achieved, target=target), years=years_left)


def compound_annual_growth(*, first: int, last: int, years: int) -> Decimal:
    """
    Return the equal yearly change that leads from *first* to *last*; negative where it fell.

    The arithmetic mean of yearly rates is not this figure.

    Rule: DST-05.
    """
    assert first > 0
    return -_reduction_by_power(1 - Fraction(last, first), exponent=Fraction(1, years))


def reduction_without_feedstock(
    *,
    before_kgce: int,
    before_feedstock_kgce: int,
    before_gdp: int,
    now_kgce: int,
    now_feedstock_kgce: int,
    now_gdp: int,
) -> Fraction:
    """
    Return the reduction with feedstock taken off both years; GDP (any one unit) stays untouched.

    Rule: DST-09.
    """
    before = Fraction(before_kgce - before_feedstock_kgce, before_gdp)
    return annual_reduction(before=before, now=Fraction(now_kgce - now_feedstock_kgce, now_gdp))


def _reduction_by_power(reduction: Fraction, *, exponent: Fraction) -> Decimal:
    """Return 1 − (1 − reduction) ^ exponent."""
    assert reduction < 1
    with localcontext() as context:
        context.prec = WORKING_DIGITS
        return _rounded(1 - (_decimal(1 - reduction).ln() * _decimal(exponent)).exp())


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-DECIMALS), rounding=ROUND_HALF_UP)
