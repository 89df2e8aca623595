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
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from api.file_refusals import (
    ROWS_MAX,
    CellEmpty,
    CellIsFormula,
    CellNotAmount,
    CellNotDay,
    CellNotListed,
    CellNotWhole,
    ColumnsWrong,
    CsvMalformed,
    FileNotText,
    FileUnreadable,
    RowRagged,
    TooManyRows,
)
from api.workbook_rows import USUAL, Bounds, Spoiled, is_workbook, workbook_rows
from ledger.errors import Refused
from ledger.pack_value import parse_day
from ledger.rows import RowsEmpty, RowsRefused
from ledger.units import AmountMalformed, parse_fen, parse_kgce

BYTES_MAX = 20 * 1024 * 1024
FORMULA_STARTS = ("=", "+", "@", "\t", "\r")

LIST_SIGN = ";"
"""What stands between the texts of a cell that holds several."""

PART_SIGN = "="
"""What stands between the parts of such a text: 2023=5000."""

FLAGS = {"true": True, "false": False, "是": True, "否": False}

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_READABLE = {"_kgce": ("_tce", parse_kgce), "_fen": ("_yuan", parse_fen)}


class Column(typing.NamedTuple):
    """
    A column of the file: the field it fills, its type, and how its text is read.

    One that *is_readable* gives minor units in tonnes or yuan.
    """

    heading: str
    field: str
    type: Any
    is_optional: bool
    is_readable: bool


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


def table_of(file: str, raw: bytes, bounds: Bounds = USUAL) -> list[list[str]]:
    """Return every row of a CSV file or workbook as text, empty ones too. Rules: REG-40, REG-55."""
    return workbook_rows(file, raw, bounds) if is_workbook(raw) else list(_csv_rows(file, raw))


def body_of(
    file: str, table: Sequence[list[str]], *, largest: int | None = None
) -> list[tuple[int, list[str]]]:
    """
    Return the rows below the header that hold anything, with their numbers; refuse too many.

    Without *largest* these are more than one command takes.
    """
    body = [(number, cells) for number, cells in enumerate(table[1:], start=2) if cells]
    if not body:
        raise RowsEmpty
    most = ROWS_MAX if largest is None else largest
    if len(body) > most:
        raise TooManyRows(file, len(body), largest=most)
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
    """Return the columns that the first line names; *aliases* are further headings of columns."""
    fields = {field.name: field for field in msgspec.structs.fields(line)}
    readable = {
        name.removesuffix(minor) + unit: name
        for name in fields
        for minor, (unit, _) in _READABLE.items()
        if name.endswith(minor)
    }
    meant = [(aliases or {}).get(heading, heading) for heading in headings]
    named = [readable.get(each, each) for each in meant]
    missing = [name for name, field in fields.items() if field.required and name not in named]
    unknown = [
        heading
        for heading, each in zip(headings, meant, strict=True)
        if each not in fields and each not in readable
    ]
    repeated = [name for name, times in Counter(named).items() if times > 1 and name in fields]
    if missing or unknown or repeated:
        raise ColumnsWrong(
            file, known=list(fields), missing=missing, unknown=unknown, repeated=repeated
        )
    return [
        Column(heading, name, fields[name].type, not fields[name].required, each in readable)
        for heading, each, name in zip(headings, meant, named, strict=True)
    ]


def row_of(cells: list[str], columns: list[Column]) -> dict[str, Any]:
    """Return the cells of one row by field; refuse the first that is not what its column asks."""
    row, refused = cells_of(cells, columns)
    if refused:
        raise refused[0]
    return row


def cells_of(cells: list[str], columns: list[Column]) -> tuple[dict[str, Any], list[Refused]]:
    """Return the cells of one row by field, and why some of them are not taken."""
    row: dict[str, Any] = {}
    refused: list[Refused] = []
    if len(cells) != len(columns):
        return row, [RowRagged(cells=len(cells), columns=len(columns))]
    for column, text in zip(columns, cells, strict=True):
        if text == "" and column.is_optional:
            continue
        try:
            row[column.field] = _value(column, text)
        except Refused as refusal:
            refused.append(refusal)
    return row, refused


def _value(column: Column, text: str) -> object:
    if isinstance(text, Spoiled):
        raise text.refusal(column.heading)
    if text.startswith(FORMULA_STARTS):
        raise CellIsFormula(column.heading, text)
    if _is_whole(column.type):
        return _number(column, text)
    if column.type is bool:
        return _flag(column, text)
    if column.type is date and parse_day(text) is None:
        raise CellNotDay(column.heading, text)
    if typing.get_origin(column.type) is tuple:
        return [_item(column, part) for part in text.split(LIST_SIGN) if part]
    words = _words_of(column.type)
    if words and text not in words:
        raise CellNotListed(column.heading, text, wanted=f"one of {', '.join(words)}")
    return text


def _item(column: Column, text: str) -> object:
    """Return one of several texts of a cell; the parts of a line of its own stand as 2023=5000."""
    inner = typing.get_args(column.type)[0]
    if not (isinstance(inner, type) and issubclass(inner, msgspec.Struct)):
        return _part(column, text, inner)
    fields = msgspec.structs.fields(inner)
    parts = text.split(PART_SIGN)
    if len(parts) != len(fields):
        wanted = PART_SIGN.join(field.name for field in fields)
        raise CellNotListed(column.heading, text, wanted=f"written as {wanted}")
    return {
        field.name: _part(column, part, field.type)
        for field, part in zip(fields, parts, strict=True)
    }


def _part(column: Column, text: str, annotation: Any) -> object:
    if annotation is not int:
        return text
    if not _WHOLE.fullmatch(text):
        raise CellNotWhole(column.heading, text)
    return int(text)


def _flag(column: Column, text: str) -> bool:
    if text not in FLAGS:
        raise CellNotListed(column.heading, text, wanted=f"one of {', '.join(FLAGS)}")
    return FLAGS[text]


def _number(column: Column, text: str) -> int:
    if text == "":
        raise CellEmpty(column.heading, text)
    if column.is_readable:
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


def words_of(annotation: Any) -> list[str]:
    """Return the words among which a cell of this type chooses, none where it takes any text."""
    return list(FLAGS) if annotation is bool else _words_of(annotation)


def readable_name(field: str) -> str:
    """Return the column that gives *field* in tonnes or yuan; itself where there is none."""
    for minor, (unit, _) in _READABLE.items():
        if field.endswith(minor):
            return field.removesuffix(minor) + unit
    return field
