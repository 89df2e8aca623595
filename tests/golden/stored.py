"""
How a golden ledger is stored, and put back into an empty database.

`rows.xz` has every row of every table, column by column, the same for both engines; `sqlite.sql.xz`
and `postgresql.sql.xz` have the schema as the release made it, the latter in two parts: what stands
before the rows, and the constraints and triggers that come after them. `expected.json` has what the
code of the release found in it.
"""

import json
import lzma
import sqlite3
from pathlib import Path

from ledger.db import connect

HERE = Path(__file__).resolve().parent
ROWS, EXPECTED = "rows.xz", "expected.json"
AFTER_ROWS = "-- after the rows\n"
LEDGERS = sorted(str(path.parent.relative_to(HERE)) for path in HERE.glob(f"*/*/{EXPECTED}"))
"""A release's schema, and which of its ledgers."""


def expected(name):
    """Return what the release found in its ledger."""
    return json.loads((HERE / name / EXPECTED).read_text(encoding="utf-8"))


def put_back(name, url):
    """Make the golden ledger *name* anew in the empty database at *url*."""
    engine = connect(url)
    raw = engine.raw_connection()
    try:
        if engine.dialect.name == "sqlite":
            _put_back_sqlite(name, raw.driver_connection)
        else:
            _put_back_postgres(name, raw.driver_connection)
    finally:
        raw.close()
        engine.dispose()


def compress(path, text):
    """Write *text* to *path*, compressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def rows_of(connection, tables):
    """Return the text of `rows.xz` for the *tables* of a SQLite database."""
    lines = []
    for table in tables:
        cursor = connection.execute(f"SELECT * FROM {table}")
        columns = [column[0] for column in cursor.description]
        rows = sorted(cursor.fetchall(), key=repr)
        octets = [
            name
            for name, values in zip(columns, zip(*rows, strict=True), strict=False)
            if any(isinstance(value, bytes) for value in values)
        ]
        lines.append({"table": table, "columns": columns, "octets": octets, "rows": len(rows)})
        lines += (
            [v.hex() if isinstance(v, bytes) else v for v in c] for c in zip(*rows, strict=True)
        )
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _text(name, file):
    return lzma.decompress((HERE / name / file).read_bytes()).decode()


def _tables(name):
    """Yield each table's name, columns and rows."""
    lines = map(json.loads, _text(name, ROWS).splitlines())
    for head in lines:
        if not head["rows"]:
            continue
        values = []
        for column in head["columns"]:
            found = next(lines)
            is_octets = column in head["octets"]
            values.append([bytes.fromhex(v) if is_octets and v else v for v in found])
        yield head["table"], head["columns"], list(zip(*values, strict=True))


def _put_back_sqlite(name, driver):
    driver.execute("PRAGMA foreign_keys=OFF")
    driver.executescript(_text(name.split("/")[0], "sqlite.sql.xz"))
    driver.execute("BEGIN")
    for table, columns, rows in _tables(name):
        marks = ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
    driver.execute("COMMIT")
    assert driver.execute("PRAGMA foreign_key_check").fetchall() == []
    driver.execute("PRAGMA foreign_keys=ON")
    assert isinstance(driver, sqlite3.Connection)


def _put_back_postgres(name, driver):
    before, after = _text(name.split("/")[0], "postgresql.sql.xz").split(AFTER_ROWS)
    driver.execute(before)
    driver.execute("SET search_path TO public")
    with driver.cursor() as cursor:
        for table, columns, rows in _tables(name):
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
    driver.execute(after)
    driver.commit()
