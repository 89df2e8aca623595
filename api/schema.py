"""
Schema: a program opens a database of its own release only, or brings it up to that.
"""

import re

import sqlalchemy as sa

import migrations
from ledger.errors import Refused

_NUMBER = re.compile("[0-9]{4}")
"""A schema's; anything else is no newer release but damage."""

_MAY_MIGRATE = """
SELECT has_schema_privilege(current_schema(), 'CREATE')
   AND NOT EXISTS (
       SELECT FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
          AND NOT pg_has_role(relowner, 'USAGE'))
"""


class SchemaBehind(Refused):
    """The database is of an older release, and this role may not change its schema."""

    code = "schema_behind"
    rule = "REG-64"

    def __init__(self, *, found: str, needed: str) -> None:
        super().__init__(
            f"the database has schema {found} and this release needs {needed}; run "
            "`yongneng database upgrade` as the owner of its tables, then start this again",
            found=found,
            needed=needed,
        )


class SchemaAhead(Refused):
    """The database is of a newer release than this program."""

    code = "schema_ahead"
    rule = "REG-64"

    def __init__(self, *, found: str, newest: str) -> None:
        super().__init__(
            f"the database has schema {found} and this release knows {newest} at most; "
            "start the newer release",
            found=found,
            newest=newest,
        )


def require_schema(engine: sa.Engine) -> None:
    """
    Bring the database up to this release's schema, where that is needed and allowed.

    Refusals: `schema_behind`, `schema_ahead`. Rule: REG-64.
    """
    found, newest = migrations.current(engine), migrations.head()
    if found == newest:
        return
    if found is not None and _NUMBER.fullmatch(found) and found > newest:
        raise SchemaAhead(found=found, newest=newest)
    if not _may_migrate(engine):
        raise SchemaBehind(found=found or "none", needed=newest)
    migrations.upgrade(engine)


def _may_migrate(engine: sa.Engine) -> bool:
    if engine.dialect.name != "postgresql":
        return True
    with engine.connect() as connection:
        return bool(connection.execute(sa.text(_MAY_MIGRATE)).scalar_one())
