"""
How much quota a closure, a retrofit or renewables free, and that no saving is claimed twice.

Amounts are whole minor units of one measure (kgce, kg of coal …). A freed amount is a proposal: it
becomes standing quota only by a confirmation opinion (确权意见书).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from ledger.calculation import HALF_UP, Sheet, step
from ledger.errors import Refused
from ledger.units import round_half_up


class Method(StrEnum):
    """How consumption space came free."""

    CLOSURE = "closure"
    RETROFIT = "retrofit"
    RENEWABLE = "renewable"


class ClosureBaselineMissing(Refused):
    """A closed facility has no verified consumption for the year before it closed."""

    code = "closure_baseline_missing"
    rule = "FRQ-01"

    def __init__(self, facility: str, *, year: int) -> None:
        super().__init__(
            f"{facility} has no verified consumption for {year}, the year before it closed: "
            "its report must be verified first",
            facility=facility,
            year=year,
        )


class AmountAboveCap(Refused):
    """More is claimed than statistics and approval allow."""

    code = "amount_above_cap"
    rule = "FRQ-02"

    def __init__(self, facility: str, *, claimed: int, cap: int) -> None:
        super().__init__(
            f"{claimed} is claimed for {facility}, but at most {cap} is accepted, the lower of "
            "statistics and approval, in minor units of the measure (kgce or kg)",
            facility=facility,
            claimed=claimed,
            cap=cap,
        )


class RetrofitBaselineMissing(Refused):
    """No baseline audit was filed before the works began."""

    code = "retrofit_baseline_missing"
    rule = "FRQ-04"

    def __init__(self, facility: str, *, works_began: date) -> None:
        super().__init__(
            f"{facility} has no baseline audit filed before its works began on {works_began}: "
            "only a saving with a baseline filed before that day is accepted",
            facility=facility,
            works_began=works_began.isoformat(),
        )


class RetrofitReauditMissing(Refused):
    """The saving has not been audited after the works."""

    code = "retrofit_reaudit_missing"
    rule = "FRQ-05"

    def __init__(self, facility: str, *, works_ended: date) -> None:
        super().__init__(
            f"{facility} has no audit made after its works ended on {works_ended}: nothing is "
            "freed until one is made",
            facility=facility,
            works_ended=works_ended.isoformat(),
        )


class NothingSaved(Refused):
    """The audit after the works shows no saving."""

    code = "nothing_saved"
    rule = "FRQ-06"

    def __init__(self, facility: str, *, saving: int) -> None:
        super().__init__(
            f"the audits of {facility} show a saving of {saving}, but more than 0 is needed, in "
            "minor units of the measure (kgce or kg)",
            facility=facility,
            saving=saving,
        )


class ClaimOverlaps(Refused):
    """The same facility, measure and period is already claimed."""

    code = "claim_overlaps"
    rule = "FRQ-07"

    def __init__(self, claim: "Claim", *, existing: "Claim") -> None:
        super().__init__(
            f"{claim.measure} of {claim.facility} from {claim.first_day} to {claim.last_day} "
            f"overlaps claim {existing.reference} ({existing.method}, {existing.first_day} to "
            f"{existing.last_day}): one claim is accepted for each facility, measure and period",
            facility=claim.facility,
            measure=claim.measure,
            existing=existing.reference,
            existing_first_day=existing.first_day.isoformat(),
            existing_last_day=existing.last_day.isoformat(),
        )


@dataclass(frozen=True, slots=True)
class Freed:
    """An amount set free, waiting for its confirmation opinion, with the steps that gave it."""

    amount: int
    method: Method
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Audit:
    """A third party's figure for one year: consumption, and output where unit use is compared."""

    consumed: int
    audited_on: date
    filed_on: date
    output: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Works:
    """The days on which a retrofit of one facility began and ended."""

    facility: str
    began_on: date
    ended_on: date


@dataclass(frozen=True, slots=True)
class Claim:
    """One use of a reduction: a facility, a measure as assets spell it, and days inclusive."""

    reference: str
    facility: str
    measure: str
    first_day: date
    last_day: date
    method: Method


