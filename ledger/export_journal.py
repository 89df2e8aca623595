"""
The journal a stretch at a time, by sequence or as it takes effect, and what it comes to.

Programs for plain-text accounting read transactions day by day, so for them an entry that was
backdated stands where it counts and not where it was recorded. However long the history and however
large its commands, no more than a stretch is in memory.

Rules: AUD-40, AUD-42.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import NamedTuple

import sqlalchemy as sa

from ledger.days import day_of
from ledger.history import CommandTold, EntryTold, in_order
from ledger.tables import AccountRow, AssetRow, BalanceRow, CommandRow, EntryRow, PostingRow

ENTRIES_AT_ONCE = 1_000
COMMANDS_AT_ONCE = 16


class Span(NamedTuple):
    """The first and the last Shanghai day on which anything was recorded or took effect."""

    first: date
    last: date


class Named(NamedTuple):
    """An account or an asset: its id, its name in the ledger, and the command that opened it."""

    id: int
    name: str
    opened_by: int


class Balance(NamedTuple):
    """What one account holds of one asset, in minor units."""

    account_id: int
    asset_id: int
    amount: int


def span_of(connection: sa.Connection) -> Span:
    """Return the days that the journal reaches over; a ledger has at least its first command."""
    # Times of commands increase; a minimum over them all would read through every payload.
    key, one = CommandRow.sequence, sa.select(CommandRow.recorded_at).limit(1)
    recorded = [connection.execute(one.order_by(each)).scalar_one() for each in (key, key.desc())]
    effective = connection.execute(
        sa.select(sa.func.min(EntryRow.effective_at), sa.func.max(EntryRow.effective_at))
    ).one()
    instants = [each for each in (*recorded, *effective) if each is not None]
    return Span(day_of(min(instants)), day_of(max(instants)))


def accounts_of(connection: sa.Connection) -> list[Named]:
    """Return every account in the order in which they were opened."""
    query = sa.select(AccountRow.id, AccountRow.address, AccountRow.opened_by)
    return [Named._make(row) for row in connection.execute(query.order_by(AccountRow.id))]


def assets_of(connection: sa.Connection) -> list[Named]:
    """Return every asset in the order in which they were opened."""
    query = sa.select(AssetRow.id, AssetRow.code, AssetRow.opened_by)
    return [Named._make(row) for row in connection.execute(query.order_by(AssetRow.id))]


def balances_of(connection: sa.Connection) -> Iterator[Balance]:
    """Yield every balance the ledger states, zero ones too, by account and asset."""
    query = sa.select(BalanceRow.account_id, BalanceRow.asset_id, BalanceRow.amount).order_by(
        BalanceRow.account_id, BalanceRow.asset_id
    )
    with connection.execute(query.execution_options(yield_per=ENTRIES_AT_ONCE)) as rows:
        yield from map(Balance._make, rows)


def in_order_of_effect(connection: sa.Connection) -> Iterator[EntryTold]:
    """
    Yield every entry with its moves, by effective instant and then by sequence.

    The database sorts sequences only; entries are read a stretch at a time.
    """
    by_effect = sa.select(EntryRow.sequence).order_by(EntryRow.effective_at, EntryRow.sequence)
    for stretch in _stretches(connection, by_effect):
        yield from stretch


def in_order_of_record(connection: sa.Connection) -> Iterator[list[EntryTold]]:
    """Yield every entry with its moves, by sequence, a stretch at a time."""
    yield from _stretches(connection, sa.select(EntryRow.sequence).order_by(EntryRow.sequence))


def commands_in_order(connection: sa.Connection) -> Iterator[CommandTold]:
    """Yield every command; few at a time, since one of many lines is a megabyte."""
    for row in in_order(connection, CommandRow, 0, at_once=COMMANDS_AT_ONCE):
        yield CommandTold._make(row)


def recorded_at(connection: sa.Connection, entries: Iterable[EntryTold]) -> dict[int, int]:
    """Return when the commands of *entries* were recorded, by their sequence."""
    sequences = sorted({entry.command_sequence for entry in entries})
    query = sa.select(CommandRow.sequence, CommandRow.recorded_at)
    rows = connection.execute(query.where(CommandRow.sequence.in_(sequences)))
    return {row.sequence: row.recorded_at for row in rows}


def _stretches(connection: sa.Connection, sequences: sa.Select[int]) -> Iterator[list[EntryTold]]:
    with connection.execute(sequences.execution_options(yield_per=ENTRIES_AT_ONCE)) as rows:
        ordered = rows.scalars()
        while some := list(islice(ordered, ENTRIES_AT_ONCE)):
            yield _told(connection, some)


def _told(connection: sa.Connection, sequences: list[int]) -> list[EntryTold]:
    entries = sa.select(EntryRow.__table__).where(EntryRow.sequence.in_(sequences))
    told = {row.sequence: EntryTold._make((*row, [])) for row in connection.execute(entries)}
    postings = sa.select(PostingRow.__table__).where(PostingRow.entry.in_(sequences))
    for entry, *move in connection.execute(postings.order_by(PostingRow.entry, PostingRow.ordinal)):
        told[entry].moves.append(tuple(move))
    return [told[sequence] for sequence in sequences]
