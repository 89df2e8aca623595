"""
The past: the last entry at an instant, and which entries, instants and periods there are.

A period runs from after its first instant to its last, that one included, so that what an account
had at its end is what it had at the beginning of the next.

Rule: REG-51, REG-52.
"""

import sqlalchemy as sa

from ledger.errors import Refused


class EntryNotWritten(Refused):
    """A balance was asked for as of an entry that has not been written."""

    code = "entry_not_written"
    rule = "REG-51"

    def __init__(self, entry: int, last: int) -> None:
        super().__init__(
            f"entry {entry} has not been written; ask for one up to {last}",
            entry=entry,
            last_entry=last,
        )


class InstantInFuture(Refused):
    """A balance was asked for at a time that has not come."""

    code = "instant_in_future"
    rule = "REG-51"

    def __init__(self, asked_at: int, now_at: int) -> None:
        super().__init__(
            f"instant {asked_at} has not come, it is {now_at}; what an account will have is not "
            "known",
            asked_at=asked_at,
            now_at=now_at,
        )


class PeriodBackwards(Refused):
    """A period ends before it begins."""

    code = "period_backwards"
    rule = "REG-52"

    def __init__(self, from_at: int, to_at: int) -> None:
        super().__init__(
            f"the period ends at {to_at}, before it begins at {from_at}; exchange the two",
            from_at=from_at,
            to_at=to_at,
        )


def last_entry(connection: sa.Connection) -> int:
    """Return the number of the last entry, 0 before the first."""
    return int(connection.execute(_LAST).scalar_one())


_LAST = sa.text("SELECT coalesce(max(sequence), 0) FROM entries")


def entry_at(connection: sa.Connection, instant: int) -> int:
    """
    Return the last entry recorded at or before *instant*, 0 where there is none.

    The last block until then is found by halving, and within the one after it the command.
    """
    rows = connection.execute(_BLOCKS_AT, {"most": instant}).all()
    (sequence, entry), (end, last) = rows[0], rows[-1]
    if end - sequence > 1:
        # The block's last command was too late, or the block would have been in time.
        sequence = _halved(connection, "commands", "recorded_at", instant, (sequence, end - 1))
        entry = _halved(connection, "entries", "command_sequence", sequence, (entry, last))
    return int(entry)


def require_written(connection: sa.Connection, entry: int) -> None:
    """Refuse an entry that has not been written. Rule: REG-51."""
    last = last_entry(connection)
    if entry > last:
        raise EntryNotWritten(entry, last)


def require_past(instant: int, *, now: int) -> None:
    """Refuse an instant after *now*. Rule: REG-51."""
    if instant > now:
        raise InstantInFuture(instant, now)


def _halving(table: str, key: str, column: str, bounds: str) -> str:
    """
    Return the SQL of `span`, whose row of low = high is the last key with *column* at most :most.

    Rows are numbered without gaps in the order in which *column* grows, so halving inside the
    database finds it in twenty steps, without an index that every commit would have to write.
    """
    return f"""
        WITH RECURSIVE span (low, high) AS (
          {bounds}
          UNION ALL
          SELECT CASE WHEN {column} <= :most THEN {key} ELSE low END,
                 CASE WHEN {column} <= :most THEN high ELSE (low + high + 1) / 2 - 1 END
          FROM span LEFT JOIN {table} ON {key} = (low + high + 1) / 2
          WHERE low < high
        )
        """


_BOUNDS = "SELECT CAST(:low AS BIGINT), CAST(:high AS BIGINT)"
_EVERY_BLOCK = "SELECT CAST(0 AS BIGINT), CAST(coalesce(max(number), 0) AS BIGINT) FROM blocks"
_BLOCKS_AT = sa.text(
    _halving("blocks", "number", "committed_at", _EVERY_BLOCK)
    + """
    SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM span WHERE low = high AND low > 0)
    UNION ALL
    SELECT last_sequence, last_entry FROM span JOIN blocks ON number BETWEEN low AND low + 1
    WHERE low = high ORDER BY 1
    """
)
"""The last command and entry of the last block until an instant, then those of the block after."""


def _halved(
    connection: sa.Connection, table: str, column: str, most: int, bounds: tuple[int, int]
) -> int:
    query = _halving(table, "sequence", column, _BOUNDS) + "SELECT low FROM span WHERE low = high"
    asked = {"most": most, "low": bounds[0], "high": bounds[1]}
    return int(connection.execute(sa.text(query), asked).scalar_one())
