"""
Tables that people bring in: read with every fault of every cell, then made commands of.

What is confirmed is named by a hash of the file, its kind and its settings, so that nothing else
than what was checked is ever sent. Rules: REG-40, REG-55, REG-57.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from api.csv_rows import BYTES_MAX, body_of, cells_of, columns_of, table_of
from api.file_refusals import FileUnreadable
from api.imports import KINDS, ImportUnknown, Kind, Row, grouped
from api.openings import Fault
from api.read.rehearse_table import Refusal
from api.table_words import WRONG, aliases_of, heading
from ledger.approve import proposing
from ledger.command import Command, Payload, PayloadMalformed, read_payload
from ledger.errors import Refused
from ledger.rows import RowsEmpty, RowsRefused
from ledger.subject import Subjects

Numbers = tuple[int, ...]
"""The rows of a file, as a spreadsheet numbers them, that one line was made of."""

_DIGITS = re.compile("[0-9]{1,18}", re.ASCII)


class SettingWrong(Refused):
    """A setting beside the rows is missing, unknown, or not what its field asks for."""

    code = "setting_wrong"
    rule = "REG-40"

    def __init__(self, kind: str, *, name: str, wanted: str) -> None:
        super().__init__(
            f"a table of {kind} needs {wanted} beside its rows, not {name[:40]!r}",
            kind=kind,
            name=name[:40],
            wanted=wanted,
        )


class ImportNotChecked(Refused):
    """A confirmation names another file than the one that is there."""

    code = "import_not_checked"
    rule = "REG-57"

    def __init__(self, file: str, *, found: str) -> None:
        super().__init__(
            f"{file} is not the file that was checked; run the dry run again and confirm with the "
            "hash that it prints",
            file=file,
            found=found,
        )


class FileNotEncoded(Refused):
    """A file that was sent in a body is not in base64."""

    code = "file_not_base64"
    rule = "REG-05"

    def __init__(self) -> None:
        super().__init__("content is the file in base64, with its padding and without line breaks")


class TableFaulty(Refused):
    """A table that was to be brought in has faults, so nothing of it was."""

    code = "table_faulty"
    rule = "REG-57"

    def __init__(self, file: str, *, faults: int) -> None:
        super().__init__(
            f"{file} has {faults} fault(s), nothing was taken; check it first, and mend every row "
            "that the check names",
            file=file,
            faults=faults,
        )


@dataclass(frozen=True, slots=True)
class Brought:
    """A table as it was read: its rows in commands' terms, and every fault of its own."""

    kind: str
    file: str
    hash: str
    table: Sequence[Sequence[str]]
    count: int
    faults: tuple[Fault, ...]
    payloads: tuple[tuple[Payload, tuple[Numbers, ...]], ...]


def kind_of(name: str) -> Kind:
    """Return the kind of table called *name*, or refuse."""
    if name not in KINDS:
        raise ImportUnknown(name)
    return KINDS[name]


def settings_of(kind: str) -> dict[str, Any]:
    """Return the type of each field that a table of *kind* needs beside its rows."""
    found = kind_of(kind)
    return {
        field.name: field.type
        for field in msgspec.structs.fields(found.payload)
        if found.field and field.name != found.field
    }


def required_settings(kind: str) -> list[str]:
    """Return the settings without which a table of *kind* is not understood."""
    found = kind_of(kind)
    fields = msgspec.structs.fields(found.payload)
    return [f.name for f in fields if found.field and f.name != found.field and f.required]


