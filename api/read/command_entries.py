"""
A command with what it wrote, and what became of a proposal: for pages that follow a number.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from ledger.days import start_of
from ledger.tables import AccountRow, AssetRow, CommandRow, EntryRow, PostingRow, ProposalRow

Row = Mapping[str, Any]

ACCOUNTS_MAX = 2_000
"""Accounts a prefix may stand for in a filter of entries; a longer prefix finds fewer."""


def proposal(connection: sa.Connection, number: int) -> Row | None:
    """Return the proposal of this number, None where that command made none."""
    query = sa.select(*ProposalRow.__table__.columns).where(ProposalRow.id == number)
    found = connection.execute(query).mappings().first()
    return None if found is None else dict(found)


def decision_of(connection: sa.Connection, number: int) -> Row | None:
    """Return the command that approved or rejected proposal *number*, None while it waits."""
    named = CommandRow.payload.contains(f'"proposal":{number}')
    decides = CommandRow.kind.in_(("proposal.approve", "proposal.reject"))
    query = (
        sa.select(
            CommandRow.sequence,
            CommandRow.kind,
            CommandRow.actor,
            CommandRow.payload,
            CommandRow.recorded_at,
        )
        .where(CommandRow.sequence > number, decides, CommandRow.code == "ok", named)
        .order_by(CommandRow.sequence)
    )
    for row in connection.execute(query).mappings():
        # A longer number begins with the same digits, so the text is looked at whole.
        text = row["payload"]
        if f'"proposal":{number},' in text or f'"proposal":{number}}}' in text:
            return dict(row)
    return None


def entries_of_day(connection: sa.Connection, day: date) -> range:
    """Return the sequences of the entries recorded on a Shanghai *day*; time follows sequence."""
    last = connection.execute(sa.select(sa.func.max(EntryRow.sequence))).scalar_one() or 0
    every = range(1, int(last) + 1)
    at = _recorded_at(connection)
    ends = (start_of(day), start_of(day + timedelta(days=1)))
    first, end = (bisect_left(every, instant, key=at) for instant in ends)
    return every[first:end]


def _recorded_at(connection: sa.Connection) -> Callable[[int], int]:
    def at(entry: int) -> int:
        query = (
            sa.select(CommandRow.recorded_at)
            .join(EntryRow, EntryRow.command_sequence == CommandRow.sequence)
            .where(EntryRow.sequence == entry)
        )
        return int(connection.execute(query).scalar_one())

    return at


def moving(
    connection: sa.Connection, *, prefix: str = "", asset: str = ""
) -> sa.ColumnElement[bool]:
    """Return the condition that an entry moves *asset*, on accounts that begin with *prefix*."""
    conditions: list[sa.ColumnElement[bool]] = [PostingRow.entry == EntryRow.sequence]
    if prefix:
        begins = sa.func.substr(AccountRow.address, 1, len(prefix)) == prefix
        query = sa.select(AccountRow.id).where(begins).order_by(AccountRow.id)
        ids = list(connection.execute(query.limit(ACCOUNTS_MAX + 1)).scalars())
        if len(ids) <= ACCOUNTS_MAX and not asset:
            return _on_accounts(ids)
        own: Any = sa.select(AccountRow.id).where(begins) if len(ids) > ACCOUNTS_MAX else ids
        conditions.append(sa.or_(PostingRow.source_id.in_(own), PostingRow.destination_id.in_(own)))
    if asset:
        its = sa.select(AssetRow.id).where(AssetRow.code == asset).scalar_subquery()
        conditions.append(PostingRow.asset_id == its)
    return sa.exists().where(*conditions)


def _on_accounts(ids: list[int]) -> sa.ColumnElement[bool]:
    moved = sa.union_all(
        sa.select(PostingRow.entry).where(PostingRow.source_id.in_(ids)),
        sa.select(PostingRow.entry).where(PostingRow.destination_id.in_(ids)),
    )
    return EntryRow.sequence.in_(moved)


def reversal_of(connection: sa.Connection, entry: int) -> int | None:
    """Return the entry that undid *entry*, None where none did."""
    query = sa.select(EntryRow.sequence).where(EntryRow.reverses == entry)
    return connection.execute(query).scalar_one_or_none()


def command(sequence: int) -> sa.Select[Any]:
    """Return the query of one command, payload and answer included."""
    return sa.select(*CommandRow.__table__.columns).where(CommandRow.sequence == sequence)


def assets(connection: sa.Connection) -> list[str]:
    """Return the codes of every asset, in order, for a filter."""
    return list(connection.execute(sa.select(AssetRow.code).order_by(AssetRow.code)).scalars())
