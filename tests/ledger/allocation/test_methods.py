from fractions import Fraction

import pytest

from ledger.allocation.methods import (
    BaseYear,
    BaseYearsMissing,
    ClawBack,
    PreIssueShareOutOfRange,
    Request,
    benchmarking,
    claw_back,
    grandfathering,
    historic_intensity,
    pre_issue,
    scale_to_cap,
    true_up,
)

PACK = "2026.1"


def test_grandfathering_reduces_the_mean_of_past_totals():
    """(90 + 100 + 110) ÷ 3 × 0.97 × 1.1 = 106.7 tce."""
    granted = grandfathering(
        [90_000, 100_000, 110_000],
        reduction=Fraction(3, 100),
        sector_coefficient=Fraction(11, 10),
        pack_version=PACK,
    )

    assert granted.amount_kgce == 106_700


@pytest.mark.parametrize(("totals", "kgce"), [([1, 2], 2), ([1, 1, 2], 1), ([0], 0)])
def test_a_grant_is_rounded_half_up(totals, kgce):
    granted = grandfathering(
        totals, reduction=Fraction(0), sector_coefficient=Fraction(1), pack_version=PACK
    )

    assert granted.amount_kgce == kgce


@pytest.mark.parametrize(("years", "needed"), [([], 1), ([90_000, 100_000], 3)])
def test_grandfathering_without_its_base_years_is_refused(years, needed):
    with pytest.raises(BaseYearsMissing) as refused:
        grandfathering(
            years,
            reduction=Fraction(0),
            sector_coefficient=Fraction(1),
            pack_version=PACK,
            needed_years=needed,
        )

    assert refused.value.code == "base_years_missing"
    assert refused.value.facts == {"usable_years": len(years), "needed_years": needed}


def test_historic_intensity_weighs_each_year_alike():
    """(2 + 4) ÷ 2 = 3 kgce a unit, less 10 %, times 500 units; output-weighted it would differ."""
    granted = historic_intensity(
        [BaseYear(2_000, Fraction(1_000)), BaseYear(400, Fraction(100))],
        output=Fraction(500),
        reduction=Fraction(1, 10),
        pack_version=PACK,
    )

    assert granted.amount_kgce == 1_350


def test_a_base_year_without_output_is_refused():
    with pytest.raises(BaseYearsMissing) as refused:
        historic_intensity(
            [BaseYear(2_000, Fraction(1_000)), BaseYear(400, Fraction(0))],
            output=Fraction(500),
            reduction=Fraction(0),
            pack_version=PACK,
        )

    assert refused.value.facts == {"usable_years": 1, "needed_years": 2}


@pytest.mark.parametrize(("output", "kgce"), [("0", 0), ("1000.5", 112_056), ("2000", 224_000)])
def test_benchmarking_pays_for_actual_output(output, kgce):
    """100 kgce a tonne × coefficient 1.12."""
    granted = benchmarking(
        benchmark_kgce_per_unit=Fraction(100),
        output=Fraction(output),
        sector_coefficient=Fraction("1.12"),
        pack_version=PACK,
    )

    assert granted.amount_kgce == kgce


@pytest.mark.parametrize(
    ("quota_kgce", "share", "kgce"),
    [
        (100_000_000, "0.6", 60_000_000),
        (1_999, "0.5", 0),
        (2_000, "0.5", 1_000),
        (12_345_678, "0.6", 7_407_000),
        (12_345_678, "1", 12_345_000),
        (12_345_678, "0", 0),
    ],
)
def test_a_pre_issue_is_floored_to_whole_lots(quota_kgce, share, kgce):
    issued = pre_issue(quota_kgce, share=Fraction(share), pack_version=PACK)

    assert issued.amount_kgce == kgce


@pytest.mark.parametrize("share", ["-0.01", "1.01"])
def test_a_pre_issue_share_beyond_nothing_and_all_is_refused(share):
    with pytest.raises(PreIssueShareOutOfRange) as refused:
        pre_issue(1_000, share=Fraction(share), pack_version=PACK)

    assert refused.value.facts == {"share": share}


@pytest.mark.parametrize(
    ("final_kgce", "delta_kgce"),
    [
        (95_000_000, 35_000_000),
        (110_000_000, 50_000_000),
        (60_000_000, 0),
        (55_000_000, -5_000_000),
    ],
)
def test_henan_trues_up_sixty_percent(final_kgce, delta_kgce):
    change = true_up(final_kgce=final_kgce, pre_issued_kgce=60_000_000, pack_version=PACK)

    assert change.amount_kgce == delta_kgce


@pytest.mark.parametrize(
    ("available_kgce", "taken_kgce", "due_claim_kgce"),
    [(2_000, 2_000, 3_000), (0, 0, 5_000), (4_999, 4_999, 1), (5_000, 5_000, 0), (9_000, 5_000, 0)],
)
def test_a_claw_back_takes_what_is_there_and_claims_the_rest(
    available_kgce, taken_kgce, due_claim_kgce
):
    split = claw_back(available_kgce=available_kgce, owed_kgce=5_000)

    assert split == ClawBack(taken_kgce=taken_kgce, due_claim_kgce=due_claim_kgce)


def scaled(amount_kgce: int, *, cap_kgce: int = 1_000_000) -> dict[str, int]:
    requests = [Request(enterprise, amount_kgce) for enterprise in ("E3", "E1", "E2")]
    grants = scale_to_cap(requests, cap_kgce=cap_kgce, pack_version=PACK)
    return {enterprise: granted.amount_kgce for enterprise, granted in grants.items()}


def test_requests_within_the_cap_are_granted_whole():
    assert scaled(333_330) == {"E1": 333_330, "E2": 333_330, "E3": 333_330}


def test_requests_above_the_cap_share_it_exactly_and_the_first_code_wins_the_tie():
    assert scaled(500_000) == {"E1": 333_334, "E2": 333_333, "E3": 333_333}


@pytest.mark.parametrize(
    ("cap_kgce", "grants"), [(3, [1, 1, 1]), (2, [1, 1, 0]), (1, [1, 0, 0]), (0, [0, 0, 0])]
)
def test_a_tiny_cap_goes_out_by_code(cap_kgce, grants):
    assert list(scaled(1, cap_kgce=cap_kgce).values()) == grants


def test_no_requests_are_no_grants():
    assert scale_to_cap([], cap_kgce=10, pack_version=PACK) == {}


def test_a_scaled_grant_explains_itself_without_the_others():
    requests = [Request("E1", 700), Request("E2", 500)]

    sheet = scale_to_cap(requests, cap_kgce=600, pack_version=PACK)["E1"].sheet

    (step,) = sheet.plain()["steps"]
    assert step["inputs"] == {"requested": "700", "cap": "600", "total_requested": "1200"}
    assert step["result"] == "350"
    assert step["rule"] == "ALC-08"


def test_every_method_keeps_its_inputs_and_pack():
    sheet = benchmarking(
        benchmark_kgce_per_unit=Fraction(100),
        output=Fraction(2_000),
        sector_coefficient=Fraction("1.12"),
        pack_version=PACK,
    ).sheet.plain()

    assert sheet["pack_version"] == "2026.1"
    assert sheet["steps"][0]["inputs"] == {
        "benchmark": "100",
        "output": "2000",
        "sector_coefficient": "1.12",
    }
