"""
Faults planted in a player before it opens its ledger. A drill must notice every one of them.
"""

import sqlite3
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

import ledger.db
import ledger.writer
from ledger.pending import Pending
from ledger.store import Store
from ledger.writer import Writer

BETWEEN_ANSWER_AND_COMMIT = 0.02
"""Seconds; without them the window is so short that 100 kills hit it three times."""


def answer_early() -> None:
    """Let callers have their answers once they are decided, and commit a little later."""
    honest_commit, honest_close = Writer._commit, Writer.close
    honest_touch = Store.touch_lease
    decided = Event()
    committing: list[Thread] = []

    def touch_lease(store: Store, epoch: int) -> Callable[[], bool]:
        # The last thing before the commit: every row is written, nothing is durable.
        touched = honest_touch(store, epoch)
        decided.set()
        time.sleep(BETWEEN_ANSWER_AND_COMMIT)
        return touched

    def commit_and_tell(writer: Writer, batch: list[Pending]) -> None:
        try:
            honest_commit(writer, batch)
        finally:
            decided.set()

    def commit_later(writer: Writer, batch: list[Pending]) -> None:
        if committing:
            committing.pop().join()
        decided.clear()
        committing.append(Thread(target=commit_and_tell, args=(writer, list(batch))))
        committing[-1].start()
        decided.wait()
        for pending in batch:
            pending.is_done = True

    def close(writer: Writer) -> None:
        if committing:
            committing.pop().join()
        honest_close(writer)

    Writer.close = close  # type: ignore[method-assign, assignment]
    Store.touch_lease = touch_lease  # type: ignore[method-assign, assignment]
    Writer._commit = commit_later  # type: ignore[method-assign, assignment]


def sync_less() -> None:
    """Let SQLite sync its log only when it moves it: `PRAGMA synchronous=NORMAL`."""
    _set("synchronous", "1", admit=True)


def sync_never() -> None:
    """Let SQLite leave it to the system when anything is stored: `PRAGMA synchronous=OFF`."""
    _set("synchronous", "0", admit=True)


def sync_never_unseen() -> None:
    """Do the same behind the back of the check at start."""
    _set("synchronous", "0", admit=False)


def commit_before_writing() -> None:
    """Let PostgreSQL answer a commit and write it a little later: `synchronous_commit=off`."""

    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("SET synchronous_commit TO off")
        connection.commit()

    event.listen(sa.Engine, "connect", prepare)
    ledger.db.POSTGRES_SETTINGS["synchronous_commit"] = "off"


def checkpoint_unseen() -> None:
    """Let SQLite move its log by itself inside commits, where nobody sees that it fails."""
    _set("wal_autocheckpoint", "8", admit=True)
    ledger.writer.BLOCKS_PER_WAL_MOVE = 1 << 40


def _set(name: str, value: str, *, admit: bool) -> None:
    """Let every new connection have this setting; with *admit* the check at start wants it so."""
    honest_prepare = ledger.db._prepare_sqlite

    def prepare(connection: sqlite3.Connection, record: Any) -> None:
        honest_prepare(connection, record)
        connection.execute(f"PRAGMA {name}={value}")

    ledger.db._prepare_sqlite = prepare  # type: ignore[assignment]
    if admit:
        ledger.db.SQLITE_SETTINGS[name] = value


MUTANTS: dict[str, Callable[[], None]] = {
    "none": lambda: None,
    "answer-early": answer_early,
    "synchronous-normal": sync_less,
    "synchronous-off": sync_never,
    "synchronous-off-unseen": sync_never_unseen,
    "synchronous-commit-off": commit_before_writing,
    "checkpoints-unseen": checkpoint_unseen,
}
