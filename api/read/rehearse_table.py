"""
What commands would do now, without writing: applied by their own verbs to a copy that goes away.

The embedded ledger is copied whole, which takes a moment for each gigabyte; in PostgreSQL the verbs
run in a transaction that is taken back. Where this process may not write there, or the copy would
be too large, nothing is rehearsed, and whoever asked is told so.
"""

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.command import Payload
from ledger.db import connect, reading, sqlite_url
from ledger.errors import Refused
from ledger.load import load_memory
from ledger.roles import require_role
from ledger.rows import RowsRefused
from ledger.subject import Handler, Subjects
from ledger.work import Work

COPY_BYTES_MAX = 2 << 30
PATIENCE_MS = 20_000


class Refusal(NamedTuple):
    """What would be refused: of which payload, of which of its lines (None: of all), and why."""

    payload: int
    line: int | None
    refusal: Refused


def rehearse(
    engine: sa.Engine, subjects: Subjects, payloads: Sequence[Payload], *, actor: str, now: int
) -> list[Refusal] | None:
    """
    Return what the ledger would refuse of *payloads* if *actor* sent them; None: it cannot be told.

    *now* is the clock in microseconds. Nothing is written. Rule: REG-57.
    """
    with _throwaway(engine) as connection:
        if connection is None:
            return None
        memory = load_memory(connection, subjects)
        found: list[Refusal] = []
        for place, payload in enumerate(payloads):
            work = Work(
                memory,
                sequence=memory.sequence + 1 + place,
                now=max(now, memory.now + 1),
                actor=actor,
                session=Session(connection, join_transaction_mode="create_savepoint"),
            )
            with work.session:
                found += _tried(work, place, payload, subjects.handlers[payload.kind])
        return found


def _tried(work: Work, place: int, payload: Payload, handler: Handler) -> Iterator[Refusal]:
    try:
        if handler.admit is not None:
            handler.admit(work, payload)
        else:
            yield from (misplaced := list(_misplaced(work, place, payload, handler)))
            if misplaced:
                return
            scope = handler.scope(work, payload)
            makers = handler.makers
            require_role(work.memory, work.actor, kind=payload.kind, roles=makers, scope=scope)
        handler.apply(work, payload)
        work.session.flush()
    except RowsRefused as refusal:
        for number, each in refusal.problems:
            yield Refusal(place, number - 1, each)
    except Refused as refusal:
        yield Refusal(place, None, refusal)
    else:
        return
    work.take_back()


def _misplaced(work: Work, place: int, payload: Payload, handler: Handler) -> Iterator[Refusal]:
    """Yield the lines that are refused before any is tried, for want of a party that is known."""
    for field in ("rows", "grants"):
        for number, line in enumerate(getattr(payload, field, ())):
            try:
                handler.scope(work, msgspec.structs.replace(payload, **{field: (line,)}))
            except Refused as refusal:
                yield Refusal(place, number, refusal)


@contextmanager
def _throwaway(engine: sa.Engine) -> Iterator[sa.Connection | None]:
    """Give a connection on which verbs may write, and of which nothing stays."""
    if engine.dialect.name == "sqlite":
        with _copied(engine) as copy:
            yield copy
        return
    with engine.connect() as connection:
        transaction = connection.begin()
        try:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {PATIENCE_MS}")
            may = "SELECT has_table_privilege('accounts', 'INSERT')"
            yield connection if connection.exec_driver_sql(may).scalar_one() else None
        finally:
            transaction.rollback()


@contextmanager
def _copied(engine: sa.Engine) -> Iterator[sa.Connection | None]:
    database = Path(str(engine.url.database))
    if database.stat().st_size > COPY_BYTES_MAX:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="yongneng-rehearsal-") as directory:
        _copy(engine, Path(directory) / "ledger.db")
        copy = connect(sqlite_url(Path(directory)))
        try:
            with copy.connect() as connection:
                transaction = connection.begin()
                try:
                    yield connection
                finally:
                    transaction.rollback()
        finally:
            copy.dispose()


def _copy(engine: sa.Engine, target: Path) -> None:
    with reading(engine) as connection:
        driver: Any = connection.connection.driver_connection
        with sqlite3.connect(target) as copy:
            driver.backup(copy)
        copy.close()
