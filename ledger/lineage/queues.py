"""
Queues of pieces: what each owner has of an asset, first in, first out.

Queues live for one stretch of history. They read only as far as units leave them, so an owner
with very many pieces costs no more than what leaves.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter, itemgetter

import sqlalchemy as sa

from ledger.follow import Writes
from ledger.lineage.asked import asked
from ledger.lineage.tables import PieceRow
from ledger.work import Row

HEAD_PIECES = 8
"""How many pieces are read of each queue at first, in one query for all of them."""

MORE_PIECES = 1_000

_PIECES = PieceRow.__tablename__

Place = tuple[int, ...]
"""Owner, asset and position: the key of `PieceRow`."""


class Piece:
    """Units of one lot at a place in a queue; *is_stored* says that the database has the place."""

    __slots__ = ("amount", "is_stored", "is_touched", "key", "lot")

    def __init__(self, key: Place, lot: int, amount: int, *, is_stored: bool) -> None:
        self.key = key
        self.lot = lot
        self.amount = amount
        self.is_stored = is_stored
        self.is_touched = False

    @property
    def position(self) -> int:
        """Return its place in the queue."""
        return self.key[2]


class Queue:
    """
    The pieces of one owner and asset.

    *rows* are those read last, the next one last; *tail* came in this stretch, behind all that is
    stored. *begin* is the first of *pieces* that may not be empty, *cursor* the last place read.
    """

    __slots__ = ("asset", "begin", "cursor", "has_more", "owner", "pieces", "rows", "tail")

    def __init__(self, owner: int, asset: int) -> None:
        self.owner = owner
        self.asset = asset
        self.pieces: list[Piece] = []
        self.begin = 0
        self.rows: list[tuple[int, ...]] = []
        self.tail: list[Piece] = []
        self.cursor = -1
        self.has_more = True


class Queues(dict[tuple[int, int], Queue]):
    """Every queue that a stretch of history touches, by owner and asset."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__()
        self._connection = connection
        self._touched: list[Piece] = []

    def __missing__(self, key: tuple[int, int]) -> Queue:
        queue = self[key] = Queue(*key)
        return queue

    def read_heads(self, keys: Sequence[tuple[int, int]]) -> None:
        """Read the first pieces of the queues of *keys*, all at once."""
        query = _HEADS.format(limit=HEAD_PIECES)
        found = asked(self._connection, query, keys, owner="bigint", asset="bigint")
        for key, rows in groupby(found, key=_OWNER_AND_ASSET):
            self[key].rows = list(rows)
        for queue in map(self.__getitem__, keys):
            _have_read(queue, HEAD_PIECES)

    def first(self, queue: Queue) -> Piece | None:
        """Return the piece that leaves next, None where the owner has nothing."""
        while True:
            pieces = queue.pieces
            while queue.begin < len(pieces):
                if pieces[queue.begin].amount:
                    return pieces[queue.begin]
                queue.begin += 1
            if queue.rows:
                pieces.append(_piece(queue.rows.pop()))
            elif queue.has_more:
                self._read_on(queue)
            elif queue.tail:
                pieces += queue.tail
                queue.tail.clear()
            else:
                return None

    def append(self, queue: Queue, position: int, lot: int, amount: int) -> None:
        """Put units at the end."""
        queue.tail.append(self._new(queue, position, lot, amount))

    def take(self, piece: Piece, amount: int) -> None:
        """Take *amount* from a piece, which has it."""
        piece.amount -= amount
        if not piece.is_touched:
            piece.is_touched = True
            self._touched.append(piece)

    def at(self, queue: Queue, position: int) -> Piece | None:
        """Return the piece at a place of the queue, None where there is none any more."""
        _have_pieces(queue)
        while queue.has_more and queue.cursor < position:
            self._read_on(queue)
            _have_pieces(queue)
        row = queue.tail if queue.tail and queue.tail[0].position <= position else queue.pieces
        place = bisect_left(row, position, key=_POSITION)
        if place < len(row) and row[place].position == position:
            return row[place]
        return None

    def put_back(self, queue: Queue, position: int, lot: int, amount: int) -> None:
        """Put units back to the place that they had in the queue."""
        piece = self.at(queue, position)
        if piece is not None:
            assert piece.lot == lot, "a place in a queue belongs to one lot"
            self.take(piece, -amount)
            queue.begin = 0
            return
        piece = self._new(queue, position, lot, amount)
        row = queue.tail if queue.tail and queue.tail[0].position < position else queue.pieces
        row.insert(bisect_left(row, position, key=_POSITION), piece)
        queue.begin = 0

    def write(self, writes: Writes) -> None:
        """Add to *writes* what became of every piece that was touched."""
        inserts: list[Row] = []
        upserts: list[Row] = []
        deletes: list[Row] = []
        for piece in self._touched:
            if piece.amount:
                rows = upserts if piece.is_stored else inserts
                rows.append((*piece.key, piece.lot, piece.amount))
            elif piece.is_stored:
                deletes.append(piece.key)
        # In the order of the table, in which neighbours stand on one page.
        for rows, by_table in (
            (inserts, writes.inserts),
            (upserts, writes.upserts),
            (deletes, writes.deletes),
        ):
            if rows:
                by_table[_PIECES] = sorted(rows)

    def _new(self, queue: Queue, position: int, lot: int, amount: int) -> Piece:
        piece = Piece((queue.owner, queue.asset, position), lot, amount, is_stored=False)
        piece.is_touched = True
        self._touched.append(piece)
        return piece

    def _read_on(self, queue: Queue) -> None:
        query = (
            sa.select(PieceRow.__table__)
            .where(
                PieceRow.owner == queue.owner,
                PieceRow.asset == queue.asset,
                PieceRow.position > queue.cursor,
            )
            .order_by(PieceRow.position)
            .limit(MORE_PIECES)
        )
        queue.rows = [tuple(row) for row in self._connection.execute(query).all()]
        _have_read(queue, MORE_PIECES)


def _have_read(queue: Queue, wanted: int) -> None:
    """Note how far *queue* was read and turn its rows, so that the next one is the last."""
    queue.has_more = len(queue.rows) == wanted
    if queue.rows:
        queue.cursor = queue.rows[-1][2]
        queue.rows.reverse()


def _have_pieces(queue: Queue) -> None:
    """Make pieces of all rows that were read."""
    while queue.rows:
        queue.pieces.append(_piece(queue.rows.pop()))


def _piece(row: tuple[int, ...]) -> Piece:
    return Piece(row[:3], row[3], row[4], is_stored=True)


_OWNER_AND_ASSET, _POSITION = itemgetter(0, 1), attrgetter("position")

_HEADS = """
SELECT p.owner, p.asset, p.position, p.lot, p.amount
FROM {{keys}} CROSS JOIN derived_pieces p
WHERE p.owner = k.owner AND p.asset = k.asset AND p.position IN (
    SELECT q.position FROM derived_pieces q
    WHERE q.owner = k.owner AND q.asset = k.asset ORDER BY q.position LIMIT {limit})
ORDER BY p.owner, p.asset, p.position
"""
