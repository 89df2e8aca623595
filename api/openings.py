"""
Opening balances from a file: what every account held on the day the ledger began to count.

Each row becomes one entry from issuance, or from the bank for cash, whose reference names account,
asset and document. All rows of a file become one command that two persons must agree on; an account
is opened once with an asset, whatever the document.

Rules: REG-40, REG-56.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from api.csv_rows import Column, body_of, bytes_of, columns_of, row_of, table_of
from api.file_refusals import CellEmpty, CellNotAmount, CellRefused, ColumnsWrong
from ledger.asset import Kind, kind_of
from ledger.chart import of_enterprise, place_of
from ledger.errors import Refused
from ledger.export_amounts import decimal_text, unit_of
from ledger.rows import RowsEmpty
from ledger.transfer import Line, PostLines
from ledger.units import AmountMalformed, parse_decimal

RULE = "REG-56"
PREFIX = "opening/"
_ABOUT = {
    "held_units": "account",
    "opening_exists": "account",
    "opening_twice": "account",
    "opening_waits": "account",
    "text_too_long": "document",
}
_REFERENCE = re.compile(rf"{PREFIX}(?P<account>[^/]+)/(?P<asset>[^/]+)/.+", re.DOTALL)
_SEPARATED = re.compile(r"[0-9][,'_\s]+[0-9]")


class OpeningLine(msgspec.Struct, frozen=True, kw_only=True):
    """One row: an account, or an enterprise and a purpose; amounts in tonnes or yuan."""

    account: str = ""
    enterprise: str = ""
    purpose: str = ""
    asset: str
    amount: str
    document: str = ""
    error: str = ""  # a corrected error workbook comes back with it, and it is not read


HEADINGS = {
    "zh": ("账户", "用能单位", "用途", "资产", "数量（吨或元）", "依据文件", "错误"),
    "en": (
        *("Account", "Enterprise", "Purpose", "Asset", "Amount (tonnes or yuan)"),
        *("Document", "What is wrong"),
    ),
}
"""How the columns are headed in a template, in the order of the fields above."""

_FIELDS = OpeningLine.__struct_fields__
_ALIASES = {
    heading: field
    for headings in HEADINGS.values()
    for heading, field in zip(headings, _FIELDS, strict=True)
}


class CellFullWidth(CellRefused):
    """A number is written with the wide digits or signs of a Chinese keyboard."""

    code = "cell_full_width"
    wanted = "written with half-width digits, such as 12.5"


class CellHasSeparators(CellRefused):
    """A number is written with something between its digits."""

    code = "cell_has_separators"
    wanted = "digits without separators or spaces, such as 1234567.890"


class OpeningRowEmpty(Refused):
    """An empty row stands between rows; a file that has lost a row looks so."""

    code = "opening_row_empty"
    rule = RULE

    def __init__(self) -> None:
        super().__init__("is empty; delete it once it is sure that nothing is missing there")


class OpeningTwice(Refused):
    """A file states the opening balance of one account and asset twice."""

    code = "opening_twice"
    rule = RULE

    def __init__(self, account: str, asset: str) -> None:
        super().__init__(
            f"{account} has {asset} in another row too; one row says all of it",
            account=account,
            asset=asset,
        )


class Opening(NamedTuple):
    """One row that was read: its number in the file, and what it says in minor units."""

    row: int
    account: str
    asset: str
    amount: int
    document: str

    @property
    def reference(self) -> str:
        """Return the reference of its entry; neither account nor asset can hold a slash."""
        return f"{PREFIX}{self.account}/{self.asset}/{self.document}"


class Fault(NamedTuple):
    """What is wrong with one row: its number, the field, and the refusal."""

    row: int
    column: str
    refusal: Refused


@dataclass(frozen=True, slots=True)
class Openings:
    """A file of opening balances as it was read, with every fault of its own."""

    file: str
    hash: str
    table: Sequence[Sequence[str]]
    lines: tuple[Opening, ...]
    faults: tuple[Fault, ...]

    def payload(self) -> PostLines:
        """Return the one command that all rows make. Rule: REG-56."""
        return PostLines(rule=RULE, lines=tuple(map(line_of, self.lines)))

    def totals(self) -> list[tuple[str, str, str]]:
        """Return what comes in by asset: its code, the sum as text, the unit."""
        sums: Counter[str] = Counter()
        for line in self.lines:
            sums[line.asset] += line.amount
        return [
            (asset, decimal_text(total, unit_of(asset).decimals), unit_of(asset).name)
            for asset, total in sorted(sums.items())
        ]


def read_openings(path: Path, *, document: str = "") -> Openings:
    """
    Return what the CSV file or workbook at *path* says; *document* stands for every empty one.

    Refused is only what is no table of opening balances at all; faults of rows are collected.
    Rules: REG-40, REG-56.
    """
    raw = bytes_of(path)
    table = table_of(path.name, raw)
    columns = columns_of(path.name, table[0] if table else [], OpeningLine, _ALIASES)
    _require_columns(path.name, columns, document)
    body = [each for each in body_of(path.name, table) if any(each[1])]
    if not body:  # nothing but separators
        raise RowsEmpty
    headed = {column.field: column.heading for column in columns}
    lines, faults = [], list(_gaps(table, body[-1][0]))
    for number, cells in body:
        try:
            line = msgspec.convert({"document": document} | row_of(cells, columns), OpeningLine)
            lines.append(_opening(number, line, headed))
        except Refused as refusal:
            faults.append(Fault(number, column_of(refusal), refusal))
    faults += [
        Fault(line.row, "account", OpeningTwice(line.account, line.asset))
        for line in _repeated(lines)
    ]
    faults.sort(key=lambda fault: fault.row)
    digest = sha256(raw).hexdigest()
    return Openings(path.name, digest, table, tuple(lines), tuple(faults))


def line_of(opening: Opening) -> Line:
    """Return the plain entry of a row: from the bank for cash, else from issuance."""
    is_cash = kind_of(opening.asset) is Kind.CASH
    source = "bank:settlement" if is_cash else "scheme:issuance"
    return Line(opening.reference, source, opening.account, opening.asset, opening.amount)


def key_of(reference: str | None) -> tuple[str, str] | None:
    """Return the account and asset of an opening's reference; None where it is of no opening."""
    found = _REFERENCE.fullmatch(reference or "")
    return None if found is None else (found["account"], found["asset"])


