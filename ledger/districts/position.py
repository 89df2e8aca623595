"""
Where a district stands: its total target, headroom, assessment and warning level.

Totals are kgce; reductions are fractions of intensity, positive where intensity fell.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from ledger.units import round_half_up


class TotalStatus(StrEnum):
    """How a district's total consumption is judged in one assessment."""

    EXEMPT = "exempt"
    WITHIN = "within"
    OVER = "over"


class WarningScheme(StrEnum):
    """A published way to grade progress; their labels and lines are not comparable."""

    FIRST_QUARTER_2021 = "q1_2021"
    FIRST_HALF_2021 = "h1_2021"


class Severity(StrEnum):
    """What a warning level means, whatever the local label."""

    OK = "ok"
    WATCH = "watch"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class WarningLevel:
    """A severity and the label under which the scheme publishes it."""

    severity: Severity
    label: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """One district's result: intensity passed or failed, and how its total was judged."""

    is_intensity_met: bool
    total: TotalStatus

    @property
    def is_passed(self) -> bool:
        """Return whether neither intensity nor total is breached."""
        return self.is_intensity_met and self.total is not TotalStatus.OVER


def annual_cap_kgce(
    *, last_year_kgce: int, gdp_growth_target: Fraction, base_annual_rate: Fraction | Decimal
) -> int:
    """
    Return a year's total target from last year's use, GDP growth and the base intensity rate.

    Rule: DST-11.
    """
    allowed = (1 + gdp_growth_target) * (1 - Fraction(base_annual_rate))
    return round_half_up(last_year_kgce * allowed)


def adjusted_cap_kgce(
    *,
    last_year_kgce: int,
    gdp_growth_target: Fraction,
    gdp_growth: Fraction,
    base_annual_rate: Fraction | Decimal,
    approved: bool,
) -> int:
    """
    Return the total target once GDP growth is known.

    It rises only where GDP grew faster than its target and the rise is *approved*; a slow year
    never lowers it.

    Rule: DST-12.
    """
    counted = max(gdp_growth, gdp_growth_target) if approved else gdp_growth_target
    return annual_cap_kgce(
        last_year_kgce=last_year_kgce,
        gdp_growth_target=counted,
        base_annual_rate=base_annual_rate,
    )


def headroom_kgce(
    *,
    allocated_kgce: int,
    freed_kgce: int = 0,
    moved_in_kgce: int = 0,
    reserved_kgce: int = 0,
    committed_kgce: int = 0,
    used_kgce: int = 0,
) -> int:
    """
    Return the consumption space a district has left; negative where it is overcommitted.

    *moved_in_kgce* is net of what moved out; *used_kgce* is actual increment.

    Rule: DST-13.
    """
    income = allocated_kgce + freed_kgce + moved_in_kgce
    return income - reserved_kgce - committed_kgce - used_kgce


def assess(
    reduction: Fraction,
    *,
    base_target: Fraction,
    incentive_target: Fraction | None,
    energy_kgce: int,
    cap_kgce: int,
) -> Assessment:
    """
    Return how one district is judged.

    Reaching the incentive target exempts the total; missing the base target fails intensity
    whatever the total is. Reaching means at least.

    Rule: DST-14, DST-15.
    """
    assert incentive_target is None or incentive_target >= base_target
    if incentive_target is not None and reduction >= incentive_target:
        total = TotalStatus.EXEMPT
    else:
        total = TotalStatus.WITHIN if energy_kgce <= cap_kgce else TotalStatus.OVER
    return Assessment(is_intensity_met=reduction >= base_target, total=total)


def assessed_kgce(
    *, energy_kgce: int, renewables_kgce: int, renewables_before_kgce: int, is_all_excluded: bool
) -> int:
    """
    Return the energy that an assessment counts once renewables are out of it.

    By the rule of 2022 only what was added since the base year is out, of the total alone; by that
    of 2024 all of it is, of total and intensity. Renewables that fell are not added.

    Rule: DST-90.
    """
    added = max(renewables_kgce - renewables_before_kgce, 0)
    return energy_kgce - (renewables_kgce if is_all_excluded else added)


def warning_level(
    reduction: Fraction | None, *, target: Fraction | Decimal, scheme: WarningScheme
) -> WarningLevel | None:
    """
    Return the level at which *scheme* grades a reduction against its progress target.

    Without data there is no level, which is not the same as green.

    Rule: DST-16, DST-17.
    """
    assert target > 0
    if reduction is None:
        return None
    if scheme is WarningScheme.FIRST_QUARTER_2021:
        return _by_gap(reduction, target=Fraction(target))
    return _by_direction(reduction, target=Fraction(target))


def _by_gap(reduction: Fraction, *, target: Fraction) -> WarningLevel:
    """Grade by the gap in parts of the target: a tenth of it is the line, itself still yellow."""
    if reduction >= target:
        return WarningLevel(Severity.OK, "green")
    if (target - reduction) / target <= Fraction(1, 10):
        return WarningLevel(Severity.WATCH, "yellow")
    return WarningLevel(Severity.CRITICAL, "red")


def _by_direction(reduction: Fraction, *, target: Fraction) -> WarningLevel:
    """Grade by direction: level 1 is a rise, level 2 a fall that is too small."""
    if reduction >= target:
        return WarningLevel(Severity.OK, "3")
    if reduction >= 0:
        return WarningLevel(Severity.WATCH, "2")
    return WarningLevel(Severity.CRITICAL, "1")
