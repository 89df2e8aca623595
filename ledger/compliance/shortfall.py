"""
What follows when the deadline has passed and something is missing, as steps that others carry out.

Every step is a switch of the policy pack. A fine is a proposal to an officer, never an entry.
Amounts are whole minor units of one measure (kgce, or kg of coal); prices are fen per tonne of it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from ledger.calculation import HALF_UP, Sheet, Step, step
from ledger.units import KGCE_PER_TCE, round_half_up


class FineBase(StrEnum):
    """Which amount a fine is reckoned on. Rule: CMP-25."""

    MISSING = "missing"
    UNRECOVERED = "unrecovered"


@dataclass(frozen=True, slots=True)
class FinePolicy:
    """A fine between two multiples of the mean price, at most *cap_fen* where there is a cap."""

    lowest_multiple: Fraction
    highest_multiple: Fraction
    base: FineBase = FineBase.MISSING
    cap_fen: int | None = None


@dataclass(frozen=True, slots=True)
class ShortfallPolicy:
    """Which steps a pack switches on; None or False leaves a step out."""

    grace_days: int = 0
    has_forced_deduction: bool = False
    next_year_multiplier: Fraction | None = None
    fine: FinePolicy | None = None
    has_credit_record: bool = False


@dataclass(frozen=True, slots=True)
class Grace:
    """The last day on which surrender still ends the matter."""

    last_day: date


@dataclass(frozen=True, slots=True)
class ForcedDeduction:
    """What is taken from the enterprise's free holdings, and what that leaves missing."""

    amount: int
    unrecovered: int


@dataclass(frozen=True, slots=True)
class NextYearDeduction:
    """What next year's allocation is cut by."""

    amount: int


@dataclass(frozen=True, slots=True)
class FineProposal:
    """A range for an officer to decide in; both ends are None where there was no price."""

    base: int
    min_fen: int | None
    max_fen: int | None


@dataclass(frozen=True, slots=True)
class CreditRecord:
    """An entry proposed for the public credit platform."""

    missing: int


ShortfallStep = Grace | ForcedDeduction | NextYearDeduction | FineProposal | CreditRecord


@dataclass(frozen=True, slots=True)
class ShortfallPlan:
    """The steps in the order they are carried out, with the sheet behind their figures."""

    steps: tuple[ShortfallStep, ...]
    sheet: Sheet


def shortfall_plan(
    policy: ShortfallPolicy,
    *,
    missing: int,
    available: int,
    mean_price_fen: Fraction | None,
    deadline: date,
    pack_version: str,
) -> ShortfallPlan:
    """
    Return what follows from *missing*, in order: grace, forced deduction, next year, fine, record.

    *mean_price_fen* is the mean price per tonne over the window the pack names, None where nothing
    was traded.

    Rule: CMP-21 to CMP-26.
    """
    assert missing > 0
    assert available >= 0
    recovered = min(missing, available) if policy.has_forced_deduction else 0
    unrecovered = missing - recovered
    steps: list[ShortfallStep] = []
    lines: list[Step] = []
    if policy.grace_days:
        steps.append(Grace(last_day=deadline + timedelta(days=policy.grace_days)))
    if recovered:
        steps.append(ForcedDeduction(amount=recovered, unrecovered=unrecovered))
        lines.append(_deduction_line(recovered, missing=missing, available=available))
    if policy.next_year_multiplier is not None and unrecovered:
        cut = round_half_up(unrecovered * policy.next_year_multiplier)
        steps.append(NextYearDeduction(amount=cut))
        lines.append(_next_year_line(cut, unrecovered, multiplier=policy.next_year_multiplier))
    if policy.fine is not None:
        base = missing if policy.fine.base is FineBase.MISSING else unrecovered
        proposal = _fine(policy.fine, base=base, mean_price_fen=mean_price_fen)
        steps.append(proposal)
        lines.append(_fine_line(proposal, policy=policy.fine, mean_price_fen=mean_price_fen))
    if policy.has_credit_record:
        steps.append(CreditRecord(missing=missing))
    return ShortfallPlan(steps=tuple(steps), sheet=Sheet(pack_version).then(*lines))


def _fine(policy: FinePolicy, *, base: int, mean_price_fen: Fraction | None) -> FineProposal:
    if mean_price_fen is None:
        return FineProposal(base=base, min_fen=None, max_fen=None)
    worth_fen = base * mean_price_fen / KGCE_PER_TCE
    return FineProposal(
        base=base,
        min_fen=_capped(worth_fen * policy.lowest_multiple, policy.cap_fen),
        max_fen=_capped(worth_fen * policy.highest_multiple, policy.cap_fen),
    )


def _capped(exact_fen: Fraction, cap_fen: int | None) -> int:
    fine_fen = round_half_up(exact_fen)
    return fine_fen if cap_fen is None else min(fine_fen, cap_fen)


def _deduction_line(amount: int, *, missing: int, available: int) -> Step:
    return step(
        "forced deduction",
        "min(missing, available)",
        {"missing": missing, "available": available},
        result=amount,
        unit="minor units",
        rule="CMP-22",
    )


def _next_year_line(cut: int, unrecovered: int, *, multiplier: Fraction) -> Step:
    return step(
        "next-year deduction",
        "unrecovered × multiplier",
        {"unrecovered": unrecovered, "multiplier": multiplier},
        result=cut,
        unit="minor units",
        rule="CMP-23",
        rounding=HALF_UP,
    )


def _fine_line(
    proposal: FineProposal, *, policy: FinePolicy, mean_price_fen: Fraction | None
) -> Step:
    return step(
        "fine proposal",
        "base ÷ 1000 × mean_price × multiple",
        {
            "base": proposal.base,
            "base_is": policy.base.value,
            "mean_price": "no trades" if mean_price_fen is None else mean_price_fen,
            "lowest_multiple": policy.lowest_multiple,
            "highest_multiple": policy.highest_multiple,
            "cap": "none" if policy.cap_fen is None else policy.cap_fen,
        },
        result="no figure"
        if proposal.min_fen is None
        else f"{proposal.min_fen} to {proposal.max_fen}",
        unit="fen",
        rule="CMP-24",
        rounding=HALF_UP,
    )