def column_of(refusal: Refused) -> str:
    """Return the field that a refusal of a row is about, nothing where it is about the row."""
    heading = str(refusal.facts.get("column", ""))
    if heading:
        return _ALIASES.get(heading, heading)
    first = refusal.code.partition("_")[0]
    return first if first in ("account", "asset", "amount") else _ABOUT.get(refusal.code, "")


def _require_columns(file: str, columns: Iterable[Column], document: str) -> None:
    """Refuse a header without a way to name accounts, or without a document."""
    fields = {column.field for column in columns}
    missing = []
    if "account" not in fields and not {"enterprise", "purpose"} <= fields:
        missing.append("account")
    if "document" not in fields and not document:
        missing.append("document")
    if missing:
        raise ColumnsWrong(file, known=_FIELDS, missing=missing)


def _gaps(table: Sequence[Sequence[str]], last: int) -> Iterator[Fault]:
    for number, cells in enumerate(table[1:last], start=2):
        if not any(cells):
            yield Fault(number, "", OpeningRowEmpty())


def _repeated(lines: Sequence[Opening]) -> list[Opening]:
    times = Counter((line.account, line.asset) for line in lines)
    return [line for line in lines if times[line.account, line.asset] > 1]


def _opening(number: int, line: OpeningLine, headed: Mapping[str, str]) -> Opening:
    """Return what a row says; *headed* are the file's own headings, by which faults are told."""
    account = _account(line, headed)
    place_of(account)
    kind_of(line.asset)
    amount = _minor(line.amount, line.asset, heading=headed["amount"])
    if not line.document:
        raise CellEmpty(headed.get("document", "document"), "")
    return Opening(number, account, line.asset, amount, line.document)


def _account(line: OpeningLine, headed: Mapping[str, str]) -> str:
    if line.account and (line.enterprise or line.purpose):
        wanted = "left empty where an enterprise and a purpose are given"
        raise CellRefused(headed["account"], line.account, wanted=wanted)
    if line.account:
        return line.account
    wanted_fields = ("enterprise", "purpose") if "enterprise" in headed else ("account",)
    for field in wanted_fields:
        if not getattr(line, field):
            raise CellEmpty(headed.get(field, field), "")
    return of_enterprise(line.enterprise, line.purpose)


def _minor(text: str, asset: str, *, heading: str) -> int:
    """Return an amount in tonnes or yuan as whole minor units; nothing is rounded."""
    if not text:
        raise CellEmpty(heading, text)
    if unicodedata.normalize("NFKC", text) != text:
        raise CellFullWidth(heading, text)
    if _SEPARATED.search(text):
        raise CellHasSeparators(heading, text)
    unit = unit_of(asset)
    try:
        exact = parse_decimal(text, unit=unit.name, decimals=unit.decimals)
    except AmountMalformed:
        wanted = f"a number in {unit.name}: digits with at most {unit.decimals} decimals"
        raise CellNotAmount(heading, text, wanted=wanted) from None
    return int(exact.scaleb(unit.decimals))
