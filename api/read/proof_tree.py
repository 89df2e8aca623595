"""
The tree over one database's history, kept by the process that proves from it.

It is made from the rows and grown as they come: 64 bytes a leaf, 8 a command. The first question
after a start reads all of history. Rule: AUD-20.
"""

from array import array
from collections.abc import Sequence
from threading import Lock
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from ledger.attest import HistoryBroken
from ledger.history import Names, Point, Told, history, told_leaves
from ledger.merkle import HASH_BYTES, leaf_hash, node_hash


class ProofTree:
    """The tree over one database's history: every complete node, and where each command stands."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.levels = [bytearray()]
        self.starts = array("Q")
        self.last_entry = 0

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self.levels[0]) // HASH_BYTES

    def nodes(self, level: int, index: int) -> bytes:
        """Return one complete node; this is the `Nodes` of `ledger.merkle`."""
        start = index * HASH_BYTES
        return bytes(self.levels[level][start : start + HASH_BYTES])

    def grow(self, connection: sa.Connection, size: int) -> None:
        """Add what the rows have beyond this tree, where it does not have *size* leaves yet."""
        with self.lock:
            if self.size >= size:
                return
            names = Names(connection)
            after = Point(sequence=len(self.starts), entry=self.last_entry)
            for told in history(connection, after):
                self._add(told, told_leaves(told, names))
                if self.size >= size:
                    break

    def _add(self, told: Told, leaves: Sequence[bytes]) -> None:
        if told.command.sequence != len(self.starts) + 1:
            raise HistoryBroken(f"command {told.command.sequence}", "the one before is missing")
        self.starts.append(self.size)
        self.last_entry += len(told.entries)
        for leaf in leaves:
            self._append(leaf_hash(leaf))

    def _append(self, node: bytes) -> None:
        for level in range(64):
            if level == len(self.levels):
                self.levels.append(bytearray())
            self.levels[level] += node
            count = len(self.levels[level]) // HASH_BYTES
            if count & 1:
                return
            node = node_hash(self.nodes(level, count - 2), node)


_TREES: WeakKeyDictionary[sa.Engine, ProofTree] = WeakKeyDictionary()
_TREES_LOCK = Lock()


def tree_for(connection: sa.Connection, size: int) -> ProofTree:
    """Return the tree of the database behind *connection*, with at least *size* leaves."""
    with _TREES_LOCK:
        tree = _TREES.setdefault(connection.engine, ProofTree())
    tree.grow(connection, size)
    if tree.size < size:
        raise HistoryBroken(f"checkpoint {size}", "history has fewer leaves")
    return tree
