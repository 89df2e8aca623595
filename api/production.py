"""
Production: what a database should have beyond safe commits, where it is run in earnest.

A ledger works without; whoever starts it is told, and with --production it is refused.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import sqlalchemy as sa

from api.program import reading_engine
from ledger.errors import Refused
from ledger.tables import APPEND_ONLY


class Shortcoming(NamedTuple):
    """A setting that is not as production needs it."""

    setting: str
    found: str
    needed: str


class ProductionUnsafe(Refused):
    """Something that production needs is missing."""

    code = "production_unsafe"
    rule = "REG-66"

    def __init__(self, shortcoming: Shortcoming) -> None:
        setting, found, needed = shortcoming
        super().__init__(
            f"{setting} is {found} and should be {needed} in production; change it, or start "
            "without --production",
            setting=setting,
            found=found,
            needed=needed,
        )


def look_at_production(url: str, *, is_production: bool, say: Callable[[str], None]) -> None:
    """
    Say what the database at *url* lacks for production; where it is production, refuse it.

    Rule: REG-66.
    """
    engine = reading_engine(url)
    try:
        with engine.connect() as connection:
            found = list(shortcomings(connection))
    finally:
        engine.dispose()
    for each in found:
        if is_production:
            raise ProductionUnsafe(each)
        # On a machine of its own SQLite is right, and nobody need be told at each start.
        if each.setting != "database":
            say(f"warning: {each.setting} is {each.found}; production needs {each.needed}")


def shortcomings(connection: sa.Connection) -> Iterator[Shortcoming]:
    """Yield what the database lacks for production. Rules: REG-63, REG-66."""
    if connection.dialect.name != "postgresql":
        yield Shortcoming("database", connection.dialect.name, "postgresql")
        return
    archive = str(connection.exec_driver_sql("SHOW archive_mode").scalar_one())
    if archive == "off":
        yield Shortcoming("archive_mode", archive, "on")
    checksums = str(connection.exec_driver_sql("SHOW data_checksums").scalar_one())
    if checksums != "on":
        yield Shortcoming("data_checksums", checksums, "on")
    power = _power_over_history(connection)
    if power:
        yield Shortcoming("role", power, "one made by `yongneng database roles`")


def _power_over_history(connection: sa.Connection) -> str:
    """Return by which right this session's role could change what is written, or nothing."""
    query = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    if connection.exec_driver_sql(query).scalar_one():
        return "superuser"
    owned = (
        "SELECT EXISTS (SELECT FROM pg_class WHERE oid = ANY(CAST(:tables AS regclass[])) "
        "AND pg_has_role(relowner, 'USAGE'))"
    )
    if connection.execute(sa.text(owned), {"tables": list(APPEND_ONLY)}).scalar_one():
        return "owner of the tables"
    may_change = (
        "SELECT bool_or(has_table_privilege(name, 'UPDATE, DELETE, TRUNCATE, TRIGGER')) "
        "FROM unnest(CAST(:tables AS text[])) name"
    )
    if connection.execute(sa.text(may_change), {"tables": list(APPEND_ONLY)}).scalar_one():
        return "allowed to change history"
    return ""
