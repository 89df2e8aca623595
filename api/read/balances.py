"""
Balances of the past: of one account, over a period, and of all accounts of one beginning.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.moments import entry_asked, ledger_now, period_asked, read_moment, require_one
from api.paging import Asked, Window
from api.read.ledger import Row, assets_by_id, visible_account
from ledger import balances
from ledger.balances import Amounts
from ledger.past import last_entry
from ledger.tables import AccountRow


def at_moment(
    connection: sa.Connection, account: Row, asked: Mapping[str, Any], *, now: int
) -> Row:
    """
    Return what *account* had at the moment that is asked for, and the last entry that counts.

    *asked* has as_of_entry, as_of or effective, or none for what it has now.
    """
    require_one(asked, "as_of_entry", "as_of", "effective")
    entry, effective_at = last_entry(connection), None
    if "effective" in asked:
        effective_at = read_moment(asked["effective"], now=ledger_now(connection, now))
        found = balances.balances_effective(connection, account["id"], effective_at)
    elif (then := entry_asked(connection, asked, now=now)) is not None:
        entry = then
        found = balances.balances_after(connection, account["id"], entry)
    else:
        found = balances.balances_now(connection, account["id"])
    return {
        "account": account["address"],
        "entry": entry,
        "effective_at": effective_at,
        "items": by_asset(connection, found),
    }


def by_asset(connection: sa.Connection, amounts: Amounts) -> list[Row]:
    """Return asset fields and *amount* of each asset, in order of its code."""
    assets = assets_by_id(connection, amounts)
    rows = [{**assets[asset], "amount": amount} for asset, amount in amounts.items()]
    return sorted(rows, key=lambda row: str(row["asset"]))


def difference(
    connection: sa.Connection, account: Row, asked: Mapping[str, Any], *, now: int
) -> Row:
    """Return what a period did to *account*: each asset's opening, received, given, closing."""
    first, last = period_asked(connection, asked, now=now)
    found = balances.differences(connection, account["id"], first, last)
    assets = assets_by_id(connection, found)
    rows: list[Row] = [{**assets[asset], **its._asdict()} for asset, its in found.items()]
    return {
        "account": account["address"],
        "from_entry": first,
        "to_entry": last,
        "items": sorted(rows, key=lambda row: str(row["asset"])),
    }


def totals(asked: Mapping[str, Any], reach: Reach, *, only_cash: bool, now: int) -> Window:
    """Return the window on what all accounts of `prefix` within *reach* have together, by asset."""
    require_one(asked, "as_of_entry", "as_of")
    own = sa.select(AccountRow.id).where(
        balances.beginning_with(asked.get("prefix", "*")),
        visible_account(reach, only_cash=only_cash),
    )

    def rows(connection: sa.Connection, page: Asked, newest_first: bool) -> Sequence[Row]:
        assert not newest_first, "totals stand in the order of assets"
        entry = entry_asked(connection, asked, now=now)
        found = (
            balances.totals_now(connection, own)
            if entry is None
            else balances.totals_after(connection, own, entry)
        )
        behind = str(page.after[0]) if page.after else ""
        every = [row for row in by_asset(connection, found) if row["asset"] > behind]
        return every[: page.limit + 1]

    return rows
