"""balance, list: what accounts hold, and what the ledger keeps."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from api.commands.past import shown
from api.moments import entry_asked, ledger_now, read_moment, require_one
from api.options import data_option, existing, json_option
from api.program import wall_clock
from api.say import say_json
from ledger.balances import address_range, balances_effective
from ledger.db import Base, reading
from ledger.snapshots import standings
from ledger.tables import AccountRow, AssetRow, BalanceRow


@click.command()
@data_option
@click.argument("prefix")
@click.option("--as-of", help="As of a date, that day included, or an instant with its zone.")
@click.option("--entry", type=click.IntRange(min=0), help="As of an entry, by its number.")
@click.option("--effective", help="By the effect of entries, at a date or an instant.")
@json_option
def balance(
    data: Path | None,
    prefix: str,
    as_of: str | None,
    entry: int | None,
    effective: str | None,
    as_json: bool,
) -> None:
    """Show the balances of every account whose address begins with PREFIX, now or in the past."""
    named = {"as_of": as_of, "as_of_entry": entry, "effective": effective}
    asked = {name: value for name, value in named.items() if value is not None}
    with existing(data) as engine, reading(engine) as connection:
        rows = _balances(connection, address_range(prefix.removesuffix("*")), asked)
    if as_json:
        items = [
            {"account": address, "asset": asset, "amount": str(amount)}
            for address, asset, amount in rows
        ]
        say_json({"balances": items})
        return
    for address, asset, amount in rows:
        click.echo(f"{address:<44} {asset:<48} {shown(amount, asset):>24}")
    if not rows:
        click.echo(f"no account that begins with {prefix!r} holds anything", err=True)


def _balances(
    connection: sa.Connection, own: sa.ColumnElement[bool], asked: Mapping[str, Any]
) -> list[tuple[str, str, int]]:
    """Return address, asset and amount of what accounts have, or had at the moment asked for."""
    require_one(asked, "as_of", "as_of_entry", "effective")
    if not asked:
        query = (
            sa.select(AccountRow.address, AssetRow.code, BalanceRow.amount)
            .join(AccountRow, AccountRow.id == BalanceRow.account_id)
            .join(AssetRow, AssetRow.id == BalanceRow.asset_id)
            .where(own, BalanceRow.amount != 0)
            .order_by(AccountRow.id, AssetRow.id)
        )
        return [(row.address, row.code, row.amount) for row in connection.execute(query)]
    now = ledger_now(connection, wall_clock())
    accounts = connection.execute(sa.select(AccountRow.id, AccountRow.address).where(own))
    addresses = {row.id: row.address for row in accounts}
    codes = {row.id: row.code for row in connection.execute(sa.select(AssetRow.id, AssetRow.code))}
    if "effective" in asked:
        instant = read_moment(asked["effective"], now=now)
        found = {
            (account, asset): amount
            for account in addresses
            for asset, amount in balances_effective(connection, account, instant).items()
        }
    else:
        entry = entry_asked(connection, asked, now=now)
        assert entry is not None
        stand = standings(connection, addresses, entry)
        found = {place: one.amount for place, one in stand.items() if one.amount}
    return [
        (addresses[account], codes[asset], found[account, asset])
        for account, asset in sorted(found)
    ]


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
        fields = (f"{key}={value}" for key, value in document.items() if key not in LEFT_OUT)
        click.echo("  ".join(fields))


def _plain(row: sa.Row[Any]) -> dict[str, object]:
    return {
        key: value.hex() if isinstance(value, bytes) else value
        for key, value in row._mapping.items()
    }


COMMANDS = {"balance": balance, "list": list_rows}
