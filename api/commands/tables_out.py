"""export-table: a table as it was brought in. duplicates: what may count twice."""

import csv
from pathlib import Path
from typing import Any

import click

from api.commands.bring_in import header_of
from api.imports import KINDS
from api.matrix import Reach
from api.options import data_option, existing, json_option
from api.read.duplicates import report_of
from api.read.tables_out import table_rows
from api.say import say_json
from api.table_books import csv_of, write_table_rows
from ledger.db import reading

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("export-table")
@data_option
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=_FILE)
@click.option("--set", "settings", multiple=True, help="NAME=VALUE: only rows brought in so.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@json_option
def export_table(data: Path | None, kind: str, file: Path, **options: Any) -> None:
    """Write the rows of KIND that were brought in to FILE, .xlsx or .csv, to be mended and sent."""
    if file.suffix not in (".xlsx", ".csv"):
        raise click.BadParameter("must end in .xlsx or .csv", param_hint="FILE")
    if file.exists():
        raise click.BadParameter("is there already; name a new file", param_hint="FILE")
    header = header_of(kind, options["settings"])
    with existing(data) as engine, reading(engine) as connection:
        rows = list(table_rows(connection, kind, header, Reach(everything=True)))
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".xlsx":
        write_table_rows(file, kind, rows, language=options["lang"])
    else:
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            csv.writer(out).writerows(csv_of(kind, rows))
    if options["as_json"]:
        say_json({"file": str(file), "rows": len(rows)})
    else:
        click.echo(f"{len(rows)} row(s) written to {file}")


@click.command()
@data_option
@click.option("--all", "with_judged", is_flag=True, help="Also those that were judged.")
@json_option
def duplicates(data: Path | None, with_judged: bool, as_json: bool) -> None:
    """Say which reductions may count twice; ends with 1 where an exact match is not judged."""
    with existing(data) as engine, reading(engine) as connection:
        report = report_of(connection, Reach(everything=True))
    pairs = [pair for pair in report["pairs"] if with_judged or not pair["finding"]]
    if as_json:
        say_json({**report, "pairs": pairs})
    else:
        for pair in pairs:
            level = "exact" if pair["is_exact"] else f"near {pair['score_points']}"
            first, second = pair["first"], pair["second"]
            click.echo(
                f"{level}: {first['key']} ({first['district'] or '-'}) and {second['key']} "
                f"({second['district'] or '-'}): {', '.join(pair['reasons'])}"
                + (f" [{pair['finding']}: {pair['reason']}]" if pair["finding"] else "")
            )
        click.echo(
            f"{report['exact_count']} exact match(es), {report['waiting_count']} not judged; "
            f"{report['near_count']} near match(es)"
        )
    if report["waiting_count"]:
        raise click.exceptions.Exit(1)


COMMANDS = {"export-table": export_table, "duplicates": duplicates}
