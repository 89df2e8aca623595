"""import: bring a CSV file in, every row or none."""

import re
from pathlib import Path
from typing import Any

import click
import msgspec

from api.imports import KINDS, commands_of, payloads_of
from api.options import data_option, fresh_id, json_option, opened
from api.program import Program
from api.say import answer_document, refusal_document, say_facts, say_json
from ledger.command import Answer
from ledger.errors import Refused

Outcome = Answer | Refused
"""A command's answer, or why it never became one."""

_DIGITS = re.compile("[0-9]{1,18}", re.ASCII)


def header_of(kind: str, settings: tuple[str, ...]) -> dict[str, Any]:
    """Return NAME=VALUE settings as fields of the kind's payload, whole numbers as such."""
    importing = KINDS[kind]
    types = {
        field.name: field.type
        for field in msgspec.structs.fields(importing.payload)
        if importing.field and field.name != importing.field
    }
    header: dict[str, Any] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in types:
            raise click.BadParameter(f"{name} is not a setting of {kind}", param_hint="--set")
        header[name] = int(text) if types[name] is int and _DIGITS.fullmatch(text) else text
    return header


@click.command("import")
@data_option
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--actor", required=True, help="Who brings it in, such as person:REG1.")
@click.option("--set", "settings", multiple=True, help="NAME=VALUE beside the rows; repeatable.")
@click.option("--again", is_flag=True, help="Send a file once more that was taken before.")
@click.option("--dry-run", is_flag=True, help="Check the form of the file; send nothing.")
@json_option
def import_file(
    data: Path | None,
    kind: str,
    file: Path,
    actor: str,
    settings: tuple[str, ...],
    again: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring in FILE, a CSV whose first line names the columns of KIND."""
    header = header_of(kind, settings)
    if dry_run:
        count = len(payloads_of(kind, file, header))
        if as_json:
            say_json({"commands": count})
        else:
            click.echo(f"{file.name} has the right form: {count} command(s); the rest shows later")
        return
    with opened(data) as program:
        attempt = fresh_id("") if again else ""
        outcomes = _bring_in(program, kind, file, actor=actor, header=header, attempt=attempt)
    if len(outcomes) == 1:
        _require(outcomes[0])
    _say(outcomes, as_json=as_json)
    if not all(isinstance(outcome, Answer) and outcome.ok for outcome in outcomes):
        raise click.exceptions.Exit(1)


def _bring_in(
    program: Program, kind: str, file: Path, *, actor: str, header: dict[str, Any], attempt: str
) -> list[Outcome]:
    """Send a file; one that was refused before is tried again, since the ledger has gone on."""
    before = program.writer.memory.sequence
    outcomes: list[Outcome] = []
    for name in (attempt, f"after command {before}"):
        commands = commands_of(
            kind, file, actor=actor, subjects=program.subjects, header=header, attempt=name
        )
        outcomes = program.outcomes(commands)
        if not all(_is_old_refusal(outcome, before) for outcome in outcomes):
            break
    return outcomes


def _is_old_refusal(outcome: Outcome, before: int) -> bool:
    return isinstance(outcome, Answer) and not outcome.ok and outcome.sequence <= before


def _require(outcome: Outcome) -> None:
    if isinstance(outcome, Refused):
        raise outcome
    outcome.require()


def _say(outcomes: list[Outcome], *, as_json: bool) -> None:
    if as_json:
        say_json({"answers": [_document(outcome) for outcome in outcomes]})
        return
    accepted = sum(isinstance(outcome, Answer) and outcome.ok for outcome in outcomes)
    click.echo(f"{accepted} of {len(outcomes)} command(s) accepted")
    for number, outcome in enumerate(outcomes, start=1):
        if not isinstance(outcome, Answer) or not outcome.ok:
            click.echo(f"  {number}: {outcome.code}: {outcome.message}")
        elif "proposal" in outcome.result:
            click.echo(
                f"  proposal {outcome.result['proposal']} waits for a second person: "
                f"yongneng approve {outcome.result['proposal']} {outcome.result['payload_hash']}"
            )
        elif len(outcomes) == 1:
            say_facts(outcome.result)


def _document(outcome: Outcome) -> dict[str, object]:
    if isinstance(outcome, Refused):
        return refusal_document(outcome)
    return answer_document(outcome)


COMMANDS = {"import": import_file}
