"""
Keep totals of what moved between groups of owners, month by month: what a flow chart is drawn from.

Groups are those of district and sector, both of which an enterprise keeps for good; all other ends
stay accounts of their own. So the totals are few, however many enterprises trade.

Rule: AUD-34.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from ledger.asset import CNY
from ledger.days import day_of
from ledger.entry import EntryCode
from ledger.follow import Position, Projection, Writes
from ledger.history import EntryTold, Told
from ledger.lineage.asked import asked
from ledger.lineage.lots import holder_of
from ledger.lineage.tables import FlowRow
from ledger.tables import AssetRow
from ledger.work import Row

AMOUNT_MAX = (1 << 63) - 1
"""Where a total that the database cannot count stands still; no real month comes near."""

_ALLOCATION = re.compile(r"allocation:(?P<year>[0-9]{4}):(?P<measure>[^:]+):(?P<firm>[^:]+):")

Key = tuple[int, int, str, str, str]
"""Asset, month, how, giver, taker: the key of `FlowRow`."""


def plan(connection: sa.Connection, stretch: Sequence[Told], _before: Position) -> Writes:
    """
    Return the totals that *stretch* changes.

    Moves between accounts of one owner do not count. Rule: AUD-34.
    """
    entries = [entry for told in stretch for entry in told.entries]
    ends = _ends(connection, entries)
    owners = {account: holder_of(address) for account, address in ends.items()}
    groups = _groups(connection, ends)
    methods = _methods(connection, entries)
    cash = connection.execute(sa.select(AssetRow.id).where(AssetRow.code == CNY)).scalar()
    moved: dict[Key, int] = defaultdict(int)
    for told in stretch:
        month = month_of(told.command.recorded_at)
        for entry in told.entries:
            how = methods.get(entry.reference or "", entry.code)
            for _, source, destination, asset, amount in entry.moves:
                if asset != cash and owners[source] != owners[destination]:
                    key = (asset, month, how, groups[source], groups[destination])
                    moved[key] += amount
    return _added(connection, moved)


def month_of(microseconds: int) -> int:
    """Return the Shanghai month of an instant as year × 100 + month."""
    day = day_of(microseconds)
    return day.year * 100 + day.month


def _ends(connection: sa.Connection, entries: Sequence[EntryTold]) -> dict[int, str]:
    """Return the addresses of the accounts that *entries* touch."""
    ids = sorted({end for entry in entries for move in entry.moves for end in move[1:3]})
    found = {account: f"unknown:{account}" for account in ids}
    found.update(asked(connection, _ADDRESSES, ids, account="bigint"))
    return found


def _groups(connection: sa.Connection, ends: Mapping[int, str]) -> dict[int, str]:
    """Return the group that each account belongs to."""
    ids = sorted({address.split(":")[1] for address in ends.values() if _is_firm(address)})
    firms = {
        firm: f"enterprise:{district}:{sector}"
        for firm, district, sector in asked(connection, _FIRMS, ids, id="text")
    }
    # A ledger may have accounts of enterprises that were never registered.
    return {
        account: firms.get(address.split(":")[1], "enterprise::") if _is_firm(address) else address
        for account, address in ends.items()
    }


def _is_firm(address: str) -> bool:
    return address.startswith("enterprise:")


def _methods(connection: sa.Connection, entries: Sequence[EntryTold]) -> dict[str, str]:
    """
    Return by reference how an allocation was worked out: "allocation:" and its method.

    An issued allocation keeps its method for good, so that this is the same whenever it is asked.
    """
    issued = []
    for entry in entries:
        match = _ALLOCATION.match(entry.reference or "")
        if match and entry.code == EntryCode.ALLOCATION:
            issued.append((int(match["year"]), match["measure"], match["firm"]))
    types = {"year": "bigint", "measure": "text", "firm": "text"}
    return {
        f"allocation:{year}:{measure}:{firm}:{product}": f"allocation:{method}"
        for year, measure, firm, product, method in asked(connection, _METHODS, issued, **types)
    }


_ADDRESSES = "SELECT a.id, a.address FROM {keys} CROSS JOIN accounts a WHERE a.id = k.account"
_FIRMS = """
SELECT e.id, e.district, e.sector FROM {keys} CROSS JOIN enterprises e WHERE e.id = k.id
"""
_METHODS = """
SELECT a.year, a.measure, a.enterprise, a.product, a.method
FROM {keys} CROSS JOIN allocations a
WHERE a.year = k.year AND a.measure = k.measure AND a.enterprise = k.firm
"""
_KNOWN = """
SELECT f.asset, f.month, f.how, f.giver, f.taker, f.amount
FROM {keys} CROSS JOIN derived_flows f
WHERE f.asset = k.asset AND f.month = k.month AND f.how = k.how
  AND f.giver = k.giver AND f.taker = k.taker
"""


def _added(connection: sa.Connection, moved: Mapping[Key, int]) -> Writes:
    """Return the rows of *moved*, each with what it had before."""
    totals = dict(moved)
    types = {"asset": "bigint", "month": "bigint", "how": "text", "giver": "text", "taker": "text"}
    for *key, amount in asked(connection, _KNOWN, list(moved), **types):
        totals[tuple(key)] += amount
    if not totals:
        return Writes()
    rows: list[Row] = [(*key, min(amount, AMOUNT_MAX)) for key, amount in totals.items()]
    return Writes(upserts={FlowRow.__tablename__: rows})


FLOWS = Projection("flows", 1, (FlowRow.__tablename__,), plan)
"""What moved between groups of owners, in all. Rule: AUD-34."""
