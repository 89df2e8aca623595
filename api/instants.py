"""
Instants as the API writes them: RFC 3339 with a zone; without one an instant means nothing.
"""

import re
from datetime import UTC, date, datetime, timedelta

from ledger.errors import Refused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class DateInvalid(Refused):
    """A date does not exist, or an instant lacks its zone."""

    code = "date_invalid"
    rule = "REG-05"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:40]!r} is no date such as 2026-06-30, or no instant such as "
            "2026-06-30T16:00:00+08:00",
            given=text[:40],
        )


def instant_text(instant: int) -> str:
    """Return microseconds since 1970 as RFC 3339 in UTC, such as 2026-06-30T08:00:00.000001Z."""
    at = _EPOCH + timedelta(microseconds=instant)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_instant(text: str) -> int:
    """Return the microseconds since 1970 of an RFC 3339 instant; refuse one without zone."""
    if not _INSTANT.fullmatch(text):
        raise DateInvalid(text)
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (at - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise DateInvalid(text) from None


def is_day(text: str) -> bool:
    """Return whether *text* has the form of a date, though no such day may exist."""
    return _DAY.fullmatch(text) is not None


def read_day(text: str) -> date:
    """Return the date that *text* is; refuse what is none."""
    if not is_day(text):
        raise DateInvalid(text)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DateInvalid(text) from None
