"""import: bring a CSV file or a workbook in, every row or none."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from api.imports import KINDS, commands_of
from api.options import data_option, fresh_id, json_option, opened
from api.program import Program
from api.say import answer_document, refusal_document, say_facts, say_json
from ledger.command import Answer
from ledger.errors import Refused

Outcome = Answer | Refused
"""A command's answer, or why it never became one."""

OPENING_BALANCES = "opening-balances"
_FILE = click.Path(dir_okay=False, path_type=Path)
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
@click.argument("kind", type=click.Choice([*KINDS, OPENING_BALANCES]))
@click.argument("file", required=False, type=_FILE)
@click.option("--actor", help="Who brings it in, such as person:REG1.")
@click.option("--set", "settings", multiple=True, help="NAME=VALUE beside the rows; repeatable.")
@click.option("--again", is_flag=True, help="Send a file once more that was taken before.")
@click.option("--dry-run", is_flag=True, help="Check the file, form and rules; send nothing.")
@click.option("--confirm", help="The hash that the dry run printed.")
@click.option("--errors", type=_FILE, help="Where a workbook says what is wrong.")
@click.option("--template", type=_FILE, help="Where to write an empty workbook.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@json_option
def import_file(data: Path | None, kind: str, **options: Any) -> None:
    """Bring in FILE, a CSV file or workbook whose first line names the columns of KIND."""
    wanted = _Wanted(**options)
    if kind == OPENING_BALANCES:
        _openings(data, wanted)
        return
    if wanted.dry_run or wanted.confirm or wanted.template:
        _table(data, kind, wanted)
        return
    if wanted.errors:
        raise click.UsageError("--errors goes with --dry-run or --confirm")
    file, actor = wanted.required()
    header = header_of(kind, wanted.settings)
    with opened(data) as program:
        attempt = fresh_id("") if wanted.again else ""
        outcomes = _bring_in(program, kind, file, actor=actor, header=header, attempt=attempt)
    if len(outcomes) == 1:
        _require(outcomes[0])
    _say(outcomes, as_json=wanted.as_json)
    if not all(isinstance(outcome, Answer) and outcome.ok for outcome in outcomes):
        raise click.exceptions.Exit(1)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The options of one import."""

    file: Path | None
    actor: str | None
    settings: tuple[str, ...]
    again: bool
    dry_run: bool
    confirm: str | None
    errors: Path | None
    template: Path | None
    lang: str
    as_json: bool

    def required(self) -> tuple[Path, str]:
        """Return the file and who brings it in; only a template does without them."""
        if self.file is None:
            raise click.UsageError("Missing argument 'FILE'.")
        if self.actor is None:
            raise click.UsageError("Missing option '--actor'.")
        return self.file, self.actor

    def require_new(self, path: Path, option: str) -> None:
        """Refuse to write over a file that is there."""
        if path.exists():
            raise click.BadParameter("is there already; name a new file", param_hint=option)


def _openings(data: Path | None, wanted: _Wanted) -> None:
    """Write the template of opening balances, try a file of them, or send one that was tried."""
    from api.commands import bring_openings

    if wanted.template is not None:
        wanted.require_new(wanted.template, "--template")
        bring_openings.template(wanted.template, language=wanted.lang, as_json=wanted.as_json)
        return
    file, actor = wanted.required()
    if wanted.again or wanted.dry_run == bool(wanted.confirm):
        raise click.UsageError("give --dry-run first, then --confirm with the hash that it prints")
    if wanted.errors is not None and wanted.errors.resolve() == file.resolve():
        raise click.BadParameter("is FILE itself; name another file", param_hint="--errors")
    told: dict[str, Any] = {
        "errors": wanted.errors,
        "language": wanted.lang,
        "as_json": wanted.as_json,
    }
    openings = bring_openings.read(file, wanted.settings)
    if wanted.confirm:
        bring_openings.confirm(data, openings, actor=actor, stated=wanted.confirm, **told)
    else:
        bring_openings.dry_run(data, openings, actor=actor, **told)


def _table(data: Path | None, kind: str, wanted: _Wanted) -> None:
    """Write the template of a kind, try a file of it, or send one that was tried."""
    from api.commands import bring_tables

    if wanted.template is not None:
        wanted.require_new(wanted.template, "--template")
        bring_tables.template(wanted.template, kind, language=wanted.lang, as_json=wanted.as_json)
        return
    file, actor = wanted.required()
    if wanted.again or (wanted.dry_run and wanted.confirm):
        raise click.UsageError("give --dry-run first, then --confirm with the hash that it prints")
    if wanted.errors is not None and wanted.errors.resolve() == file.resolve():
        raise click.BadParameter("is FILE itself; name another file", param_hint="--errors")
    header = header_of(kind, wanted.settings)
    asked = bring_tables.Asked(
        kind, file, actor, header, wanted.errors, wanted.lang, wanted.as_json
    )
    if wanted.confirm:
        bring_tables.confirm(data, asked, stated=wanted.confirm)
    else:
        bring_tables.dry_run(data, asked)


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
