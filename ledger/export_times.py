"""Instants of an export as text: RFC 3339 in UTC, and the Shanghai day on which they fall."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from ledger.days import DAY, HOUR, day_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHANGHAI_AHEAD = 8 * HOUR


@lru_cache(maxsize=64)
def instant_text(instant: int) -> str:
    """Return an instant as RFC 3339 in UTC, such as 2026-06-30T08:00:00.000001Z."""
    at = _EPOCH + timedelta(microseconds=instant)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def day_text(instant: int) -> str:
    """Return the Shanghai day of an instant, such as 2026-06-30."""
    return _day_text((instant + _SHANGHAI_AHEAD) // DAY)


@lru_cache(maxsize=64)
def _day_text(number: int) -> str:
    return day_of(number * DAY).isoformat()
