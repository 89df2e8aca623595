"""export: all of the ledger, or the tables of it that people want, as files."""

from collections.abc import Callable
from pathlib import Path

import click
import sqlalchemy as sa

from api.options import data_option, existing, json_option
from api.say import say_facts, say_json
from ledger.export_directory import Exported

Exporter = Callable[[sa.Engine, Path, str], Exported]


def _jsonl(engine: sa.Engine, out: Path, _language: str) -> Exported:
    from ledger.export import export_jsonl

    return export_jsonl(engine, out)


def _csv(engine: sa.Engine, out: Path, _language: str) -> Exported:
    from ledger.export_csv import export_csv
    from ledger.export_sheets import KERNEL_SHEETS
    from market.export_sheets import MARKET_SHEETS

    return export_csv(engine, out, KERNEL_SHEETS + MARKET_SHEETS)


def _xlsx(engine: sa.Engine, out: Path, language: str) -> Exported:
    from api.workbook import export_xlsx
    from ledger.export_sheets import KERNEL_SHEETS
    from market.export_sheets import MARKET_SHEETS

    return export_xlsx(engine, out, KERNEL_SHEETS + MARKET_SHEETS, language=language)


def _beancount(engine: sa.Engine, out: Path, _language: str) -> Exported:
    from ledger.export_beancount import export_beancount

    return export_beancount(engine, out)


def _hledger(engine: sa.Engine, out: Path, _language: str) -> Exported:
    from ledger.export_hledger import export_hledger

    return export_hledger(engine, out)


FORMATS: dict[str, Exporter] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "xlsx": _xlsx,
    "beancount": _beancount,
    "hledger": _hledger,
}


@click.command()
@data_option
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="jsonl",
    show_default=True,
    help="jsonl is complete and can be verified; the others are for readers.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="A new or empty directory.",
)
@click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    help="The headings of a workbook.",
)
@json_option
def export(data: Path | None, form: str, out: Path, lang: str, as_json: bool) -> None:
    """Write the ledger to --out: jsonl with the verifier beside it, or files for readers."""
    with existing(data) as engine:
        exported = FORMATS[form](engine, out, lang)
    if as_json:
        say_json({"counts": exported.counts, "manifest_hash": exported.manifest_hash})
    else:
        click.echo(f"exported to {out}")
        say_facts(exported.counts)


COMMANDS = {"export": export}
