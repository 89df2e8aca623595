"""Whose account each account is, by numbers that the journal alone decides."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from ledger.asset import CNY
from ledger.follow import Writes
from ledger.history import EntryTold, Told
from ledger.lineage.asked import asked
from ledger.lineage.lots import holder_of
from ledger.lineage.tables import OwnerRow
from ledger.tables import AssetRow
from ledger.work import Row


class Hop(NamedTuple):
    """From which owner to which units of an asset go, all by number."""

    giver: int
    taker: int
    asset: int


class Owners:
    """
    The owners of the accounts that a stretch of history touches, quota only.

    An owner's number is the first of its accounts that quota ever touched. *of* maps accounts to
    owners, *names* owners to kind and party; *measures* are those of the quota assets.
    """

    def __init__(self, connection: sa.Connection, stretch: Sequence[Told]) -> None:
        codes = connection.execute(sa.select(AssetRow.id, AssetRow.code))
        self.measures = {row.id: row.code.partition(".")[0] for row in codes if row.code != CNY}
        self.of: dict[int, int] = {}
        self.names: dict[int, tuple[str, str]] = {}
        self._new: list[Row] = []
        self._read(connection, _touched(stretch, self.measures))

    def hops(self, entry: EntryTold) -> list[tuple[int, Hop, int]]:
        """Return ordinal, hop and amount of each move of quota between two owners."""
        of, quota = self.of, self.measures
        return [
            (ordinal, Hop(of[source], of[destination], asset), amount)
            for ordinal, source, destination, asset, amount in entry.moves
            if asset in quota and of[source] != of[destination]
        ]

    def named(self, *beginnings: str) -> frozenset[int]:
        """Return the owners whose names begin with one of *beginnings*."""
        return frozenset(
            owner
            for owner, (kind, party) in self.names.items()
            if f"{kind}:{party}".startswith(beginnings)
        )

    def write(self, writes: Writes) -> None:
        """Add to *writes* the accounts that were touched for the first time."""
        if self._new:
            writes.inserts[OwnerRow.__tablename__] = self._new

    def _read(self, connection: sa.Connection, accounts: Sequence[int]) -> None:
        for account, owner, kind, party in asked(connection, _OWNERS, accounts, account="bigint"):
            self.of[account] = owner
            self.names[owner] = (kind, party)
        self._meet(connection, [each for each in accounts if each not in self.of])

    def _meet(self, connection: sa.Connection, accounts: Sequence[int]) -> None:
        """Give numbers to the owners of *accounts*, which stand in the order of the journal."""
        addresses = asked(connection, _ADDRESSES, accounts, account="bigint")
        holders = {account: holder_of(address) for account, address in addresses}
        names = sorted(set(holders.values()))
        known = {
            (kind, party): owner
            for kind, party, owner in asked(connection, _KNOWN, names, kind="text", party="text")
        }
        for account in accounts:
            # An account that does not exist is nobody's, and yet what it moved is followed.
            holder = holders.get(account, ("unknown", str(account)))
            owner = known.setdefault(holder, account)
            self.of[account] = owner
            self.names[owner] = holder
            self._new.append((account, owner, *holder))


_OWNERS = """
SELECT o.account, o.owner, o.kind, o.party
FROM {keys} CROSS JOIN derived_owners o WHERE o.account = k.account
"""
_ADDRESSES = "SELECT a.id, a.address FROM {keys} CROSS JOIN accounts a WHERE a.id = k.account"
_KNOWN = """
SELECT o.kind, o.party, o.owner
FROM {keys} CROSS JOIN derived_owners o WHERE o.kind = k.kind AND o.party = k.party
"""


def _touched(stretch: Sequence[Told], quota: Iterable[int]) -> list[int]:
    """Return the accounts between which quota moved, each once, in the order of the journal."""
    quota = set(quota)
    return list(
        dict.fromkeys(
            account
            for told in stretch
            for entry in told.entries
            for _, source, destination, asset, _ in entry.moves
            if asset in quota
            for account in (source, destination)
        )
    )
