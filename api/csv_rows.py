"""
Read a CSV file or a workbook into rows of a command, or say of every bad cell where and what.

Columns carry the names of the row's fields. A field in minor units may also be given in the unit
people use: ``amount_tce`` stands for ``amount_kgce``, ``price_yuan`` for ``price_fen``. Cells are
text; nothing is guessed, trimmed or rounded.
"""

import csv
import io
import re
import types
import typing
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from api.file_refusals import (
    ROWS_MAX,
    CellEmpty,
    CellIsFormula,
    CellNotAmount,
    CellNotListed,
    CellNotWhole,
    ColumnsWrong,
    CsvMalformed,
    FileNotText,
    FileUnreadable,
    RowRagged,
    TooManyRows,
)
from api.workbook_rows import Spoiled, is_workbook, workbook_rows
from ledger.errors import Refused
from ledger.rows import RowsEmpty, RowsRefused
from ledger.units import AmountMalformed, parse_fen, parse_kgce

BYTES_MAX = 20 * 1024 * 1024
FORMULA_STARTS = ("=", "+", "@", "\t", "\r")

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_READABLE = {"_kgce": ("_tce", parse_kgce), "_fen": ("_yuan", parse_fen)}


class Column(typing.NamedTuple):
    """A column of the file: the field it fills, its type, and how its text is read."""

    heading: str
    field: str
    type: Any
    is_optional: bool


def read_rows(path: Path, line: type[msgspec.Struct]) -> list[dict[str, Any]]:
    """
    Return the rows of the CSV file or workbook at *path* as plain data for lines of type *line*.

    Every bad cell of every row is collected before anything is refused. Rows are numbered as a
    spreadsheet does: the first line is row 1, an empty row counts. Rule: REG-40.
    """
    table = table_of(path.name, bytes_of(path))
    columns = columns_of(path.name, table[0] if table else [], line)
    body = body_of(path.name, table)
    rows, problems = [], []
    for number, cells in body:
        try:
            rows.append(row_of(cells, columns))
        except Refused as refusal:
            problems.append((number, refusal))
    if problems:
        raise RowsRefused(problems, rows=len(body))
    return rows


def bytes_of(path: Path) -> bytes:
    """Return what the file at *path* holds; refuse one that is too large or not there."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FileUnreadable(path.name, error.strerror or "cannot be read") from None
    if len(raw) > BYTES_MAX:
        raise FileUnreadable(path.name, f"is larger than {BYTES_MAX} bytes")
    return raw


def table_of(file: str, raw: bytes) -> list[list[str]]:
    """Return every row of a CSV file or workbook as text, empty ones too. Rules: REG-40, REG-55."""
    return workbook_rows(file, raw) if is_workbook(raw) else list(_csv_rows(file, raw))


def body_of(file: str, table: Sequence[list[str]]) -> list[tuple[int, list[str]]]:
    """Return the rows below the header that hold anything, with their numbers; refuse too many."""
    body = [(number, cells) for number, cells in enumerate(table[1:], start=2) if cells]
    if not body:
        raise RowsEmpty
    if len(body) > ROWS_MAX:
        raise TooManyRows(file, len(body), largest=ROWS_MAX)
    return body


def _csv_rows(file: str, raw: bytes) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(_text_of(file, raw), newline=""), strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise CsvMalformed(file, line=reader.line_num, problem=str(error)) from None


def _text_of(file: str, raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileNotText(file) from None
    if "\x00" in text:  # UTF-16 without its mark, which decodes all the same
        raise FileNotText(file)
    return text


def columns_of(
    file: str,
    headings: list[str],
    line: type[msgspec.Struct],
    aliases: Mapping[str, str] | None = None,
) -> list[Column]:
    """Return the columns that the first line names; *aliases* are further headings of fields."""
    fields = {field.name: field for field in msgspec.structs.fields(line)}
    readable = {
        name.removesuffix(minor) + unit: name
        for name in fields
        for minor, (unit, _) in _READABLE.items()
        if name.endswith(minor)
    }
    readable |= aliases or {}
    named = [readable.get(heading, heading) for heading in headings]
    missing = [name for name, field in fields.items() if field.required and name not in named]
    unknown = [heading for heading in headings if heading not in fields | readable]
    repeated = [name for name, times in Counter(named).items() if times > 1 and name in fields]
    if missing or unknown or repeated:
        raise ColumnsWrong(
            file, known=list(fields), missing=missing, unknown=unknown, repeated=repeated
        )
    return [
        Column(heading, name, fields[name].type, not fields[name].required)
        for heading, name in zip(headings, named, strict=True)
    ]


def row_of(cells: list[str], columns: list[Column]) -> dict[str, Any]:
    """Return the cells of one row by field; refuse the first that is not what its column asks."""
    if len(cells) != len(columns):
        raise RowRagged(cells=len(cells), columns=len(columns))
    row = {}
    for column, text in zip(columns, cells, strict=True):
        if text == "" and column.is_optional:
            continue
        row[column.field] = _value(column, text)
    return row


def _value(column: Column, text: str) -> object:
    if isinstance(text, Spoiled):
        raise text.refusal(column.heading)
    if text.startswith(FORMULA_STARTS):
        raise CellIsFormula(column.heading, text)
    if _is_whole(column.type):
        return _number(column, text)
    words = _words_of(column.type)
    if words and text not in words:
        raise CellNotListed(column.heading, text, wanted=f"one of {', '.join(words)}")
    return text


def _number(column: Column, text: str) -> int:
    if text == "":
        raise CellEmpty(column.heading, text)
    if column.heading != column.field:
        return _minor_units(column, text)
    if not _WHOLE.fullmatch(text):
        raise CellNotWhole(column.heading, text)
    return int(text)


def _minor_units(column: Column, text: str) -> int:
    """Return an amount given in tonnes or yuan as whole kgce or fen; nothing is rounded."""
    minor = "_kgce" if column.field.endswith("_kgce") else "_fen"
    try:
        return _READABLE[minor][1](text)
    except AmountMalformed as refusal:
        wanted = f"digits with at most {refusal.facts['decimals']} decimals"
        raise CellNotAmount(column.heading, text, wanted=wanted) from None


def _is_whole(annotation: Any) -> bool:
    if isinstance(annotation, types.UnionType):
        return any(_is_whole(part) for part in typing.get_args(annotation))
    return annotation is int


def _words_of(annotation: Any) -> list[str]:
    """Return the words that a column knows, none where it takes any text."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return [str(word) for word in annotation]
    if typing.get_origin(annotation) is typing.Literal:
        return [word for word in typing.get_args(annotation) if word]
    return []
