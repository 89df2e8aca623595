"""
Changes of the auth store's schema, numbered apart from those of the ledger.

*engine* is one of `api.auth.store.auth_engine`: what it calls its tables are the auth store's.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

VERSION_TABLE = "auth_version"
UPGRADE_LOCK = 0x59_4E_41_4D_49_47


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def head() -> str:
    """Return the number of the newest migration."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


def current(engine: sa.Engine) -> str | None:
    """Return the number of the last migration the store has seen, None for an empty one."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return context.get_current_revision()


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the store up to *revision*, in one transaction; a second process waits for it."""
    if revision == "head" and current(engine) == head():
        return
    with engine.begin() as connection:
        _alone(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def downgrade(engine: sa.Engine, revision: str) -> None:
    """Take the store down to *revision* ("base" for nothing)."""
    with engine.begin() as connection:
        _alone(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def _alone(connection: sa.Connection) -> None:
    # SQLite has one writer by itself; on PostgreSQL two web processes may start at once.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
