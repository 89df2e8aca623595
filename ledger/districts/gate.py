"""
The gates that a new project passes before it may plan its substitution.

A gate is a pure noun: what the project states and what the pack says give a verdict with its steps.
Intensities are tce per 10,000 yuan of value added; unit use is per unit of product, in the pack's
own unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from ledger.calculation import Step, step

FEN_PER_10K_YUAN = 1_000_000
KGCE_PER_TCE = 1_000

ProjectClass = Literal["", "encouraged", "permitted", "restricted", "eliminated"]
"""The class of the State's catalogue; empty where it was not stated."""

Saturation = Literal["", "saturated", "not_saturated", "emerging"]
"""What capacity the trade has; empty where it was not stated."""

BANNED_CLASSES = frozenset({"restricted", "eliminated"})


class GateKind(StrEnum):
    """The gates that packs may put in force, by `gate.kind`."""

    THREE_BANDS = "three_bands"
    ADMISSION = "admission"
    CLASS_AND_CAPACITY = "class_and_capacity"


class Verdict(StrEnum):
    """What a gate says of a project."""

    NO_GATE = "no_gate"
    GUARANTEED = "guaranteed"
    APPLY_FOR_LISTING = "apply_for_listing"
    NO_PATH = "no_path"
    ADMITTED = "admitted"
    BELOW_ADMISSION = "below_admission"
    BANNED = "banned"
    REDUCING_SUBSTITUTION = "reducing_substitution"
    ADVANCED = "advanced"
    BELOW_ADVANCED = "below_advanced"
    LOW_CARBON = "low_carbon"
    STATEMENT_MISSING = "statement_missing"


PASSING = frozenset(
    {
        Verdict.GUARANTEED,
        Verdict.ADMITTED,
        Verdict.REDUCING_SUBSTITUTION,
        Verdict.ADVANCED,
        Verdict.LOW_CARBON,
    }
)
"""Verdicts with which a project goes on; one that applies for listed quota waits for the city."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict and the steps that led to it."""

    verdict: Verdict
    steps: tuple[Step, ...]


def project_intensity(*, energy_kgce: int, feedstock_kgce: int, value_added_fen: int) -> Fraction:
    """Return tce per 10,000 yuan of value added, *feedstock_kgce* taken off the energy."""
    assert value_added_fen > 0
    return Fraction(energy_kgce - feedstock_kgce, KGCE_PER_TCE) / Fraction(
        value_added_fen, FEN_PER_10K_YUAN
    )


def by_three_bands(
    intensity: Fraction, *, district_intensity: Fraction, city_benchmark: Fraction
) -> Judged:
    """
    Judge a project by the district's intensity and the city's benchmark; to be at it is not below.

    Below the district's intensity it is guaranteed, from there to below the benchmark it may apply
    for quota that the city lists for it, and from the benchmark on there is no path.

    Rule: DST-70.
    """
    if intensity < district_intensity:
        verdict = Verdict.GUARANTEED
    elif intensity < city_benchmark:
        verdict = Verdict.APPLY_FOR_LISTING
    else:
        verdict = Verdict.NO_PATH
    inputs = {
        "intensity": intensity,
        "district": district_intensity,
        "benchmark": city_benchmark,
    }
    formula = "intensity < district: guaranteed; < benchmark: listing; else no path"
    judged = step("gate", formula, inputs, result=verdict, unit="verdict", rule="DST-70")
    return Judged(verdict, (judged,))


def by_admission(unit_use: Fraction, *, admission: Fraction, measures: Sequence[str]) -> Judged:
    """
    Judge a project by the admission value (准入值) of its product; at the value it is admitted.

    *measures* are what it must substitute once admitted: capacity, energy saved, coal.

    Rule: DST-71.
    """
    verdict = Verdict.ADMITTED if unit_use <= admission else Verdict.BELOW_ADMISSION
    inputs = {"unit_use": unit_use, "admission": admission}
    formula = "unit_use <= admission: admitted"
    judged = step("gate", formula, inputs, result=verdict, unit="verdict", rule="DST-71")
    return Judged(verdict, (judged, _substitution(measures, rule="DST-71")))


def by_class(project_class: ProjectClass) -> Judged | None:
    """Return the ban of a project of a restricted or eliminated class, else None. Rule: DST-72."""
    if project_class not in BANNED_CLASSES:
        return None
    banned = step(
        "gate",
        "restricted or eliminated: banned",
        {"class": project_class},
        result=Verdict.BANNED,
        unit="verdict",
        rule="DST-72",
    )
    return Judged(Verdict.BANNED, (banned,))


def by_saturation(measures: Sequence[str]) -> Judged:
    """Let a project of a saturated trade go on by reducing substitution alone. Rule: DST-73."""
    verdict = Verdict.REDUCING_SUBSTITUTION
    judged = step(
        "gate",
        "saturated: reducing substitution",
        {"saturation": "saturated"},
        result=verdict,
        unit="verdict",
        rule="DST-73",
    )
    return Judged(verdict, (judged, _substitution(measures, rule="DST-73")))


def by_advanced_level(unit_use: Fraction, *, advanced: Fraction) -> Judged:
    """Judge a project of an unsaturated trade by the domestic advanced level. Rule: DST-73."""
    verdict = Verdict.ADVANCED if unit_use <= advanced else Verdict.BELOW_ADVANCED
    inputs = {"unit_use": unit_use, "advanced": advanced}
    formula = "unit_use <= advanced: admitted"
    judged = step("gate", formula, inputs, result=verdict, unit="verdict", rule="DST-73")
    return Judged(verdict, (judged,))


def by_statement(statement: str) -> Judged:
    """Ask a large user of an emerging trade for its statement of low-carbon technique. DST-74."""
    verdict = Verdict.LOW_CARBON if statement.strip() else Verdict.STATEMENT_MISSING
    judged = step(
        "gate",
        "emerging: a statement of low-carbon technique",
        {"statement": statement or "none"},
        result=verdict,
        unit="verdict",
        rule="DST-74",
    )
    return Judged(verdict, (judged,))


def _substitution(measures: Sequence[str], *, rule: str) -> Step:
    return step(
        "to be substituted",
        "as the pack lists",
        {},
        result=", ".join(measures),
        unit="measures",
        rule=rule,
    )
