"""
The auth store: a database beside the ledger for what must never enter history.

For SQLite it is `auth.db` in the ledger's directory; for PostgreSQL the schema `auth` of the
ledger's database. Time is always an argument, in microseconds since 1970 UTC.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy import event

import migrations.auth
from api.auth.passwords import Busy, Passwords
from api.auth.tables import SecretRow
from ledger.db import connect, reading

Entropy = Callable[[int], bytes]
"""Give so many random bytes, as os.urandom does."""

SECRET_BYTES = 32
WRITE_LOCK = 0x59_4E_41_55_54_48
"""The advisory lock under which PostgreSQL, like SQLite, has one writer of this store at a time."""


LOCK_WAIT = "5s"

PASSING = {"SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR"}
"""What may be otherwise at the next try."""


class AuthStore:
    """The open auth store; its methods may be called from several threads."""

    def __init__(self, engine: sa.Engine, *, entropy: Entropy, passwords: Passwords) -> None:
        self.engine = engine
        self.entropy = entropy
        self.passwords = passwords
        self._secrets: dict[str, bytes] = {}

    @classmethod
    def open(
        cls,
        ledger_url: str,
        *,
        entropy: Entropy = os.urandom,
        passwords: Passwords | None = None,
    ) -> Self:
        """Open the store of the ledger at *ledger_url*, made or brought up to date if need be."""
        engine = auth_engine(ledger_url)
        migrations.auth.upgrade(engine)
        return cls(engine, entropy=entropy, passwords=passwords or Passwords())

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one snapshot and writes nothing; refuses `busy`."""
        with _or_busy(), reading(self.engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """
        Give a connection whose transaction no other writer's overlaps; it commits at the end.

        What was read in it still holds when it writes, on either engine. Refuses `busy` after five
        seconds of waiting.
        """
        with _or_busy(), self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
            yield connection

    def secret(self, name: str) -> bytes:
        """Return the installation's 32-byte secret of this name, made at the first asking."""
        if name not in self._secrets:
            self._secrets[name] = self._read_secret(name) or self._make_secret(name)
        return self._secrets[name]

    def _read_secret(self, name: str) -> bytes | None:
        with self.reading() as connection:
            return _kept_secret(connection, name)

    def _make_secret(self, name: str) -> bytes:
        with self.writing() as connection:
            # Another process may have made it between our look and our lock.
            kept = _kept_secret(connection, name)
            if kept is not None:
                return kept
            made = self.entropy(SECRET_BYTES)
            assert len(made) == SECRET_BYTES
            connection.execute(sa.insert(SecretRow).values(name=name, value=made))
            return made


def auth_engine(ledger_url: str) -> sa.Engine:
    """Return an engine that sees the auth store of the ledger at *ledger_url*, and only that."""
    ledger = connect(ledger_url)
    if ledger.dialect.name == "sqlite":
        ledger.dispose()
        return _beside(Path(str(ledger.url.database)))
    _require_schema(ledger)
    ledger.dispose()
    engine = connect(ledger_url)
    # First of all listeners, so that SQLAlchemy too learns which schema is the default one.
    event.listen(engine, "connect", _see_only_auth, insert=True)
    # Whatever the server's default: after the lock, a writer must see what the last one did.
    return engine.execution_options(isolation_level="READ COMMITTED")


def _beside(ledger_file: Path) -> sa.Engine:
    file = ledger_file.with_name("auth.db")
    # Made before SQLite would, so that nobody but its owner ever could read it; its log follows.
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    if file.stat().st_mode & 0o077:
        file.chmod(0o600)
    engine = connect(f"sqlite:///{file}")
    event.listen(engine, "connect", _move_own_log)
    return engine


def _move_own_log(connection: sqlite3.Connection, _record: Any) -> None:
    # The ledger's writer moves its own log and watches that; here nobody would, and it would grow.
    connection.execute("PRAGMA wal_autocheckpoint=1000")


def _require_schema(ledger: sa.Engine) -> None:
    with ledger.begin() as connection:
        known = sa.text("SELECT to_regnamespace('auth') IS NOT NULL")
        if connection.execute(known).scalar_one():
            return
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
        connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS auth")


def _see_only_auth(connection: Any, _record: Any) -> None:
    # Outside a transaction, or the first rollback would take the setting back.
    connection.autocommit = True
    connection.execute("SET search_path TO auth")
    connection.autocommit = False


def _kept_secret(connection: sa.Connection, name: str) -> bytes | None:
    return connection.execute(
        sa.select(SecretRow.value).where(SecretRow.name == name)
    ).scalar_one_or_none()


@contextmanager
def _or_busy() -> Iterator[None]:
    """Say `busy` for a lock not had in time and a connection lost: what failed had no effect."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise Busy from error
    except sa.exc.OperationalError as error:
        # SQLite calls a missing table operational as well, and that would be a bug.
        if getattr(error.orig, "sqlite_errorname", "SQLITE_BUSY") not in PASSING:
            raise
        raise Busy from error
