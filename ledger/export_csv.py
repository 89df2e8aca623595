"""
Write sheets as CSV files that a spreadsheet opens rightly and does not execute.

UTF-8 with its mark, without which Excel on Chinese Windows takes the text for GBK; lines end as
RFC 4180 says; the first line has the columns' lasting names.

Rules: AUD-40, AUD-41.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from ledger.db import reading
from ledger.export_directory import Exported, begin, end, require_empty
from ledger.export_sheets import Cell, Column, Form, Row, Sheet
from ledger.history import Names

FORMAT = "yongneng/csv/1"
EXECUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'")
"""
How a cell begins that a spreadsheet may execute, in both widths; and the apostrophe itself, so
that the one put before it can be taken off again.
"""


def export_csv(engine: sa.Engine, directory: Path, sheets: Sequence[Sheet]) -> Exported:
    """
    Write one snapshot into *directory*, one file a sheet.

    Rules: AUD-25, AUD-40, AUD-41.
    """
    require_empty(directory)
    counts = {}
    with reading(engine) as connection:
        snapshot = begin(connection, directory)
        names = Names(connection)
        for sheet in sheets:
            rows = sheet.rows(connection, names)
            counts[sheet.name] = _write(directory / f"{sheet.name}.csv", sheet.columns, rows)
    return end(directory, snapshot, form=FORMAT, counts=counts)


def harmless(text: str) -> str:
    """Return *text* with an apostrophe before what a spreadsheet might execute. Rule: AUD-41."""
    return f"'{text}" if text.startswith(EXECUTED) else text


def _write(path: Path, columns: Sequence[Column], rows: Iterator[Row]) -> int:
    is_text = [column.form is Form.TEXT for column in columns]
    count = 0
    with path.open("x", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.name for column in columns])
        for row in rows:
            writer.writerow(list(map(_cell, row, is_text)))
            count += 1
    return count


def _cell(value: Cell, is_text: bool) -> Cell:
    return harmless(value) if is_text and isinstance(value, str) else value
