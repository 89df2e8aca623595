"""
Hold balances and holds against the recount of history.

Rule: AUD-24.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from ledger.chart import AccountMalformed, is_held, place_of
from ledger.finding import Findings
from ledger.history import in_order
from ledger.recount import Place, Recount
from ledger.tables import BalanceRow, HoldRow


def check_balances(connection: sa.Connection, findings: Findings, recount: Recount) -> None:
    """
    Hold balances against postings, every asset against zero, and accounts against going below it.

    Rule: REG-14.
    """
    totals: defaultdict[int, int] = defaultdict(int)
    missing = set(recount.sums)
    rows = connection.execute(sa.select(BalanceRow.__table__)).all()
    for row in rows:
        check_balance(findings, recount, row)
        missing.discard((row.account_id, row.asset_id))
        totals[row.asset_id] += row.amount
    check_missing(findings, recount, missing)
    for asset, total in sorted(totals.items()):
        if total:
            code = recount.names.assets.get(asset, str(asset))
            findings.problem("conservation", code, "balances do not sum to zero", total=total)
    findings.fact("balances", balances=len(rows))
    findings.fact("conservation", assets=len(totals))


def check_balance(findings: Findings, recount: Recount, row: sa.Row[Any]) -> None:
    """Hold one row of balances against its postings and against going below zero."""
    account, asset, amount = row.account_id, row.asset_id, row.amount
    where = _where(recount, (account, asset))
    summed = recount.sums.get((account, asset))
    if summed != amount:
        posted = "nothing" if summed is None else str(summed)
        findings.problem(
            "balances", where, "it is not what was posted", stored=amount, posted=posted
        )
    address = recount.names.accounts.get(account, "")
    lawful = is_in_chart(address) and place_of(address).overdraws
    if row.overdraws != int(lawful) or (amount < 0 and not lawful):
        findings.problem("negatives", where, "it may not be below zero", stored=amount)


def check_missing(findings: Findings, recount: Recount, places: Iterable[Place]) -> None:
    """Note *places*, to which something was posted and which have no row."""
    for place in sorted(places):
        findings.problem("balances", _where(recount, place), "it has no balance")


def check_holds(connection: sa.Connection, findings: Findings, recount: Recount) -> None:
    """
    Hold every hold against its entry, and held accounts against what their open holds have left.

    Both are equal, for every asset: nothing but holds brings units into such an account, and
    nothing lies there that no hold explains. Rule: REG-15.
    """
    remaining: defaultdict[Place, int] = defaultdict(int)
    seen = 0
    for row in in_order(connection, HoldRow, 0):
        seen += 1
        check_hold(findings, recount, row)
        remaining[row.held_id, row.asset_id] += row.remaining
    check_unheld(findings, recount)
    check_held(findings, recount, remaining)
    findings.fact("holds", holds=seen)


def check_hold(findings: Findings, recount: Recount, row: sa.Row[Any]) -> None:
    """Hold one row of holds against its entry, which is then done with."""
    posted = recount.held.pop(row.id, None)
    if posted != (row.account_id, row.held_id, row.asset_id, row.amount):
        findings.problem("holds", f"hold {row.id}", "it is not what its entry set aside")


def check_unheld(findings: Findings, recount: Recount) -> None:
    """Note the entries that placed a hold of which no row is left."""
    for entry in sorted(recount.held):
        findings.problem("holds", f"entry {entry}", "the hold that it placed has no row")


def check_held(findings: Findings, recount: Recount, remaining: Mapping[Place, int]) -> None:
    """Hold what lies in held accounts against what their holds have left."""
    held = {place for place in recount.sums if is_held(recount.names.accounts.get(place[0], ""))}
    for place in sorted(held | remaining.keys()):
        stored, left = recount.sums.get(place, 0), remaining.get(place, 0)
        if stored != left:
            findings.problem(
                "holds",
                _where(recount, place),
                "open holds do not explain it",
                stored=stored,
                held=left,
            )


def is_in_chart(address: str) -> bool:
    """Return whether *address* can be an account at all."""
    try:
        place_of(address)
    except AccountMalformed:
        return False
    return True


def _where(recount: Recount, place: Place) -> str:
    account, asset = place
    address = recount.names.accounts.get(account, f"account {account}")
    return f"{address} {recount.names.assets.get(asset, f'asset {asset}')}"
