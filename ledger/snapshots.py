"""
Snapshots: what accounts had after some of their entries, so that no balance is summed from far.

A projection of the journal, made anew to the same rows whatever the stretches: which entries give
an account a snapshot follows from the numbers of account and entry alone, about every 128th move.
Entries that count from another time than that of their recording are kept beside them by account.

Rule: REG-50.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from ledger.days import DAY, HOUR
from ledger.follow import Position, Projection, Writes
from ledger.history import EntryTold, Told
from ledger.tables import DatedRow, SnapshotRow
from ledger.work import Row

MARKED_BITS = 7
"""One in 2⁷ = 128 moves: a read then sums 128 postings on average, more than 1,500 once in 10⁵."""

RECEIVED_MODULUS = 1 << 62
"""
What an account has received in all is kept modulo this, since a bot that places and cancels an
order for years turns over more than 64 bits hold. Differences are exact below 4.6 × 10¹⁸.
"""

DISTANCES = (HOUR, DAY, 32 * DAY, 400 * DAY, 1 << 62)
"""
How far recording and effect of an entry may lie apart, in microseconds, by class from 1; an entry
that counts from a time after its recording has its class below zero.
"""

_WORD = (1 << 64) - 1
_ACCOUNT_FACTOR, _ENTRY_FACTOR = 0x9E3779B97F4A7C15, 0xD1342543DE82EF95
_MIX_FACTOR = 0xBF58476D1CE4E5B9


class Standing(NamedTuple):
    """
    What an account has of one asset, and what it has received of it in all.

    *moves* is how many postings were added to the snapshot before it.
    """

    amount: int
    received: int
    moves: int


def is_marked(account: int, entry: int) -> bool:
    """Return whether *account* is due a snapshot after *entry*, if that entry moves anything."""
    mixed = account * _ACCOUNT_FACTOR + entry * _ENTRY_FACTOR & _WORD
    mixed = (mixed ^ mixed >> 32) * _MIX_FACTOR & _WORD
    return mixed >> 64 - MARKED_BITS == 0


def distance_of(recorded_at: int, effective_at: int) -> int:
    """Return the class of an entry by how far its effect lies from its recording; never 0."""
    apart = abs(recorded_at - effective_at)
    fitting = (number for number, most in enumerate(DISTANCES, start=1) if apart <= most)
    number = next(fitting, len(DISTANCES))
    return number if effective_at < recorded_at else -number


def plan(connection: sa.Connection, stretch: Sequence[Told], before: Position) -> Writes:
    """Return the snapshots and the dated changes of a stretch of history."""
    entries = [entry for told in stretch for entry in told.entries]
    marked = {
        account
        for entry in entries
        for move in entry.moves
        for account in move[1:3]
        if is_marked(account, entry.sequence)
    }
    rows = {
        SnapshotRow.__tablename__: _snapshots(connection, entries, marked, before),
        DatedRow.__tablename__: [
            row for told in stretch for entry in told.entries for row in _dated(told, entry)
        ],
    }
    return Writes(inserts={table: found for table, found in rows.items() if found})


SNAPSHOTS = Projection("snapshots", 1, (SnapshotRow.__tablename__, DatedRow.__tablename__), plan)


POSITION: dict[str, Any] = {"name": SNAPSHOTS.name, "version": SNAPSHOTS.version}
"""What a query needs to find how far the snapshots have come; of another version, nowhere."""


def standings(
    connection: sa.Connection, accounts: Iterable[int], entry: int
) -> dict[tuple[int, int], Standing]:
    """
    Return by account and asset what each of *accounts* had after *entry*.

    Assets that an account has never had are not there; one that has left it is, with 0.
    """
    rows = _add_up(connection, accounts, entry, by="account_id, asset_id", what=_STANDING)
    return {
        (account, asset): Standing(int(amount), int(received) % RECEIVED_MODULUS, int(moves))
        for account, asset, amount, received, moves in rows
    }


def totals(connection: sa.Connection, accounts: Iterable[int], entry: int) -> dict[int, int]:
    """Return by asset what *accounts* had together after *entry*; nothing where that was 0."""
    rows = _add_up(connection, accounts, entry, by="asset_id", what="sum(amount)")
    return {asset: int(amount) for asset, amount in rows if amount}


def id_list(accounts: Iterable[int]) -> str:
    """Return ids as the one parameter that `listed_ids` takes apart."""
    return msgspec.json.encode(list(accounts)).decode()


def listed_ids(*, is_sqlite: bool) -> str:
    """Return the SQL that gives the ids of parameter :accounts back as rows."""
    if is_sqlite:
        return "SELECT value FROM json_each(:accounts)"
    return "SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:accounts AS json))"


def one_by_one(table: str, name: str, condition: str, *, is_sqlite: bool) -> str:
    """
    Return the SQL that joins rows of *table*, called *name*, to each row of what stands before it.

    By an index and in this order, however many rows a planner expects on the busiest account.
    """
    if is_sqlite:
        return f"CROSS JOIN {table} AS {name} ON {condition}"
    each = f"SELECT * FROM {table} AS {name} WHERE {condition} OFFSET 0"
    return f"CROSS JOIN LATERAL ({each}) AS {name}"


_STANDING = "sum(amount), sum(received), sum(moves)"


def _add_up(
    connection: sa.Connection, accounts: Iterable[int], entry: int, *, by: str, what: str
) -> Sequence[Any]:
    query = _standing_query(by, what, is_sqlite=connection.dialect.name == "sqlite")
    asked = {"accounts": id_list(accounts), "entry": entry, **POSITION}
    return connection.execute(query, asked).all()


@cache
def _standing_query(by: str, what: str, *, is_sqlite: bool) -> sa.TextClause:
    """Return the query that adds postings since its last snapshot to each account's snapshot."""
    came, left = (
        one_by_one(
            "postings",
            "p",
            f"p.{end} = marks.account_id AND p.entry > marks.entry AND p.entry <= :entry",
            is_sqlite=is_sqlite,
        )
        for end in ("destination_id", "source_id")
    )
    return sa.text(
        f"""
        WITH own (account_id) AS ({listed_ids(is_sqlite=is_sqlite)}),
        kept (entry) AS (
          SELECT CASE WHEN entry < :entry THEN entry ELSE :entry END
          FROM derived_positions WHERE name = :name AND version = :version
        ),
        marks (account_id, entry) AS (
          SELECT account_id, coalesce((
            SELECT max(s.entry) FROM derived_snapshots AS s
            WHERE s.account_id = own.account_id AND s.entry <= (SELECT entry FROM kept)
          ), 0) FROM own
        )
        SELECT {by}, {what} FROM (
          SELECT s.account_id, s.asset_id, s.amount, s.received, 0 AS moves FROM marks
          JOIN derived_snapshots AS s
          ON s.account_id = marks.account_id AND s.entry = marks.entry
          UNION ALL
          SELECT marks.account_id, p.asset_id, p.amount, p.amount, 1 FROM marks {came}
          UNION ALL
          SELECT marks.account_id, p.asset_id, -p.amount, 0, 1 FROM marks {left}
        ) AS parts GROUP BY {by}
        """
    )


