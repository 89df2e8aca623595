"""
How much an enterprise is granted for a year: three methods, pre-issue, true-up and the cap.

Amounts are kgce. Coefficients and reductions are fractions from the policy pack, output is in the
product's own unit. Every method returns its amount with the sheet that explains it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import cast

from ledger.calculation import DOWN_TO_LOT, HALF_UP, LARGEST_REMAINDER, Sheet, as_text, step
from ledger.errors import Refused
from ledger.units import KGCE_PER_TCE, largest_remainder, round_half_up


class BaseYearsMissing(Refused):
    """A method that looks back was given no year to look at, or a year without output."""

    code = "base_years_missing"
    rule = "ALC-02"

    def __init__(self, *, usable_years: int, needed_years: int) -> None:
        super().__init__(
            f"{usable_years} usable base years are given, but the method needs {needed_years}, "
            "each with output above zero where intensity is asked: use benchmarking for new units",
            usable_years=usable_years,
            needed_years=needed_years,
        )


class PreIssueShareOutOfRange(Refused):
    """A pre-issue share is not between nothing and everything."""

    code = "pre_issue_share_out_of_range"
    rule = "ALC-05"

    def __init__(self, share: Fraction) -> None:
        super().__init__(
            f"a pre-issue share of {as_text(share)} is given, but 0 to 1 is accepted",
            share=as_text(share),
        )


@dataclass(frozen=True, slots=True)
class Granted:
    """An amount of quota, or a change of it, and the steps that gave it."""

    amount_kgce: int
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class BaseYear:
    """What an enterprise used and made in one past year."""

    energy_kgce: int
    output: Fraction


@dataclass(frozen=True, slots=True)
class ClawBack:
    """What can be taken back now, and what stays owed as a due claim."""

    taken_kgce: int
    due_claim_kgce: int


@dataclass(frozen=True, slots=True)
class Request:
    """What one enterprise would get if there were no cap."""

    enterprise: str
    amount_kgce: int


def grandfathering(
    totals_kgce: Sequence[int],
    *,
    reduction: Fraction,
    sector_coefficient: Fraction,
    pack_version: str,
    needed_years: int = 1,
) -> Granted:
    """
    Return the mean of past totals, less *reduction*, times the sector coefficient.

    Rule: ALC-01, ALC-02.
    """
    require_years(len(totals_kgce), needed_years=needed_years)
    mean = Fraction(sum(totals_kgce), len(totals_kgce))
    amount = round_half_up(mean * (1 - reduction) * sector_coefficient)
    quota = step(
        "quota by grandfathering",
        "mean(totals) × (1 − reduction) × sector_coefficient",
        {
            "totals": ", ".join(str(total) for total in totals_kgce),
            "mean": mean,
            "reduction": reduction,
            "sector_coefficient": sector_coefficient,
        },
        result=amount,
        unit="kgce",
        rule="ALC-01",
        rounding=HALF_UP,
    )
    return Granted(amount, Sheet(pack_version).then(quota))


def historic_intensity(
    base_years: Sequence[BaseYear],
    *,
    output: Fraction,
    reduction: Fraction,
    pack_version: str,
    needed_years: int = 1,
) -> Granted:
    """
    Return the mean of past intensities, less *reduction*, times this year's *output*.

    Each base year weighs the same, however much it made.

    Rule: ALC-03, ALC-02.
    """
    require_years(
        sum(1 for year in base_years if year.output > 0),
        needed_years=max(needed_years, len(base_years)),
    )
    intensities = [year.energy_kgce / year.output for year in base_years]
    mean = sum(intensities, start=Fraction(0)) / len(intensities)
    amount = round_half_up(mean * (1 - reduction) * output)
    quota = step(
        "quota by historic intensity",
        "mean(energy ÷ output) × (1 − reduction) × output",
        {
            "intensities": ", ".join(as_text(one) for one in intensities),
            "mean": mean,
            "reduction": reduction,
            "output": output,
        },
        result=amount,
        unit="kgce",
        rule="ALC-03",
        rounding=HALF_UP,
    )
    return Granted(amount, Sheet(pack_version).then(quota))


def benchmarking(
    *,
    benchmark_kgce_per_unit: Fraction,
    output: Fraction,
    sector_coefficient: Fraction,
    pack_version: str,
) -> Granted:
    """
    Return the sector's benchmark per unit of output times this year's output.

    Rule: ALC-04.
    """
    assert output >= 0
    # In whole numbers, since a plan has many rows: halves up, as of everything above zero.
    factors = (benchmark_kgce_per_unit, output, sector_coefficient)
    above = prod(factor.numerator for factor in factors)
    below = prod(factor.denominator for factor in factors)
    amount = (2 * above + below) // (2 * below)
    quota = step(
        "quota by benchmarking",
        "benchmark × output × sector_coefficient",
        {
            "benchmark": benchmark_kgce_per_unit,
            "output": output,
            "sector_coefficient": sector_coefficient,
        },
        result=amount,
        unit="kgce",
        rule="ALC-04",
        rounding=HALF_UP,
    )
    return Granted(amount, Sheet(pack_version).then(quota))


def pre_issue(
    quota_kgce: int, *, share: Fraction, pack_version: str, lot_kgce: int = KGCE_PER_TCE
) -> Granted:
    """
    Return the part of a planned quota that is issued before the year is verified, in whole lots.

    Rule: ALC-05.
    """
    amount = pre_issue_amount(quota_kgce, share=share, lot_kgce=lot_kgce)
    issued = step(
        "pre-issue",
        "⌊quota × share ÷ lot⌋ × lot",
        {"quota": quota_kgce, "share": share, "lot": lot_kgce},
        result=amount,
        unit="kgce",
        rule="ALC-05",
        rounding=DOWN_TO_LOT,
    )
    return Granted(amount, Sheet(pack_version).then(issued))


def pre_issue_amount(quota_kgce: int, *, share: Fraction, lot_kgce: int = KGCE_PER_TCE) -> int:
    """Return ⌊quota × share ÷ lot⌋ × lot, in whole numbers since a plan has many rows."""
    assert quota_kgce >= 0
    assert lot_kgce > 0
    above, below = share.numerator, share.denominator
    if not 0 <= above <= below:
        raise PreIssueShareOutOfRange(share)
    return quota_kgce * above // (below * lot_kgce) * lot_kgce


def true_up(*, final_kgce: int, pre_issued_kgce: int, pack_version: str) -> Granted:
    """
    Return what is still to issue once the final quota is known; below zero, what to claw back.

    Rule: ALC-06.
    """
    delta = final_kgce - pre_issued_kgce
    difference = step(
        "true-up",
        "final − pre_issued",
        {"final": final_kgce, "pre_issued": pre_issued_kgce},
        result=delta,
        unit="kgce",
        rule="ALC-06",
    )
    return Granted(delta, Sheet(pack_version).then(difference))


def claw_back(*, available_kgce: int, owed_kgce: int) -> ClawBack:
    """
    Return how *owed_kgce* splits into what is taken now and a due claim, never overdrawing.

    Rule: ALC-07.
    """
    assert available_kgce >= 0
    assert owed_kgce >= 0
    taken = min(available_kgce, owed_kgce)
    return ClawBack(taken_kgce=taken, due_claim_kgce=owed_kgce - taken)


def scale_to_cap(
    requests: Sequence[Request], *, cap_kgce: int, pack_version: str
) -> dict[str, Granted]:
    """
    Return each enterprise's grant, scaled down in proportion where the requests exceed the cap.

    Each sheet shows its own request and the two totals, no one else's. Rule: ALC-08.
    """
    amounts = amounts_to_cap(requests, cap_kgce=cap_kgce)
    total = sum(one.amount_kgce for one in requests)
    return {
        one.enterprise: scaled_to(
            one,
            amount=amounts[one.enterprise],
            total=total,
            cap=cap_kgce,
            pack_version=pack_version,
        )
        for one in sorted(requests, key=lambda one: one.enterprise)
    }


def amounts_to_cap(requests: Sequence[Request], *, cap_kgce: int) -> dict[str, int]:
    """
    Return each enterprise's amount, scaled down in proportion where the requests exceed the cap.

    The amounts sum to the cap exactly: the largest remainders get the last kgce, ties in order of
    enterprise code. Rule: ALC-08.
    """
    ordered = sorted(requests, key=lambda one: one.enterprise)
    assert len({one.enterprise for one in ordered}) == len(ordered)
    total = sum(one.amount_kgce for one in ordered)
    amounts = [one.amount_kgce for one in ordered]
    if total > cap_kgce:
        # Whole numbers are fractions of a kind that is read much faster.
        amounts = largest_remainder(cast(list[Fraction], amounts), cap_kgce)
    return dict(zip((one.enterprise for one in ordered), amounts, strict=True))


def scaled_to(request: Request, *, amount: int, total: int, cap: int, pack_version: str) -> Granted:
    """Return *amount* as what a request gets of *cap* where *total* is asked for. Rule: ALC-08."""
    scaled = step(
        "scaling to the cap",
        "requested × min(1, cap ÷ total_requested)",
        {"requested": request.amount_kgce, "cap": cap, "total_requested": total},
        result=amount,
        unit="kgce",
        rule="ALC-08",
        rounding=LARGEST_REMAINDER,
    )
    return Granted(amount, Sheet(pack_version).then(scaled))


def require_years(usable_years: int, *, needed_years: int) -> None:
    """Refuse a look back at fewer years than the method needs, or at none. Rule: ALC-02."""
    if usable_years < max(needed_years, 1):
        raise BaseYearsMissing(usable_years=usable_years, needed_years=max(needed_years, 1))
