"""
What the ledger's migrations and the auth store's have in common: numbers, and Alembic behind them.

Alembic is loaded only by who migrates: most processes find the schema as they need it.
"""

from pathlib import Path

import sqlalchemy as sa


class SchemaStrange(Exception):
    """The database says of its schema what no migration ever wrote."""


def newest(folder: Path) -> str:
    """Return the number of the newest migration below *folder*."""
    return max(path.name for path in (folder / "versions").glob("[0-9]*.py"))[:4]


def seen(engine: sa.Engine, version_table: str) -> str | None:
    """Return the number of the last migration the database has seen, None for an empty one."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(version_table):
            return None
        numbers = connection.exec_driver_sql(f"SELECT version_num FROM {version_table}").all()
    if len(numbers) > 1:
        raise SchemaStrange(f"{version_table} names {len(numbers)} numbers, where one must stand")
    return str(numbers[0][0]) if numbers else None


def run(connection: sa.Connection, folder: Path, revision: str, *, is_upgrade: bool) -> None:
    """Take the database on *connection* up or down to *revision*, within its transaction."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        (command.upgrade if is_upgrade else command.downgrade)(config, revision)
    except CommandError as error:
        raise SchemaStrange(str(error)) from error
