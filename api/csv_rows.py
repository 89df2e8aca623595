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
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from ledger.errors import Refused
from ledger.rows import RowsEmpty, RowsRefused
from ledger.units import AmountMalformed, parse_fen, parse_kgce

ROWS_MAX = 8_192
BYTES_MAX = 20 * 1024 * 1024
FORMULA_STARTS = ("=", "+", "@", "\t", "\r")

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_READABLE = {"_kgce": ("_tce", parse_kgce), "_fen": ("_yuan", parse_fen)}


class FileUnreadable(Refused):
    """A file is too large or is not there."""

    code = "file_unreadable"
    rule = "REG-40"

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}", file=file, problem=problem)


class FileNotText(FileUnreadable):
    """A file is not text in UTF-8."""

    code = "file_not_utf8"

    def __init__(self, file: str) -> None:
        super().__init__(file, "is not text in UTF-8; save it as CSV UTF-8")


class CsvMalformed(FileUnreadable):
    """A file is not CSV: a quote is not closed, stands alone, or encloses far too much."""

    code = "csv_malformed"

    def __init__(self, file: str, *, line: int, problem: str) -> None:
        super().__init__(
            file,
            f"is not CSV at line {line}: {problem}; a cell that begins with a quote ends with one, "
            "and a quote inside it is doubled",
        )


class ColumnsWrong(Refused):
    """The first line does not name each column that the rows need, once, and no other."""

    code = "columns_wrong"
    rule = "REG-40"

    def __init__(
        self,
        file: str,
        *,
        known: Sequence[str],
        missing: Sequence[str] = (),
        unknown: Sequence[str] = (),
        repeated: Sequence[str] = (),
    ) -> None:
        faults = {"lacks": missing, "has the unknown": unknown, "repeats": repeated}
        said = ", and ".join(
            f"{fault} {', '.join(repr(name[:40]) for name in names)}"
            for fault, names in faults.items()
            if names
        )
        super().__init__(
            f"{file}: the first line {said}; its columns are {', '.join(known)}",
            file=file,
            missing=", ".join(missing),
            unknown=", ".join(name[:40] for name in unknown),
            repeated=", ".join(repeated),
        )


class CellRefused(Refused):
    """One cell is not what its column asks for."""

    code = "cell_refused"
    rule = "REG-40"
    wanted: ClassVar[str] = ""

    def __init__(self, column: str, text: str, *, wanted: str = "") -> None:
        super().__init__(
            f"{column} is {text[:40]!r} but must be {wanted or self.wanted}",
            column=column,
            text=text[:40],
        )


class CellNotWhole(CellRefused):
    """A cell of a whole-number column holds something else."""

    code = "cell_not_an_integer"
    wanted = "a whole number of at most 18 digits, without separators"


class CellNotAmount(CellRefused):
    """A cell of an amount in tonnes or yuan holds something else, or too many decimals."""

    code = "cell_not_an_amount"


class CellNotListed(CellRefused):
    """A cell holds none of the words that its column knows."""

    code = "cell_not_listed"


class CellIsFormula(CellRefused):
    """A cell begins like a spreadsheet formula."""

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

    Every bad cell of every row is collected before anything is refused. Rows are numbered as a
    spreadsheet does: the first line is row 1, an empty row counts. Rule: REG-40.
    """
    table = list(_records(path))
    columns = _columns(path.name, table[0] if table else [], line)
    body = [(number, cells) for number, cells in enumerate(table[1:], start=2) if cells]
    if not body:
        raise RowsEmpty
    if len(body) > ROWS_MAX:
        raise TooManyRows(path.name, len(body))
    rows, problems = [], []
    for number, cells in body:
        try:
            rows.append(_row(cells, columns))
        except Refused as refusal:
            problems.append((number, refusal))
    if problems:
        raise RowsRefused(problems, rows=len(body))
    return rows


def _records(path: Path) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(_text_of(path), newline=""), strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise CsvMalformed(path.name, line=reader.line_num, problem=str(error)) from None


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
        raise FileNotText(path.name) from None
    if "\x00" in text:  # UTF-16 without its mark, which decodes all the same
        raise FileNotText(path.name)
    return text


class _Column(typing.NamedTuple):
    """A column of the file: the field it fills, its type, and how its text is read."""

    heading: str
    field: str
    type: Any
    is_optional: bool


def _columns(file: str, headings: list[str], line: type[msgspec.Struct]) -> list[_Column]:
    fields = {field.name: field for field in msgspec.structs.fields(line)}
    readable = {
        name.removesuffix(minor) + unit: name
        for name in fields
        for minor, (unit, _) in _READABLE.items()
        if name.endswith(minor)
    }
    named = [readable.get(heading, heading) for heading in headings]
    missing = [name for name, field in fields.items() if field.required and name not in named]
    unknown = [heading for heading in headings if heading not in fields | readable]
    repeated = [name for name, times in Counter(named).items() if times > 1 and name in fields]
    if missing or unknown or repeated:
        raise ColumnsWrong(
            file, known=list(fields), missing=missing, unknown=unknown, repeated=repeated
        )
    return [
        _Column(heading, name, fields[name].type, not fields[name].required)
        for heading, name in zip(headings, named, strict=True)
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
    if text.startswith(FORMULA_STARTS):
        raise CellIsFormula(column.heading, text)
    if _is_whole(column.type):
        return _number(column, text)
    words = _words_of(column.type)
    if words and text not in words:
        raise CellNotListed(column.heading, text, wanted=f"one of {', '.join(words)}")
    return text


def _number(column: _Column, text: str) -> int:
    if text == "":
        raise CellEmpty(column.heading, text)
    if column.heading != column.field:
        return _minor_units(column, text)
    if not _WHOLE.fullmatch(text):
        raise CellNotWhole(column.heading, text)
    return int(text)


def _minor_units(column: _Column, text: str) -> int:
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
