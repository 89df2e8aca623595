"""
Write the ledger as one hledger journal: every entry a transaction, every balance an assertion.

hledger takes the ledger's own names: an account is its address below one of five roots, a commodity
is the asset's code in quotes.

Rule: AUD-42.
"""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from ledger.export_amounts import decimal_text
from ledger.export_books import Names, Program, export_books, root_of
from ledger.export_directory import Exported
from ledger.export_journal import Balance, Named
from ledger.export_times import day_text
from ledger.history import EntryTold

_NOT_IN_A_TAG = re.compile(r"[%,;\[\]\x00-\x1f\x7f]|^\s+|\s+$")
"""What would end the value of a tag, or be read as something else in a comment."""


def export_hledger(engine: sa.Engine, directory: Path) -> Exported:
    """Write one snapshot into *directory* as an hledger journal. Rules: AUD-25, AUD-40, AUD-42."""
    return export_books(engine, directory, HLEDGER)


def account_name(address: str) -> str:
    """Return the hledger account of the one at *address*: ``assets:enterprise:E001:cash``."""
    return f"{root_of(address)}:{address}"


def _commodity_name(asset: Named) -> str:
    return f'"{asset.name}"'


def _heading(ledger: str) -> str:
    return f"; ledger: {ledger}\ndecimal-mark .\n\n"


def _asset(_day: date, asset: Named, names: Names) -> str:
    sample = decimal_text(10**6, names.decimals[asset.id])
    return f"commodity {sample} {names.assets[asset.id]}\n"


def _account(_day: date, account: Named, names: Names) -> str:
    return f"account {names.accounts[account.id]}\n"


def _transaction(entry: EntryTold, names: Names) -> str:
    """Return an entry as a transaction; each posting gives two legs, in the order of postings."""
    lines = [f"\n{day_text(entry.effective_at)} * ({entry.sequence}) {entry.code}"]
    lines += [f"    ; {key}:{value}" for key, value in _tags(entry)]
    for _, source, destination, asset, amount in entry.moves:
        said = names.amount(asset, amount)
        lines.append(f"    {names.accounts[source]}  -{said}")
        lines.append(f"    {names.accounts[destination]}  {said}")
    return "\n".join(lines) + "\n"


def _tags(entry: EntryTold) -> Iterator[tuple[str, str]]:
    yield "entry", str(entry.sequence)
    yield "command", str(entry.command_sequence)
    yield "rule", _tag(entry.rule)
    if entry.reference is not None:
        yield "reference", _tag(entry.reference)
    if entry.reverses is not None:
        yield "reverses", str(entry.reverses)


def _tag(text: str) -> str:
    """Return *text* as the value of a tag; what a tag cannot hold is percent-encoded."""
    return _NOT_IN_A_TAG.sub(lambda found: quote(found[0], safe=""), text)


def _balance(last: date, balance: Balance, names: Names) -> str:
    """Return the assertion of a balance: a transaction that moves nothing, on the last day."""
    account, asset = names.accounts[balance.account_id], balance.asset_id
    nothing, said = names.amount(asset, 0), names.amount(asset, balance.amount)
    return f"\n{last} * balance\n    {account}  {nothing} = {said}\n"


HLEDGER = Program(
    form="yongneng/hledger/1",
    file="ledger.journal",
    account_name=account_name,
    asset_name=_commodity_name,
    heading=_heading,
    asset=_asset,
    account=_account,
    transaction=_transaction,
    balance=_balance,
)