def _snapshots(
    connection: sa.Connection, entries: Sequence[EntryTold], accounts: set[int], before: Position
) -> list[Row]:
    """Return the snapshots of *accounts*, each of which has a mark among *entries*."""
    if not accounts:
        return []
    running = {account: _Running() for account in accounts}
    for (account, asset), standing in standings(connection, accounts, before.entry).items():
        own = running[account]
        own.assets[asset] = [standing.amount, standing.received]
        own.moves += standing.moves
    rows: list[Row] = []
    for entry in entries:
        ends = set()
        for _, source, destination, asset, amount in entry.moves:
            if source in running:
                running[source].move(asset, -amount, 0)
                ends.add(source)
            if destination in running:
                running[destination].move(asset, amount, amount)
                ends.add(destination)
        for account in ends:
            if is_marked(account, entry.sequence):
                rows += running[account].snapshot(account, entry.sequence)
    return rows


class _Running:
    """Where an account stands while a stretch is gone through, and its moves since a snapshot."""

    __slots__ = ("assets", "moves")

    def __init__(self) -> None:
        self.assets: dict[int, list[int]] = {}
        self.moves = 0

    def move(self, asset: int, change: int, received: int) -> None:
        standing = self.assets.setdefault(asset, [0, 0])
        standing[0] += change
        standing[1] = (standing[1] + received) % RECEIVED_MODULUS
        self.moves += 1

    def snapshot(self, account: int, entry: int) -> Iterable[Row]:
        """Return the rows of a snapshot, none while there would be more of them than of moves."""
        if self.moves < len(self.assets):
            return []
        self.moves = 0
        return [
            (account, entry, asset, amount, received)
            for asset, (amount, received) in self.assets.items()
        ]


def _dated(told: Told, entry: EntryTold) -> list[Row]:
    """Return what an entry that counts from another time changed on each account; net of it."""
    recorded_at = told.command.recorded_at
    if entry.effective_at == recorded_at:
        return []
    changes: Counter[tuple[int, int]] = Counter()
    for _, source, destination, asset, amount in entry.moves:
        changes[source, asset] -= amount
        changes[destination, asset] += amount
    distance = distance_of(recorded_at, entry.effective_at)
    return [
        (account, distance, recorded_at, entry.sequence, asset, entry.effective_at, change)
        for (account, asset), change in changes.items()
        if change
    ]
