"""
The Merkle tree of RFC 6962 and RFC 9162: roots, inclusion proofs, consistency proofs, verifying.

A tree is over *leaf hashes* (`leaf_hash(leaf)`), in order. Leaf hashes begin with the byte 0 and
node hashes with the byte 1, so a node can never pass for a leaf. Whoever only signs roots needs
`CompactTree`; whoever proves needs a `Nodes` function, from a `FullTree` or from storage. All is
SHA-256; a root of the same leaves by SM3 can stand beside it, from a `CompactTree` of its own.

Rules: AUD-02, AUD-38.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SM3, Hash

from ledger.errors import Fact, Refused

HASH_BYTES = 32
SIZE_LIMIT = 2**63  # sizes are below this, as in the C2SP checkpoint format
EMPTY_ROOT = sha256(b"").digest()

_LEAF_PREFIX = b"\x00"
_NODE_PREFIX = b"\x01"

Range = tuple[int, int]  # leaves from the first up to, without, the second
Nodes = Callable[[int, int], bytes]
"""nodes(level, index): the hash over the leaves index·2^level up to (index + 1)·2^level."""


class ProofRefused(Refused):
    """A proof has the wrong shape, or was asked for where none exists."""

    code = "proof_invalid"
    rule = "AUD-03"

    def __init__(self, reason: str, **facts: Fact) -> None:
        super().__init__(f"the proof cannot stand: {reason}", **facts)


class RootMismatch(ProofRefused):
    """A well-shaped proof leads to another root than the one it was held against."""

    code = "root_mismatch"
    rule = "AUD-03"

    def __init__(self, *, expected: bytes, calculated: bytes) -> None:
        super().__init__(
            f"it leads to root {calculated.hex()} where {expected.hex()} was expected",
            expected=expected.hex(),
            calculated=calculated.hex(),
        )


def sha256_of(raw: bytes) -> bytes:
    """Return the SHA-256 of *raw*."""
    return sha256(raw).digest()


def sm3_of(raw: bytes) -> bytes:
    """Return the SM3 (GB/T 32905-2016) of *raw*."""
    hashing = Hash(SM3())
    hashing.update(raw)
    return hashing.finalize()


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash under which *leaf* stands in the tree."""
    return sha256(_LEAF_PREFIX + leaf).digest()


def sm3_leaf_hash(leaf: bytes) -> bytes:
    """Return the hash under which *leaf* stands in the tree by SM3. Rule: AUD-38."""
    return sm3_of(_LEAF_PREFIX + leaf)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above *left* and *right*."""
    return sha256(_NODE_PREFIX + left + right).digest()


def _folded(peaks: Sequence[bytes], digest: Callable[[bytes], bytes] = sha256_of) -> bytes:
    """Return the root above complete subtrees given from the largest (left) to the smallest."""
    root = peaks[-1]
    for left in reversed(peaks[:-1]):
        root = digest(_NODE_PREFIX + left + root)
    return root


class CompactTree:
    """
    A tree that keeps only the roots of its complete subtrees: at most 63 hashes.

    *size* and *peaks* (largest subtree first) are all it takes to store it and to go on later.
    *digest* hashes its nodes; leaf hashes must be of the same algorithm.
    """

    __slots__ = ("_digest", "_peaks", "size")

    def __init__(
        self,
        size: int = 0,
        peaks: Iterable[bytes] = (),
        *,
        digest: Callable[[bytes], bytes] = sha256_of,
    ) -> None:
        self.size = size
        self._digest = digest
        self._peaks = list(peaks)
        assert len(self._peaks) == size.bit_count()

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, largest first."""
        return tuple(self._peaks)

    def append(self, hash_of_leaf: bytes) -> None:
        """Add one leaf hash on the right."""
        node, index, peaks = hash_of_leaf, self.size, self._peaks
        while index & 1:
            node = self._digest(_NODE_PREFIX + peaks.pop() + node)
            index >>= 1
        peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return _folded(self._peaks, self._digest) if self._peaks else self._digest(b"")


