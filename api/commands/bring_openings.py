"""import opening-balances: template, dry run with every error, confirmation by the file's hash."""

from collections.abc import Sequence
from pathlib import Path

import click

from api.opening_books import fault_documents, sentence, write_errors, write_template
from api.openings import Fault, Openings, read_openings
from api.options import existing, opened
from api.program import subjects, wall_clock
from api.read.rehearse_openings import rehearse
from api.say import say_answer, say_json
from api.tables_in import ImportNotChecked
from api.wording import read_wording
from ledger.approve import proposing
from ledger.command import Command
from ledger.db import reading

KIND = "opening-balances"
_SHOWN_MAX = 50


def template(path: Path, *, language: str, as_json: bool) -> None:
    """Write an empty workbook to *path*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_template(path, language=language)
    if as_json:
        say_json({"template": str(path)})
    else:
        click.echo(f"template written to {path}")


def dry_run(
    data: Path | None,
    openings: Openings,
    *,
    actor: str,
    errors: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """Say what the ledger would refuse of *openings*, or the hash to confirm; write nothing."""
    with existing(data) as engine, reading(engine) as connection:
        ledgers = rehearse(connection, subjects(), openings, actor=actor, now=wall_clock())
    faults = _all(openings, ledgers)
    _report(openings, faults, errors=errors, language=language, as_json=as_json)
    if faults:
        raise click.exceptions.Exit(1)


def confirm(
    data: Path | None,
    openings: Openings,
    *,
    actor: str,
    stated: str,
    errors: Path | None,
    language: str,
    as_json: bool,
) -> None:
    """
    Propose *openings* as one command if the file is the one that was checked and still good.

    Rules: REG-56, REG-57.
    """
    if stated != openings.hash:
        raise ImportNotChecked(openings.file, found=openings.hash)
    with opened(data) as program:
        with reading(program.engine) as connection:
            ledgers = rehearse(
                connection, program.subjects, openings, actor=actor, now=program.now()
            )
        faults = _all(openings, ledgers)
        if faults:
            _report(openings, faults, errors=errors, language=language, as_json=as_json)
            raise click.exceptions.Exit(1)
        sequence = program.writer.memory.sequence
        # The ledger's own place is part of the id: what was rejected can be sent again.
        command_id = f"import:{KIND}:{openings.hash[:24]}:{sequence}"
        answer = program.submit(Command(command_id, actor, proposing(openings.payload())))
    say_answer(answer, as_json=as_json)
    if not as_json:
        result = answer.result
        click.echo(
            "a second person approves with: "
            f"yongneng approve {result['proposal']} {result['payload_hash']}"
        )


def read(file: Path, settings: Sequence[str]) -> Openings:
    """Return what *file* says; the one setting there is gives a document to rows without one."""
    document = ""
    for setting in settings:
        name, _, document = setting.partition("=")
        if name != "document":
            raise click.BadParameter(f"{name} is not a setting of {KIND}", param_hint="--set")
    return read_openings(file, document=document)


def _all(openings: Openings, ledgers: Sequence[Fault]) -> list[Fault]:
    return sorted((*openings.faults, *ledgers), key=lambda fault: fault.row)


def _report(
    openings: Openings,
    faults: Sequence[Fault],
    *,
    errors: Path | None,
    language: str,
    as_json: bool,
) -> None:
    wording = read_wording()
    if faults and errors is not None:
        errors.parent.mkdir(parents=True, exist_ok=True)
        write_errors(errors, openings.table, faults, wording=wording, language=language)
    if as_json:
        say_json(
            {
                "file": openings.file,
                "hash": openings.hash,
                "rows": len(openings.lines),
                "totals": openings.totals(),
                "errors": list(fault_documents(faults, wording=wording)),
            }
        )
        return
    for fault in faults[:_SHOWN_MAX]:
        said = sentence(fault, wording=wording, language=language)
        click.echo(f"row {fault.row}: {said}" if language == "en" else f"第 {fault.row} 行：{said}")
    if faults:
        click.echo(f"{openings.file}: {len(faults)} error(s), nothing was taken")
        return
    click.echo(f"{openings.file}: {len(openings.lines)} row(s), no error")
    for asset, total, unit in openings.totals():
        click.echo(f"  {asset}: {total} {unit}")
    click.echo(f"confirm with: --confirm {openings.hash}")
