"""Working days: Monday to Friday. No pack gives public holidays, so none are known here."""

from datetime import date, timedelta

from ledger.days import start_of

_SATURDAY = 5
_MINUTES = 60


def after_workdays(day: date, count: int) -> date:
    """Return the *count*-th working day after *day*; *day* itself where *count* is zero."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < _SATURDAY
    return day


def hour_after(day: date, workdays: int, *, hour: int) -> int:
    """Return the instant of *hour* on the given working day after *day*. Rule: MOV-04, MOV-05."""
    return start_of(after_workdays(day, workdays), minute=hour * _MINUTES)
