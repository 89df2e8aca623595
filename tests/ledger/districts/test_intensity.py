from decimal import Decimal
from fractions import Fraction

import pytest

from ledger.calculation import as_text
from ledger.districts.intensity import (
    annual_reduction,
    completion_ratio,
    compound_annual_growth,
    cumulative_reduction,
    growth,
    intensity,
    is_target_met,
    linear_progress_target,
    progress_target,
    reduction_from_growth,
    reduction_without_feedstock,
    remaining_annual_rate,
    remaining_reduction,
    uniform_annual_rate,
)


def percent(text: str) -> Fraction:
    return Fraction(text) / 100


def rounded(value: Fraction | Decimal, decimals: int) -> str:
    """Return *value* in percent, as a bulletin prints it."""
    return as_text(round(Fraction(value) * 100, decimals))


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (4_159_000, 4_331_000, "4.13561"),
        (4_331_000, 3_980_000, "-8.104364"),
        (3_980_000, 2_313_000, "-41.884422"),
        (2_313_000, 2_200_000, "-4.88543"),
        (2_200_000, 1_621_000, "-26.318182"),
    ],
)
def test_dongsheng_grew_as_its_plan_states(before, now, expected):
    assert rounded(growth(before=before, now=now), 6) == expected


def test_dongsheng_fell_17_percent_a_year_compounded():
    """The mean of the yearly rates, −15.41 %, is not this figure."""
    rate = compound_annual_growth(first=4_159_000, last=1_621_000, years=5)

    assert rate == Decimal("-0.171755007418")


def test_intensity_is_energy_over_gdp():
    """1,621,000 tce over 70.48 billion yuan are 0.23 tce per 10,000 yuan."""
    result = intensity(energy_kgce=1_621_040_000, gdp_ten_thousand_yuan=7_048_000)

    assert result == Fraction(230)


def test_five_percent_off_dongsheng_is_0_2185():
    assert annual_reduction(before=Fraction("0.23"), now=Fraction("0.2185")) == percent("5")


def test_a_rising_intensity_is_a_negative_reduction():
    assert annual_reduction(before=Fraction(100), now=Fraction(101)) == percent("-1")


@pytest.mark.parametrize(
    ("energy", "gdp", "expected"),
    [("2", "6", "3.7736"), ("6", "6", "0"), ("8", "6", "-1.8868"), ("0", "0", "0")],
)
def test_a_reduction_is_a_quotient_of_growths_not_their_difference(energy, gdp, expected):
    reduction = reduction_from_growth(energy_growth=percent(energy), gdp_growth=percent(gdp))

    assert rounded(reduction, 4) == expected


FIVE_YEARS = [percent(rate) for rate in ("4", "4.1", "4.2", "4.5", "5")]


def test_yearly_reductions_multiply():
    assert cumulative_reduction(FIVE_YEARS) == percent("19.982988688")


def test_no_year_is_no_reduction():
    assert cumulative_reduction([]) == 0


@pytest.mark.parametrize(
    ("reduction", "in_tenths", "is_met"),
    [
        ("19.982988688", False, False),
        ("19.982988688", True, True),
        ("20", False, True),
        ("19.95", True, True),
        ("19.949", True, False),
    ],
)
def test_a_target_is_met_exactly_or_in_tenths(reduction, in_tenths, is_met):
    result = is_target_met(percent(reduction), target=percent("20"), judged_in_tenths=in_tenths)

    assert result is is_met


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("20", "4.3648"),
        ("14.8", "3.1526"),
        ("14", "2.9714"),
        ("13", "2.7468"),
        ("14.5", "3.0845"),
        ("5", "1.0206"),
        ("13.5", "2.8589"),
        ("0", "0"),
    ],
)
def test_a_five_year_target_has_one_uniform_rate(target, expected):
    assert rounded(uniform_annual_rate(percent(target), years=5), 4) == expected


def test_a_rate_is_stated_to_twelve_decimals():
    assert uniform_annual_rate(percent("20"), years=5) == Decimal("0.043647500210")


@pytest.mark.parametrize(
    ("years_passed", "expected"),
    [(0, "0"), (1, "3.153"), (2, "6.206"), (3, "9.163"), (4, "12.027"), (5, "14.8")],
)
def test_jinan_follows_the_geometric_path(years_passed, expected):
    due = progress_target(percent("14.8"), years_passed=years_passed, years=5)

    assert rounded(due, 3) == expected


def test_the_linear_path_is_lower_in_year_two():
    assert linear_progress_target(percent("14.8"), years_passed=2, years=5) == percent("5.92")


@pytest.mark.parametrize(
    ("achieved", "target", "expected"),
    [
        ("21.5", "16", "138.8"),  # Qingdao's 13th plan
        ("7", "14.8", "45.3"),  # Jinan after three years
        ("14.8", "14.8", "100"),
        ("0", "14.8", "0"),
    ],
)
def test_completion_compares_logarithms(achieved, target, expected):
    ratio = completion_ratio(percent(achieved), target=percent(target))

    assert rounded(ratio, 1) == expected


def test_a_rise_is_a_negative_completion():
    assert completion_ratio(percent("-1"), target=percent("14.8")) < 0


def test_qingdao_started_from_0_3439():
    """0.27 after a fall of 21.5 %."""
    assert round(Fraction("0.27") / (1 - percent("21.5")), 4) == Fraction("0.3439")


def test_what_remains_is_measured_from_today():
    """0.852 of the start is due, 0.93 is reached: 7.8 of 93 parts remain."""
    remaining = remaining_reduction(percent("7"), target=percent("14.8"))

    assert remaining == Fraction(78, 930)


def test_jinan_needs_4_285_percent_a_year_after_three_slow_years():
    rate = remaining_annual_rate(percent("7"), target=percent("14.8"), years_left=2)

    assert rounded(rate, 3) == "4.285"


FEEDSTOCK_YEARS = {
    "before_kgce": 1_000,
    "before_gdp": 1_000,
    "now_kgce": 1_150,
    "now_gdp": 1_300,
}


@pytest.mark.parametrize(
    ("before_feedstock", "now_feedstock", "expected"), [(0, 0, "11.54"), (200, 300, "18.27")]
)
def test_feedstock_is_taken_off_both_years(before_feedstock, now_feedstock, expected):
    reduction = reduction_without_feedstock(
        before_feedstock_kgce=before_feedstock,
        now_feedstock_kgce=now_feedstock,
        **FEEDSTOCK_YEARS,
    )

    assert rounded(reduction, 2) == expected
