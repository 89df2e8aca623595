"""
Changes of the auth store's schema, numbered apart from those of the ledger.

*engine* is one of `api.auth.store.auth_engine`: what it calls its tables are the auth store's.
"""

from pathlib import Path

import sqlalchemy as sa

from migrations import numbered

FOLDER = Path(__file__).parent
VERSION_TABLE = "auth_version"
UPGRADE_LOCK = 0x59_4E_41_4D_49_47


def head() -> str:
    """Return the number of the newest migration."""
    return numbered.newest(FOLDER)


def current(engine: sa.Engine) -> str | None:
    """Return the number of the last migration the store has seen, None for an empty one."""
    return numbered.seen(engine, VERSION_TABLE)


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the store up to *revision*, in one transaction; a second process waits for it."""
    if revision == "head" and current(engine) == head():
        return
    with engine.begin() as connection:
        _alone(connection)
        numbered.run(connection, FOLDER, revision, is_upgrade=True)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Take the store down to *revision* ("base" for nothing)."""
    with engine.begin() as connection:
        _alone(connection)
        numbered.run(connection, FOLDER, revision, is_upgrade=False)


def _alone(connection: sa.Connection) -> None:
    # SQLite has one writer by itself; on PostgreSQL two web processes may start at once.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
