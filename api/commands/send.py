"""send, propose, approve, proposals: any command of the ledger, from the command line."""

from pathlib import Path

import click
import msgspec
import sqlalchemy as sa

from api.options import (
    actor_options,
    data_option,
    existing,
    fresh_id,
    json_option,
    opened,
)
from api.say import say_answer, say_json
from ledger.approve import Approve, proposing
from ledger.command import Command, Payload, PayloadMalformed, read_payload
from ledger.db import reading
from ledger.subject import Subjects
from ledger.tables import ProposalRow
from ledger.writer import KindUnknown


def payload_of(subjects: Subjects, kind: str, document: str) -> Payload:
    """Return the payload that JSON text describes, or refuse its shape."""
    handler = subjects.handlers.get(kind)
    if handler is None:
        raise KindUnknown(kind)
    try:
        plain = msgspec.json.decode(document)
    except msgspec.DecodeError as error:
        raise PayloadMalformed(kind, str(error)) from None
    return read_payload(handler.payload, plain)


@click.command()
@data_option
@click.argument("kind")
@click.argument("document")
@actor_options
@json_option
def send(
    data: Path | None, kind: str, document: str, actor: str, command_id: str, as_json: bool
) -> None:
    """Send a command of KIND whose payload is the JSON text DOCUMENT."""
    with opened(data) as program:
        payload = payload_of(program.subjects, kind, document)
        command = Command(fresh_id(command_id), actor, payload)
        say_answer(program.submit(command), as_json=as_json)


@click.command()
@data_option
@click.argument("kind")
@click.argument("document")
@actor_options
@json_option
def propose(
    data: Path | None, kind: str, document: str, actor: str, command_id: str, as_json: bool
) -> None:
    """Propose a command of KIND that needs a second person."""
    with opened(data) as program:
        payload = proposing(payload_of(program.subjects, kind, document))
        command = Command(fresh_id(command_id), actor, payload)
        say_answer(program.submit(command), as_json=as_json)


@click.command()
@data_option
@click.argument("proposal", type=int)
@click.argument("payload_hash")
@actor_options
@json_option
def approve(
    data: Path | None,
    proposal: int,
    payload_hash: str,
    actor: str,
    command_id: str,
    as_json: bool,
) -> None:
    """Approve PROPOSAL, naming the PAYLOAD_HASH of what you have read."""
    with opened(data) as program:
        payload = Approve(proposal=proposal, payload_hash=payload_hash)
        command = Command(fresh_id(command_id), actor, payload)
        say_answer(program.submit(command), as_json=as_json)


@click.command()
@data_option
@json_option
def proposals(data: Path | None, as_json: bool) -> None:
    """List what waits for a second person."""
    with existing(data) as engine, reading(engine) as connection:
        rows = connection.execute(
            sa.select(ProposalRow.__table__)
            .where(ProposalRow.state == "open")
            .order_by(ProposalRow.id)
        ).all()
    listed = [
        {
            "proposal": row.id,
            "kind": row.kind,
            "maker": row.maker,
            "payload_hash": row.payload_hash.hex(),
            "document": row.payload,
        }
        for row in rows
    ]
    if as_json:
        say_json({"proposals": listed})
        return
    for item in listed:
        click.echo(f"{item['proposal']}  {item['kind']}  by {item['maker']}")
        click.echo(f"  {item['document'][:200]}")
        click.echo(f"  approve with: {item['payload_hash']}")


COMMANDS = {"send": send, "propose": propose, "approve": approve, "proposals": proposals}
