"""
The tree that proofs are made of, each held against a signed root before it leaves.

The tiles that follow behind the writer save the reading of history; nobody believes them. A proof
that does not lead to the signed root is never shown: the tiles are then made anew.

Rules: AUD-35, API-16.
"""

import sqlalchemy as sa

from ledger.attest import HistoryBroken
from ledger.errors import Refused
from ledger.follow import forget
from ledger.merkle import (
    ProofRefused,
    consistency_proof,
    inclusion_proof,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from ledger.note import Checkpoint
from ledger.tree import TREE, Tiles, stored_tiles, tiles_of

BEHIND_MAX = 20_000
"""Leaves that one request reads from history where the tiles do not have them yet."""


class TreeBehind(Refused):
    """The stored tree has yet to follow more of history than one request may read."""

    code = "tree_behind"
    rule = "API-16"

    def __init__(self, stored: int, needed: int) -> None:
        super().__init__(
            f"the stored tree has {stored} of {needed} leaves and is being brought up to date; "
            "ask again in a minute",
            stored=stored,
            needed=needed,
        )


class TreeBroken(Refused):
    """The stored tree does not lead to the signed root; it is thrown away and made again."""

    code = "tree_broken"
    rule = "AUD-35"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the stored tree does not lead to the signed root over {size} leaves and is being "
            "made anew; ask again in a minute, and run self-check if it happens again",
            size=size,
        )


class ProofTree:
    """The tree under a signed checkpoint, and what can be proved of it."""

    def __init__(self, connection: sa.Connection, signed: Checkpoint) -> None:
        size = signed.tree_size
        stored = stored_tiles(connection)[0].size
        if size - stored > BEHIND_MAX:
            raise TreeBehind(stored, size)
        self.tiles: Tiles = tiles_of(connection, size)
        self.signed = signed
        self._connection = connection
        if self.tiles.size < size:
            raise HistoryBroken(f"checkpoint {size}", "history has fewer leaves")

    def leaf(self, index: int) -> bytes:
        """Return a leaf hash as it is stored; `inclusion` tells whether it is the true one."""
        return self.tiles.nodes(0, index)

    def inclusion(self, index: int, *, hash_of_leaf: bytes, size: int, root: bytes) -> list[bytes]:
        """
        Return the proof that leaf *index* leads to *root*, which must be a true one.

        Refuses `tree_broken` where the stored hashes do not, and `history_broken` where they do
        but *hash_of_leaf*, made from the rows, is another leaf. Rule: AUD-35.
        """
        stored = self.leaf(index)
        proof = inclusion_proof(self.tiles.nodes, index=index, size=size)
        try:
            verify_inclusion(hash_of_leaf=stored, index=index, size=size, proof=proof, root=root)
        except ProofRefused:
            raise self._mistrusted() from None
        if stored != hash_of_leaf:
            raise HistoryBroken(f"leaf {index}", "its rows are not those that were signed")
        return proof

    def root(self, size: int) -> bytes:
        """Return the root over the first *size* leaves, once the signed tree begins with it."""
        root = root_at(self.tiles.nodes, size)
        self.consistency(size, self.signed.tree_size, root, self.signed.root)
        return root

    def consistency(self, first: int, second: int, old: bytes, new: bytes) -> list[bytes]:
        """Return the proof between two trees; refuses `tree_broken` unless it holds."""
        proof = consistency_proof(self.tiles.nodes, old_size=first, new_size=second)
        try:
            verify_consistency(
                old_size=first, new_size=second, old_root=old, new_root=new, proof=proof
            )
        except ProofRefused:
            raise self._mistrusted() from None
        return proof

    def _mistrusted(self) -> TreeBroken:
        forget(self._connection.engine, TREE)
        return TreeBroken(self.signed.tree_size)
