"""
The decision by which units came to be: the command, its documents, and who made and approved it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from ledger.approve import Approve
from ledger.tables import CommandRow, EntryRow, ProposalRow

Row = Mapping[str, Any]

DOCUMENTS_MAX = 5
"""A command of many rows may name as many documents; some of them say what they are."""


def decisions(
    connection: sa.Connection, entries: Mapping[int, str], *, names_persons: bool
) -> dict[int, dict[str, Any]]:
    """
    Return by entry what decided it; *entries* names with each the party that it gave units to.

    *documents* are those that the command names, in the rows of that party where it has some.
    Persons are told with *names_persons* only.
    """
    columns = (EntryRow.sequence, EntryRow.command_sequence, EntryRow.code, EntryRow.rule)
    query = sa.select(*columns, EntryRow.reference).where(EntryRow.sequence.in_(sorted(entries)))
    rows = [dict(row) for row in connection.execute(query).mappings()]
    commands = _commands(connection, {row["command_sequence"] for row in rows})
    return {
        row["sequence"]: {
            "entry": row["sequence"],
            "code": row["code"],
            "rule": row["rule"],
            "reference": row["reference"],
            **_told(commands[row["command_sequence"]], entries[row["sequence"]], names_persons),
        }
        for row in rows
    }


def _commands(connection: sa.Connection, numbers: Iterable[int]) -> dict[int, Row]:
    """Return commands by number, each with the *proposal* that it approved, or None."""
    columns = (CommandRow.sequence, CommandRow.kind, CommandRow.actor, CommandRow.payload)
    query = sa.select(*columns, CommandRow.recorded_at).where(
        CommandRow.sequence.in_(sorted(numbers))
    )
    rows = [dict(row) for row in connection.execute(query).mappings()]
    approved = {
        row["sequence"]: msgspec.json.decode(row["payload"])["proposal"]
        for row in rows
        if row["kind"] == Approve.kind
    }
    named = (ProposalRow.id, ProposalRow.kind, ProposalRow.payload)
    persons = (ProposalRow.maker, ProposalRow.checker)
    proposals = sa.select(*named, *persons).where(ProposalRow.id.in_(sorted(approved.values())))
    found = {row["id"]: dict(row) for row in connection.execute(proposals).mappings()}
    return {
        row["sequence"]: {**row, "proposal": found.get(approved.get(row["sequence"], 0))}
        for row in rows
    }


def _told(command: Row, party: str, names_persons: bool) -> dict[str, Any]:
    proposal = command["proposal"]
    maker = command["actor"] if proposal is None else proposal["maker"]
    checker = None if proposal is None else proposal["checker"]
    return {
        "command": command["sequence"],
        "proposal": None if proposal is None else proposal["id"],
        "kind": (proposal or command)["kind"],
        "documents": documents_of((proposal or command)["payload"], party),
        "made_by": maker if names_persons else None,
        "approved_by": checker if names_persons else None,
        "recorded_at": command["recorded_at"],
    }


def documents_of(payload: str, party: str) -> list[str]:
    """Return the documents that a command names: its own, or those of the rows of *party*."""
    # A bulk command of a megabyte names none, and is not taken apart to see that.
    if '"document"' not in payload:
        return []
    document = msgspec.json.decode(payload)
    assert isinstance(document, dict)
    rows = [row for row in document.get("rows") or () if isinstance(row, dict)]
    own = [row for row in rows if party in (row.get("enterprise"), row.get("district"))]
    named = (row.get("document") for row in (document, *(own or rows)))
    texts = dict.fromkeys(text for text in named if isinstance(text, str) and text)
    return list(texts)[:DOCUMENTS_MAX]
