"""
Write the ledger as one Beancount file: every entry a transaction, every balance an assertion.

Accounts and assets get names that Beancount allows; each `open` and `commodity` says the ledger's
own name.

Rule: AUD-42.
"""

import re
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

from ledger.asset import CNY, parse_asset
from ledger.export_books import Names, Program, export_books, root_of
from ledger.export_directory import Exported
from ledger.export_journal import Balance, Named
from ledger.export_times import day_text
from ledger.history import EntryTold

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_WORD = re.compile("[a-z][a-z_]+", re.ASCII)


def export_beancount(engine: sa.Engine, directory: Path) -> Exported:
    """Write one snapshot into *directory* as a Beancount file. Rules: AUD-25, AUD-40, AUD-42."""
    return export_books(engine, directory, BEANCOUNT)


def account_name(address: str) -> str:
    """
    Return the Beancount account of the one at *address*.

    ``enterprise:E_1:cash_held`` becomes ``Assets:Enterprise:E-u1:Cash-held``. No two addresses
    share a name: an id has no small letters, so ``-u`` can only be its ``_``, and what begins with
    a capital and a small letter can only be one of the chart's own words.
    """
    return ":".join((root_of(address).capitalize(), *map(_segment, address.split(":"))))


def commodity_name(asset: Named) -> str:
    """
    Return the commodity of an asset: what it measures, its period and its number.

    The whole code, at up to 70 characters, is longer than the 24 that every version takes.
    """
    if asset.name == CNY:
        return "CNY"
    parsed = parse_asset(asset.name)
    return f"{parsed.measure.partition('-')[0]}-{parsed.period}-{asset.id}".upper()


def _segment(part: str) -> str:
    if _WORD.fullmatch(part):
        return part[0].upper() + part[1:].replace("_", "-")
    return part.replace("_", "-u")


def _heading(ledger: str) -> str:
    return f'option "title" {_quoted(ledger)}\n\n'


def _asset(day: date, asset: Named, names: Names) -> str:
    return f"{day} commodity {names.assets[asset.id]}\n  code: {_quoted(asset.name)}\n"


def _account(day: date, account: Named, names: Names) -> str:
    return f"{day} open {names.accounts[account.id]}\n  address: {_quoted(account.name)}\n"


def _transaction(entry: EntryTold, names: Names) -> str:
    """Return an entry as a transaction; each posting gives two legs, in the order of postings."""
    facts: dict[str, object] = {
        "entry": entry.sequence,
        "command": entry.command_sequence,
        "rule": _quoted(entry.rule),
    }
    if entry.reference is not None:
        facts["reference"] = _quoted(entry.reference)
    if entry.reverses is not None:
        facts["reverses"] = entry.reverses
    lines = [f'{day_text(entry.effective_at)} * "{entry.code}"']
    lines += [f"  {key}: {value}" for key, value in facts.items()]
    for _, source, destination, asset, amount in entry.moves:
        said = names.amount(asset, amount)
        lines.append(f"  {names.accounts[source]} -{said}")
        lines.append(f"  {names.accounts[destination]} {said}")
    return "\n".join(lines) + "\n"


def _balance(last: date, balance: Balance, names: Names) -> str:
    """Return the assertion of a balance; it holds in the morning, so on the day after the last."""
    account, asset = names.accounts[balance.account_id], balance.asset_id
    number, commodity = names.amount(asset, balance.amount).split(" ")
    # Without the explicit tolerance a difference of one minor unit would pass.
    return f"{last + timedelta(days=1)} balance {account} {number} ~ 0 {commodity}\n"


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


BEANCOUNT = Program(
    form="yongneng/beancount/1",
    file="ledger.beancount",
    account_name=account_name,
    asset_name=commodity_name,
    heading=_heading,
    asset=_asset,
    account=_account,
    transaction=_transaction,
    balance=_balance,
)
