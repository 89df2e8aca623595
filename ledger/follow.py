"""
Follow history: bring what is derived from it up to date behind the writer, a stretch at a time.

A projection is a set of tables that can be thrown away and made again from the journal alone. It
is planned from one snapshot and written in one short transaction, which also moves its position;
of two processes that follow at once, the second finds the position moved and writes nothing. No
table of a projection is covered by the state digest: their names begin with `derived_`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from ledger.db import Base, move_wal, reading
from ledger.digest import tables_digest
from ledger.history import Point, Told, history
from ledger.store import Store
from ledger.tables import PositionRow
from ledger.work import Row

COMMANDS_AT_ONCE = 2_000
"""A stretch of history; a single command may have 8,192 entries, so one may be longer."""

ENTRIES_AT_ONCE = 2_000

ROWS_AT_ONCE = 1_000
"""Few, since the last rows that are read are thrown away."""

STRETCHES_A_MOVE = 16


class Position(NamedTuple):
    """How far a projection has come: the last command it has taken, and the last entry."""

    command: int = 0
    entry: int = 0


@dataclass(slots=True)
class Writes:
    """What a stretch adds to a projection: rows by table, in the order of the table's columns."""

    inserts: dict[str, list[Row]] = field(default_factory=dict)
    upserts: dict[str, list[Row]] = field(default_factory=dict)
    deletes: dict[str, list[Row]] = field(default_factory=dict)
    """Primary keys, by table."""


@dataclass(frozen=True, slots=True)
class Projection:
    """
    One thing derived from history.

    *version* is raised when the same history would give other rows, which are then made anew.
    *plan* reads one snapshot, in which the tables stand at the position, and returns what the next
    stretch of history adds; it writes nothing.
    """

    name: str
    version: int
    tables: tuple[str, ...]
    plan: Callable[[sa.Connection, Sequence[Told], Position], Writes]


def position_of(connection: sa.Connection, projection: Projection) -> Position:
    """Return how far *projection* has come; the beginning where it has another version."""
    query = sa.select(PositionRow.version, PositionRow.command, PositionRow.entry)
    row = connection.execute(query.where(PositionRow.name == projection.name)).one_or_none()
    if row is None or row.version != projection.version:
        return Position()
    return Position(row.command, row.entry)


def follow(engine: sa.Engine, projection: Projection) -> bool:
    """
    Take the next stretch of history into *projection*; return whether there was one.

    Where another process has taken it meanwhile, nothing is written here.
    """
    _let_go_of_other_version(engine, projection)
    with reading(engine) as connection:
        before = position_of(connection, projection)
        stretch = _stretch(connection, before)
        if not stretch:
            return False
        writes = projection.plan(connection, stretch, before)
    entries = [entry.sequence for told in stretch for entry in told.entries]
    after = Position(stretch[-1].command.sequence, entries[-1] if entries else before.entry)
    with engine.connect() as connection, connection.begin() as transaction:
        if before == Position():
            _clear(connection, projection)
        if _move(connection, projection, before, after):
            _write(Store(connection), writes)
        else:
            transaction.rollback()
    return True


def catch_up(engine: sa.Engine, projections: Iterable[Projection]) -> None:
    """
    Take all of history that there is into each of *projections*.

    SQLite's log is moved now and then: pages are found the slower, the longer it grows.
    """
    for projection in projections:
        stretches = 0
        while follow(engine, projection):
            stretches += 1
            if stretches % STRETCHES_A_MOVE == 0:
                with engine.connect() as connection:
                    move_wal(connection)


def forget(engine: sa.Engine, projection: Projection) -> None:
    """Let *projection* be made again from the journal by whoever follows next."""
    with engine.begin() as connection:
        _clear(connection, projection)


def rebuild(engine: sa.Engine, projection: Projection) -> None:
    """Throw *projection* away and make it again from the journal."""
    forget(engine, projection)
    catch_up(engine, (projection,))


def projection_digest(connection: sa.Connection, projection: Projection) -> str:
    """Return the SHA-256, in hex, of all rows of *projection*; the same however it was followed."""
    return tables_digest(connection, projection.tables)


def _let_go_of_other_version(engine: sa.Engine, projection: Projection) -> None:
    """Empty a projection of another version, so that no plan is made from its rows."""
    of_other = sa.and_(
        PositionRow.name == projection.name, PositionRow.version != projection.version
    )
    with reading(engine) as connection:
        if not connection.execute(sa.select(PositionRow.version).where(of_other)).first():
            return
    with engine.begin() as connection:
        if connection.execute(sa.delete(PositionRow).where(of_other)).rowcount:
            _clear(connection, projection)


def _stretch(connection: sa.Connection, before: Position) -> list[Told]:
    """Return the commands that come next, as many as have few enough entries; at least one."""
    stretch: list[Told] = []
    entries = 0
    after = Point(sequence=before.command, entry=before.entry)
    for told in islice(history(connection, after, at_once=ROWS_AT_ONCE), COMMANDS_AT_ONCE):
        stretch.append(told)
        entries += len(told.entries)
        if entries >= ENTRIES_AT_ONCE:
            break
    return stretch


def _clear(connection: sa.Connection, projection: Projection) -> None:
    """Empty a projection that begins, or begins again in another version."""
    connection.execute(sa.delete(PositionRow).where(PositionRow.name == projection.name))
    for table in projection.tables:
        connection.execute(sa.delete(Base.metadata.tables[table]))


def _move(
    connection: sa.Connection, projection: Projection, before: Position, after: Position
) -> bool:
    """Move the position on; return whether it was still where the plan was made from."""
    values: dict[str, Any] = {
        "name": projection.name,
        "version": projection.version,
        "command": after.command,
        "entry": after.entry,
    }
    if before == Position():
        connection.execute(sa.insert(PositionRow).values(values))
        return True
    moved = connection.execute(
        sa.update(PositionRow)
        .where(
            PositionRow.name == projection.name,
            PositionRow.version == projection.version,
            PositionRow.command == before.command,
        )
        .values(values)
    )
    return moved.rowcount == 1


def _write(store: Store, writes: Writes) -> None:
    for table, keys in writes.deletes.items():
        store.delete(table, keys)
    for table, rows in writes.upserts.items():
        store.upsert(table, rows)
    for table, rows in writes.inserts.items():
        store.insert(table, rows)
