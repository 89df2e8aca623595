"""
From which years a closure's freed amount is taken, by the pack's choice.

A plant that ran up its last year, or let it lie idle, is measured by the mean of its years instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from ledger.calculation import HALF_UP, Step, step
from ledger.errors import Refused
from ledger.substitution.freed import ClosureBaselineMissing
from ledger.units import round_half_up

YEARS = 3


class Baseline(StrEnum):
    """What a closure is measured by."""

    PRIOR_YEAR = "prior_year"
    AVG_3Y = "avg_3y"
    MAX_3Y = "max_3y"
    APPROVED = "approved"


class FreedChoiceUnknown(Refused):
    """A pack chooses a rule of freed quota that the product does not know."""

    code = "freed_choice_unknown"
    rule = "FRQ-72"

    def __init__(self, key: str, *, value: str, accepted: str) -> None:
        super().__init__(
            f"the pack gives {key} as {value!r}, which is no rule known here: {accepted} is "
            "accepted",
            key=key,
            value=value,
            accepted=accepted,
        )


class ApprovalMissing(Refused):
    """A pack measures by what was approved, and no approval is stated."""

    code = "freed_approval_missing"
    rule = "FRQ-72"

    def __init__(self, facility: str) -> None:
        super().__init__(
            f"the pack measures {facility} by what was approved; state the approved use",
            facility=facility,
        )


@dataclass(frozen=True, slots=True)
class BaselineRule:
    """
    The pack's choice, and how far the last year may lie from the mean before the mean counts.

    *abnormal_share* is a part of the mean; None where the pack does not ask.
    """

    choice: Baseline
    abnormal_share: Fraction | None = None


def read_choice(value: str) -> Baseline:
    """Return the pack's choice, or refuse a word that is none. Rule: FRQ-72."""
    accepted = [choice.value for choice in Baseline]
    if value not in accepted:
        raise FreedChoiceUnknown("freed.baseline", value=value, accepted=", ".join(accepted))
    return Baseline(value)


def baseline_of(
    facility: str,
    *,
    closed_in: int,
    reported: Mapping[int, int],
    approved: int | None,
    rule: BaselineRule,
) -> tuple[int, Step]:
    """
    Return what a closed facility is measured by, in minor units, and the step that says why.

    *reported* is its use by year. Averages are taken over the three years before the closure and
    need each of them; the check for an abnormal last year takes those that are stated.

    Rule: FRQ-72.
    """
    last = closed_in - 1
    years = [closed_in - back for back in range(1, YEARS + 1)]
    if rule.choice is Baseline.APPROVED:
        if approved is None:
            raise ApprovalMissing(facility)
        return approved, _step("approved", {"approved": approved}, approved)
    if last not in reported:
        raise ClosureBaselineMissing(facility, year=last)
    if rule.choice is Baseline.PRIOR_YEAR:
        return _prior_year(reported, years=years, share=rule.abnormal_share)
    for year in years:
        if year not in reported:
            raise ClosureBaselineMissing(facility, year=year)
    stated = {f"used_{year}": reported[year] for year in years}
    if rule.choice is Baseline.MAX_3Y:
        return max(stated.values()), _step("max(three years)", stated, max(stated.values()))
    mean = round_half_up(Fraction(sum(stated.values()), YEARS))
    return mean, _step("mean(three years)", stated, mean)


def _prior_year(
    reported: Mapping[int, int], *, years: list[int], share: Fraction | None
) -> tuple[int, Step]:
    stated = {f"used_{year}": reported[year] for year in years if year in reported}
    last = reported[years[0]]
    mean = Fraction(sum(stated.values()), len(stated))
    if share is None or abs(last - mean) <= share * mean:
        return last, _step("year before", stated, last)
    amount = round_half_up(mean)
    inputs: dict[str, int | Fraction] = {**stated, "abnormal_share": share}
    return amount, _step("mean(years), the year before is abnormal", inputs, amount)


def _step(formula: str, inputs: Mapping[str, int | Fraction], result: int) -> Step:
    return step(
        "baseline",
        formula,
        dict(inputs),
        result=result,
        unit="minor units",
        rule="FRQ-72",
        rounding=HALF_UP if formula.startswith("mean") else "none",
    )
