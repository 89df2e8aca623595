"""
The workbooks around tables that people bring in: template, what is wrong, what is there.
"""

import typing
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from xlsxwriter.worksheet import Worksheet

from api.csv_rows import LIST_SIGN, PART_SIGN, readable_name, words_of
from api.file_refusals import ROWS_MAX
from api.openings import Fault
from api.table_words import WRONG, heading, kind_name
from api.tables_in import Brought, headings_of, kind_of, required_settings, settings_of
from api.wording import Wording
from api.workbook import written
from api.workbook_rows import NOTES
from ledger.units import AMOUNT_MAX

Row = Mapping[str, Any]

_WIDTH, _WRONG_WIDTH, _NOTE_WIDTH = 20, 80, 100
_DECIMALS = {"_kgce": 3, "_fen": 2}
_TITLE_MAX = 31
"""Characters that Excel takes in the name of a sheet."""

_LISTED_MAX = 255
"""Characters that Excel takes in a list of choices."""


def write_table_template(path: Path, kind: str, *, language: str) -> None:
    """Write an empty workbook for *kind*, whose cells offer their choices, and its notes."""
    line = kind_of(kind).flat
    with written(path) as book:
        headings = headings_of(kind, language)
        sheet = book.sheet(
            _title(kind, language), headings, [_WIDTH] * len(headings), is_typed_in=True
        )
        for place, field in enumerate(msgspec.structs.fields(line)):
            _offer(sheet, place, words_of(field.type))
        title = NOTES[language == "en"]
        notes = book.sheet(title, (title,), (_NOTE_WIDTH,))
        for position, text in enumerate(_notes(kind, language), start=1):
            book.row(notes, position, (text,))


def write_table_faults(
    path: Path, brought: Brought, faults: Iterable[Fault], *, wording: Wording, language: str
) -> None:
    """
    Write the rows of a file as they came, with a last column that says what is wrong with each.

    Corrected, the workbook can be brought in as it is: that column is not read.
    """
    wrong: dict[int, list[str]] = defaultdict(list)
    for fault in faults:
        wrong[fault.row].append(table_sentence(fault, wording=wording, language=language))
    header = list(brought.table[0])
    with written(path) as book:
        widths = [_WIDTH] * len(header) + [_WRONG_WIDTH]
        title = _title(brought.kind, language)
        sheet = book.sheet(title, [*header, WRONG[language == "en"]], widths)
        for position, cells in enumerate(brought.table[1:], start=1):
            said = " ".join(wrong.get(position + 1, ()))
            filled = [*cells[: len(header)], *[""] * (len(header) - len(cells)), said]
            book.row(sheet, position, filled, book.wrong if said else None)


def write_table_rows(path: Path, kind: str, rows: Iterable[Row], *, language: str) -> int:
    """Write *rows*, flat lines of *kind*, as a workbook that can be brought in again."""
    fields = msgspec.structs.fields(kind_of(kind).flat)
    headings = headings_of(kind, language)
    with written(path) as book:
        sheet = book.sheet(_title(kind, language), headings, [_WIDTH] * len(headings))
        position = 0
        for position, row in enumerate(rows, start=1):
            book.row(sheet, position, [cell_text(one, row.get(one.name)) for one in fields])
    return position


def csv_of(kind: str, rows: Iterable[Row]) -> Iterator[list[str]]:
    """Yield a header and *rows* as the cells of a CSV file that can be brought in again."""
    fields = msgspec.structs.fields(kind_of(kind).flat)
    yield [readable_name(field.name) for field in fields]
    for row in rows:
        yield [cell_text(field, row.get(field.name)) for field in fields]


