from decimal import Decimal
from fractions import Fraction

import pytest

from ledger.districts.position import (
    Assessment,
    Severity,
    TotalStatus,
    WarningLevel,
    WarningScheme,
    adjusted_cap_kgce,
    annual_cap_kgce,
    assess,
    headroom_kgce,
    warning_level,
)

GREEN = WarningLevel(Severity.OK, "green")
YELLOW = WarningLevel(Severity.WATCH, "yellow")
RED = WarningLevel(Severity.CRITICAL, "red")
MET = WarningLevel(Severity.OK, "3")
TOO_LITTLE = WarningLevel(Severity.WATCH, "2")
ROSE = WarningLevel(Severity.CRITICAL, "1")


def percent(text: str) -> Fraction:
    return Fraction(text) / 100


def judged(reduction: str, *, energy_kgce: int = 900, incentive: str | None = "14.5"):
    return assess(
        percent(reduction),
        base_target=percent("13"),
        incentive_target=None if incentive is None else percent(incentive),
        energy_kgce=energy_kgce,
        cap_kgce=1_000,
    )


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        ("14.6", Assessment(is_intensity_met=True, total=TotalStatus.EXEMPT)),
        ("14.5", Assessment(is_intensity_met=True, total=TotalStatus.EXEMPT)),
        ("14.4", Assessment(is_intensity_met=True, total=TotalStatus.WITHIN)),
        ("13", Assessment(is_intensity_met=True, total=TotalStatus.WITHIN)),
        ("12.9", Assessment(is_intensity_met=False, total=TotalStatus.WITHIN)),
    ],
)
def test_the_incentive_target_exempts_and_the_base_target_binds(reduction, expected):
    assert judged(reduction) == expected


@pytest.mark.parametrize(
    ("reduction", "energy_kgce", "passed"),
    [
        ("14.5", 1_001, True),
        ("13", 1_001, False),
        ("13", 1_000, True),
        ("12.9", 1_000, False),
    ],
)
def test_a_county_over_its_total_is_breached_unless_it_met_the_incentive(
    reduction, energy_kgce, passed
):
    assert judged(reduction, energy_kgce=energy_kgce).is_passed is passed


def test_without_an_incentive_target_no_total_is_exempt():
    assert judged("50", energy_kgce=1_001, incentive=None).total is TotalStatus.OVER


@pytest.mark.parametrize(
    ("actual", "first_quarter", "first_half"),
    [
        ("3.2", GREEN, MET),
        ("3.1526", GREEN, MET),
        ("2.9", YELLOW, TOO_LITTLE),  # a gap of 8.0 % of the target
        ("2.84", YELLOW, TOO_LITTLE),  # 9.9 %
        ("2.83734", YELLOW, TOO_LITTLE),  # exactly 10 %
        ("2.83733", RED, TOO_LITTLE),
        ("2.8", RED, TOO_LITTLE),  # 11.2 %
        ("0", RED, TOO_LITTLE),
        ("-0.0001", RED, ROSE),
        ("-0.4", RED, ROSE),
    ],
)
def test_two_schemes_grade_the_same_reduction_differently(actual, first_quarter, first_half):
    levels = [
        warning_level(percent(actual), target=percent("3.1526"), scheme=scheme)
        for scheme in (WarningScheme.FIRST_QUARTER_2021, WarningScheme.FIRST_HALF_2021)
    ]

    assert levels == [first_quarter, first_half]


@pytest.mark.parametrize("scheme", list(WarningScheme))
def test_without_data_there_is_no_level(scheme):
    assert warning_level(None, target=Decimal("0.03"), scheme=scheme) is None


def test_a_total_target_follows_growth_and_the_base_rate():
    """1,000 tce × 1.06 × 0.97."""
    cap = annual_cap_kgce(
        last_year_kgce=1_000_000,
        gdp_growth_target=percent("6"),
        base_annual_rate=Decimal("0.03"),
    )

    assert cap == 1_028_200


@pytest.mark.parametrize(
    ("actual", "approved", "cap_kgce"),
    [
        ("8", True, 1_047_600),
        ("8", False, 1_028_200),
        ("6", True, 1_028_200),
        ("4", True, 1_028_200),
    ],
)
def test_a_total_target_rises_only_with_growth_and_approval(actual, approved, cap_kgce):
    adjusted = adjusted_cap_kgce(
        last_year_kgce=1_000_000,
        gdp_growth_target=percent("6"),
        gdp_growth=percent(actual),
        base_annual_rate=Decimal("0.03"),
        approved=approved,
    )

    assert adjusted == cap_kgce


@pytest.mark.parametrize(("committed", "left"), [(0, 125), (124, 1), (125, 0), (126, -1)])
def test_headroom_is_intake_less_what_is_promised_or_used(committed, left):
    headroom = headroom_kgce(
        allocated_kgce=100,
        freed_kgce=50,
        moved_in_kgce=-5,
        reserved_kgce=10,
        committed_kgce=committed,
        used_kgce=10,
    )

    assert headroom == left
