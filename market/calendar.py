"""
The trading day: which phase holds at a minute of the day, and what each phase allows.

Minutes are minutes after midnight in Asia/Shanghai; turning an instant into one is the caller's
work. The hours are data (a policy pack); what a phase means is here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from ledger.errors import Refused

MINUTES_PER_DAY = 24 * 60


class Phase(StrEnum):
    """
    What the market is doing. Rule: MKT-32.

    *call_locked* is the end of a call, when orders are taken and no longer cancelled; *quiet* is a
    pause inside the day (after the call, at noon); *halted* is a stop by decision or by trigger.
    """

    PRE_OPEN = "pre_open"
    CALL = "call"
    CALL_LOCKED = "call_locked"
    QUIET = "quiet"
    CONTINUOUS = "continuous"
    CLOSED = "closed"
    HALTED = "halted"


CALLS = frozenset({Phase.CALL, Phase.CALL_LOCKED})
ENTRY = CALLS | {Phase.CONTINUOUS, Phase.HALTED}
CANCEL = frozenset({Phase.CALL, Phase.CONTINUOUS, Phase.HALTED})
MATCH = frozenset({Phase.CONTINUOUS})

LAWFUL_NEXT: dict[Phase, frozenset[Phase]] = {
    Phase.PRE_OPEN: frozenset({Phase.CALL, Phase.CONTINUOUS, Phase.HALTED, Phase.CLOSED}),
    Phase.CALL: frozenset(
        {Phase.CALL_LOCKED, Phase.QUIET, Phase.CONTINUOUS, Phase.HALTED, Phase.CLOSED}
    ),
    Phase.CALL_LOCKED: frozenset({Phase.QUIET, Phase.CONTINUOUS, Phase.HALTED, Phase.CLOSED}),
    Phase.QUIET: frozenset({Phase.CALL, Phase.CONTINUOUS, Phase.HALTED, Phase.CLOSED}),
    Phase.CONTINUOUS: frozenset(
        {Phase.CALL, Phase.CALL_LOCKED, Phase.QUIET, Phase.HALTED, Phase.CLOSED}
    ),
    # A halt may have let orders cross, so continuous trading comes back through a call.
    Phase.HALTED: frozenset({Phase.CALL, Phase.CALL_LOCKED, Phase.CLOSED}),
    Phase.CLOSED: frozenset({Phase.PRE_OPEN}),
}


class EntryClosed(Refused):
    """No order is taken in this phase."""

    code = "entry_closed"
    rule = "MKT-32"

    def __init__(self, phase: Phase) -> None:
        super().__init__(
            f"no order is accepted while the market is {phase}, orders are accepted in "
            f"{_listed(ENTRY)}",
            phase=str(phase),
            accepted_phases=_listed(ENTRY),
        )


class CancelClosed(Refused):
    """No order is cancelled in this phase."""

    code = "cancel_closed"
    rule = "MKT-32"

    def __init__(self, phase: Phase) -> None:
        super().__init__(
            f"no order is cancelled while the market is {phase}, cancels are accepted in "
            f"{_listed(CANCEL)}",
            phase=str(phase),
            accepted_phases=_listed(CANCEL),
        )


class PhaseUnlawful(Refused):
    """The market cannot go from this phase to that one."""

    code = "phase_unlawful"
    rule = "MKT-32"

    def __init__(self, before: Phase, after: Phase) -> None:
        lawful = _listed(LAWFUL_NEXT[before])
        super().__init__(
            f"the market cannot go from {before} to {after}, it may go to {lawful}",
            phase=str(before),
            requested_phase=str(after),
            accepted_phases=lawful,
        )


def _listed(phases: frozenset[Phase]) -> str:
    return ", ".join(phase for phase in Phase if phase in phases)


@dataclass(frozen=True, slots=True)
class PhaseHours:
    """One stretch of the day in minutes after midnight: the start included, the end not."""

    start_minute: int
    end_minute: int
    phase: Phase

    def __post_init__(self) -> None:
        assert 0 <= self.start_minute < self.end_minute <= MINUTES_PER_DAY


def phase_at(minute: int, hours: Sequence[PhaseHours]) -> Phase:
    """
    Return the phase at *minute* of a trading day with these *hours*.

    Before the first stretch the market is pre-open, after the last closed, in a gap quiet. *hours*
    are in order and do not overlap; a day without hours is closed.

    Rule: MKT-33.
    """
    assert 0 <= minute < MINUTES_PER_DAY
    assert all(a.end_minute <= b.start_minute for a, b in pairwise(hours))
    if not hours or minute >= hours[-1].end_minute:
        return Phase.CLOSED
    if minute < hours[0].start_minute:
        return Phase.PRE_OPEN
    for stretch in hours:
        if stretch.start_minute <= minute < stretch.end_minute:
            return stretch.phase
    return Phase.QUIET


def is_uncross_due(before: Phase, after: Phase) -> bool:
    """Return whether orders are crossed at this change: a call ends, and not in a halt."""
    return before in CALLS and after not in CALLS and after is not Phase.HALTED


def require_lawful_change(before: Phase, after: Phase) -> None:
    """Refuse a change of phase that the day does not know. Rule: MKT-32."""
    if after not in LAWFUL_NEXT[before]:
        raise PhaseUnlawful(before, after)


def require_entry(phase: Phase) -> None:
    """Refuse an order in a phase that takes none. Rule: MKT-32."""
    if phase not in ENTRY:
        raise EntryClosed(phase)


def require_cancel(phase: Phase) -> None:
    """Refuse a cancel in a phase that takes none. Rule: MKT-32."""
    if phase not in CANCEL:
        raise CancelClosed(phase)
