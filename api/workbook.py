"""
Write Excel workbooks: sheets of an export, templates, and what is wrong with a file.

Text is always written as text, never as a formula, a link or a number. Whole numbers are numbers
where Excel keeps every digit, which it does up to fifteen of them, and text beyond.

Rules: AUD-40, AUD-41.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path

import sqlalchemy as sa
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from ledger.db import reading
from ledger.export_directory import Exported, begin, end, require_empty
from ledger.export_sheets import Cell, Column, Form, Row, Sheet
from ledger.history import Names

FORMAT = "yongneng/xlsx/1"
FILE = "ledger.xlsx"
ROWS_MAX = 1_048_575
"""How many rows a sheet of Excel has beside its header."""

CELL_MAX = 32_767
CUT = " … [cut: the CSV export has all of it]"
_EXACT_BELOW = 10**15
_WIDTHS = {Form.TEXT: 24, Form.DECIMAL: 18, Form.WHOLE: 16}
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def export_xlsx(
    engine: sa.Engine, directory: Path, sheets: Sequence[Sheet], *, language: str
) -> Exported:
    """
    Write one snapshot into *directory* as one workbook with headings in *language* (zh or en).

    A sheet goes on in further ones where Excel takes no more rows. Rules: AUD-25, AUD-40, AUD-41.
    """
    require_empty(directory)
    counts = {}
    with reading(engine) as connection:
        snapshot = begin(connection, directory)
        names = Names(connection)
        made = datetime.fromtimestamp(snapshot.recorded_at // 1_000_000, tz=UTC)
        with written(directory / FILE, made=made) as book:
            for sheet in sheets:
                rows = sheet.rows(connection, names)
                title = sheet.en if language == "en" else sheet.zh
                counts[sheet.name] = book.table(title, sheet.columns, rows, language=language)
    return end(directory, snapshot, form=FORMAT, counts=counts)


class Book:
    """One workbook being written, sheet after sheet."""

    def __init__(self, path: Path, made: datetime) -> None:
        self._book = xlsxwriter.Workbook(str(path), _OPTIONS)
        # Its own clock would make two exports of one snapshot differ.
        self._book.set_properties({"created": made.replace(tzinfo=None)})
        self.bold: Format = self._book.add_format({"bold": True, "bottom": 1})
        self.wrong: Format = self._book.add_format({"bg_color": "#FCE4E4"})

    def close(self) -> None:
        """Write the file."""
        self._book.close()

    def table(
        self, title: str, columns: Sequence[Column], rows: Iterator[Row], *, language: str
    ) -> int:
        """Write one table, in as many sheets as it needs, and return how many rows it has."""
        count, number = 0, 1
        headings = [column.en if language == "en" else column.zh for column in columns]
        widths = [_WIDTHS[column.form] for column in columns]
        while True:
            name = title if number == 1 else f"{title} ({number})"
            sheet = self.sheet(name, headings, widths)
            for position, row in enumerate(islice(rows, ROWS_MAX), start=1):
                self.row(sheet, position, row)
                count += 1
            following = next(rows, None)
            if following is None:
                return count
            rows, number = chain((following,), rows), number + 1

    def sheet(
        self,
        name: str,
        headings: Sequence[str],
        widths: Sequence[int],
        *,
        is_typed_in: bool = False,
    ) -> Worksheet:
        """
        Begin a sheet with a header that stays in view.

        What people type into one that *is_typed_in* stays text, and no number becomes a date.
        """
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        form = self._book.add_format({"num_format": "@"}) if is_typed_in else None
        for position, (heading, width) in enumerate(zip(headings, widths, strict=True)):
            sheet.set_column(position, position, width, form)
            sheet.write_string(0, position, heading, self.bold)
        return sheet

    def row(
        self, sheet: Worksheet, position: int, cells: Iterable[Cell], form: Format | None = None
    ) -> None:
        """Write one row; nothing stands where a cell is absent."""
        for place, value in enumerate(cells):
            if value is None or value == "":
                continue
            if isinstance(value, int) and abs(value) < _EXACT_BELOW:
                sheet.write_number(position, place, value, form)
            else:
                sheet.write_string(position, place, _fitting(str(value)), form)


@contextmanager
def written(path: Path, *, made: datetime = _EPOCH) -> Iterator[Book]:
    """Give a workbook that is written to *path* at the end."""
    book = Book(path, made)
    try:
        yield book
    finally:
        book.close()


def _fitting(text: str) -> str:
    """Return what of *text* a cell of Excel takes, and say so where that is not all."""
    return text if len(text) <= CELL_MAX else text[: CELL_MAX - len(CUT)] + CUT
