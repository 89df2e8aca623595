"""send, propose, approve, reject, proposals, show: any command, by one person or two."""

from pathlib import Path
from typing import Any

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
from api.pack_files import require_known_keys
from api.say import readable, say_answer, say_json
from ledger.approve import Approve, ProposalUnknown, Reject, proposing
from ledger.command import Command, Payload, PayloadMalformed, read_payload
from ledger.days import text_of
from ledger.db import reading
from ledger.subject import Subjects
from ledger.tables import ProposalRow
from ledger.writer import KindUnknown


def payload_of(subjects: Subjects, kind: str, document: str) -> Payload:
    """Return the payload that JSON text describes; refuse its shape, or a pack's unknown key."""
    handler = subjects.handlers.get(kind)
    if handler is None:
        raise KindUnknown(kind)
    try:
        plain = msgspec.json.decode(document)
    except msgspec.DecodeError as error:
        raise PayloadMalformed(kind, str(error)) from None
    payload = read_payload(handler.payload, plain)
    require_known_keys(payload)
    return payload


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
@click.argument("proposal", type=int)
@click.argument("reason")
@actor_options
@json_option
def reject(
    data: Path | None, proposal: int, reason: str, actor: str, command_id: str, as_json: bool
) -> None:
    """Reject PROPOSAL, with the REASON for its maker."""
    with opened(data) as program:
        command = Command(fresh_id(command_id), actor, Reject(proposal=proposal, reason=reason))
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
    if as_json:
        say_json({"proposals": [_listed(row) for row in rows]})
        return
    for row in rows:
        click.echo(f"{row.id}  {row.kind}  by {row.maker}, until {text_of(row.expires_at)}")
    if rows:
        click.echo("read one with: yongneng show NUMBER")


@click.command()
@data_option
@click.argument("proposal", type=int)
@json_option
def show(data: Path | None, proposal: int, as_json: bool) -> None:
    """Show PROPOSAL whole: what would happen, who asks, and the hash to approve."""
    with existing(data) as engine, reading(engine) as connection:
        row = connection.execute(
            sa.select(ProposalRow.__table__).where(ProposalRow.id == proposal)
        ).one_or_none()
    if row is None:
        raise ProposalUnknown(proposal)
    if as_json:
        say_json(_listed(row))
        return
    click.echo(f"proposal {row.id}: {row.kind}, {row.state}, by {row.maker}")
    click.echo(f"open until {text_of(row.expires_at)} (Shanghai)")
    for name, value in readable(msgspec.json.decode(row.payload)):
        click.echo(f"  {name}: {value}")
    click.echo(f"approve with: {row.payload_hash.hex()}")


def _listed(row: sa.Row[Any]) -> dict[str, object]:
    return {
        "proposal": row.id,
        "kind": row.kind,
        "state": row.state,
        "maker": row.maker,
        "expires_at": text_of(row.expires_at),
        "payload_hash": row.payload_hash.hex(),
        "document": row.payload,
    }


COMMANDS = {
    "send": send,
    "propose": propose,
    "approve": approve,
    "reject": reject,
    "proposals": proposals,
    "show": show,
}
