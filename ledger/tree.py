"""
The tree kept behind the writer: its hashes in tiles, so that a proof reads a few rows.

A tile holds up to 256 hashes of one level: tile n of level l is what C2SP tlog-tiles has under that
name, except that one that is not full yet is kept here too. Nodes between two levels are hashed
when they are asked for. Nothing here is believed: whoever makes a proof of it holds it against a
signed root before it leaves.

Rule: AUD-35.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import sqlalchemy as sa

from ledger.follow import Position, Projection, Writes, position_of
from ledger.history import Names, Point, Told, history, told_leaves
from ledger.merkle import HASH_BYTES, leaf_hash, node_hash
from ledger.tables import EntryRow, TileRow

TILE_LEVELS = 8
TILE_HASHES = 1 << TILE_LEVELS
TILE_BYTES = TILE_HASHES * HASH_BYTES

Place = tuple[int, int]
"""Level and number of a tile."""


class Tiles:
    """
    The tiles of a tree of *size* leaves, as stored, and those that `append` changes.

    A tile that is missing or too short reads as zeros, which lead to no signed root.
    """

    def __init__(self, connection: sa.Connection, size: int) -> None:
        self.size = size
        self.changed: dict[Place, bytearray] = {}
        self._connection = connection
        self._stored: dict[Place, bytes] = {}

    def nodes(self, level: int, index: int) -> bytes:
        """Return one complete node; this is the `Nodes` of `ledger.merkle`."""
        within = level % TILE_LEVELS
        number, first = divmod(index << within, TILE_HASHES)
        tile = self._tile((level // TILE_LEVELS, number))
        return top_of(tile[first * HASH_BYTES : (first + (1 << within)) * HASH_BYTES])

    def append(self, node: bytes) -> None:
        """Add one leaf hash on the right."""
        level, index = 0, self.size
        while True:
            number, at = divmod(index, TILE_HASHES)
            tile = self._growing((level, number), at * HASH_BYTES)
            tile += node
            if len(tile) < TILE_BYTES:
                break
            node, level, index = top_of(tile), level + 1, number
        self.size += 1

    def _growing(self, place: Place, length: int) -> bytearray:
        if place not in self.changed:
            self.changed[place] = bytearray(self._tile(place)[:length] if length else b"")
        return self.changed[place]

    def _tile(self, place: Place) -> bytes | bytearray:
        if place in self.changed:
            return self.changed[place]
        if place not in self._stored:
            query = sa.select(TileRow.hashes).where(
                TileRow.level == place[0], TileRow.number == place[1]
            )
            found = self._connection.execute(query).scalar_one_or_none() or b""
            self._stored[place] = found.ljust(TILE_BYTES, b"\0")
        return self._stored[place]


def top_of(hashes: bytes | bytearray) -> bytes:
    """Return the node above a power of two of hashes, which stand side by side."""
    level = [bytes(hashes[at : at + HASH_BYTES]) for at in range(0, len(hashes), HASH_BYTES)]
    while len(level) > 1:
        level = [node_hash(left, right) for left, right in list(pairwise(level))[::2]]
    return level[0]


def stored_tiles(connection: sa.Connection) -> tuple[Tiles, Position]:
    """Return the tiles as far as they follow history, and how far that is."""
    position = position_of(connection, TREE)
    return Tiles(connection, position.command + position.entry), position


def take(connection: sa.Connection, tiles: Tiles, told: Sequence[Told]) -> None:
    """Add the leaves of the commands that come next, rebuilt from their rows. Rule: AUD-20."""
    names = Names(connection, told)
    for each in told:
        for leaf in told_leaves(each, names):
            tiles.append(leaf_hash(leaf))


def tiles_of(connection: sa.Connection, size: int) -> Tiles:
    """Return tiles of at least *size* leaves where history has them; what is not stored is read."""
    tiles, position = stored_tiles(connection)
    after = Point(sequence=position.command, entry=position.entry)
    stretch: list[Told] = []
    size_told = tiles.size
    if size_told < size:
        for told in history(connection, after):
            stretch.append(told)
            size_told += 1 + len(told.entries)
            if size_told >= size:
                break
        take(connection, tiles, stretch)
    return tiles


def entries_before(connection: sa.Connection, sequence: int) -> int:
    """Return how many entries the commands before *sequence* have; entries follow commands."""
    last = connection.execute(sa.select(sa.func.max(EntryRow.sequence))).scalar_one() or 0

    def command_of(entry: int) -> int:
        query = sa.select(EntryRow.command_sequence).where(EntryRow.sequence == entry)
        return connection.execute(query).scalar_one_or_none() or 0

    return bisect_left(range(1, last + 1), sequence, key=command_of)


def _plan(connection: sa.Connection, stretch: Sequence[Told], before: Position) -> Writes:
    tiles = Tiles(connection, before.command + before.entry)
    take(connection, tiles, stretch)
    rows = [(*place, bytes(hashes)) for place, hashes in sorted(tiles.changed.items())]
    return Writes(upserts={TileRow.__tablename__: list(rows)})


TREE = Projection("tree", 1, (TileRow.__tablename__,), _plan)