def cell_text(field: Any, value: object) -> str:
    """Return a value of *field* as text; minor units of kgce and fen as tonnes and yuan."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        for minor, decimals in _DECIMALS.items():
            if field.name.endswith(minor):
                return _decimal(value, decimals)
        return str(value)
    if isinstance(value, list | tuple):
        inner = typing.get_args(field.type)[0]
        return LIST_SIGN.join(_several(each, inner) for each in value)
    return str(value)


def table_sentence(fault: Fault, *, wording: Wording, language: str) -> str:
    """Return what is wrong with a row as a sentence that names its column."""
    refusal = fault.refusal
    said = wording.detail(refusal.code, refusal.rule, refusal.message, refusal.facts, language)
    if "column" in refusal.facts or not fault.column:
        return said
    colon = ": " if language == "en" else "："
    return f"{heading(fault.column, language)}{colon}{said}"


def table_faults(faults: Iterable[Fault], *, wording: Wording) -> Iterator[dict[str, Any]]:
    """Yield each fault as data: row, column, code, and the sentence in both languages."""
    for fault in faults:
        yield {
            "row_number": fault.row,
            "column": fault.column,
            "code": fault.refusal.code,
            "rule": fault.refusal.rule,
            "message": table_sentence(fault, wording=wording, language="en"),
            "message_zh": table_sentence(fault, wording=wording, language="zh"),
        }


def _title(kind: str, language: str) -> str:
    return kind_name(kind, language)[:_TITLE_MAX]


def _offer(sheet: Worksheet, place: int, words: Sequence[str]) -> None:
    """Let the cells of a column offer *words*, where Excel takes them all."""
    if not words or len(",".join(words)) > _LISTED_MAX:
        return
    rule = {"validate": "list", "source": list(words), "ignore_blank": True}
    sheet.data_validation(1, place, ROWS_MAX, place, rule)


def _notes(kind: str, language: str) -> Iterator[str]:
    is_en = language == "en"
    yield from _GENERAL[language]
    for setting in settings_of(kind):
        needed = setting in required_settings(kind)
        said = heading(setting, language)
        if is_en:
            yield f"Given beside the table: {said} ({setting}){'' if needed else ', may be empty'}."
        else:
            yield f"表外填写：{said}（{setting}）{'' if needed else '，可不填'}。"
    if kind_of(kind).nested:
        yield _NESTED[language]
    for field in msgspec.structs.fields(kind_of(kind).flat):
        yield _note(field, language)


def _note(field: Any, language: str) -> str:
    """Return what one column takes: whether it must be filled, what it looks like, its choices."""
    words = words_of(field.type)
    said = heading(field.name, language)
    shape = _shape(field, language)
    if language == "en":
        needed = "must be filled" if field.required else "may be empty"
        choices = f"; one of {', '.join(words)}" if words else ""
        return f"{said} [{readable_name(field.name)}]: {needed}; {shape}{choices}."
    needed = "必填" if field.required else "可不填"
    choices = f"；取值：{'、'.join(words)}" if words else ""
    return f"{said} [{readable_name(field.name)}]：{needed}；{shape}{choices}。"


def _shape(field: Any, language: str) -> str:
    name, annotation = field.name, str(field.type)
    inner = typing.get_args(field.type)
    if readable_name(name) != name:
        pair = ("至多 3 位小数，如 12.5", "at most 3 decimals, such as 12.5")
        if name.endswith("_fen"):
            pair = ("至多 2 位小数，如 12.5", "at most 2 decimals, such as 12.5")
    elif typing.get_origin(field.type) is tuple:
        pair = ("多项以分号分隔，如 2023=5000;2022=4800", "several with ; such as 2023=5000")
    elif field.type is int or int in inner:
        pair = ("整数，如 12500", "a whole number, such as 12500")
    elif "date" in annotation:
        pair = ("日期，如 2026-06-30", "a day, such as 2026-06-30")
    elif name == "evidence":
        pair = ("文件的 SHA-256，64 位小写十六进制", "the document's SHA-256, 64 hex digits")
    else:
        pair = ("文字", "text")
    return pair[language == "en"]


def _several(value: object, inner: Any) -> str:
    """Return one of several values; the parts of a line stand in the order of its fields."""
    if isinstance(value, Mapping):
        return PART_SIGN.join(str(value[name]) for name in inner.__struct_fields__)
    return str(value)


def _decimal(value: int, decimals: int) -> str:
    assert abs(value) <= AMOUNT_MAX
    sign, (whole, part) = "-" if value < 0 else "", divmod(abs(value), 10**decimals)
    text = f"{sign}{whole}.{part:0{decimals}}"
    return text.rstrip("0").rstrip(".")


_GENERAL = {
    "zh": (
        "第一行表头不得改动，从第二行起填写；不得合并单元格、隐藏行列或使用公式。",
        f"一次至多 {ROWS_MAX} 行；有一行不对，整表都不导入。",
        "先试算：页面“表格导入”上传，或 yongneng import 种类 文件 --actor 人员 --dry-run；",
        "无误后按试算给出的哈希确认。需两人办理的，由另一人复核后生效。",
    ),
    "en": (
        "Keep the first line and begin in the second. No merged or hidden cells, no formulas.",
        f"At most {ROWS_MAX} rows at a time; where one is wrong, none is taken.",
        "First the check: upload it on the page of tables, or yongneng import KIND FILE --actor "
        "PERSON --dry-run;",
        "then confirm with the hash that it gives. What takes two persons waits for the second.",
    ),
}
_NESTED = {
    "zh": "同一编号可以占多行，每行一个指标；其余各列须相同。",
    "en": "One id may take several rows, one for each measure; its other columns are the same.",
}
