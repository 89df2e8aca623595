"""
Commands: what was asked of the ledger, and what it answered, once and for ever.
"""

import json
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from api.door import reach_of, visitor
from api.read import journal
from api.read.narrow import narrow
from api.rest.fields import Words, plain
from api.rest.resource import Resource, one, page
from api.rest.shapes import enlarged, item_of
from api.send import command_id
from ledger.tables import CommandRow

commands = Resource("commands", __name__, "Commands: requests and their answers")

JOURNAL = 88
"""The operation of the matrix that says how far somebody sees the journal."""

Command = item_of(CommandRow, leave_out=("payload", "answer"))
CommandShown = enlarged(
    Command,
    "CommandShown",
    payload=ma.fields.Dict(metadata={"description": "as sent, amounts as text"}),
    result=ma.fields.Dict(),
    message=Words(),
    rule=Words(),
    facts=ma.fields.Dict(),
)


@commands.get("/commands")
@commands.lists(Command, id=Words, kind=Words, actor=Words, code=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List commands, the newest first: all to auditors, their own to others."""
    own = {name: getattr(CommandRow, name) for name in ("id", "kind", "actor", "code")}
    query = narrow(journal.commands(reach_of(JOURNAL), visitor().person), asked, **own)
    return page(query, asked, [CommandRow.sequence], newest_first=True)


@commands.get("/commands/<int:sequence>")
@commands.shows(CommandShown)
def show(sequence: int) -> Any:
    """Show one command and its answer, by its sequence."""
    return _shown(CommandRow.sequence == sequence)


@commands.get("/commands/by-key/<key>")
@commands.shows(CommandShown)
def show_own(key: str) -> Any:
    """Show one's own command and its answer, by the Idempotency-Key it was sent with."""
    return _shown(CommandRow.id == command_id(visitor().person, key))


def _shown(condition: sa.ColumnElement[bool]) -> Mapping[str, Any]:
    query = journal.commands(reach_of(JOURNAL), visitor().person).where(condition)
    row = one(query.add_columns(CommandRow.payload, CommandRow.answer))
    answer = json.loads(row["answer"])
    return {
        **row,
        "payload": plain(json.loads(row["payload"])),
        "result": plain(answer.get("result", {})),
        "message": answer.get("message", ""),
        "rule": answer.get("rule", ""),
        "facts": plain(answer.get("facts", {})),
    }
