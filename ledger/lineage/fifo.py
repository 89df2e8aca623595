"""
Follow units from owner to owner: first in, first out, an entry after the other.

The rules, in the order of the postings of each entry:

- Units that leave scheme:issuance are a lot of their own.
- Other units leave their owner's queue at its head and join the taker's at its end. Moves between
  accounts of one owner change nothing.
- A reversal first gives back the very units that the reversed entry moved, as far as they are
  still where it put them; they return to the place in the queue that they came from. What is no
  longer there is taken as from any other posting.
- What a command sends to scheme:converted or scheme:substituted is what the next lot of the same
  measure that it issues is made of.

Rule: AUD-30, AUD-31, AUD-32.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from ledger.collection import collection_off
from ledger.follow import Position, Projection, Writes
from ledger.history import Told
from ledger.lineage.lots import CONVERTING, ISSUANCE, NO_ORIGIN, lot_number, move_number
from ledger.lineage.owners import Hop, Owners
from ledger.lineage.queues import Queues
from ledger.lineage.tables import AncestorRow, LotMoveRow, LotRow, OwnerRow, PieceRow
from ledger.work import Row

Moved = tuple[int, int, int, int, int, int, int]
"""A row of `LotMoveRow`."""


def plan(connection: sa.Connection, stretch: Sequence[Told], _before: Position) -> Writes:
    """
    Return what *stretch* adds to lots, pieces, moves and ancestors.

    Rule: AUD-30.
    """
    with collection_off():
        owners = Owners(connection, stretch)
        hops = {entry.sequence: owners.hops(entry) for told in stretch for entry in told.entries}
        following = _Following(connection, owners)
        following.read_heads(hop for of_entry in hops.values() for _, hop, _ in of_entry)
        for told in stretch:
            following.command(told, hops)
        return following.writes()


class _Following:
    """One stretch of history under way."""

    def __init__(self, connection: sa.Connection, owners: Owners) -> None:
        self._connection = connection
        self._owners = owners
        self._issuance = owners.named(ISSUANCE)
        self._converting = owners.named(*CONVERTING)
        self._queues = Queues(connection)
        self._lots: list[Row] = []
        self._moves: list[Moved] = []
        self._ancestors: list[Row] = []
        self._given_up: dict[str, dict[int, int]] = {}
        self._next_move = 0

    def read_heads(self, hops: Iterable[Hop]) -> None:
        """Read the heads of all queues from which *hops* take."""
        givers = {(hop.giver, hop.asset) for hop in hops}
        self._queues.read_heads(sorted(key for key in givers if key[0] not in self._issuance))

    def command(self, told: Told, hops: Mapping[int, Sequence[tuple[int, Hop, int]]]) -> None:
        """Follow the entries of one command, whose moves are in *hops*."""
        self._given_up = {}
        for entry in told.entries:
            self._next_move = move_number(entry.sequence, 0)
            undone = [] if entry.reverses is None else self._moves_of(entry.reverses)
            for ordinal, hop, amount in hops[entry.sequence]:
                left = self._give_back(undone, hop, amount) if undone else amount
                if left and hop.giver in self._issuance:
                    lot = lot_number(entry.sequence, ordinal)
                    self._issue(lot, hop, left, command=told.command.sequence)
                elif left:
                    self._move(hop, left)
            assert self._next_move < move_number(entry.sequence + 1, 0), "too many parts to number"

    def writes(self) -> Writes:
        """Return what is to be written."""
        writes = Writes()
        self._owners.write(writes)
        self._queues.write(writes)
        written: tuple[tuple[str, Sequence[Row]], ...] = (
            (LotRow.__tablename__, self._lots),
            (LotMoveRow.__tablename__, self._moves),
            (AncestorRow.__tablename__, self._ancestors),
        )
        writes.inserts.update((table, list(rows)) for table, rows in written if rows)
        return writes

    def _issue(self, lot: int, hop: Hop, amount: int, *, command: int) -> None:
        self._lots.append((lot, command, hop.asset, hop.taker, amount))
        older = self._given_up.pop(self._owners.measures[hop.asset], {})
        self._ancestors += [(lot, made_of, given) for made_of, given in older.items()]
        self._put(hop, lot, amount, 0)

    def _move(self, hop: Hop, amount: int) -> None:
        """Take units from the head of the giver's queue; neighbours of one lot go as one part."""
        queues = self._queues
        queue = queues[hop.giver, hop.asset]
        lot = taken_at = taken = 0
        while amount:
            piece = queues.first(queue)
            if piece is None:
                break
            if taken and piece.lot != lot:
                self._put(hop, lot, taken, taken_at)
                taken = 0
            if not taken:
                lot, taken_at = piece.lot, piece.position
            some = min(piece.amount, amount)
            queues.take(piece, some)
            taken += some
            amount -= some
        if taken:
            self._put(hop, lot, taken, taken_at)
        if amount:
            self._put(hop, NO_ORIGIN, amount, 0)

    def _put(self, hop: Hop, lot: int, amount: int, taken_at: int) -> None:
        """Let units join the end of the taker's queue."""
        number = self._next_move
        self._next_move += 1
        self._moves.append((number, lot, amount, hop.giver, hop.taker, taken_at, number))
        self._queues.append(self._queues[hop.taker, hop.asset], number, lot, amount)
        if hop.taker in self._converting:
            given = self._given_up.setdefault(self._owners.measures[hop.asset], {})
            given[lot] = given.get(lot, 0) + amount

    def _give_back(self, undone: list[list[int]], hop: Hop, amount: int) -> int:
        """
        Move back what an undone entry moved and is still there; return what is left to move.

        Rule: AUD-31.
        """
        queues = self._queues
        for one in undone:
            _, lot, moved, giver, taker, taken_at, put_at = one
            if (giver, taker) != (hop.taker, hop.giver):
                continue
            # A place in a queue is the number of a move, so it finds units of this asset only.
            piece = queues.at(queues[hop.giver, hop.asset], put_at)
            some = 0 if piece is None else min(amount, moved, piece.amount)
            if piece is not None and some:
                queues.take(piece, some)
                one[2] -= some
                amount -= some
                self._return(hop, lot, some, taken_at=put_at, put_at=taken_at)
        return amount

    def _return(self, hop: Hop, lot: int, amount: int, *, taken_at: int, put_at: int) -> None:
        """Put units back where they came from; what was issued has no place to go back to."""
        if not put_at:
            self._put(hop, lot, amount, taken_at)
            return
        self._moves.append((self._next_move, lot, amount, hop.giver, hop.taker, taken_at, put_at))
        self._next_move += 1
        self._queues.put_back(self._queues[hop.taker, hop.asset], put_at, lot, amount)

    def _moves_of(self, entry: int) -> list[list[int]]:
        """Return what an entry moved, the last first: from this stretch, or from an earlier one."""
        first, end = move_number(entry, 0), move_number(entry + 1, 0)
        here = self._moves[bisect_left(self._moves, (first,)) : bisect_left(self._moves, (end,))]
        if here:
            return [list(row) for row in reversed(here)]
        query = (
            sa.select(LotMoveRow.__table__)
            .where(LotMoveRow.number >= first, LotMoveRow.number < end)
            .order_by(LotMoveRow.number.desc())
        )
        return [list(row) for row in self._connection.execute(query)]


LINEAGE = Projection(
    "lineage",
    1,
    tuple(shape.__tablename__ for shape in (OwnerRow, LotRow, PieceRow, LotMoveRow, AncestorRow)),
    plan,
)
"""Where every unit of quota came from, and where it is. Rule: AUD-30."""
