"""
The state digest: one hash over everything a ledger holds, the same on every engine.

It covers every domain table row by row in the order of its key, and leaves out the command log,
what depends on batching, leases or signatures, and what follows behind the writer, so that a replay
can be compared. A table without rows leaves no trace, so that a new one changes no digest.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

import msgspec
import sqlalchemy as sa

from ledger.tables import DERIVED, OUTSIDE_DIGEST

_CHUNK = 5_000
_ASKED_AT_ONCE = 100

_SHAPES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name",
    "postgresql": "SELECT c.relname, a.attname, a.atttypid::bigint FROM pg_class c "
    "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace "
    "ORDER BY c.relname, a.attnum",
}
"""What tells two schemas apart; reading a schema whole takes a hundred times as long."""

_known: dict[tuple[tuple[object, ...], ...], list[sa.Table]] = {}
"""Tables by shape, of the few schemas a process meets."""

_KNOWN_MAX = 8


def state_digest(connection: sa.Connection) -> str:
    """
    Return the SHA-256, in hex, of all domain rows and balances in the database.

    Tables are those the database has, whatever this process has imported.
    """
    tables = _tables(connection)
    return _digest_of(
        connection,
        [
            table
            for table in tables
            if table.name not in OUTSIDE_DIGEST and not table.name.startswith(DERIVED)
        ],
    )


def tables_digest(connection: sa.Connection, names: Iterable[str]) -> str:
    """Return the SHA-256, in hex, of all rows of the tables of these names, in that order."""
    tables = {table.name: table for table in _tables(connection)}
    return _digest_of(connection, [tables[name] for name in names])


def _digest_of(connection: sa.Connection, tables: Sequence[sa.Table]) -> str:
    whole, filled = sha256(), _filled(connection, tables)
    for table in tables:
        if table.name in filled:
            whole.update(_framed(table.name.encode()))
            for row in _rows_in_order(connection, table):
                whole.update(_framed(msgspec.json.encode(row)))
    return whole.hexdigest()


def _filled(connection: sa.Connection, tables: Sequence[sa.Table]) -> set[str]:
    """Return the names of the tables that have rows, which most of a young ledger have not."""
    quoted = connection.dialect.identifier_preparer.quote
    asked = [
        f"SELECT '{table.name}' WHERE EXISTS (SELECT 1 FROM {quoted(table.name)})"
        for table in tables
    ]
    found: set[str] = set()
    for first in range(0, len(asked), _ASKED_AT_ONCE):
        some = " UNION ALL ".join(asked[first : first + _ASKED_AT_ONCE])
        found.update(connection.exec_driver_sql(some).scalars())
    return found


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """Return the database's tables by name; of a shape seen before they are known already."""
    shape = tuple(map(tuple, connection.exec_driver_sql(_SHAPES[connection.dialect.name])))
    if shape not in _known:
        found = sa.MetaData()
        found.reflect(connection)
        if len(_known) == _KNOWN_MAX:
            _known.clear()
        _known[shape] = sorted(found.tables.values(), key=lambda table: table.name)
    return _known[shape]


def _framed(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "big") + raw


def _rows_in_order(connection: sa.Connection, table: sa.Table) -> Iterator[list[object]]:
    """Yield rows by primary key; text keys are ordered here, since engines collate differently."""
    keys = list(table.primary_key.columns)
    query = sa.select(table)
    if all(isinstance(key.type, sa.Integer) for key in keys):
        result = connection.execution_options(yield_per=_CHUNK).execute(query.order_by(*keys))
        yield from (list(row) for row in result)
        return
    positions = [list(table.columns).index(key) for key in keys]
    rows = [list(row) for row in connection.execute(query)]
    yield from sorted(rows, key=lambda row: [row[position] for position in positions])
