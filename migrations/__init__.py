"""
Numbered, reviewed changes of the schema, each with a way up and a way down.

`upgrade` brings a database to the newest schema, `downgrade` to any older one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from migrations import numbered

FOLDER = Path(__file__).parent
VERSION_TABLE = "alembic_version"
UPGRADE_LOCK = 0x59_4E_4D_49_47
"""The advisory lock under which PostgreSQL, like SQLite, has one who migrates at a time."""

WAIT_SECONDS = 120
"""How long a process waits for another one that migrates."""


def head() -> str:
    """Return the number of the newest migration."""
    return numbered.newest(FOLDER)


def current(engine: sa.Engine) -> str | None:
    """Return the number of the last migration the database has seen, None for an empty one."""
    return numbered.seen(engine, VERSION_TABLE)


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """
    Bring the database up to *revision*, in one transaction; a second process waits for it.

    Whatever goes wrong on the way, the database is where it was.
    """
    if revision == "head" and current(engine) == head():
        return
    with _alone(engine) as connection:
        numbered.run(connection, FOLDER, revision, is_upgrade=True)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Take the database down to *revision* ("base" for nothing), in one transaction."""
    with _alone(engine) as connection:
        numbered.run(connection, FOLDER, revision, is_upgrade=False)


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection whose transaction is the only one that migrates; it commits at the end."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Outside a transaction, which waits from its first statement.
            driver: Any = connection.connection.driver_connection
            usual = driver.execute("PRAGMA busy_timeout").fetchone()[0]
            driver.execute(f"PRAGMA busy_timeout={WAIT_SECONDS * 1_000}")
        try:
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout TO '{WAIT_SECONDS}s'")
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
                yield connection
        finally:
            if connection.dialect.name == "sqlite":
                driver.execute(f"PRAGMA busy_timeout={usual}")
