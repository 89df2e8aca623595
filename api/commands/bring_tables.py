"""import KIND: template, dry run with every fault, confirmation by the hash of what was checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from api.csv_rows import bytes_of
from api.openings import Fault
from api.options import existing, opened
from api.program import subjects, wall_clock
from api.read.rehearse_table import rehearse
from api.say import answer_document, refusal_document, say_json
from api.table_books import (
    table_faults,
    table_sentence,
    write_table_faults,
    write_table_template,
)
from api.tables_in import Brought, faults_in, read_table, require_checked, table_commands
from api.wording import read_wording
from ledger.command import Answer
from ledger.errors import Refused
from ledger.subject import Subjects

_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """A table that somebody brings in, and how the answer is to be given."""

    kind: str
    file: Path
    actor: str
    header: dict[str, Any]
    errors: Path | None
    language: str
    as_json: bool

    def read(self) -> Brought:
        """Return what the file says."""
        return read_table(self.kind, self.file.name, bytes_of(self.file), self.header)


def template(path: Path, kind: str, *, language: str, as_json: bool) -> None:
    """Write an empty workbook of *kind* to *path*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table_template(path, kind, language=language)
    if as_json:
        say_json({"template": str(path)})
    else:
        click.echo(f"template written to {path}")


def dry_run(data: Path | None, asked: Asked) -> None:
    """Say what the ledger would refuse of a table, or the hash to confirm; write nothing."""
    brought = asked.read()
    with existing(data) as engine:
        faults, is_rehearsed = _faults(engine, subjects(), brought, asked, now=wall_clock())
    _report(asked, brought, faults, is_rehearsed=is_rehearsed)
    if faults:
        raise click.exceptions.Exit(1)


def confirm(data: Path | None, asked: Asked, *, stated: str) -> None:
    """Send a table if it is the one that was checked and still good. Rule: REG-57."""
    brought = asked.read()
    require_checked(brought, stated)
    with opened(data) as program:
        faults, is_rehearsed = _faults(
            program.engine, program.subjects, brought, asked, now=program.now()
        )
        if faults:
            _report(asked, brought, faults, is_rehearsed=is_rehearsed)
            raise click.exceptions.Exit(1)
        # The ledger's own place is part of the ids: what was rejected can be sent again.
        stem = f"import:{brought.kind}:{brought.hash[:24]}:{program.writer.memory.sequence}"
        commands = table_commands(brought, program.subjects, asked.actor, stem=stem)
        outcomes = program.outcomes(commands)
    _say(outcomes, as_json=asked.as_json)
    if not all(isinstance(each, Answer) and each.ok for each in outcomes):
        raise click.exceptions.Exit(1)


def _faults(
    engine: sa.Engine, known: Subjects, brought: Brought, asked: Asked, *, now: int
) -> tuple[list[Fault], bool]:
    """Return every fault of a table, and whether the ledger's rules were tried on it."""
    payloads = [payload for payload, _ in brought.payloads]
    found = rehearse(engine, known, payloads, actor=asked.actor, now=now) if payloads else []
    return faults_in(brought, found or ()), found is not None and bool(payloads)


def _report(asked: Asked, brought: Brought, faults: Sequence[Fault], *, is_rehearsed: bool) -> None:
    wording = read_wording()
    if faults and asked.errors is not None:
        asked.errors.parent.mkdir(parents=True, exist_ok=True)
        write_table_faults(asked.errors, brought, faults, wording=wording, language=asked.language)
    if asked.as_json:
        say_json(
            {
                "file": brought.file,
                "hash": brought.hash,
                "rows": brought.count,
                "commands": len(brought.payloads),
                "is_rehearsed": is_rehearsed,
                "errors": list(table_faults(faults, wording=wording)),
            }
        )
        return
    is_en = asked.language == "en"
    for fault in faults[:_SHOWN_MAX]:
        said = table_sentence(fault, wording=wording, language=asked.language)
        click.echo(f"row {fault.row}: {said}" if is_en else f"第 {fault.row} 行：{said}")
    if faults:
        click.echo(f"{brought.file}: {len(faults)} error(s), nothing was taken")
        return
    tried = "form and rules" if is_rehearsed else "form only"
    click.echo(f"{brought.file}: {brought.count} row(s), no error ({tried})")
    click.echo(f"confirm with: --confirm {brought.hash}")


def _say(outcomes: Sequence[Answer | Refused], *, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "answers": [
                    answer_document(one) if isinstance(one, Answer) else refusal_document(one)
                    for one in outcomes
                ]
            }
        )
        return
    accepted = sum(isinstance(one, Answer) and one.ok for one in outcomes)
    click.echo(f"{accepted} of {len(outcomes)} command(s) accepted")
    for number, one in enumerate(outcomes, start=1):
        if not isinstance(one, Answer) or not one.ok:
            click.echo(f"  {number}: {one.code}: {one.message}")
        elif "proposal" in one.result:
            click.echo(
                f"  proposal {one.result['proposal']} waits for a second person: "
                f"yongneng approve {one.result['proposal']} {one.result['payload_hash']}"
            )
