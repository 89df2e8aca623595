"""
What a closed facility frees in one measure: its baseline, its cap, and what it is on record for.
"""

from dataclasses import dataclass, replace
from datetime import date

from ledger.adopt import Policy
from ledger.calculation import Sheet
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.policy import Found, as_int, as_share, as_switch, as_text
from ledger.substitution.baseline import (
    Baseline,
    BaselineRule,
    FreedChoiceUnknown,
    baseline_of,
    read_choice,
)
from ledger.substitution.file import Figure
from ledger.substitution.freed import (
    AmountAboveCap,
    ClosureBaselineMissing,
    Freed,
    freed_by_closure,
)
from ledger.substitution.lines import ClosureLine
from ledger.substitution.look_up import RECORDED, recorded_use, registered_capacity
from ledger.units import KGCE_PER_TCE
from ledger.versions import RIGHTS
from ledger.work import Work

CAPPED = "lower_of_statistics_and_approval"
UNCAPPED = "statistics"


class FacilityIdle(Refused):
    """A facility that used nothing in its last year is claimed, and the pack does not take it."""

    code = "facility_idle"
    rule = "FRQ-73"

    def __init__(self, facility: str, *, measure: str, year: int) -> None:
        super().__init__(
            f"{facility} used no {measure} in {year}; the pack takes no idle facility, so leave "
            "the measure out",
            facility=facility,
            measure=measure,
            year=year,
        )


class EnterpriseBelowScale(Refused):
    """An enterprise below the scale from which its closures free quota."""

    code = "enterprise_below_scale"
    rule = "FRQ-73"

    def __init__(self, enterprise: str, *, used_kgce: int, needed_kgce: int) -> None:
        super().__init__(
            f"{enterprise} used {used_kgce} kgce in the year before, but the pack takes closures "
            f"of enterprises from {needed_kgce} kgce on",
            enterprise=enterprise,
            used_kgce=used_kgce,
            needed_kgce=needed_kgce,
        )


@dataclass(frozen=True, slots=True)
class Closing:
    """Which facility closed when, and the year of its last statistics."""

    enterprise: str
    facility: str
    closed_on: date
    statistics_year: int


def closed_figure(work: Work, closing: Closing, line: ClosureLine) -> Figure:
    """Return what one measure of a closure frees, with its sheet. Rule: FRQ-01, FRQ-02, FRQ-72."""
    pack_version, is_capped = cap_rule(work, closing.enterprise)
    approved = line.approved if is_capped else None
    if work.is_since(RIGHTS):
        freed = _by_baseline(work, closing, line, approved=approved, pack_version=pack_version)
    else:
        freed = freed_by_closure(
            closing.facility,
            closed_in=closing.closed_on.year,
            reported={closing.statistics_year: line.statistics},
            approved=approved,
            pack_version=pack_version,
        )
    _require_on_record(work, closing, line)
    return Figure(line.measure, line.statistics, line.approved, freed)


def cap_rule(work: Work, enterprise: str) -> tuple[str, bool]:
    """
    Return which version of the pack speaks, and whether approval caps the amount.

    Rule: FRQ-02, FRQ-72.
    """
    found = _find(work, enterprise, "freed.amount_cap")
    cap = as_text(found)
    if work.is_since(RIGHTS) and cap not in (CAPPED, UNCAPPED):
        accepted = f"{CAPPED}, {UNCAPPED}"
        raise FreedChoiceUnknown("freed.amount_cap", value=cap, accepted=accepted)
    return f"{found.pack_id}@{found.version}", cap == CAPPED


def require_scale(work: Work, closing: Closing) -> None:
    """Refuse a closure of an enterprise below the pack's scale, where it has one. FRQ-73."""
    if as_switch(_find(work, closing.enterprise, "freed.below_scale_may_free")):
        return
    threshold_tce = as_int(_find(work, closing.enterprise, "freed.above_scale_from_tce"))
    year = closing.closed_on.year - 1
    used = recorded_use(work, enterprise=closing.enterprise, year=year, measure="energy")
    if used is None:
        raise ClosureBaselineMissing(closing.facility, year=year)
    if used < threshold_tce * KGCE_PER_TCE:
        needed = threshold_tce * KGCE_PER_TCE
        raise EnterpriseBelowScale(closing.enterprise, used_kgce=used, needed_kgce=needed)


def _by_baseline(
    work: Work, closing: Closing, line: ClosureLine, *, approved: int | None, pack_version: str
) -> Freed:
    rule = _baseline_rule(work, closing.enterprise)
    if line.measure not in RECORDED:  # capacity and pollutants are levels, not uses of a year
        rule = BaselineRule(Baseline.PRIOR_YEAR)
    reported = {each.year: each.statistics for each in line.earlier}
    reported[closing.statistics_year] = line.statistics
    amount, step = baseline_of(
        closing.facility,
        closed_in=closing.closed_on.year,
        reported=reported,
        approved=line.approved,
        rule=rule,
    )
    _require_not_idle(work, closing, line)
    freed = freed_by_closure(
        closing.facility,
        closed_in=closing.closed_on.year,
        reported={closing.closed_on.year - 1: amount},
        approved=approved,
        pack_version=pack_version,
    )
    sheet = Sheet(pack_version).then(step, *freed.sheet.steps)
    return replace(freed, sheet=sheet)


def _require_not_idle(work: Work, closing: Closing, line: ClosureLine) -> None:
    is_idle = line.measure in RECORDED and line.statistics == 0
    if is_idle and not as_switch(_find(work, closing.enterprise, "freed.idle_may_free")):
        year = closing.statistics_year
        raise FacilityIdle(closing.facility, measure=line.measure, year=year)


def _baseline_rule(work: Work, enterprise: str) -> BaselineRule:
    choice = read_choice(as_text(_find(work, enterprise, "freed.baseline")))
    share = None
    if as_switch(_find(work, enterprise, "freed.abnormal_year_falls_back")):
        share = as_share(_find(work, enterprise, "freed.abnormal_year_share"))
    return BaselineRule(choice, share)


def _require_on_record(work: Work, closing: Closing, line: ClosureLine) -> None:
    """Refuse a figure above what the firm, or the plant's capacity, is on record for. FRQ-59."""
    _require_recorded(work, closing, line, year=closing.statistics_year, stated=line.statistics)
    for each in line.earlier:
        _require_recorded(work, closing, line, year=each.year, stated=each.statistics)


def _require_recorded(
    work: Work, closing: Closing, line: ClosureLine, *, year: int, stated: int
) -> None:
    if line.measure in RECORDED:
        recorded = recorded_use(
            work, enterprise=closing.enterprise, year=year, measure=line.measure
        )
        if recorded is None:
            raise ClosureBaselineMissing(closing.facility, year=year)
    else:
        recorded = registered_capacity(work, facility=closing.facility, measure=line.measure)
    if recorded is not None and stated > recorded:
        raise AmountAboveCap(closing.facility, claimed=stated, cap=recorded)


def _find(work: Work, enterprise: str, key: str) -> Found:
    parties = work.memory.cache(Parties)
    district = parties.district(parties.enterprise(enterprise).district)
    return work.memory.cache(Policy).find(district.pack, key, day_of(work.now))
