"""
Database roles: the rights with which the processes use PostgreSQL, as statements for its owner.

The writer may add to history and not change it, so that not even a bug or a stolen password of it
can: the server itself refuses. Who owns the tables only migrates them.
"""

import re
from collections.abc import Iterator

from api.auth.tables import AuthBase
from api.program import subjects
from ledger.db import Base
from ledger.tables import APPEND_ONLY, LeaseRow
from migrations.auth import VERSION_TABLE as AUTH_VERSION_TABLE

LEDGER_VERSION_TABLE = "alembic_version"
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
"""The names of roles that need no quotes."""

_APPEND = "SELECT, INSERT"
_KEEP = "SELECT, INSERT, UPDATE"
_WORK = "SELECT, INSERT, UPDATE, DELETE"


def role_statements(*, app: str, web: str | None = None) -> Iterator[str]:
    """
    Yield the statements that give role *app* what `writer`, `jobs` and `serve` need, and no more.

    With *web* the users and sessions are that role's alone, and it reads the ledger without
    writing there: for `web` processes beside a `writer`. To be run again after each migration.

    Rule: REG-63.
    """
    for role in (app, web):
        assert role is None or NAME.fullmatch(role), role
    assert subjects().handlers, "every table is known once every subject is"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC"
    yield from _begin(app)
    yield from _grant(app, "public", {name: _rights(name) for name in Base.metadata.tables})
    if web is not None:
        yield from _begin(web)
        yield from _grant(web, "public", dict.fromkeys(Base.metadata.tables, "SELECT"))
    users = web or app
    if web is not None:
        yield from _nothing(app, "auth")
    yield from _nothing(users, "auth")
    yield from _grant(users, "auth", dict.fromkeys(AuthBase.metadata.tables, _WORK))


def _rights(table: str) -> str:
    if table in APPEND_ONLY:
        return _APPEND
    return _KEEP if table == LeaseRow.__tablename__ else _WORK


def _begin(role: str) -> Iterator[str]:
    """Make *role* if it is not there, and take away whatever rights it has."""
    yield (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
        f"THEN CREATE ROLE {role} LOGIN; END IF; END $$"
    )
    yield (
        "DO $$ BEGIN EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO "
        f"{role}', current_database()); END $$"
    )
    yield from _nothing(role, "public")


def _nothing(role: str, schema: str) -> Iterator[str]:
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}"
    yield f"REVOKE ALL ON SCHEMA {schema} FROM {role}"


def _grant(role: str, schema: str, rights: dict[str, str]) -> Iterator[str]:
    version = {"public": LEDGER_VERSION_TABLE, "auth": AUTH_VERSION_TABLE}[schema]
    yield f"GRANT USAGE ON SCHEMA {schema} TO {role}"
    yield f"GRANT SELECT ON {schema}.{version} TO {role}"
    for table in sorted(rights):
        yield f"GRANT {rights[table]} ON {schema}.{table} TO {role}"
