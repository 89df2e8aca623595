"""
Read the one sheet of an Excel workbook as rows of text, exactly as people see them, or refuse it.

What would make the sheet on the screen and the sheet that is taken two different things is refused:
formulas, merged cells, anything hidden, macros, numbers that Excel cannot hold exactly. A workbook
is unpacked under a limit first, and only what was unpacked is parsed.

Rule: REG-55.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple
from xml.etree import ElementTree

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from api.file_refusals import (
    ROWS_MAX,
    CellInexact,
    CellOfOtherKind,
    CellRefused,
    TooManyRows,
    WorkbookHasFormulas,
    WorkbookHasMacros,
    WorkbookHasManySheets,
    WorkbookHasMergedCells,
    WorkbookHidesContent,
    WorkbookLocked,
    WorkbookNotPlain,
    WorkbookOld,
    WorkbookTooLarge,
    WorkbookUnreadable,
)

EXPANDED_MAX = 20 * 1024 * 1024
MEMBERS_MAX = 200
COLUMNS_MAX = 64
DIGITS_MAX = 15
NOTES = ("说明", "Notes")
"""What the sheet of a template is called that explains it and is not read."""

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.ASCII | re.IGNORECASE)
_MACROS = re.compile(r"vbaproject|/macrosheets/|/dialogsheets/", re.ASCII | re.IGNORECASE)
_PROGRAMS = (SheetTypeEnum.MacroSheet, SheetTypeEnum.DialogSheet, SheetTypeEnum.Vba)
_NOT_PLAIN = (WorkbookHasFormulas, WorkbookHasMergedCells, WorkbookHidesContent)
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})", re.ASCII)


class Spoiled(str):
    """A cell that no column takes as it is; the text is what the file holds."""

    __slots__ = ("kind",)
    kind: type[CellRefused]

    def refusal(self, column: str) -> CellRefused:
        """Return why the column of this heading does not take it."""
        return self.kind(column, self)


def is_workbook(raw: bytes) -> bool:
    """Return whether *raw* is a file of Excel's, whatever its name says."""
    return raw.startswith((_ZIP, _OLE))


class Bounds(NamedTuple):
    """How many rows a file may have, and how many bytes it may be once it is unpacked."""

    rows: int
    expanded: int


USUAL = Bounds(ROWS_MAX, EXPANDED_MAX)


def workbook_rows(file: str, raw: bytes, bounds: Bounds = USUAL) -> list[list[str]]:
    """
    Return the rows of a workbook's one sheet as text; an empty row is an empty list.

    A date is written 2026-06-30, a number without separators. Rule: REG-55.
    """
    if raw.startswith(_OLE):
        raise WorkbookLocked(file) if _ENCRYPTED in raw else WorkbookOld(file)
    members = _unpacked(file, raw, bounds.expanded)
    if any(_MACROS.search(name) for name in members):
        raise WorkbookHasMacros(file)
    _require_plain(file, members, bounds.rows)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(_packed(members))) as book:
            name = _the_sheet(file, book, members)
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except CalamineError:
        raise WorkbookUnreadable(file, "is not a workbook that can be read") from None
    texts = [[_text(value) for value in row] for row in rows]
    while texts and not any(texts[-1]):
        texts.pop()
    return [row if any(row) else [] for row in texts]


def _unpacked(file: str, raw: bytes, expanded: int) -> dict[str, bytes]:
    """Return the members of the package; never unpack more than an import can be."""
    members, left = {}, expanded
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as package:
            if len(package.infolist()) > MEMBERS_MAX:
                raise WorkbookTooLarge(file, f"has more than {MEMBERS_MAX} parts")
            for info in package.infolist():
                with package.open(info) as member:
                    content = member.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise WorkbookTooLarge(file, f"unpacks to more than {expanded} bytes")
                members[info.filename] = content
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError):
        raise WorkbookUnreadable(file, "is damaged") from None
    if "xl/workbook.xml" not in members:
        raise WorkbookUnreadable(file, "is not an .xlsx workbook")
    return members


