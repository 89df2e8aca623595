"""allocate, what-if, recompute: a file of allocations, a trial, and a sheet checked offline."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import click

from api.allocation_file import (
    AllocationFileFaulty,
    Asked,
    PlanFile,
    commands_of_file,
    going_on,
    read_plan_file,
    rehearse,
)
from api.opening_books import fault_documents, sentence, write_errors
from api.openings import Fault
from api.options import data_option, existing, fresh_id, json_option, opened
from api.program import Program
from api.read.trials import outcome_of
from api.say import say_json
from api.wording import read_wording
from ledger.allocation.allocate import IssueAllocations
from ledger.allocation.what_if import Outcome, Override, Trial
from ledger.approve import proposing
from ledger.command import Command, PayloadMalformed
from ledger.db import reading
from ledger.districts.budget import Measure
from ledger.recompute import recompute as checks_of
from ledger.units import format_tce

_FILE = click.Path(dir_okay=False, path_type=Path)
_MEASURE = click.Choice(["energy", "coal"])
_SHOWN_MAX = 50

Say = Callable[[str], None]


@click.command("allocate")
@data_option
@click.argument("file", type=_FILE)
@click.option("--year", type=int, required=True, help="The vintage that is allocated.")
@click.option("--measure", type=_MEASURE, default="energy", show_default=True)
@click.option("--actor", required=True, help="Who plans, such as person:DIS1.")
@click.option("--dry-run", is_flag=True, help="Try the file as a whole; send nothing.")
@click.option("--issue", "document", default="", help="Propose the issue, by this document.")
@click.option("--errors", type=_FILE, help="Where a workbook says what is wrong with each row.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@json_option
def allocate(data: Path | None, file: Path, **options: Any) -> None:
    """
    Plan allocations from FILE, a CSV file or workbook with the columns of a plan's rows.

    The whole file is tried first; where one row is bad, nothing of it is sent.
    """
    asked = Asked(options["year"], cast(Measure, options["measure"]), options["actor"])
    found = read_plan_file(file)
    as_json: bool = options["as_json"]
    if options["dry_run"]:
        with existing(data) as engine, reading(engine) as connection:
            faults, plans = rehearse(connection, found, asked)
        _require_good(found, faults, options)
        _say_plans(found, {name: plan.result for name, plan in plans.items()}, {}, as_json=as_json)
        return
    with opened(data) as program:
        with reading(program.engine) as connection:
            faults, _ = rehearse(connection, found, asked)
            commands = list(commands_of_file(connection, found, asked))
        _require_good(found, faults, options)
        results = _plan(program, commands)
        proposals = _propose(program, results, asked, options["document"])
    _say_plans(found, results, proposals, as_json=as_json)


def _plan(
    program: Program, commands: Sequence[tuple[str, Command]]
) -> dict[str, Mapping[str, object]]:
    """Send the plans one by one, so that others' commands go in between; return what they said."""
    results = {}
    for district, command in commands:
        following: Command | None = command
        while following is not None:
            results[district] = _answer(program, following)
            following = going_on(following, results[district])
    return results


def _answer(program: Program, command: Command) -> Mapping[str, object]:
    answer = program.submit(command)
    if not answer.ok or answer.repeated:
        # The ledger has gone on since the same file was sent: it is planned anew.
        answer = program.submit(Command(fresh_id(""), command.actor, command.payload))
    return answer.require().result


def _propose(
    program: Program, results: Mapping[str, Mapping[str, object]], asked: Asked, document: str
) -> dict[str, int]:
    """Propose the issue of each plan as it was read; the second person approves each."""
    if not document:
        return {}
    proposals = {}
    for district, result in results.items():
        payload = IssueAllocations(
            district=district,
            year=asked.year,
            measure=asked.measure,
            plan_hash=str(result["plan_hash"]),
            document=document,
        )
        command = Command(fresh_id(""), asked.actor, proposing(payload))
        proposals[district] = int(program.submit(command).require().result["proposal"])
    return proposals


