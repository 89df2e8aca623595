"""balance, list: what accounts hold, and what the ledger keeps."""

import importlib
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from api.options import data_option, existing, json_option
from api.say import say_json
from ledger.asset import CNY
from ledger.db import Base, reading
from ledger.tables import AccountRow, AssetRow, BalanceRow
from ledger.units import format_tce, format_yuan


@click.command()
@data_option
@click.argument("prefix")
@json_option
def balance(data: Path | None, prefix: str, as_json: bool) -> None:
    """Show the balances of every account whose address begins with PREFIX."""
    with existing(data) as engine, reading(engine) as connection:
        rows = connection.execute(
            sa.select(AccountRow.address, AssetRow.code, BalanceRow.amount)
            .join(AccountRow, AccountRow.id == BalanceRow.account_id)
            .join(AssetRow, AssetRow.id == BalanceRow.asset_id)
            .where(AccountRow.address.startswith(prefix, autoescape=True), BalanceRow.amount != 0)
            .order_by(AccountRow.id, AssetRow.id)
        ).all()
    if as_json:
        items = [
            {"account": address, "asset": asset, "amount": str(amount)}
            for address, asset, amount in rows
        ]
        say_json({"balances": items})
        return
    for address, asset, amount in rows:
        shown = f"{format_yuan(amount)} yuan" if asset == CNY else f"{format_tce(amount)} t"
        click.echo(f"{address:<44} {asset:<48} {shown:>24}")
    if not rows:
        click.echo(f"no account that begins with {prefix!r} holds anything", err=True)


LISTS: dict[str, tuple[str, str]] = {
    "enterprises": ("ledger.parties.tables", "enterprises"),
    "facilities": ("ledger.parties.tables", "facilities"),
    "entitlements": ("ledger.allocation.tables", "entitlements"),
    "allocations": ("ledger.allocation.tables", "allocations"),
    "budgets": ("ledger.districts.tables", "budgets"),
    "figures": ("ledger.districts.tables", "district_figures"),
    "claims": ("ledger.substitution.tables", "freed_claims"),
    "sources": ("ledger.substitution.tables", "freed_sources"),
    "projects": ("ledger.substitution.tables", "projects"),
    "reports": ("ledger.metering.tables", "reports"),
    "obligations": ("ledger.compliance.tables", "standings"),
    "closings": ("ledger.compliance.tables", "closings"),
    "instruments": ("market.tables", "instruments"),
    "days": ("market.tables", "market_days"),
    "orders": ("market.tables", "orders"),
    "trades": ("market.tables", "trades"),
    "holds": ("ledger.tables", "holds"),
    "entries": ("ledger.tables", "entries"),
    "commands": ("ledger.tables", "commands"),
}
"""What can be listed: the module that maps the table, and the table."""

LEFT_OUT = frozenset(
    {"sheet", "sources", "payload_hash", "leaf_hash", "content", "payload", "answer"}
)
"""Columns too long for a line; --json gives them as well."""


@click.command("list")
@data_option
@click.argument("kind", type=click.Choice(list(LISTS)))
@click.option("--last", default=20, show_default=True, help="How many rows, newest last.")
@json_option
def list_rows(data: Path | None, kind: str, last: int, as_json: bool) -> None:
    """List the last rows of KIND, as the ledger keeps them: kgce, kg, fen, microseconds."""
    module, name = LISTS[kind]
    importlib.import_module(module)
    table = Base.metadata.tables[name]
    keys = list(table.primary_key.columns)
    with existing(data) as engine, reading(engine) as connection:
        rows = connection.execute(
            sa.select(table).order_by(*(key.desc() for key in keys)).limit(max(last, 1))
        ).all()
    documents = [_plain(row) for row in reversed(rows)]
    if as_json:
        say_json({kind: documents})
        return
    for document in documents:
        shown = (f"{key}={value}" for key, value in document.items() if key not in LEFT_OUT)
        click.echo("  ".join(shown))


def _plain(row: sa.Row[Any]) -> dict[str, object]:
    return {
        key: value.hex() if isinstance(value, bytes) else value
        for key, value in row._mapping.items()
    }


COMMANDS = {"balance": balance, "list": list_rows}
