"""Scenarios of districts, by their numbers in the reference: targets, assessment, gates."""

from decimal import Decimal
from fractions import Fraction

import pytest

from ledger.calculation import as_text
from ledger.districts.gate import Verdict, by_three_bands
from ledger.districts.intensity import (
    completion_ratio,
    cumulative_reduction,
    is_target_met,
    linear_progress_target,
    progress_target,
    reduction_from_growth,
    reduction_without_feedstock,
    remaining_annual_rate,
    uniform_annual_rate,
)
from ledger.districts.position import (
    TotalStatus,
    WarningScheme,
    assess,
    assessed_kgce,
    warning_level,
)
from ledger.metering.carriers import Basis
from ledger.metering.consumption import Line, Switches, Use, comprehensive_consumption
from tests.ledger.metering.factors import table

Q1, H1 = WarningScheme.FIRST_QUARTER_2021, WarningScheme.FIRST_HALF_2021


def percent(text):
    return Fraction(text) / 100


def shown(value, decimals):
    """Return a part of one in percent, as a bulletin prints it."""
    return as_text(round(Fraction(value) * 100, decimals))


def judged(reduction, *, energy, cap):
    found = assess(
        percent(reduction),
        base_target=percent("13"),
        incentive_target=percent("14.5"),
        energy_kgce=energy,
        cap_kgce=cap,
    )
    return found.is_intensity_met, str(found.total)


@pytest.mark.parametrize(
    ("computed", "expected"),
    [
        pytest.param(
            lambda: as_text(Fraction("0.23") * (1 - percent("5"))), "0.2185", id="dual-06 Src+"
        ),
        pytest.param(
            lambda: str(round(Decimal("162.1") / Decimal("0.23"), 1)),
            "704.8",
            id="dual-06 Src+ implied GDP",
        ),
        pytest.param(
            lambda: sorted(
                ("0.33", "0.23", "0.57", "0.88", "1.34", "3.25", "4.82", "5.98", "6.24"),
                key=Decimal,
            ).index("0.23"),
            0,
            id="dual-07 Src first",
        ),
        pytest.param(
            lambda: str(round(Decimal("0.23") / Decimal("2.1"), 4)),
            "0.1095",
            id="dual-07 Src a tenth of the city",
        ),
        pytest.param(
            lambda: str(round(Decimal("0.27") / (1 - Decimal("0.215")), 4)),
            "0.3439",
            id="dual-08 Src+ 2015",
        ),
        pytest.param(
            lambda: shown(completion_ratio(percent("21.5"), target=percent("16")), 1),
            "138.8",
            id="dual-08 Src+ completion",
        ),
        pytest.param(
            lambda: shown(percent("21.5") - percent("16"), 1), "5.5", id="dual-08 Src+ overshoot"
        ),
        pytest.param(
            lambda: shown(uniform_annual_rate(percent("20"), years=5), 4),
            "4.3648",
            id="dual-11 Src",
        ),
        pytest.param(
            lambda: shown(uniform_annual_rate(percent("14.8"), years=5), 4),
            "3.1526",
            id="dual-12 Src+",
        ),
        pytest.param(
            lambda: [
                shown(progress_target(percent("14.8"), years_passed=year, years=5), 3)
                for year in range(1, 6)
            ],
            ["3.153", "6.206", "9.163", "12.027", "14.8"],
            id="dual-12 Src+ path",
        ),
        pytest.param(
            lambda: shown(linear_progress_target(percent("14.8"), years_passed=2, years=5), 2),
            "5.92",
            id="dual-12 Src+ straight path",
        ),
        pytest.param(
            lambda: shown(completion_ratio(percent("7"), target=percent("14.8")), 1),
            "45.3",
            id="dual-13 Con completion",
        ),
        pytest.param(
            lambda: shown(
                remaining_annual_rate(percent("7"), target=percent("14.8"), years_left=2), 3
            ),
            "4.285",
            id="dual-13 Con remaining",
        ),
        *(
            pytest.param(
                lambda target=target: shown(uniform_annual_rate(percent(target), years=5), 4),
                rate,
                id=f"dual-14 Src+ {target}",
            )
            for target, rate in (
                ("14", "2.9714"),
                ("13", "2.7468"),
                ("14.5", "3.0845"),
                ("5", "1.0206"),
                ("13.5", "2.8589"),
            )
        ),
        pytest.param(
            lambda: shown(
                reduction_from_growth(energy_growth=percent("2"), gdp_growth=percent("6")), 4
            ),
            "3.7736",
            id="dual-17 Con",
        ),
    ],
)
def test_targets_and_rates_are_the_references(computed, expected):
    assert computed() == expected


@pytest.mark.parametrize(
    ("in_tenths", "is_met"),
    [
        pytest.param(False, False, id="dual-10 Src strict"),
        pytest.param(True, True, id="dual-10 Src in tenths"),
    ],
)
def test_five_yearly_reductions_make_nineteen_point_nine_eight_three(in_tenths, is_met):
    reduction = cumulative_reduction([percent(one) for one in ("4", "4.1", "4.2", "4.5", "5")])

    assert shown(reduction, 3) == "19.983"
    assert is_target_met(reduction, target=percent("20"), judged_in_tenths=in_tenths) is is_met


