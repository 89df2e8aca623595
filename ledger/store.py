"""
Write rows in bulk through the driver: the one place that persists what the writer decided.

Rows are tuples in the order of their table's columns. SQLite takes executemany. PostgreSQL takes
binary COPY for many rows; for few, everything up to the commit goes in one round trip.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.sql.schema import Table

from ledger.db import Base
from ledger.work import Row

FEW_ROWS = 64
"""Of one table and one commit: up to so many, PostgreSQL is quicker without COPY."""

MANY_ROWS = 512
"""Beyond so many upserts, a staging table of PostgreSQL is quicker than arrays."""


def _columns(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _insert_sql(table: Table, mark: str) -> str:
    names = _columns(table)
    marks = ", ".join([mark] * len(names))
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"


def _delete_sql(table: Table, mark: str) -> str:
    keys = " AND ".join(f"{column.name} = {mark}" for column in table.primary_key.columns)
    return f"DELETE FROM {table.name} WHERE {keys}"


def _conflict_sql(table: Table) -> str:
    keys = [column.name for column in table.primary_key.columns]
    others = [name for name in _columns(table) if name not in keys]
    sets = ", ".join(f"{name} = excluded.{name}" for name in others)
    return f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}"


class Store:
    """Bulk inserts and upserts on one connection, inside its transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self.driver: Any = connection.connection.driver_connection
        self.is_sqlite = connection.dialect.name == "sqlite"
        mark = "?" if self.is_sqlite else "%s"
        tables = Base.metadata.tables.values()
        self.inserts = {table.name: _insert_sql(table, mark) for table in tables}
        self.upserts = {
            table.name: _insert_sql(table, mark) + _conflict_sql(table) for table in tables
        }
        self.deletes = {table.name: _delete_sql(table, mark) for table in tables}
        self.copies = {table.name: _Copy(table) for table in tables}
        names = [table.name for table in Base.metadata.sorted_tables]
        self.positions = {name: position for position, name in enumerate(names)}

    def is_open(self, connection: sa.Connection) -> bool:
        """Return whether *connection* still is the one that this writes on."""
        if connection.closed or connection.invalidated or getattr(self.driver, "closed", False):
            return False
        return connection.connection.driver_connection is self.driver

    def in_order(self, tables: Iterable[str]) -> list[str]:
        """Return *tables* with every one after those that its foreign keys name."""
        return sorted(tables, key=self.positions.__getitem__)

    @contextmanager
    def together(self, rows: int) -> Iterator[None]:
        """
        Write all of the block's *rows* of any one table in one round trip, where they are few.

        What was wrong with one of them is raised at the end of the block.
        """
        if self.is_sqlite or rows > FEW_ROWS:
            yield
            return
        with self.driver.pipeline():
            yield

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Append *rows* to *table*."""
        if self.is_sqlite:
            self.driver.executemany(self.inserts[table], rows)
        elif len(rows) == 1:
            self.driver.execute(self.inserts[table], rows[0])
        elif len(rows) <= FEW_ROWS:
            self.driver.execute(self.copies[table].insert, _by_column(rows))
        else:
            self.copies[table].into(self.driver, self.copies[table].table, rows)

    def upsert(self, table: str, rows: Iterable[Row]) -> None:
        """Write *rows*, each in place of the row that has its primary key."""
        rows = list(rows)
        if self.is_sqlite:
            self.driver.executemany(self.upserts[table], rows)
        elif len(rows) == 1:
            self.driver.execute(self.upserts[table], rows[0])
        elif len(rows) <= MANY_ROWS:
            self.driver.execute(self.copies[table].upsert, _by_column(rows))
        else:
            self.copies[table].over(self.driver, rows)

    def delete(self, table: str, keys: Sequence[Row]) -> None:
        """Delete the rows of these primary keys, of a table that keeps no history."""
        self.driver.cursor().executemany(self.deletes[table], keys)

    def touch_lease(self, epoch: int) -> Callable[[], bool]:
        """Touch the lease row; what is returned tells afterwards if *epoch* was still in force."""
        mark = "?" if self.is_sqlite else "%s"
        cursor = self.driver.execute(
            f"UPDATE lease SET epoch = epoch WHERE id = 1 AND epoch = {mark}", (epoch,)
        )
        return lambda: bool(cursor.rowcount == 1)


def first_known_reference(connection: sa.Connection, references: Sequence[str]) -> str | None:
    """Return one of *references* that an entry already has, or None; one parameter for them all."""
    query = (
        "SELECT reference FROM entries "
        "WHERE reference IN (SELECT value FROM json_each(:references)) LIMIT 1"
        if connection.dialect.name == "sqlite"
        else "SELECT reference FROM entries WHERE reference IN "
        "(SELECT json_array_elements_text(CAST(:references AS json))) LIMIT 1"
    )
    encoded = msgspec.json.encode(references).decode()
    found = connection.execute(sa.text(query), {"references": encoded}).scalar_one_or_none()
    return None if found is None else str(found)


def _by_column(rows: Sequence[Row]) -> list[list[object]]:
    return [list(values) for values in zip(*rows, strict=True)]


class _Copy:
    """Binary COPY and arrays into one table of PostgreSQL, and the upsert by a staging table."""

    def __init__(self, table: Table) -> None:
        self.table = table.name
        self.names = ", ".join(_columns(table))
        self.conflict = _conflict_sql(table)
        self.types = [_copy_type(column) for column in table.columns]
        arrays = ", ".join(f"%b::{each}[]" for each in self.types)
        self.insert = f"INSERT INTO {self.table} ({self.names}) SELECT * FROM unnest({arrays})"
        self.upsert = self.insert + self.conflict

    def into(self, driver: Any, target: str, rows: Iterable[Row]) -> None:
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {target} ({self.names}) FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.set_types(self.types)
            for row in rows:
                copy.write_row(row)

    def over(self, driver: Any, rows: Iterable[Row]) -> None:
        staging = f"staging_{self.table}"
        driver.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging} "
            f"(LIKE {self.table}) ON COMMIT DELETE ROWS"
        )
        driver.execute(f"DELETE FROM {staging}")
        self.into(driver, staging, rows)
        driver.execute(
            f"INSERT INTO {self.table} ({self.names}) SELECT {self.names} FROM {staging}"
            + self.conflict
        )


def _copy_type(column: sa.Column[Any]) -> str:
    if isinstance(column.type, sa.LargeBinary):
        return "bytea"
    return "text" if isinstance(column.type, sa.Text) else "int8"
