"""statement, difference: what moved on one account, and what a period changed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from api.instants import instant_text
from api.matrix import Reach
from api.moments import period_asked
from api.options import data_option, existing, json_option
from api.paging import Asked
from api.program import wall_clock
from api.read.balances import by_asset, difference
from api.read.ledger import Row, Statement
from api.say import say_json
from ledger.asset import CNY
from ledger.balances import balances_after
from ledger.db import reading
from ledger.post import AccountUnknown
from ledger.tables import AccountRow
from ledger.units import format_tce, format_yuan

ROWS_AT_ONCE = 1_000
EVERYTHING = Reach(everything=True)

_FROM = click.option("--from", "begin", help="A date, or an instant with its zone.")
_TO = click.option("--to", "end", help="A date, that day included, or an instant with its zone.")


@click.command()
@data_option
@click.argument("address")
@_FROM
@_TO
@click.option("--asset", default="", help="Only the moves of one asset, by its code.")
@json_option
def statement(
    data: Path | None,
    address: str,
    begin: str | None,
    end: str | None,
    asset: str,
    as_json: bool,
) -> None:
    """List the moves of the account at ADDRESS, oldest first, with the balance after each."""
    with existing(data) as engine, reading(engine) as connection:
        account = account_at(connection, address)
        first, last = period_asked(connection, _asked(begin, end), now=wall_clock())
        told = Statement(account, EVERYTHING, asset=asset, first=first, last=last)
        lines = [_line(line) for line in _lines(connection, told)]
        opening, closing = (
            [
                {"asset": row["asset"], "amount": str(row["amount"])}
                for row in by_asset(connection, balances_after(connection, account["id"], entry))
                if asset in ("", row["asset"])
            ]
            for entry in (first, last)
        )
    if as_json:
        say_json({"account": address, "opening": opening, "moves": lines, "closing": closing})
        return
    _say_amounts("opening", opening)
    for line in lines:
        change, balance = (shown(int(line[name]), line["asset"]) for name in ("change", "balance"))
        click.echo(
            f"{line['recorded_at']}  {line['entry']:>8}  {line['code']:<12} {line['other']:<40} "
            f"{line['asset']:<44} {change:>20} {balance:>24}"
        )
    _say_amounts("closing", closing)


@click.command("difference")
@data_option
@click.argument("address")
@_FROM
@_TO
@json_option
def tell_difference(
    data: Path | None, address: str, begin: str | None, end: str | None, as_json: bool
) -> None:
    """Show what a period changed on the account at ADDRESS: opening, received, given, closing."""
    with existing(data) as engine, reading(engine) as connection:
        account = account_at(connection, address)
        asked = _asked(begin, end)
        items = difference(connection, account, asked, now=wall_clock())["items"]
    changes = [
        {"asset": row["asset"], **{name: str(row[name]) for name in AMOUNTS}} for row in items
    ]
    if as_json:
        say_json({"account": address, "differences": changes})
        return
    for change in changes:
        told = ", ".join(f"{name} {shown(int(change[name]), change['asset'])}" for name in AMOUNTS)
        click.echo(f"{change['asset']:<44} {told}")
    if not changes:
        click.echo(f"nothing was on {address}, and nothing moved", err=True)


AMOUNTS = ("opening", "received", "given", "closing")


def account_at(connection: sa.Connection, address: str) -> Row:
    """Return the account at *address*; refuse one that has not been opened."""
    query = sa.select(*AccountRow.__table__.columns).where(AccountRow.address == address)
    found = connection.execute(query).mappings().first()
    if found is None:
        raise AccountUnknown(address)
    return dict(found)


def shown(amount: int, asset: str) -> str:
    """Return an amount as people read it, with its unit."""
    return f"{format_yuan(amount)} yuan" if asset == CNY else f"{format_tce(amount)} t"


def _asked(begin: str | None, end: str | None) -> dict[str, str]:
    return {name: text for name, text in (("from", begin), ("to", end)) if text is not None}


def _lines(connection: sa.Connection, told: Statement) -> Iterator[Row]:
    page = Asked((), ROWS_AT_ONCE - 1, b"", "")
    while rows := told.query(connection, page, False):
        yield from told.fill(connection, rows)
        behind = (rows[-1]["entry"], rows[-1]["ordinal"])
        page = Asked(behind, ROWS_AT_ONCE - 1, b"", "")


def _line(line: Row) -> dict[str, Any]:
    names = ("entry", "ordinal", "code", "rule", "reference", "other", "asset")
    return {
        "recorded_at": instant_text(line["recorded_at"]),
        **{name: line[name] for name in names},
        "change": str(line["change"]),
        "balance": str(line["balance"]),
    }


def _say_amounts(what: str, amounts: Sequence[Mapping[str, str]]) -> None:
    told = ", ".join(f"{one['asset']} {shown(int(one['amount']), one['asset'])}" for one in amounts)
    click.echo(f"{what}: {told or 'nothing'}")


COMMANDS = {"statement": statement, "difference": tell_difference}