@pytest.mark.parametrize(
    ("reduction", "energy", "expected"),
    [
        pytest.param("14.6", 1_001, (True, "exempt"), id="dual-15 Con 14.6"),
        pytest.param("14.5", 1_001, (True, "exempt"), id="dual-15 Con 14.5"),
        pytest.param("14.4", 1_001, (True, "over"), id="dual-15 Con 14.4"),
        pytest.param("12.9", 1_000, (False, "within"), id="dual-15 Con 12.9"),
        pytest.param("14.5", 2_000, (True, "exempt"), id="rights-13 RULE incentive met"),
        pytest.param("13", 1_001, (True, "over"), id="rights-13 RULE base met and exceeded"),
        pytest.param("13", 1_000, (True, "within"), id="rights-13 RULE base met at the total"),
    ],
)
def test_the_incentive_target_lifts_the_total(reduction, energy, expected):
    assert judged(reduction, energy=energy, cap=1_000) == expected
    assert expected[1] in set(TotalStatus)


@pytest.mark.parametrize(
    ("before_feedstock", "now_feedstock", "expected"),
    [
        pytest.param(0, 0, "11.54", id="dual-18 Con raw"),
        pytest.param(200, 300, "18.27", id="dual-18 Con adjusted"),
        pytest.param(0, 300, "34.62", id="dual-18 Con the error of one year alone"),
    ],
)
def test_feedstock_is_off_both_years_or_the_figure_is_wrong(
    before_feedstock, now_feedstock, expected
):
    reduction = reduction_without_feedstock(
        before_kgce=1_000,
        before_feedstock_kgce=before_feedstock,
        before_gdp=1_000,
        now_kgce=1_150,
        now_feedstock_kgce=now_feedstock,
        now_gdp=1_300,
    )

    assert shown(reduction, 2) == expected


@pytest.mark.parametrize(
    ("is_all_excluded", "now_100m_kwh", "expected_10k_tce"),
    [
        pytest.param(False, 140, 970, id="dual-19 Con rule of 2022"),
        pytest.param(True, 140, 730, id="dual-19 Con rule of 2024"),
        pytest.param(False, 70, 1_150, id="dual-19 Con renewables that fell"),
    ],
)
def test_renewables_leave_the_total_by_the_rule_of_the_year(
    is_all_excluded, now_100m_kwh, expected_10k_tce
):
    """3.0 tce per 10,000 kWh: 100 million kWh are 30,000 tce, 3 times 10,000."""
    found = assessed_kgce(
        energy_kgce=1_150 * 10_000_000,
        renewables_kgce=now_100m_kwh * 3 * 10_000_000,
        renewables_before_kgce=80 * 3 * 10_000_000,
        is_all_excluded=is_all_excluded,
    )

    assert found == expected_10k_tce * 10_000_000


@pytest.mark.parametrize(
    ("reduction", "first_quarter", "first_half"),
    [
        pytest.param("3.2", "green", "3", id="dual-21 Con 3.2"),
        pytest.param("2.9", "yellow", "2", id="dual-21 Con 2.9"),
        pytest.param("2.84", "yellow", "2", id="dual-21 Con 2.84"),
        pytest.param("2.8", "red", "2", id="dual-21 Con 2.8"),
        pytest.param("-0.4", "red", "1", id="dual-21 Con -0.4"),
    ],
)
def test_the_same_figure_differs_by_the_scheme(reduction, first_quarter, first_half):
    target = percent("3.1526")

    labels = [
        warning_level(percent(reduction), target=target, scheme=scheme).label for scheme in (Q1, H1)
    ]

    assert labels == [first_quarter, first_half]


@pytest.mark.parametrize(
    ("intensity", "expected"),
    [
        pytest.param("0.20", Verdict.GUARANTEED, id="dual-48 Con 0.20"),
        pytest.param("0.23", Verdict.APPLY_FOR_LISTING, id="dual-48 Con at the district's"),
        pytest.param("0.80", Verdict.APPLY_FOR_LISTING, id="dual-48 Con 0.80"),
        pytest.param("1.0", Verdict.NO_PATH, id="dual-48 Con at the benchmark"),
        pytest.param("3.0", Verdict.NO_PATH, id="dual-48 Con 3.0"),
    ],
)
def test_a_project_goes_through_one_of_three_bands(intensity, expected):
    judged = by_three_bands(
        Fraction(intensity), district_intensity=Fraction("0.23"), city_benchmark=Fraction("1.0")
    )

    assert judged.verdict is expected


@pytest.mark.parametrize(
    ("counted", "firm_kgce"),
    [
        pytest.param(True, 200_000_000, id="rights-10 RULE counted"),
        pytest.param(False, 170_000_000, id="rights-10 RULE switched off"),
    ],
)
def test_feedstock_leaves_the_regions_figure_and_the_firms_only_by_a_switch(counted, firm_kgce):
    """At 0.3 kgce a kWh 100 million kWh of feedstock are 30,000 tce."""
    lines = [
        Line("power", "electricity", Decimal(566_666_667), "kWh"),
        Line("feed", "electricity", Decimal(100_000_000), "kWh", Use.FEEDSTOCK),
    ]
    region, firm = (
        comprehensive_consumption(
            lines,
            table=table(Basis.EQUIVALENT),
            switches=Switches(feedstock_counted=is_counted),
            pack_version="tests",
        )
        for is_counted in (False, counted)
    )

    assert region.energy_kgce == 170_000_000
    assert firm.energy_kgce == firm_kgce
