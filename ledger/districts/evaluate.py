"""
Score what enterprises yield per unit of energy and of land (单位能耗产出效益, 亩产效益).

A score is points of a hundred: each indicator over its baseline, capped, times its weight. What is
weighed, how much, against which baseline and in which bands is all the pack's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ledger.calculation import HALF_UP, Step, step
from ledger.units import round_half_up

POINTS = 100
HUNDREDTHS = 100

_FEN_PER_10K_YUAN = 1_000_000
_KGCE_PER_TCE = 1_000
_MU_PER_M2 = Fraction(3, 2_000)


@dataclass(frozen=True, slots=True)
class Yield:
    """What one enterprise made in a year: fen of value added and of tax, from kgce and m2."""

    value_added_fen: int
    tax_fen: int
    energy_kgce: int
    land_m2: int


@dataclass(frozen=True, slots=True)
class Scale:
    """How a pack scores: weights that sum to one, baselines, the cap of a ratio, and bands' lines.

    *from_points* gives the least points of bands a, b and c; below them all is d.
    """

    weights: Mapping[str, Fraction]
    baselines: Mapping[str, Fraction]
    ratio_max: Fraction
    from_points: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Score:
    """Points in hundredths, the band they fall in, and the steps that gave them."""

    hundredths: int
    band: str
    steps: tuple[Step, ...]


def indicators_of(made: Yield) -> dict[str, Fraction]:
    """
    Return every indicator that a pack may weigh, in 10,000 yuan per tce or per mu.

    Rule: DST-85.
    """
    value_added = Fraction(made.value_added_fen, _FEN_PER_10K_YUAN)
    tax = Fraction(made.tax_fen, _FEN_PER_10K_YUAN)
    tce = Fraction(made.energy_kgce, _KGCE_PER_TCE)
    mu = made.land_m2 * _MU_PER_M2
    return {
        "value_added_per_tce": value_added / tce,
        "tax_per_tce": tax / tce,
        "value_added_per_mu": value_added / mu,
        "tax_per_mu": tax / mu,
    }


INDICATORS = tuple(indicators_of(Yield(0, 0, 1, 1)))
"""The names of all indicators."""


def score(made: Yield, scale: Scale) -> Score:
    """
    Return the points of one enterprise, rounded half up to a hundredth, and its band.

    An indicator below zero counts as zero; at a band's line an enterprise is in the band.

    Rule: DST-85, DST-86.
    """
    found = indicators_of(made)
    steps, total = [], Fraction(0)
    for name, weight in scale.weights.items():
        ratio = max(Fraction(0), min(found[name] / scale.baselines[name], scale.ratio_max))
        points = weight * ratio * POINTS
        total += points
        inputs = {
            "value": found[name],
            "baseline": scale.baselines[name],
            "ratio_max": scale.ratio_max,
            "weight": weight,
        }
        formula = "weight × min(value ÷ baseline, ratio_max) × 100, at least 0"
        steps.append(step(name, formula, inputs, result=points, unit="points", rule="DST-85"))
    hundredths = round_half_up(total * HUNDREDTHS)
    band = _band(hundredths, scale.from_points)
    sum_inputs = {one.name: one.result for one in steps}
    steps.append(
        step(
            "score",
            "sum",
            sum_inputs,
            result=hundredths,
            unit="hundredths of a point",
            rule="DST-85",
            rounding=HALF_UP,
        )
    )
    lines = {name: str(points) for name, points in scale.from_points.items()}
    steps.append(step("band", "by least points", lines, result=band, unit="band", rule="DST-86"))
    return Score(hundredths, band, tuple(steps))


def _band(hundredths: int, from_points: Mapping[str, int]) -> str:
    for band in ("a", "b", "c"):
        if hundredths >= from_points[band] * HUNDREDTHS:
            return band
    return "d"


def ranks(scores: Mapping[str, int]) -> dict[str, int]:
    """Return each enterprise's rank, 1 the best; equal scores share the better rank. DST-86."""
    ordered = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    found: dict[str, int] = {}
    for place, (enterprise, points) in enumerate(ordered, start=1):
        before = ordered[place - 2] if place > 1 else None
        tied = before is not None and before[1] == points
        found[enterprise] = found[before[0]] if tied and before is not None else place
    return found
