"""
From when an entry counts: as a rule from when it is recorded, by decision from a day still open.
"""

from ledger.days import text_of
from ledger.errors import Refused
from ledger.work import Work


class EffectiveInFuture(Refused):
    """An entry was to count from a time that has not come."""

    code = "effective_in_future"
    rule = "REG-45"

    def __init__(self, effective_at: int, *, now: int) -> None:
        super().__init__(
            f"an entry cannot count from {_said(effective_at)} while it is {_said(now)}; name "
            "a time that has come, or none",
            effective_at=effective_at,
            now=now,
        )


class EffectiveTooEarly(Refused):
    """An entry was to count from before the ledger began, or from before what it undoes."""

    code = "effective_too_early"
    rule = "REG-45"

    def __init__(self, effective_at: int, *, earliest: int) -> None:
        super().__init__(
            f"an entry cannot count from {_said(effective_at)}; the earliest it can count from "
            f"is {_said(earliest)}",
            effective_at=effective_at,
            earliest_at=earliest,
        )


class PeriodSealed(Refused):
    """An entry was to count from a time whose books are closed."""

    code = "period_sealed"
    rule = "REG-46"

    def __init__(self, effective_at: int, *, sealed_until: int) -> None:
        super().__init__(
            f"everything before {_said(sealed_until)} is sealed and nothing can count from "
            f"{_said(effective_at)}; let it count from a later day",
            effective_at=effective_at,
            earliest_at=sealed_until,
        )


def require_effective(work: Work, effective_at: int) -> None:
    """
    Refuse a time from which an entry cannot count: the future, before the ledger, a sealed period.

    Rule: REG-45, REG-46.
    """
    memory = work.memory
    if effective_at > work.now:
        raise EffectiveInFuture(effective_at, now=work.now)
    if effective_at < memory.opened_at:
        raise EffectiveTooEarly(effective_at, earliest=memory.opened_at)
    if effective_at < memory.sealed_until:
        raise PeriodSealed(effective_at, sealed_until=memory.sealed_until)


def _said(instant: int) -> str:
    try:
        return text_of(instant)
    except OverflowError:  # beyond what a calendar has: as it was sent
        return str(instant)
