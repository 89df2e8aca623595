"""
Read a CSV file into rows of a command, or say of every bad cell where it is and what is wrong.

Columns carry the names of the row's fields. A field in minor units may also be given in the unit
people use: ``amount_tce`` stands for ``amount_kgce``, ``price_yuan`` for ``price_fen``. Cells are
text; nothing is guessed, trimmed or rounded.
"""

import csv
import io
import re
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from ledger.errors import Refused
from ledger.rows import RowsRefused
from ledger.units import parse_fen, parse_kgce

ROWS_MAX = 8_192
BYTES_MAX = 20 * 1024 * 1024
FORMULA_STARTS = ("=", "+", "@", "\t", "\r")

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_READABLE = {"_kgce": ("_tce", parse_kgce), "_fen": ("_yuan", parse_fen)}


class FileUnreadable(Refused):
    """A file is not UTF-8 text, is too large, or is not there."""

    code = "file_unreadable"
    rule = "REG-40"

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}", file=file, problem=problem)


class ColumnsWrong(Refused):
    """The first line does not name the columns that the rows need."""

    code = "columns_wrong"
    rule = "REG-40"

    def __init__(self, file: str, *, missing: Sequence[str], unknown: Sequence[str]) -> None:
        lacks, knows_not = ", ".join(missing) or "nothing", ", ".join(unknown) or "nothing"
        super().__init__(
            f"{file}: the first line lacks {lacks} and has unknown {knows_not}",
            file=file,
            missing=lacks,
            unknown=knows_not,
        )


class CellRefused(Refused):
    """One cell is not what its column asks for."""

    code = "cell_refused"
    rule = "REG-40"
    wanted: ClassVar[str] = "another value"

    def __init__(self, column: str, text: str) -> None:
        super().__init__(
            f"{column} is {text[:40]!r} but must be {self.wanted}", column=column, text=text[:40]
        )


class CellNotWhole(CellRefused):
    """A cell of a whole-number column holds something else."""

    code = "cell_not_an_integer"
    wanted = "a whole number without separators"


class CellIsFormula(CellRefused):
    """A text cell begins like a spreadsheet formula."""

    code = "cell_is_formula"
    wanted = "plain text that does not begin with = + @ or a tab"


class CellEmpty(CellRefused):
    """A cell that must be filled is empty."""

    code = "cell_empty"
    wanted = "filled in"


class RowRagged(Refused):
    """A row has more or fewer cells than the first line has columns."""

    code = "row_ragged"
    rule = "REG-40"

    def __init__(self, *, cells: int, columns: int) -> None:
        super().__init__(f"has {cells} cells for {columns} columns", cells=cells, columns=columns)


class TooManyRows(Refused):
    """A file has more rows than one command takes."""

    code = "too_many_rows"
    rule = "REG-40"

    def __init__(self, file: str, rows: int) -> None:
        super().__init__(
            f"{file} has {rows} rows; at most {ROWS_MAX} at a time", file=file, rows=rows
        )


def read_rows(path: Path, line: type[msgspec.Struct]) -> list[dict[str, Any]]:
    """
    Return the rows of the CSV file at *path* as plain data for lines of type *line*.

    Every bad cell of every row is collected before anything is refused. Rule: REG-40.
    """
    table = list(csv.reader(io.StringIO(_text_of(path), newline=""), strict=True))
    if not table:
        raise ColumnsWrong(path.name, missing=_names(line), unknown=())
    columns = _columns(path.name, table[0], line)
    body = [cells for cells in table[1:] if cells]
    if len(body) > ROWS_MAX:
        raise TooManyRows(path.name, len(body))
    rows, problems = [], []
    for number, cells in enumerate(body, start=2):
        try:
            rows.append(_row(cells, columns))
        except Refused as refusal:
            problems.append((number, refusal))
    if problems:
        raise RowsRefused(problems, rows=len(body))
    return rows


def _text_of(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FileUnreadable(path.name, error.strerror or "cannot be read") from None
    if len(raw) > BYTES_MAX:
        raise FileUnreadable(path.name, f"is larger than {BYTES_MAX} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileUnreadable(path.name, "is not UTF-8; save it as CSV UTF-8") from None
    if "\x00" in text:
        raise FileUnreadable(path.name, "holds a NUL character")
    return text


class _Column(typing.NamedTuple):
    """A column of the file: the field it fills, its type, and how its text is read."""

    heading: str
    field: str
    type: Any
    is_optional: bool


def _names(line: type[msgspec.Struct]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(line)]


def _columns(file: str, headings: list[str], line: type[msgspec.Struct]) -> list[_Column]:
    fields = {field.name: field for field in msgspec.structs.fields(line)}
    readable = {
        name.removesuffix(minor) + unit: name
        for name in fields
        for minor, (unit, _) in _READABLE.items()
        if name.endswith(minor)
    }
    known = {heading: readable.get(heading, heading) for heading in headings}
    unknown = [heading for heading, name in known.items() if name not in fields]
    missing = [
        name for name, field in fields.items() if field.required and name not in known.values()
    ]
    if unknown or missing or len(set(known.values())) != len(headings):
        raise ColumnsWrong(file, missing=missing, unknown=unknown)
    return [
        _Column(heading, name, fields[name].type, not fields[name].required)
        for heading, name in known.items()
    ]


def _row(cells: list[str], columns: list[_Column]) -> dict[str, Any]:
    if len(cells) != len(columns):
        raise RowRagged(cells=len(cells), columns=len(columns))
    row = {}
    for column, text in zip(columns, cells, strict=True):
        if text == "" and column.is_optional:
            continue
        row[column.field] = _value(column, text)
    return row


def _value(column: _Column, text: str) -> object:
    if _is_whole(column.type):
        if column.heading != column.field:
            minor = "_kgce" if column.field.endswith("_kgce") else "_fen"
            return _READABLE[minor][1](text)
        if text == "":
            raise CellEmpty(column.heading, text)
        if not _WHOLE.fullmatch(text):
            raise CellNotWhole(column.heading, text)
        return int(text)
    if text.startswith(FORMULA_STARTS):
        raise CellIsFormula(column.heading, text)
    return text


def _is_whole(annotation: Any) -> bool:
    if isinstance(annotation, types.UnionType):
        return any(_is_whole(part) for part in typing.get_args(annotation))
    return annotation is int
