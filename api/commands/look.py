"""balance: what an account holds."""

from pathlib import Path

import click
import sqlalchemy as sa

from api.options import data_option, existing, json_option
from api.say import say_json
from ledger.asset import CNY
from ledger.db import reading
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


COMMANDS = {"balance": balance}