def _packed(members: dict[str, bytes]) -> bytes:
    """Pack what was unpacked anew, so that nothing the package says of itself is believed again."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        for name, content in members.items():
            package.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


def _the_sheet(file: str, book: CalamineWorkbook, members: dict[str, bytes]) -> str:
    sheets = book.sheets_metadata
    if any(sheet.typ in _PROGRAMS for sheet in sheets):
        raise WorkbookHasMacros(file)
    hidden = [sheet.name for sheet in sheets if sheet.visible is not SheetVisibleEnum.Visible]
    if hidden:
        raise WorkbookHidesContent(file, hidden)
    names = [sheet.name for sheet in sheets if sheet.name not in NOTES]
    if len(names) > 1:
        raise WorkbookHasManySheets(file, names)
    if not names or sum(bool(_SHEET.fullmatch(name)) for name in members) != len(sheets):
        raise WorkbookUnreadable(file, "has its sheets in unusual places")
    return names[0]


def _require_plain(file: str, members: dict[str, bytes], rows_max: int) -> None:
    """Refuse formulas, merged cells, hidden rows and columns, and values far out on any sheet."""
    for name, content in members.items():
        if not _SHEET.fullmatch(name):
            continue
        places: dict[type[WorkbookNotPlain], list[str]] = {kind: [] for kind in _NOT_PLAIN}
        try:
            for kind, place in _marks(file, content, rows_max):
                places[kind].append(place)
        except (ElementTree.ParseError, LookupError, ValueError):  # no XML, encoding or number
            raise WorkbookUnreadable(file, "is damaged") from None
        for kind, found in places.items():
            if found:
                raise kind(file, found)


def _marks(
    file: str, content: bytes, rows_max: int
) -> Iterator[tuple[type[WorkbookNotPlain], str]]:
    """Yield what is not plain in one sheet: its refusal, and its place as Excel writes places."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise WorkbookUnreadable(file, "is damaged")
    for _, element in ElementTree.iterparse(io.BytesIO(content)):
        tag = element.tag.rpartition("}")[2]
        if tag == "c":
            place = element.get("r", "?")
            tags = {child.tag.rpartition("}")[2] for child in element}
            if "f" in tags:
                yield WorkbookHasFormulas, place
            if tags:
                _require_near(file, place, rows_max)
        elif tag == "mergeCell":
            yield WorkbookHasMergedCells, element.get("ref", "?")
        elif tag in ("row", "col"):
            if element.get("hidden") in ("1", "true"):
                yield WorkbookHidesContent, _line(tag, element)
            element.clear()


def _line(tag: str, element: ElementTree.Element) -> str:
    """Return a row or the columns of an element as Excel names them: ``5:5``, ``B:C``."""
    if tag == "row":
        return f"{element.get('r')}:{element.get('r')}"
    return ":".join(_letters(int(element.get(end, "1"))) for end in ("min", "max"))


def _letters(column: int) -> str:
    """Return the letters of a column by its number: 1 is A, 27 is AA."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _require_near(file: str, place: str, rows_max: int) -> None:
    """Refuse a value so far from the first cell that a table up to it would fill the memory."""
    found = _CELL.fullmatch(place)
    if found is None:
        raise WorkbookUnreadable(file, f"has a cell at {place[:20]!r}")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    if column > COLUMNS_MAX:
        raise WorkbookTooLarge(file, f"has a value at {place}, beyond column {COLUMNS_MAX}")
    if int(found[2]) > rows_max + 1:
        raise TooManyRows(file, int(found[2]) - 1, largest=rows_max)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return _spoiled(str(value).upper(), CellOfOtherKind)
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, datetime):
        midnight = value.hour == value.minute == value.second == value.microsecond == 0
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return _spoiled(str(value), CellOfOtherKind)


def _number(value: float) -> str:
    """Return a number of Excel's as the shortest text that is exactly it, if it is a plain one."""
    text = repr(value).removesuffix(".0")
    if "e" in text or len(text.strip("-").replace(".", "").lstrip("0")) > DIGITS_MAX:
        return _spoiled(text, CellInexact)
    return text


def _spoiled(text: str, kind: type[CellRefused]) -> Spoiled:
    spoiled = Spoiled(text)
    spoiled.kind = kind
    return spoiled
