"""
Lead one instrument through its day: call, continuous trading, pauses, halts.

A call ends by being crossed and a day by being closed; both are commands of their own.
"""

from typing import ClassVar, Literal

from ledger.command import Payload
from ledger.errors import Refused
from ledger.subject import Result
from ledger.work import Work
from market.calendar import CALLS, Phase, is_uncross_due, require_lawful_change
from market.tables import MarketDayRow
from market.venue import Listing, Mode, Venue


class UncrossDue(Refused):
    """A call's orders must be crossed before the market goes on."""

    code = "uncross_due"
    rule = "MKT-75"

    def __init__(self, instrument: str, phase: Phase) -> None:
        super().__init__(
            f"{instrument} is in {phase}, which ends by being crossed, send call.uncross",
            instrument=instrument,
            phase=str(phase),
        )


class CrossingUnfinished(Refused):
    """A call's trades are not all settled yet."""

    code = "crossing_unfinished"
    rule = "MKT-75"

    def __init__(self, instrument: str, *, left_tce: int) -> None:
        super().__init__(
            f"{left_tce} tce of the call of {instrument} are still to be settled, send "
            "call.uncross again",
            instrument=instrument,
            left_tce=left_tce,
        )


class ChangePhase(Payload, frozen=True):
    """Lead an instrument into another phase of its day."""

    kind: ClassVar[str] = "market.phase"
    instrument: str
    phase: Literal["call", "call_locked", "quiet", "continuous", "halted"]


def change_phase(work: Work, payload: ChangePhase) -> Result:
    """
    Begin the phase.

    Refusals in this order: instrument unknown, a crossing unfinished, a change the day does not
    know, a call not crossed, a mode not listed. Rules: MKT-32, MKT-73, MKT-75.
    """
    listing = work.memory.cache(Venue).listing(payload.instrument)
    phase = Phase(payload.phase)
    require_settled(listing)
    require_lawful_change(listing.phase, phase)
    require_uncrossed(listing, phase)
    require_phase_mode(listing, phase)
    before = listing.phase
    write_phase(work, listing, phase)
    listing.enter(phase)
    return {"instrument": listing.id, "phase": str(phase), "before": str(before)}


def require_settled(listing: Listing) -> None:
    """Refuse while a call's trades are still being settled. Rule: MKT-75."""
    if listing.crossing is not None:
        raise CrossingUnfinished(listing.id, left_tce=listing.crossing.left_tce)


def require_uncrossed(listing: Listing, after: Phase) -> None:
    """Refuse to leave a call other than by crossing it. Rule: MKT-75."""
    if is_uncross_due(listing.phase, after):
        raise UncrossDue(listing.id, listing.phase)


def require_phase_mode(listing: Listing, phase: Phase) -> None:
    """Refuse a phase of a mode the instrument is not listed for. Rule: MKT-73."""
    if phase in CALLS:
        listing.require_mode(Mode.CALL_AUCTION)
    if phase is Phase.CONTINUOUS:
        listing.require_mode(Mode.CONTINUOUS)


def write_phase(work: Work, listing: Listing, phase: Phase) -> None:
    """Write the phase to the row of the running day, and tell readers."""
    today = work.session.get_one(MarketDayRow, (listing.id, listing.number))
    today.phase = phase.value
    work.session.flush()
    work.publish("phase", {"instrument": listing.id, "phase": str(phase)})
