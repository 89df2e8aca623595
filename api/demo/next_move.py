"""
What the operator does next with one instrument, and in which minute; no database, no clock.
"""

from dataclasses import dataclass

from api.demo.timetable import Timetable, locks_at
from ledger.command import Payload
from market.calendar import Phase
from market.change_phase import ChangePhase
from market.close_day import CloseDay
from market.cross import Uncross
from market.venue import Mode

Move = tuple[int, Payload]
"""The minute of the day from which it is due, and the command."""


@dataclass(frozen=True, slots=True)
class Running:
    """
    One instrument in the middle of its day.

    *minute* is the present one of its own day, past the last where its date is over.
    *is_crossing* says that a call has its price and is still being settled.
    """

    instrument: str
    modes: frozenset[str]
    phase: Phase
    minute: int
    timetable: Timetable
    is_crossing: bool


def next_move(one: Running) -> Move:
    """
    Return the next command that the timetable asks for; what is overdue is due at once.

    Rules: MKT-32, MKT-33, MKT-75.
    """
    if one.is_crossing:
        return one.minute, Uncross(instrument=one.instrument)
    match one.phase:
        case Phase.CALL:
            return _lock(one)
        case Phase.CALL_LOCKED:
            return _cross(one)
        case Phase.CONTINUOUS:
            return _pause(one)
        case Phase.HALTED:  # whoever halted it decides when it goes on; a day still ends
            return _close(one)
        case _:
            return _begin(one)


def _lock(one: Running) -> Move:
    call = one.timetable.next_call(one.minute)
    # A call outside its hours was opened by hand, and is led on at once.
    is_in_hours = call is not None and call[0] <= one.minute
    minute = locks_at(call) if call is not None and is_in_hours else one.minute
    return minute, ChangePhase(instrument=one.instrument, phase="call_locked")


def _cross(one: Running) -> Move:
    call = one.timetable.next_call(one.minute)
    minute = call[1] if call is not None and call[0] <= one.minute else one.minute
    trading = one.timetable.next_trading(minute)
    trades_on = trading is not None and trading[0] <= minute and Mode.CONTINUOUS in one.modes
    return minute, Uncross(
        instrument=one.instrument, next_phase="continuous" if trades_on else "quiet"
    )


def _pause(one: Running) -> Move:
    trading = one.timetable.next_trading(one.minute)
    if trading is None:
        return _close(one)
    pause = ChangePhase(instrument=one.instrument, phase="quiet")
    if one.minute < trading[0]:  # the pause is on already
        return one.minute, pause
    is_last = one.timetable.next_trading(trading[1]) is None
    return _close(one) if is_last else (trading[1], pause)


def _begin(one: Running) -> Move:
    """Return how the day begins or goes on after a pause: by a call, by trading, or not at all."""
    moves: list[Move] = []
    call = one.timetable.next_call(one.minute)
    if call is not None and Mode.CALL_AUCTION in one.modes:
        moves.append((call[0], ChangePhase(instrument=one.instrument, phase="call")))
    trading = one.timetable.next_trading(one.minute)
    if trading is not None and Mode.CONTINUOUS in one.modes:
        moves.append((trading[0], ChangePhase(instrument=one.instrument, phase="continuous")))
    return min(moves, key=lambda move: move[0]) if moves else _close(one)


def _close(one: Running) -> Move:
    return one.timetable.closes, CloseDay(instrument=one.instrument)
