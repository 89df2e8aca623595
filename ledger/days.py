"""
Days and instants: policy days are dates in Shanghai, instants are microseconds since 1970 UTC.

Shanghai has been eight hours ahead of UTC, without summer time, since 1991; ledgers begin later.
"""

from datetime import UTC, date, datetime, time, timedelta

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_AHEAD = timedelta(hours=8)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def day_of(instant: int) -> date:
    """Return the Shanghai date of an instant."""
    return (_EPOCH + timedelta(microseconds=instant) + _AHEAD).date()


def start_of(day: date, *, minute: int = 0) -> int:
    """Return the instant at which *day* begins in Shanghai, or *minute* minutes into it."""
    local = datetime.combine(day, time(), tzinfo=UTC) - _AHEAD
    return (local - _EPOCH) // timedelta(microseconds=1) + minute * MINUTE


def end_of(day: date) -> int:
    """Return the instant at which the day after *day* begins: *day* itself is still in time."""
    return start_of(day + timedelta(days=1))


def minute_of(instant: int) -> int:
    """Return the minute of the Shanghai day, 0 to 1,439."""
    return (instant - start_of(day_of(instant))) // MINUTE


def text_of(instant: int) -> str:
    """Return an instant as people read it: ``2026-06-30 09:15:00`` in Shanghai."""
    local = _EPOCH + timedelta(microseconds=instant) + _AHEAD
    return local.strftime("%Y-%m-%d %H:%M:%S")
