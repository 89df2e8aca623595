"""import: bring a CSV file in, every row or none."""

from pathlib import Path
from typing import Any

import click
import msgspec

from api.imports import KINDS, commands_of, payloads_of
from api.options import data_option, json_option, opened
from api.say import answer_document, say_json
from ledger.command import Answer


def header_of(kind: str, settings: tuple[str, ...]) -> dict[str, Any]:
    """Return NAME=VALUE settings as fields of the kind's payload, whole numbers as such."""
    types = {field.name: field.type for field in msgspec.structs.fields(KINDS[kind].payload)}
    header: dict[str, Any] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in types:
            raise click.BadParameter(f"{name} is not a setting of {kind}", param_hint="--set")
        header[name] = int(text) if types[name] is int and text.isdigit() else text
    return header


@click.command("import")
@data_option
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--actor", required=True, help="Who brings it in, such as person:REG1.")
@click.option("--set", "settings", multiple=True, help="NAME=VALUE beside the rows; repeatable.")
@click.option("--dry-run", is_flag=True, help="Read and check the file; send nothing.")
@json_option
def import_file(
    data: Path | None,
    kind: str,
    file: Path,
    actor: str,
    settings: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring in FILE, a CSV whose first line names the columns of KIND."""
    header = header_of(kind, settings)
    if dry_run:
        count = len(payloads_of(kind, file, header))
        click.echo(f"{file.name} reads well: {count} command(s)")
        return
    with opened(data) as program:
        commands = commands_of(kind, file, actor=actor, subjects=program.subjects, header=header)
        answers = program.submit_all(commands)
    _say(answers, as_json=as_json)


def _say(answers: list[Answer], *, as_json: bool) -> None:
    if as_json:
        say_json({"answers": [answer_document(answer) for answer in answers]})
    if len(answers) == 1:
        answers[0].require()
    if as_json:
        return
    accepted = sum(answer.ok for answer in answers)
    click.echo(f"{accepted} of {len(answers)} command(s) accepted")
    for answer in answers:
        if not answer.ok:
            click.echo(f"  {answer.sequence}: {answer.code}: {answer.message}")
        elif "proposal" in answer.result:
            click.echo(
                f"  proposal {answer.result['proposal']} waits for a second person: "
                f"yongneng approve {answer.result['proposal']} {answer.result['payload_hash']}"
            )


COMMANDS = {"import": import_file}
