"""
What both programs for plain-text accounting need: names, roots, days, and the order of the file.

Both want five roots. What enterprises, sources, districts, the venue and the treasury have are
assets of the books; what was used up or ended is an expense; the bank's side of all client money is
a liability, and the scheme's side of all quota is equity. Those last two are the accounts that may
go below zero, as such roots do in these programs.

Rules: AUD-40, AUD-42.
"""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TextIO

import sqlalchemy as sa

from ledger.db import reading
from ledger.export_amounts import decimal_text, unit_of
from ledger.export_directory import Exported, begin, end, require_empty
from ledger.export_journal import (
    Balance,
    Named,
    Span,
    accounts_of,
    assets_of,
    balances_of,
    in_order_of_effect,
    span_of,
)
from ledger.history import EntryTold

NAMES_FILE = "names.csv"


@dataclass(frozen=True, slots=True)
class Names:
    """A program's names of accounts and assets by id, and how many decimals an asset has."""

    accounts: Mapping[int, str]
    assets: Mapping[int, str]
    decimals: Mapping[int, int]

    def amount(self, asset: int, minor: int) -> str:
        """Return an amount of an asset with its commodity: ``5.000 CNY``."""
        return f"{decimal_text(minor, self.decimals[asset])} {self.assets[asset]}"


@dataclass(frozen=True, slots=True)
class Program:
    """
    How one program writes each thing; every text ends its last line.

    *heading* takes the ledger's id; *asset* and *account* take the day before all others;
    *balance* states what an account has at the end of the last day.
    """

    form: str
    file: str
    account_name: Callable[[str], str]
    asset_name: Callable[[Named], str]
    heading: Callable[[str], str]
    asset: Callable[[date, Named, Names], str]
    account: Callable[[date, Named, Names], str]
    transaction: Callable[[EntryTold, Names], str]
    balance: Callable[[date, Balance, Names], str]


def export_books(engine: sa.Engine, directory: Path, program: Program) -> Exported:
    """
    Write one snapshot into *directory* as one file for *program*, and the table of names.

    Rules: AUD-25, AUD-40, AUD-42.
    """
    require_empty(directory)
    with reading(engine) as connection:
        snapshot = begin(connection, directory)
        days = span_of(connection)
        accounts, assets = accounts_of(connection), assets_of(connection)
        names = Names(
            accounts={each.id: program.account_name(each.name) for each in accounts},
            assets={each.id: program.asset_name(each) for each in assets},
            decimals={each.id: unit_of(each.name).decimals for each in assets},
        )
        with (directory / program.file).open("x", encoding="utf-8", newline="\n") as file:
            file.write(program.heading(snapshot.ledger_id))
            counts = {
                "assets": _each(file, (program.asset(days.first, one, names) for one in assets)),
                "accounts": _each(
                    file, (program.account(days.first, one, names) for one in accounts)
                ),
                **_movements(connection, file, program, days=days, names=names),
            }
    _write_names(directory, accounts, assets, names)
    return end(directory, snapshot, form=program.form, counts=counts)


def root_of(address: str) -> str:
    """Return the root under which the books keep the account at *address*."""
    if address == "scheme:issuance":
        return "equity"
    owner = address.partition(":")[0]
    return {"bank": "liabilities", "scheme": "expenses"}.get(owner, "assets")


def _movements(
    connection: sa.Connection, file: TextIO, program: Program, *, days: Span, names: Names
) -> dict[str, int]:
    entries = (program.transaction(one, names) for one in in_order_of_effect(connection))
    balances = (program.balance(days.last, one, names) for one in balances_of(connection))
    return {"entries": _each(file, entries), "balances": _each(file, balances)}


def _each(file: TextIO, texts: Iterable[str]) -> int:
    """Write *texts* as they come and return how many there were."""
    count = 0
    for text in texts:
        file.write(text)
        count += 1
    return count


def _write_names(
    directory: Path, accounts: Sequence[Named], assets: Sequence[Named], names: Names
) -> None:
    with (directory / NAMES_FILE).open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("what", "ledger", "program"))
        writer.writerows(("account", each.name, names.accounts[each.id]) for each in accounts)
        writer.writerows(("asset", each.name, names.assets[each.id]) for each in assets)
