"""
Read history back from its rows, in the order of the Merkle tree, a stretch at a time.

Whoever signs, checks or exports history rebuilds it from here and never from the writer's memory.
Nothing is trusted: rows come as they stand, and an account or asset that does not exist gets a name
that no account can have, so that its leaf fits nothing.

Rule: AUD-20.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import sqlalchemy as sa

from ledger.command import payload_hash
from ledger.db import Base
from ledger.leaf import FIRST_PREVIOUS_HASH, block_hash, command_leaf, entry_leaf, pack_text
from ledger.merkle import leaf_hash
from ledger.tables import AccountRow, AssetRow, BlockRow, CommandRow, EntryRow, PostingRow

ROWS_AT_ONCE = 4_000
FIRST_ROWS = 2
NAMES_AT_ONCE = 500
NAMES_MAX = 4_000
"""Accounts asked for one by one; for more of them, all are read."""

Move = tuple[int, int, int, int, int]
"""Ordinal, source id, destination id, asset id, amount."""


class CommandTold(NamedTuple):
    """A row of the command log; fields stand in the order of its columns."""

    sequence: int
    id: str
    kind: str
    actor: str
    payload: str
    payload_hash: bytes
    code: str
    answer: str
    rules_version: str
    recorded_at: int
    leaf_hash: bytes


class EntryTold(NamedTuple):
    """A row of the journal and the moves of its entry."""

    sequence: int
    command_sequence: int
    ordinal: int
    code: str
    rule: str
    reference: str | None
    effective_at: int
    reverses: int | None
    moves: list[Move]


class BlockTold(NamedTuple):
    """A row of the block chain; fields stand in the order of its columns."""

    number: int
    previous_hash: bytes
    hash: bytes
    first_sequence: int
    last_sequence: int
    last_entry: int
    committed_at: int


class Told(NamedTuple):
    """A command and the entries that follow it."""

    command: CommandTold
    entries: list[EntryTold]


class Sealed(NamedTuple):
    """What one commit wrote, and its leaves; *block* is None for what no block holds."""

    block: BlockTold | None
    told: list[Told]
    leaves: list[bytes]


class Point(NamedTuple):
    """A place in history: the last block, command and entry before it, and when they were."""

    block: int = 0
    block_hash: bytes = FIRST_PREVIOUS_HASH
    sequence: int = 0
    entry: int = 0
    time: int = -1


BEGINNING = Point()


class Packed(dict[int, bytes]):
    """Names by id, packed for leaves."""

    def __missing__(self, unknown: int) -> bytes:
        return pack_text(f"?{unknown}")


class Names:
    """The addresses of accounts and the codes of assets, by id; of all, or of what *told* moves."""

    def __init__(self, connection: sa.Connection, told: Sequence[Told] | None = None) -> None:
        every = sa.select(AccountRow.id, AccountRow.address)
        wanted = _places(told or ())
        queries = [every]
        if told is not None and len(wanted) <= NAMES_MAX:
            chunks = range(0, len(wanted), NAMES_AT_ONCE)
            queries = [
                every.where(AccountRow.id.in_(wanted[at : at + NAMES_AT_ONCE])) for at in chunks
            ]
        accounts = [row for query in queries for row in connection.execute(query)]
        assets = connection.execute(sa.select(AssetRow.id, AssetRow.code))
        self.accounts = {row.id: row.address for row in accounts}
        self.assets = {row.id: row.code for row in assets}
        self.packed_accounts = Packed(
            (account, pack_text(address)) for account, address in self.accounts.items()
        )
        self.packed_assets = Packed((asset, pack_text(code)) for asset, code in self.assets.items())


def _places(told: Sequence[Told]) -> list[int]:
    moves = (move for each in told for entry in each.entries for move in entry.moves)
    return sorted({end for move in moves for end in move[1:3]})


def history(
    connection: sa.Connection, after: Point = BEGINNING, *, at_once: int = 0
) -> Iterator[Told]:
    """
    Yield every command later than *after* with its entries, in the order of the tree.

    *at_once* rows are read together, for whoever wants few; all else reads ROWS_AT_ONCE.

    An entry that names no later command is told with the first command that is not before it; one
    that names a command beyond the last is not told.
    """
    entries = _entries(connection, after.entry, at_once or ROWS_AT_ONCE)
    entry = next(entries, None)
    for row in in_order(connection, CommandRow, after.sequence, at_once=at_once):
        told = Told(CommandTold._make(row), [])
        while entry is not None and entry.command_sequence <= told.command.sequence:
            told.entries.append(entry)
            entry = next(entries, None)
        yield told


def sealed(connection: sa.Connection, names: Names, after: Point = BEGINNING) -> Iterator[Sealed]:
    """Yield every block later than *after* with what it holds; last, what no block holds."""
    telling = history(connection, after)
    told = next(telling, None)
    for row in in_order(connection, BlockRow, after.block):
        block = BlockTold._make(row)
        held = []
        while told is not None and told.command.sequence <= block.last_sequence:
            held.append(told)
            told = next(telling, None)
        yield Sealed(block, held, _leaves(held, names))
    if told is not None:
        held = [told, *telling]
        yield Sealed(None, held, _leaves(held, names))


def told_leaves(told: Told, names: Names) -> list[bytes]:
    """Return the leaves of one command and its entries, rebuilt from their rows."""
    command = told.command
    first = command_leaf(
        sequence=command.sequence,
        command_id=command.id,
        kind=command.kind,
        actor=command.actor,
        payload_hash=command.payload_hash,
        code=command.code,
        answer_hash=sha256(command.answer.encode()).digest(),
        rules_version=command.rules_version,
        recorded_at=command.recorded_at,
    )
    return [first, *(_entry_leaf(entry, names) for entry in told.entries)]


def command_fault(told: Told, first_leaf: bytes) -> str:
    """Return what is wrong with a row of the command log, or nothing."""
    command = told.command
    if payload_hash(command.payload.encode()) != command.payload_hash:
        return "the payload is not the one hashed"
    if leaf_hash(first_leaf) != command.leaf_hash:
        return "the leaf hash is not that of the row"
    return ""


def block_fault(one: Sealed, before: Point) -> str:
    """
    Return what is wrong with a block that follows *before*, or nothing.

    Rule: AUD-06.
    """
    block = one.block
    if block is None:
        return "commands stand in no block"
    if block.number != before.block + 1 or block.previous_hash != before.block_hash:
        return "it does not follow the block before"
    after = point_after(one, before)
    stated = (block.first_sequence, block.last_sequence, block.last_entry, block.committed_at)
    if not one.told or stated != (before.sequence + 1, after.sequence, after.entry, after.time):
        return "it states another span or time than that of its commands"
    sealing = block_hash(
        number=block.number,
        previous=block.previous_hash,
        first_sequence=block.first_sequence,
        last_sequence=block.last_sequence,
        last_entry=block.last_entry,
        committed_at=block.committed_at,
        leaves=one.leaves,
    )
    return "" if sealing == block.hash else "its hash is not that of its rows"


def point_after(one: Sealed, before: Point) -> Point:
    """Return the place in history behind a block, as the rows of its commands have it."""
    number, hashed = before.block, before.block_hash
    if one.block is not None:
        number, hashed = one.block.number, one.block.hash
    entry = next((told.entries[-1].sequence for told in one.told[::-1] if told.entries), None)
    return Point(
        block=number,
        block_hash=hashed,
        sequence=one.told[-1].command.sequence if one.told else before.sequence,
        entry=before.entry if entry is None else entry,
        time=one.told[-1].command.recorded_at if one.told else before.time,
    )


def in_order(
    connection: sa.Connection, shape: type[Base], after: int, *, at_once: int = 0
) -> Iterator[sa.Row[Any]]:
    """
    Yield the rows of a table with a whole-number key, those above *after*, in its order.

    The first reads take few rows: one command may be a megabyte, and the caller content with it.
    """
    most, limit = at_once or ROWS_AT_ONCE, FIRST_ROWS
    table = Base.metadata.tables[shape.__tablename__]
    key = next(iter(table.primary_key.columns))
    query = sa.select(table).order_by(key)
    while True:
        limit = min(limit, most)
        rows = connection.execute(query.where(key > after).limit(limit)).all()
        yield from rows
        if len(rows) < limit:
            return
        after, limit = rows[-1][0], limit * 4


def _entries(connection: sa.Connection, after: int, at_once: int) -> Iterator[EntryTold]:
    key = EntryRow.sequence
    query = sa.select(EntryRow.__table__).order_by(key).limit(at_once)
    while True:
        rows = connection.execute(query.where(key > after)).all()
        entries = [EntryTold._make((*row, [])) for row in rows]
        if not entries:
            return
        _fill(connection, entries)
        yield from entries
        after = entries[-1].sequence


def _fill(connection: sa.Connection, entries: list[EntryTold]) -> None:
    """Give each of *entries*, a stretch without gaps, its moves in their order."""
    by_sequence = {entry.sequence: entry.moves for entry in entries}
    between = PostingRow.entry.between(entries[0].sequence, entries[-1].sequence)
    rows = connection.execute(
        sa.select(PostingRow.__table__)
        .where(between)
        .order_by(PostingRow.entry, PostingRow.ordinal)
    ).all()
    for entry, *move in rows:
        if entry in by_sequence:
            by_sequence[entry].append(tuple(move))


def _leaves(held: list[Told], names: Names) -> list[bytes]:
    return [leaf for told in held for leaf in told_leaves(told, names)]


def _entry_leaf(entry: EntryTold, names: Names) -> bytes:
    accounts, assets = names.packed_accounts, names.packed_assets
    return entry_leaf(
        sequence=entry.sequence,
        command_sequence=entry.command_sequence,
        ordinal=entry.ordinal,
        code=entry.code,
        rule=entry.rule,
        reference=entry.reference or "",
        effective_at=entry.effective_at,
        reverses=entry.reverses or 0,
        postings=[
            (accounts[source], accounts[destination], assets[asset], amount)
            for _, source, destination, asset, amount in entry.moves
        ],
    )