def header_from(kind: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """Return *settings*, texts by name, as fields of the kind's payload; empty ones left out."""
    types = settings_of(kind)
    header: dict[str, Any] = {}
    for name, text in settings.items():
        if name not in types:
            raise SettingWrong(kind, name=name, wanted=", ".join(types) or "nothing")
        if not text:
            continue
        if types[name] is int and not _DIGITS.fullmatch(text):
            raise SettingWrong(kind, name=text, wanted=f"{name} as a whole number")
        header[name] = int(text) if types[name] is int else text
    for name in required_settings(kind):
        if name not in header:
            raise SettingWrong(kind, name="", wanted=name)
    return header


def read_table(kind: str, file: str, raw: bytes, header: Mapping[str, Any]) -> Brought:
    """
    Return what a CSV file or workbook says as commands of *kind*, with the faults of its cells.

    Refused is only what is no such table at all. Rules: REG-40, REG-55.
    """
    found = kind_of(kind)
    if len(raw) > BYTES_MAX:
        raise FileUnreadable(file, f"is larger than {BYTES_MAX} bytes")
    table = _without_faults(table_of(file, raw))
    columns = columns_of(file, table[0] if table else [], found.flat, aliases_of(found.flat))
    body = [each for each in body_of(file, table) if any(each[1])]
    if not body:
        raise RowsEmpty
    rows: list[tuple[int, Row]] = []
    faults: list[Fault] = []
    for number, cells in body:
        row, refused = cells_of(cells, columns)
        faults += [Fault(number, _field(refusal, columns), refusal) for refusal in refused]
        if not refused:
            rows.append((number, row))
    payloads: tuple[tuple[Payload, tuple[Numbers, ...]], ...] = ()
    if not faults:
        try:
            payloads = tuple(_payloads(found, rows, header))
        except RowsRefused as refusal:
            faults = [Fault(rows[place][0], "", each) for place, each in refusal.problems]
    digest = sha256(f"{kind}\n{sorted(header.items())}\n".encode() + raw).hexdigest()
    return Brought(kind, file, digest, table, len(body), tuple(faults), payloads)


def faults_in(brought: Brought, refusals: Iterable[Refusal]) -> list[Fault]:
    """Return every fault of a table, its own and what the ledger would refuse, by row."""
    found = list(brought.faults)
    for payload, line, refusal in refusals:
        numbers = brought.payloads[payload][1]
        row = numbers[line][0] if line is not None else numbers[0][0] if len(numbers) == 1 else 1
        found.append(Fault(row, "", refusal))
    return sorted(found, key=lambda fault: fault.row)


def table_commands(brought: Brought, known: Subjects, actor: str, *, stem: str) -> list[Command]:
    """
    Return the commands of a table by *actor*; what needs four eyes becomes a proposal.

    Their ids begin with *stem*, and are numbered where there are several.
    """
    return [
        Command(
            stem if len(brought.payloads) == 1 else f"{stem}.{number}",
            actor,
            proposing(payload) if known.handlers[payload.kind].checkers else payload,
        )
        for number, (payload, _) in enumerate(brought.payloads, start=1)
    ]


def require_checked(brought: Brought, stated: str) -> None:
    """Refuse a table that is not the one that was checked, or that has faults. Rule: REG-57."""
    if stated != brought.hash:
        raise ImportNotChecked(brought.file, found=brought.hash)
    if brought.faults:
        raise TableFaulty(brought.file, faults=len(brought.faults))


def _without_faults(table: list[list[str]]) -> list[list[str]]:
    """Return *table* without the column in which an error workbook said what was wrong."""
    if not table or not table[0] or table[0][-1] not in (*WRONG, "error"):
        return table
    width = len(table[0]) - 1
    return [row[:width] if any(row[:width]) else [] for row in table]


def _field(refusal: Refused, columns: Sequence[Any]) -> str:
    named = str(refusal.facts.get("column", ""))
    return next((each.field for each in columns if each.heading == named), named)


def _payloads(
    kind: Kind, rows: Sequence[tuple[int, Row]], header: Mapping[str, Any]
) -> list[tuple[Payload, tuple[Numbers, ...]]]:
    plain = [row for _, row in rows]
    numbers: list[Numbers] = [(number,) for number, _ in rows]
    if kind.nested:
        lines = grouped(plain, kind)
        plain = [line for line, _ in lines]
        numbers = [tuple(rows[place][0] for place in places) for _, places in lines]
    _require_lines(kind, plain, [each[0] for each in numbers], rows)
    if kind.field:
        payload = read_payload(kind.payload, {**header, kind.field: plain})
        return [(payload, tuple(numbers))]
    return [
        (read_payload(kind.payload, row), (number,))
        for row, number in zip(plain, numbers, strict=True)
    ]


def _require_lines(
    kind: Kind, lines: Sequence[Row], first: Sequence[int], rows: Sequence[tuple[int, Row]]
) -> None:
    """Refuse lines that their type does not take, naming the row of each."""
    places = {number: place for place, (number, _) in enumerate(rows)}
    problems: list[tuple[int, Refused]] = []
    for line, number in zip(lines, first, strict=True):
        try:
            msgspec.convert(line, kind.line, strict=True)
        except msgspec.ValidationError as error:
            refusal = PayloadMalformed(kind.payload.kind, str(error))
            problems.append((places[number], refusal))
    if problems:
        raise RowsRefused(problems, rows=len(rows))


def headings_of(kind: str, language: str) -> list[str]:
    """Return the headings of a table of *kind*, in the order of its fields."""
    return [heading(field, language) for field in kind_of(kind).flat.__struct_fields__]
