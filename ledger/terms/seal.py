"""
Seal periods: up to the end of a day, nothing can be made to count any more.
"""

from datetime import date
from typing import ClassVar

from ledger.command import Payload
from ledger.days import day_of, end_of
from ledger.errors import Refused
from ledger.subject import Result
from ledger.work import Work


class SealNotLater(Refused):
    """The books are sealed through that day already; a seal is never taken back."""

    code = "seal_not_later"
    rule = "REG-46"

    def __init__(self, through: date, *, sealed: date) -> None:
        super().__init__(
            f"the books are sealed through {sealed} already; a seal through {through} adds "
            "nothing, name a later day",
            through=through.isoformat(),
            sealed=sealed.isoformat(),
        )


class SealInFuture(Refused):
    """The day to be sealed is not over."""

    code = "seal_in_future"
    rule = "REG-46"

    def __init__(self, through: date, *, today: date) -> None:
        super().__init__(
            f"{through} is not over on {today}; only days that are over can be sealed",
            through=through.isoformat(),
            today=today.isoformat(),
        )


class SealPeriod(Payload, frozen=True):
    """Seal everything that counts from before the end of the day *through*, in Shanghai."""

    kind: ClassVar[str] = "periods.seal"
    through: date


def seal_period(work: Work, payload: SealPeriod) -> Result:
    """
    Seal the books through a day that is over; only ever forward.

    Refusals in this order: not over, not later. Rule: REG-46.
    """
    memory = work.memory
    if payload.through >= day_of(work.now):
        raise SealInFuture(payload.through, today=day_of(work.now))
    until, before = end_of(payload.through), memory.sealed_until
    if until <= before:
        raise SealNotLater(payload.through, sealed=day_of(before - 1))

    def undo() -> None:
        memory.sealed_until = before

    work.on_refusal(undo)
    memory.sealed_until = until
    work.add("period_seals", (work.sequence, payload.through.isoformat()))
    return {"through": payload.through.isoformat(), "sealed_until_at": until}
