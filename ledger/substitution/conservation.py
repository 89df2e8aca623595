"""
What became of all that was ever confirmed: nothing is lost, nothing is there twice.

For each measure, basis, origin and area: confirmed = available + reserved + consumed + collected +
expired + revoked. What was confirmed is told by rows, the rest by balances and postings, so that a
row without its posting, or a posting without its row, shows as a difference.

Rule: FRQ-86.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from ledger.asset import parse_asset
from ledger.substitution.holders import RESERVE
from ledger.substitution.reserve_tables import SourceHolderRow
from ledger.substitution.tables import FreedSourceRow
from ledger.tables import AccountRow, AssetRow, BalanceRow, PostingRow

FATES = ("available", "reserved", "consumed", "collected", "expired", "revoked")
"""What may have become of a confirmed unit; each unit is in exactly one of them."""


class Position(NamedTuple):
    """Of one measure, basis, origin and area: what was confirmed, and what became of it."""

    measure: str
    basis: str
    origin: str
    area: str
    confirmed: int
    available: int
    reserved: int
    consumed: int
    collected: int
    expired: int
    revoked: int

    @property
    def difference(self) -> int:
        """Return what was confirmed less everything that became of it: zero, or a fault."""
        became = self.available + self.reserved + self.consumed + self.collected
        return self.confirmed - became - self.expired - self.revoked


def positions(connection: sa.Connection) -> list[Position]:
    """Return the position of every class of freed quota, in order of its dimensions. FRQ-86."""
    amounts: dict[tuple[str, str, str, str], dict[str, int]] = {}
    for code, fate, amount in _facts(connection):
        asset = parse_asset(code)
        key = (asset.measure, asset.basis, asset.origin.value, asset.area)
        of_class = amounts.setdefault(key, dict.fromkeys(("confirmed", *FATES), 0))
        of_class[fate] += amount
    return [Position(*key, *of_class.values()) for key, of_class in sorted(amounts.items())]


def _facts(connection: sa.Connection) -> Iterator[tuple[str, str, int]]:
    """Yield asset, fate and amount of everything that is known of freed quota."""
    holders = _holders(connection)
    sources = connection.execute(
        sa.select(FreedSourceRow.id, FreedSourceRow.asset, FreedSourceRow.amount)
    ).all()
    for source, code, amount in sources:
        _, parent = holders.get(source, ("", ""))
        if not parent:
            yield code, "confirmed", amount
    yield from _balances(connection, holders)
    yield from _ends(connection)


def _holders(connection: sa.Connection) -> Mapping[str, tuple[str, str]]:
    """Return holder and parent of every source that has a row of its own."""
    query = sa.select(SourceHolderRow.source, SourceHolderRow.holder, SourceHolderRow.parent)
    return {source: (holder, parent) for source, holder, parent in connection.execute(query)}


def _balances(
    connection: sa.Connection, holders: Mapping[str, tuple[str, str]]
) -> Iterator[tuple[str, str, int]]:
    """Yield what sources hold, and what projects used up of them."""
    query = (
        sa.select(AccountRow.address, AssetRow.code, BalanceRow.amount)
        .join(AccountRow, AccountRow.id == BalanceRow.account_id)
        .join(AssetRow, AssetRow.id == BalanceRow.asset_id)
        .where(
            AccountRow.address.like("source:%") | AccountRow.address.like("scheme:substituted:%"),
            BalanceRow.amount != 0,
        )
    )
    for address, code, amount in connection.execute(query):
        yield code, _fate(address, holders), amount


def _fate(address: str, holders: Mapping[str, tuple[str, str]]) -> str:
    if address.startswith("scheme:"):
        return "consumed"
    source = address.split(":")[1]
    holder, _ = holders.get(source, ("", ""))
    if holder.startswith(RESERVE):
        return "collected"
    return "reserved" if address.endswith(":reserved") else "available"


def _ends(connection: sa.Connection) -> Iterator[tuple[str, str, int]]:
    """Yield what expired and what was revoked; rights that expire were never a source."""
    giver, taker = aliased(AccountRow), aliased(AccountRow)
    query = (
        sa.select(taker.address, AssetRow.code, sa.func.sum(PostingRow.amount))
        .join(taker, taker.id == PostingRow.destination_id)
        .join(giver, giver.id == PostingRow.source_id)
        .join(AssetRow, AssetRow.id == PostingRow.asset_id)
        .where(
            taker.address.in_(("scheme:expired", "scheme:revoked")),
            giver.address.like("source:%") | giver.address.like("scheme:substituted:%"),
        )
        .group_by(taker.address, AssetRow.code)
    )
    for address, code, amount in connection.execute(query):
        yield code, address.removeprefix("scheme:"), int(amount)
