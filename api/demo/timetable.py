"""
The timetable of a trading day, from the sessions of the policy packs; no clock and no database.

Minutes are those of the Shanghai day. Sessions read as in a pack: "09:15-09:25 call_auction".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from api.demo.cast import minute_of_text

OPENS_BEFORE = 5
"""How many minutes before its first session a day is opened: our own choice."""

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Timetable:
    """Calls and stretches of continuous trading as (first minute, minute after the last)."""

    calls: tuple[tuple[int, int], ...]
    trading: tuple[tuple[int, int], ...]

    @property
    def opens(self) -> int:
        """Return the minute in which the day is opened."""
        return min(start for start, _ in (*self.calls, *self.trading)) - OPENS_BEFORE

    @property
    def closes(self) -> int:
        """Return the minute from which the day is over."""
        return max(end for _, end in (*self.calls, *self.trading))

    def next_call(self, minute: int) -> tuple[int, int] | None:
        """Return the call that runs at *minute* or comes after it."""
        return _next(self.calls, minute)

    def next_trading(self, minute: int) -> tuple[int, int] | None:
        """Return the stretch of trading that runs at *minute* or comes after it."""
        return _next(self.trading, minute)


def timetable_of(sessions: Iterable[str]) -> Timetable:
    """Return the timetable that the sessions of a pack describe; blocks are not led by it."""
    found: dict[str, list[tuple[int, int]]] = {"call_auction": [], "trading": []}
    for session in sessions:
        hours, what = session.split(" ")
        start, end = hours.split("-")
        if what in found:
            found[what].append((minute_of_text(start), minute_of_text(end)))
    calls, trading = (tuple(sorted(stretches)) for stretches in found.values())
    return Timetable(calls, trading)


def locks_at(call: tuple[int, int]) -> int:
    """Return the minute from which a call takes no cancels: half-way, our own choice."""
    return (call[0] + call[1]) // 2


def is_trading_day(day: date) -> bool:
    """Return whether the market opens on *day*: Monday to Friday; holidays are not known here."""
    return day.weekday() < _SATURDAY


def trading_day_from(day: date) -> date:
    """Return *day* or the first trading day after it."""
    while not is_trading_day(day):
        day += timedelta(days=1)
    return day


def _next(stretches: Iterable[tuple[int, int]], minute: int) -> tuple[int, int] | None:
    return next((stretch for stretch in stretches if minute < stretch[1]), None)
