"""
The state digest: one hash over everything a ledger holds, the same on every engine.

It covers every domain table row by row in the order of its key, and leaves out the command log
and what depends on batching, leases or signatures, so that a replay can be compared.
"""

from collections.abc import Iterator
from hashlib import sha256

import msgspec
import sqlalchemy as sa

from ledger.tables import OUTSIDE_DIGEST

_CHUNK = 5_000


def state_digest(connection: sa.Connection) -> str:
    """
    Return the SHA-256, in hex, of all domain rows and balances in the database.

    Tables are those the database has, whatever this process has imported.
    """
    whole = sha256()
    found = sa.MetaData()
    found.reflect(connection)
    for table in sorted(found.tables.values(), key=lambda table: table.name):
        if table.name not in OUTSIDE_DIGEST:
            whole.update(_framed(table.name.encode()))
            for row in _rows_in_order(connection, table):
                whole.update(_framed(msgspec.json.encode(row)))
    return whole.hexdigest()


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
