"""
Engines, column types, and the durability settings that are read back and refused when unsafe.

SQLite is the embedded default; PostgreSQL is production. Columns are whole numbers, text and bytes
only, so that both engines give back the same values and a digest can be taken of either.
"""

import sqlite3
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, mapped_column

from ledger.errors import Refused
from ledger.storage import StorageExhausted, storage_fault

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

Whole = Annotated[int, mapped_column(WHOLE)]
Key = Annotated[int, mapped_column(WHOLE, primary_key=True, autoincrement=False)]
Words = Annotated[str, mapped_column(sa.Text())]
WordsKey = Annotated[str, mapped_column(sa.Text(), primary_key=True)]
Octets = Annotated[bytes, mapped_column(sa.LargeBinary())]

KEY_TEXT_MAX = 200
"""Characters of a free text in an index: PostgreSQL's take 2,700 bytes, and one may be four."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The one metadata of the product."""

    metadata = sa.MetaData(naming_convention=NAMING)


class DurabilityUnsafe(Refused):
    """A database setting would let an acknowledged command be lost."""

    code = "durability_unsafe"
    rule = "REG-07"

    def __init__(self, setting: str, *, found: str, needed: str) -> None:
        super().__init__(
            f"{setting} is {found} but must be {needed}, or an acknowledged command may be lost",
            setting=setting,
            found=found,
            needed=needed,
        )


class TextTooLong(Refused):
    """A text by which rows are found is longer than an index of every database takes."""

    code = "text_too_long"
    rule = "REG-05"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:40]!r} and what follows has {len(text)} characters; at most {KEY_TEXT_MAX}",
            length=len(text),
            largest=KEY_TEXT_MAX,
        )


SQLITE_SETTINGS = {
    "journal_mode": "wal",
    "synchronous": "2",
    "foreign_keys": "1",
    "trusted_schema": "0",
    "cell_size_check": "1",
    "wal_autocheckpoint": "0",
    "recursive_triggers": "1",
}
"""
What the ledger needs of SQLite. Automatic checkpoints would hide a failed fsync, and REPLACE would
delete rows of history unseen if triggers were not recursive.
"""

BUSY_MS = 5_000

WAL_FRAMES_MAX = 65_536
"""Pages of 4 KiB: 256 MiB, after which the writer waits a little for whoever still reads them."""

WAL_PATIENCE_MS = 200

POSTGRES_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "data_sync_retry": "off",
}

POSTGRES_PATIENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 4_000,
}
"""
Seconds, and milliseconds at the end, after which a server that is dead or out of reach is noticed.

What the database's URL says of them holds instead; a socket of this host ignores all but the first.
"""


def sqlite_url(data: Path) -> str:
    """Return the database URL of the embedded ledger in directory *data*."""
    return f"sqlite:///{data / 'ledger.db'}"


def connect(url: str) -> sa.Engine:
    """Return an engine for *url* that begins write transactions at once and never implicitly."""
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.split("://", 1)[1]
    # Web processes read with as many connections as they have threads, and keep few of them; a
    # database in memory, which is refused later, has no such pool.
    parsed = sa.make_url(url)
    sizes = {"pool_size": 8, "max_overflow": 32} if parsed.database else {}
    patience: dict[str, Any] = {}
    if parsed.get_backend_name() == "postgresql":
        patience = {k: v for k, v in POSTGRES_PATIENCE.items() if k not in parsed.query}
    engine = sa.create_engine(url, pool_pre_ping=False, connect_args=patience, **sizes)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transaction control opens deferred transactions behind our back.
    connection.isolation_level = None
    for name, value in SQLITE_SETTINGS.items():
        connection.execute(f"PRAGMA {name}={value}")
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")


def _begin_sqlite(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    # A deferred transaction that turns to writing fails at once when another has written.
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def reading(engine: sa.Engine) -> sa.Connection:
    """Return a connection whose transaction sees one snapshot and writes nothing."""
    connection = engine.connect().execution_options(reading=True)
    if engine.dialect.name == "postgresql":
        return connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    return connection


def require_durable(connection: sa.Connection) -> None:
    """
    Refuse to go on unless every durability setting reads back as the ledger needs it.

    Rule: REG-07.
    """
    if connection.dialect.name == "sqlite":
        for name, needed in SQLITE_SETTINGS.items():
            found = str(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            if found != needed:
                raise DurabilityUnsafe(name, found=found, needed=needed)
        return
    for name, needed in POSTGRES_SETTINGS.items():
        found = str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())
        if found != needed:
            raise DurabilityUnsafe(name, found=found, needed=needed)


def require_key_text(text: str) -> None:
    """Refuse a text that is to be found by an index and is too long for one. Rule: REG-05."""
    if len(text) > KEY_TEXT_MAX:
        raise TextTooLong(text)


class CheckpointFailed(Refused):
    """SQLite could not move its log into the database file; the writer must stop."""

    code = "wal_checkpoint_failed"
    rule = "REG-07"

    def __init__(self, problem: str) -> None:
        super().__init__(f"SQLite's log could not be moved: {problem}", problem=problem)


def move_wal(connection: sa.Connection, *, empty_it: bool = False) -> int:
    """
    Move SQLite's write-ahead log into the database file, outside any transaction, and check it.

    Readers may keep part of it back, which the next move takes; returned is the length of the log,
    in pages. With *empty_it* nothing may be kept back, and the log is emptied. Elsewhere than on
    SQLite this does nothing. Refusals: `wal_checkpoint_failed`, `storage_exhausted`. Rule: REG-60.
    """
    if connection.dialect.name != "sqlite":
        return 0
    is_kept_back, frames, _ = _checkpoint(connection, "TRUNCATE" if empty_it else "PASSIVE")
    if empty_it and is_kept_back:
        raise CheckpointFailed("somebody still reads it")
    return frames


def shorten_wal(connection: sa.Connection) -> bool:
    """
    Empty SQLite's log once those who read now are done; return whether they were in time.

    The next write would begin the log anew by itself, but only if nobody reads it at that very
    moment: on a busy ledger somebody always does, and the log would grow for ever. Rule: REG-60.
    """
    driver = _sqlite_driver(connection)
    driver.execute(f"PRAGMA busy_timeout={WAL_PATIENCE_MS}")
    try:
        is_kept_back, _, _ = _checkpoint(connection, "TRUNCATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    return not is_kept_back


def _checkpoint(connection: sa.Connection, mode: str) -> tuple[bool, int, int]:
    """Return whether somebody kept the log back, its length, and how much of it is moved."""
    try:
        row = _sqlite_driver(connection).execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    except sqlite3.Error as error:
        # A read of our own is not over yet, its cursor perhaps garbage since a fault: it keeps the
        # log back as another's would.
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_LOCKED:
            return True, 0, 0
        fault = storage_fault(error)
        if isinstance(fault, StorageExhausted):
            raise fault from error
        raise CheckpointFailed(str(error)) from error
    is_kept_back, frames, moved = row
    # Both are -1 where there is no log, which would be another journal mode than the ledger's.
    if not 0 <= moved <= frames:
        raise CheckpointFailed(f"{moved} of {frames} pages were moved")
    return bool(is_kept_back), frames, moved


def _sqlite_driver(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