class FullTree:
    """A tree that keeps every complete node (about 64 bytes a leaf) and so can prove."""

    __slots__ = ("_levels",)

    def __init__(self, hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for hash_of_leaf in hashes:
            self.append(hash_of_leaf)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    def append(self, hash_of_leaf: bytes) -> None:
        """Add one leaf hash on the right."""
        self._levels[0].append(hash_of_leaf)
        level, count = 0, len(self._levels[0])
        while not count & 1:
            if len(self._levels) == level + 1:
                self._levels.append([])
            left, right = self._levels[level][-2:]
            self._levels[level + 1].append(node_hash(left, right))
            level, count = level + 1, count >> 1

    def nodes(self, level: int, index: int) -> bytes:
        """Return one complete node; this is the `Nodes` of the proof functions."""
        return self._levels[level][index]

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return root_at(self.nodes, self.size)


def root_of(hashes: Iterable[bytes]) -> bytes:
    """Return the root over *hashes*, which are leaf hashes in order."""
    tree = CompactTree()
    for hash_of_leaf in hashes:
        tree.append(hash_of_leaf)
    return tree.root()


def root_at(nodes: Nodes, size: int) -> bytes:
    """Return the root over the first *size* leaves, reading at most 63 nodes."""
    return _range_root(nodes, 0, size) if size else EMPTY_ROOT


def inclusion_proof(nodes: Nodes, *, index: int, size: int) -> list[bytes]:
    """
    Return the hashes that lead from leaf *index* to the root over *size* leaves, leaf end first.

    Raise ProofRefused where the tree of that size has no such leaf.

    Rule: AUD-03 (RFC 9162, 2.1.3.1).
    """
    _require_leaf(index=index, size=size)
    return [_range_root(nodes, *sibling) for sibling in _siblings(index, size)]


def consistency_proof(nodes: Nodes, *, old_size: int, new_size: int) -> list[bytes]:
    """
    Return the hashes that show the tree of *new_size* to begin with the tree of *old_size*.

    Empty for equal sizes and for an empty old tree, which begins every tree.

    Rule: AUD-03 (RFC 9162, 2.1.4.1).
    """
    _require_sizes(old_size=old_size, new_size=new_size)
    if old_size in (0, new_size):
        return []
    seed, siblings = _boundary(old_size, new_size)
    # A seed that starts at leaf 0 is the old root itself, which the verifier has.
    ranges = [seed, *siblings] if seed[0] else siblings
    return [_range_root(nodes, *each) for each in ranges]


def verify_inclusion(
    *, hash_of_leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """
    Raise unless *proof* leads from the leaf hash at *index* to *root*.

    *size* and *root* must come from one checkpoint: a proof alone does not tell sizes of the same
    shape apart.

    Rule: AUD-03 (RFC 9162, 2.1.3.2).
    """
    _require_leaf(index=index, size=size)
    siblings = _siblings(index, size)
    _require_hashes(proof, needed=len(siblings))
    node = hash_of_leaf
    for (start, _), sibling in zip(siblings, proof, strict=True):
        node = node_hash(sibling, node) if start < index else node_hash(node, sibling)
    _require_root(expected=root, calculated=node)


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """
    Raise unless *proof* shows the tree of *new_root* to begin with the tree of *old_root*.

    Each size must come from the same checkpoint as its root.

    Rule: AUD-03 (RFC 9162, 2.1.4.2).
    """
    _require_sizes(old_size=old_size, new_size=new_size)
    if new_size == 0:
        _require_root(expected=new_root, calculated=EMPTY_ROOT)
    if old_size in (0, new_size):
        _require_hashes(proof, needed=0)
        _require_root(expected=old_root, calculated=new_root if old_size else EMPTY_ROOT)
        return
    seed, siblings = _boundary(old_size, new_size)
    _require_hashes(proof, needed=len(siblings) + (seed[0] > 0))
    first, *rest = proof if seed[0] else [old_root, *proof]
    old_node = new_node = first
    for (start, _), sibling in zip(siblings, rest, strict=True):
        if start < old_size:
            old_node, new_node = node_hash(sibling, old_node), node_hash(sibling, new_node)
        else:
            new_node = node_hash(new_node, sibling)
    _require_root(expected=old_root, calculated=old_node)
    _require_root(expected=new_root, calculated=new_node)


def _descent(index: int, size: int) -> Iterator[tuple[Range, Range]]:
    """Yield, from the root down to leaf *index*, the node entered and the sibling left aside."""
    start, end = 0, size
    while end - start > 1:
        split = start + _left_width(end - start)
        left, right = (start, split), (split, end)
        node, sibling = (left, right) if index < split else (right, left)
        start, end = node
        yield node, sibling


def _siblings(index: int, size: int) -> list[Range]:
    """Return the ranges of leaves whose roots prove leaf *index*, leaf end first."""
    return [sibling for _, sibling in _descent(index, size)][::-1]


def _boundary(old_size: int, new_size: int) -> tuple[Range, list[Range]]:
    """Return the node at which the old tree ends, and the siblings from it up to the new root."""
    seed, siblings = (0, new_size), []
    for node, sibling in _descent(old_size - 1, new_size):
        if seed[1] == old_size:
            break
        siblings.append(sibling)
        seed = node
    return seed, siblings[::-1]


def _left_width(width: int) -> int:
    """Return the largest power of two below *width*, where RFC 9162 splits."""
    return 1 << ((width - 1).bit_length() - 1)


def _range_root(nodes: Nodes, start: int, end: int) -> bytes:
    """Return the root over leaves *start* up to *end*; requires a range of the RFC's recursion."""
    peaks = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(nodes(level, start >> level))
        start += 1 << level
    return _folded(peaks)


def _require_leaf(*, index: int, size: int) -> None:
    if not 0 <= index < size < SIZE_LIMIT:
        reason = f"a tree of {size} leaves has no leaf {index}; leaves count from 0"
        raise ProofRefused(reason, index=index, size=size)


def _require_sizes(*, old_size: int, new_size: int) -> None:
    if not 0 <= old_size <= new_size < SIZE_LIMIT:
        reason = f"a tree of {new_size} leaves cannot begin with one of {old_size}"
        raise ProofRefused(reason, old_size=old_size, new_size=new_size)


def _require_hashes(proof: Sequence[bytes], *, needed: int) -> None:
    if len(proof) != needed:
        reason = f"it has {len(proof)} hashes where these sizes need {needed}"
        raise ProofRefused(reason, hashes=len(proof), needed=needed)
    if any(len(value) != HASH_BYTES for value in proof):
        raise ProofRefused("each of its hashes must have 32 bytes", hashes=len(proof))


def _require_root(*, expected: bytes, calculated: bytes) -> None:
    if calculated != expected:
        raise RootMismatch(expected=expected, calculated=calculated)
