"""init and load: begin a ledger, and put a policy pack in force."""

from pathlib import Path

import click

import seeds
from api.csv_rows import read_rows
from api.options import actor_options, data_option, fresh_id, json_option, opened
from api.pack_files import adoption
from api.say import say_answer
from ledger.adopt import Policy
from ledger.approve import proposing
from ledger.command import Command
from ledger.pack_value import parse_day
from ledger.register import OpenLedger
from ledger.roles import Grant
from ledger.subject import Role


@click.command()
@data_option
@click.option("--name", required=True, help="What the ledger is called.")
@click.option("--jurisdiction", required=True, help="The policy pack that governs all of it.")
@click.option("--purpose", type=click.Choice(["live", "demonstration", "training"]), default="live")
@click.option(
    "--persons",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="CSV of the first roles: person,role,scope.",
)
@click.option("--actor", default="person:INIT", help="Who begins the ledger.")
@json_option
def init(
    data: Path | None,
    name: str,
    jurisdiction: str,
    purpose: str,
    persons: Path,
    actor: str,
    as_json: bool,
) -> None:
    """Begin a ledger: its name, its purpose for ever, and its first persons."""
    grants = tuple(
        Grant(row["person"], Role(row["role"]), row.get("scope", "*"))
        for row in read_rows(persons, Grant)
    )
    opening = OpenLedger(name=name, jurisdiction=jurisdiction, purpose=purpose, grants=grants)  # type: ignore[arg-type]
    with opened(data, begins=True) as program:
        say_answer(program.submit(Command("ledger:open", actor, opening)), as_json=as_json)


@click.command()
@data_option
@click.argument("pack")
@click.option(
    "--from",
    "first_day",
    metavar="DAY",
    default="",
    help="let what differs begin on DAY, and what is in force hold until then",
)
@actor_options
@json_option
def load(
    data: Path | None, pack: str, first_day: str, actor: str, command_id: str, as_json: bool
) -> None:
    """Propose the policy pack PACK of this release; a second person approves it."""
    packs = seeds.read_packs()
    if pack not in packs:
        raise click.BadParameter(f"{pack} is none of {', '.join(packs)}", param_hint="PACK")
    begins = parse_day(first_day) if first_day else None
    if first_day and begins is None:
        raise click.BadParameter("a day such as 2026-07-01 is needed", param_hint="--from")
    with opened(data) as program:
        before = program.writer.memory.cache(Policy).packs.get(pack)
        payload = proposing(adoption(packs[pack], before=before, first_day=begins))
        command = Command(fresh_id(command_id), actor, payload)
        say_answer(program.submit(command), as_json=as_json)


COMMANDS = {"init": init, "load": load}
