"""
Check a table that a visitor brought, and send it once it was checked: for pages and REST alike.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from api.door import visitor
from api.faces import faces
from api.key_reach import require_within_key
from api.openings import Fault
from api.read.rehearse_table import rehearse
from api.send import send_all
from api.tables_in import (
    Brought,
    TableFaulty,
    faults_in,
    header_from,
    read_table,
    require_checked,
    table_commands,
)
from ledger.command import Answer, Command
from ledger.errors import Refused
from ledger.tables import CommandRow

Outcomes = Sequence[tuple[Command, Answer | Refused]]


@dataclass(frozen=True, slots=True)
class Checked:
    """A table with every fault; *is_rehearsed* where the ledger's rules were tried on it too."""

    brought: Brought
    faults: Sequence[Fault]
    is_rehearsed: bool


def checked(kind: str, file: str, raw: bytes, settings: Mapping[str, str]) -> Checked:
    """
    Return what a file says and what the ledger would refuse of it if the visitor sent it.

    Refused is what is no such table, and what concerns others than the visitor's key is for.
    """
    brought = read_table(kind, file, raw, header_from(kind, settings))
    payloads = [payload for payload, _ in brought.payloads]
    look = partial(require_within_key, faces(), visitor())
    for payload in payloads:
        look(payload)
    if not payloads:
        return Checked(brought, brought.faults, is_rehearsed=False)
    gateway, person = faces().gateway, visitor().person
    found = rehearse(faces().engine, gateway.subjects, payloads, actor=person, now=gateway.now())
    return Checked(brought, faults_in(brought, found or ()), is_rehearsed=found is not None)


def bring(table: Checked, stated: str, *, stem: str) -> Outcomes:
    """
    Send a table that is the one that was checked and has no fault. Rule: REG-57.

    What was sent under *stem* before gets its answers again, though its rows are there by now.
    """
    require_checked(table.brought, stated)
    gateway = faces().gateway
    commands = table_commands(table.brought, gateway.subjects, visitor().person, stem=stem)
    if table.faults and not _was_sent(commands):
        raise TableFaulty(table.brought.file, faults=len(table.faults))
    return list(zip(commands, send_all(gateway, commands), strict=True))


def _was_sent(commands: Sequence[Command]) -> bool:
    known = sa.select(CommandRow.sequence).where(CommandRow.id == commands[0].id)
    with faces().read() as connection:
        return connection.execute(known).first() is not None


def workbook_of(write: Callable[[Path], object]) -> bytes:
    """Return the workbook that *write* writes to the path it is given."""
    with TemporaryDirectory(prefix="yongneng-table-") as directory:
        path = Path(directory) / "table.xlsx"
        write(path)
        return path.read_bytes()
