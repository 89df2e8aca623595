"""
Moments of the past, as people and programs ask for them: instants, and days of the policy calendar.

A day stands for its last microsecond in Shanghai, so that it is in itself, and as the beginning of
a period for the last microsecond before it, so that it is in the period. A day that is not over
stands for now.

Rule: API-13, API-14.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.instants import DateInvalid, is_day, read_day, read_instant
from ledger.days import end_of, start_of
from ledger.errors import Refused
from ledger.past import PeriodBackwards, entry_at, last_entry, require_past, require_written
from ledger.tables import BlockRow


class MomentsContradict(Refused):
    """More than one moment was asked for."""

    code = "moments_contradict"
    rule = "API-13"

    def __init__(self, given: str) -> None:
        super().__init__(f"{given} ask for different moments; give one of them", given=given)


def ledger_now(connection: sa.Connection, clock: int) -> int:
    """Return *clock*, or the last command's time where that is ahead of it, as it may be."""
    newest = sa.select(BlockRow.committed_at).order_by(BlockRow.number.desc()).limit(1)
    return max(clock, connection.execute(newest).scalar_one_or_none() or 0)


def read_moment(text: str, *, now: int, begins: bool = False) -> int:
    """
    Return the instant for which *text* stands, at most *now*.

    *begins* says that a period begins with it. Refuses what has not come. Rule: API-14.
    """
    if not is_day(text):
        instant = read_instant(text)
    else:
        day = read_day(text)
        try:
            begin, end = start_of(day), end_of(day)
        except OverflowError:
            raise DateInvalid(text) from None
        instant = begin - 1 if begins else end - 1
        if begin <= now:
            instant = min(instant, now)
    require_past(instant, now=now)
    return instant


def require_one(asked: Mapping[str, Any], *names: str) -> str:
    """Return which of *names* is asked for, or nothing; refuse two. Rule: API-13."""
    given = [name for name in names if name in asked]
    if len(given) > 1:
        raise MomentsContradict(", ".join(given))
    return given[0] if given else ""


def entry_asked(connection: sa.Connection, asked: Mapping[str, Any], *, now: int) -> int | None:
    """Return the entry as of which `as_of_entry` or `as_of` asks; None where neither is given."""
    given = require_one(asked, "as_of_entry", "as_of")
    if given == "as_of":
        now = ledger_now(connection, now)
        return entry_at(connection, read_moment(asked["as_of"], now=now))
    if not given:
        return None
    require_written(connection, asked["as_of_entry"])
    return int(asked["as_of_entry"])


def period_asked(
    connection: sa.Connection, asked: Mapping[str, Any], *, now: int
) -> tuple[int, int]:
    """
    Return the entries before and at the end of the period from `from` to `to`.

    Without `from` it begins with the ledger, without `to` it ends now. Refuses one backwards.
    """
    now = ledger_now(connection, now)
    begin = read_moment(asked["from"], now=now, begins=True) if "from" in asked else None
    end = read_moment(asked["to"], now=now) if "to" in asked else now
    if begin is not None and end < begin:
        raise PeriodBackwards(begin, end)
    first = 0 if begin is None else entry_at(connection, begin)
    return first, entry_at(connection, end) if "to" in asked else last_entry(connection)