def freed_by_closure(
    facility: str,
    *,
    closed_in: int,
    reported: Mapping[int, int],
    approved: int | None,
    pack_version: str,
    claimed: int | None = None,
) -> Freed:
    """
    Return what a closed facility sets free: its use in the year before, at most what was approved.

    *reported* is verified consumption by year; *approved* is None where nothing was ever approved;
    *claimed* may ask for less.

    Rule: FRQ-01, FRQ-02, FRQ-03.
    """
    year = closed_in - 1
    if year not in reported:
        raise ClosureBaselineMissing(facility, year=year)
    cap = reported[year] if approved is None else min(reported[year], approved)
    if claimed is not None and claimed > cap:
        raise AmountAboveCap(facility, claimed=claimed, cap=cap)
    amount = cap if claimed is None else claimed
    freed = step(
        "freed by closure",
        "min(reported, approved, claimed)",
        {
            "year": year,
            "reported": reported[year],
            "approved": "none" if approved is None else approved,
            "claimed": "all" if claimed is None else claimed,
        },
        result=amount,
        unit="minor units",
        rule="FRQ-02",
    )
    return Freed(amount, Method.CLOSURE, Sheet(pack_version).then(freed))


def freed_by_retrofit(
    works: Works, *, before: Audit | None, after: Audit | None, pack_version: str
) -> Freed:
    """
    Return the audited saving of a retrofit.

    Where both audits state output the saving is the fall of unit use times the output after, so
    that making less is not saving; otherwise it is the fall of consumption.

    Rule: FRQ-04, FRQ-05, FRQ-06.
    """
    if before is None or max(before.audited_on, before.filed_on) >= works.began_on:
        raise RetrofitBaselineMissing(works.facility, works_began=works.began_on)
    if after is None or after.audited_on <= works.ended_on:
        raise RetrofitReauditMissing(works.facility, works_ended=works.ended_on)
    saving = round_half_up(_saving(before, after))
    if saving <= 0:
        raise NothingSaved(works.facility, saving=saving)
    freed = step(
        "freed by retrofit",
        _formula(before, after),
        {
            "before": before.consumed,
            "after": after.consumed,
            "output_before": "not stated" if before.output is None else before.output,
            "output_after": "not stated" if after.output is None else after.output,
        },
        result=saving,
        unit="minor units",
        rule="FRQ-06",
        rounding=HALF_UP,
    )
    return Freed(saving, Method.RETROFIT, Sheet(pack_version).then(freed))


def freed_by_renewables(
    facility: str, *, before: int, after: int, approved: int | None, pack_version: str
) -> Freed:
    """
    Return the proven increment of renewables made and used on the spot, at most what was approved.

    Rule: FRQ-02, FRQ-75.
    """
    increment = after - before
    if increment <= 0:
        raise NothingSaved(facility, saving=increment)
    amount = increment if approved is None else min(increment, approved)
    freed = step(
        "freed by renewables",
        "min(after − before, approved)",
        {"before": before, "after": after, "approved": "none" if approved is None else approved},
        result=amount,
        unit="minor units",
        rule="FRQ-75",
    )
    return Freed(amount, Method.RENEWABLE, Sheet(pack_version).then(freed))


def require_unclaimed(claim: Claim, existing: Iterable[Claim]) -> None:
    """
    Refuse *claim* if another claim takes the same facility and measure on any of its days.

    Who claims, and by which method, makes no difference; the earliest overlap is named.

    Rule: FRQ-07.
    """
    overlapping = [other for other in existing if _overlaps(claim, other)]
    if overlapping:
        first = min(overlapping, key=lambda other: (other.first_day, other.reference))
        raise ClaimOverlaps(claim, existing=first)


def _saving(before: Audit, after: Audit) -> Fraction:
    if before.output is None or after.output is None:
        return Fraction(before.consumed - after.consumed)
    unit_saving = before.consumed / before.output - after.consumed / after.output
    return unit_saving * after.output


def _formula(before: Audit, after: Audit) -> str:
    if before.output is None or after.output is None:
        return "before − after"
    return "(before ÷ output_before − after ÷ output_after) × output_after"


def _overlaps(claim: Claim, other: Claim) -> bool:
    assert claim.first_day <= claim.last_day
    return (
        claim.facility == other.facility
        and claim.measure == other.measure
        and claim.first_day <= other.last_day
        and other.first_day <= claim.last_day
    )
