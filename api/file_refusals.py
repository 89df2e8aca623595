"""Why a file that somebody brings in is not taken: the file, its header, a row or a cell."""

from collections.abc import Sequence
from typing import ClassVar

from ledger.errors import Refused

ROWS_MAX = 8_192


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


class CellNotDay(CellRefused):
    """A cell of a day holds something else."""

    code = "cell_not_a_day"
    wanted = "a day such as 2026-06-30"


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

    def __init__(self, file: str, rows: int, *, largest: int = ROWS_MAX) -> None:
        super().__init__(
            f"{file} has {rows} rows; at most {largest} at a time", file=file, rows=rows
        )


class CellInexact(CellRefused):
    """A number in a workbook has more digits than Excel keeps, or the noise of a calculation."""

    code = "cell_inexact"
    rule = "REG-55"
    wanted = "a number of at most 15 digits; round a calculated one, and enter a longer one as text"


class CellOfOtherKind(CellRefused):
    """A cell of a workbook holds a time of day, a duration or TRUE or FALSE."""

    code = "cell_of_other_kind"
    rule = "REG-55"
    wanted = "text, a number or a date"


class WorkbookUnreadable(FileUnreadable):
    """A file looks like a workbook and is none, or is damaged."""

    code = "workbook_unreadable"
    rule = "REG-55"

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(file, f"{problem}; open it in Excel and save it as a new .xlsx workbook")


class WorkbookTooLarge(WorkbookUnreadable):
    """A workbook unpacks to more than an import can be."""

    code = "workbook_too_large"


class WorkbookOld(WorkbookUnreadable):
    """A workbook is in the form of Excel 2003 or older."""

    code = "workbook_old"

    def __init__(self, file: str) -> None:
        super().__init__(file, "is an .xls workbook of Excel 2003 or older")


class WorkbookLocked(WorkbookUnreadable):
    """A workbook is encrypted with a password."""

    code = "workbook_locked"

    def __init__(self, file: str) -> None:
        super().__init__(file, "is protected by a password; take the password off")


class WorkbookHasMacros(WorkbookUnreadable):
    """A workbook holds a program."""

    code = "workbook_macros"

    def __init__(self, file: str) -> None:
        super().__init__(file, "holds macros")


class WorkbookNotPlain(Refused):
    """Cells of a workbook hold what an import cannot take at its face."""

    code = "workbook_not_plain"
    rule = "REG-55"
    what: ClassVar[str] = "cells that cannot be read"
    do: ClassVar[str] = ""

    def __init__(self, file: str, places: Sequence[str]) -> None:
        named = ", ".join(places[:_PLACES_MAX])
        more = f" and {len(places) - _PLACES_MAX} more" if len(places) > _PLACES_MAX else ""
        super().__init__(
            f"{file} has {self.what} at {named}{more}; {self.do}",
            file=file,
            places=f"{named}{more}",
            count=len(places),
        )


class WorkbookHasFormulas(WorkbookNotPlain):
    """Cells of a workbook are calculated."""

    code = "workbook_formulas"
    what = "formulas"
    do = "replace them by their values (copy, then paste as values)"


class WorkbookHasMergedCells(WorkbookNotPlain):
    """Cells of a workbook are merged, so that it is not plain what stands in each row."""

    code = "workbook_merged"
    what = "merged cells"
    do = "unmerge them and fill every cell in"


class WorkbookHidesContent(WorkbookNotPlain):
    """A sheet, rows or columns of a workbook are hidden; what nobody sees is not imported."""

    code = "workbook_hidden"
    what = "hidden content"
    do = "show it or delete it"


class WorkbookHasManySheets(WorkbookNotPlain):
    """A workbook has several sheets, and it is not plain which one is meant."""

    code = "workbook_sheets"
    what = "several sheets"
    do = "keep only the one to be imported"


_PLACES_MAX = 5