def _require_good(found: PlanFile, faults: Sequence[Fault], options: Mapping[str, Any]) -> None:
    """Say what is wrong with a file, and refuse it where something is. Rule: ALC-97."""
    if not faults:
        return
    wording, language = read_wording(), options["lang"]
    if options["errors"] is not None:
        options["errors"].parent.mkdir(parents=True, exist_ok=True)
        write_errors(options["errors"], found.table, faults, wording=wording, language=language)
    if options["as_json"]:
        say_json({"file": found.file, "errors": list(fault_documents(faults, wording=wording))})
        raise click.exceptions.Exit(1)
    for fault in faults[:_SHOWN_MAX]:
        said = sentence(fault, wording=wording, language=language)
        click.echo(f"row {fault.row}: {said}" if language == "en" else f"第 {fault.row} 行：{said}")
    raise AllocationFileFaulty(
        found.file, faults=len(faults), rows=len(found.lines) + len(found.faults)
    )


def _say_plans(
    found: PlanFile,
    results: Mapping[str, Mapping[str, object]],
    proposals: Mapping[str, int],
    *,
    as_json: bool,
) -> None:
    if as_json:
        say_json(
            {
                "file": found.file,
                "rows": len(found.lines),
                "districts": {name: dict(result) for name, result in results.items()},
                "proposals": dict(proposals),
            }
        )
        return
    click.echo(f"{found.file}: {len(found.lines)} row(s), no error")
    for district, result in results.items():
        asked, granted = (format_tce(int(str(result[n]))) for n in ("requested", "granted"))
        click.echo(f"  {district}: {result['planned']} planned, {asked} asked, {granted} granted")
        if district in proposals:
            click.echo(f"    issue proposed as {proposals[district]}; a second person approves")


@click.command("what-if")
@data_option
@click.argument("district")
@click.option("--year", type=int, required=True)
@click.option("--measure", type=_MEASURE, default="energy", show_default=True)
@click.option("--base-year", type=int, default=0, help="Begin with the allocations of this year.")
@click.option("--sector", default="", help="Change the coefficients of this trade only.")
@click.option("--method", default="", help="Another method.")
@click.option("--reduction", default="", help="Such as 0.03 or 3/100.")
@click.option("--sector-coefficient", default="")
@click.option("--benchmark", default="", help="kgce (kg) a unit of output.")
@click.option("--cap", type=int, default=0, help="Another budget, in kgce (kg).")
@click.option("--set", "settings", multiple=True, help="KEY=VALUE of a pack parameter; repeatable.")
@json_option
def what_if(data: Path | None, settings: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    """Show what every enterprise of DISTRICT would get, and who wins and loses; write nothing."""
    overrides = tuple(Override(*setting.partition("=")[::2]) for setting in settings)
    trial = Trial(parameters=overrides, **asked)
    with existing(data) as engine, reading(engine) as connection:
        outcome = outcome_of(connection, trial)
    if as_json:
        say_json(_outcome_document(outcome))
        return
    for name, amount in outcome.totals().items():
        click.echo(f"{name}: {amount}")
    for row in outcome.rows:
        before = "-" if row.before is None else format_tce(row.before)
        click.echo(
            f"  {row.enterprise} {row.product}: {before} → {format_tce(row.granted)} "
            f"({format_tce(row.difference)})"
        )


def _outcome_document(outcome: Outcome) -> dict[str, object]:
    rows = [
        {
            "enterprise": row.enterprise,
            "product": row.product,
            "sector": row.sector,
            "method": row.method,
            "before": row.before,
            "requested": row.requested,
            "granted": row.granted,
            "pre_issued": row.pre_issued,
            "difference": row.difference,
        }
        for row in outcome.rows
    ]
    return {"totals": outcome.totals(), "rows": rows}


@click.command("recompute")
@click.argument("sheet", type=_FILE)
@json_option
def recompute(sheet: Path, as_json: bool) -> None:
    """
    Recompute the calculation sheet in SHEET, a file as it was downloaded; no ledger is needed.

    Exits 1 where a step does not give its result, and says which.
    """
    try:
        document = json.loads(sheet.read_bytes())
    except (OSError, ValueError) as error:
        raise PayloadMalformed("sheet", f"{sheet.name} cannot be read: {error}") from None
    checks = checks_of(document if isinstance(document, dict) else {})
    if as_json:
        told = [{"name": one.name, "ok": one.ok, "problem": one.problem} for one in checks]
        say_json({"ok": all(one.ok for one in checks), "checks": told})
    else:
        for one in checks:
            click.echo(f"{'ok  ' if one.ok else 'FAIL'}  {one.name}  {one.problem}".rstrip())
    if not all(one.ok for one in checks):
        raise click.exceptions.Exit(1)


COMMANDS = {"allocate": allocate, "what-if": what_if, "recompute": recompute}
