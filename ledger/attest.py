"""
Sign what history is: rebuild the tree from the rows, recompute it twice, sign its root.

A wrong root cannot be taken back once others keep it. So nothing is signed that does not follow
from the rows alone: payload hashes, leaf hashes, the block chain and the newest stored checkpoint
are held against them first.

Rules: AUD-20, AUD-21, AUD-23, AUD-38.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.days import SECOND
from ledger.db import reading
from ledger.errors import Refused
from ledger.history import (
    BEGINNING,
    Names,
    Point,
    Sealed,
    block_fault,
    command_fault,
    history,
    point_after,
    sealed,
    told_leaves,
)
from ledger.keys import verifier_key
from ledger.merkle import CompactTree, leaf_hash, sm3_leaf_hash, sm3_of
from ledger.note import (
    Checkpoint,
    CheckpointOriginOther,
    checkpoint_body,
    checkpoint_origin,
    parse_checkpoint,
    parse_note,
    sign_note,
)
from ledger.signed_last import LedgerRolledBack, SignedLast
from ledger.tables import CheckpointRow, CommandRow, LedgerRow

_SLUG_MAX = 48
_OUTSIDE_SLUG = re.compile("[^A-Za-z0-9._-]+", re.ASCII)


class LedgerNotOpened(Refused):
    """There is nothing to attest: the ledger has no command yet."""

    code = "ledger_not_opened"
    rule = "AUD-21"

    def __init__(self) -> None:
        super().__init__("this ledger has no history yet; open it with its first command")


class HistoryBroken(Refused):
    """The rows do not lead to what was written beside them; nothing is signed over them."""

    code = "history_broken"
    rule = "AUD-21"

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}; run self-check", where=where, problem=problem)


class Grown(NamedTuple):
    """A tree over all of history up to a point, small enough to keep and to go on from."""

    point: Point = BEGINNING
    size: int = 0
    peaks: tuple[bytes, ...] = ()
    sm3_peaks: tuple[bytes, ...] | None = None

    @property
    def root(self) -> bytes:
        """The Merkle root over all leaves so far."""
        return CompactTree(self.size, self.peaks).root()

    @property
    def sm3_root(self) -> bytes | None:
        """The Merkle root by SM3, None where it was not asked for."""
        if self.sm3_peaks is None:
            return None
        return CompactTree(self.size, self.sm3_peaks, digest=sm3_of).root()


EMPTY = Grown()


class Profile(StrEnum):
    """By which hashes the roots of a checkpoint are made; SHA-256 is always one of them."""

    SHA256 = "sha256"
    SM3 = "sm3"

    @property
    def nothing(self) -> Grown:
        """The tree without leaves, which grows the peaks of this profile."""
        return Grown(sm3_peaks=()) if self is Profile.SM3 else EMPTY


class Expected(NamedTuple):
    """A root that the rows must lead to; *is_ours* says that the key remembers having signed it."""

    size: int
    root: bytes
    is_ours: bool

    def refusal(self, size: int, problem: str) -> Refused:
        """Return why a tree that has *size* leaves, as far as it was read, is not signed."""
        if self.is_ours:
            return LedgerRolledBack.of(self.size, size)
        return HistoryBroken(f"checkpoint {self.size}", problem)


def leaves(connection: sa.Connection) -> Iterator[bytes]:
    """
    Yield every leaf of the tree in its order, rebuilt from commands, entries and postings.

    Rule: AUD-20.
    """
    names = Names(connection)
    for told in history(connection):
        yield from told_leaves(told, names)


def ledger_id(connection: sa.Connection) -> str:
    """
    Return the id by which checkpoints and exports name this ledger.

    It is the jurisdiction and the beginning of the first command's leaf hash, so that two ledgers
    of one jurisdiction never share an origin.

    Rule: AUD-23.
    """
    ledger = connection.execute(sa.select(LedgerRow.jurisdiction)).one_or_none()
    first = connection.execute(sa.select(CommandRow.leaf_hash).where(CommandRow.sequence == 1))
    hashed = first.scalar_one_or_none()
    if ledger is None or hashed is None:
        raise LedgerNotOpened
    slug = _OUTSIDE_SLUG.sub("-", ledger.jurisdiction)[:_SLUG_MAX]
    return f"{slug}-{hashed.hex()[:12]}"


def is_demonstration(connection: sa.Connection) -> bool:
    """Return whether this ledger is anything but live."""
    return connection.execute(sa.select(LedgerRow.purpose)).scalar_one_or_none() != "live"


def ledger_origin(connection: sa.Connection) -> str:
    """Return the origin line of this ledger's checkpoints. Rule: AUD-23."""
    return checkpoint_origin(ledger_id(connection), demonstration=is_demonstration(connection))


def grow(
    connection: sa.Connection, start: Grown = EMPTY, signed: Checkpoint | None = None
) -> Grown:
    """
    Return the tree over all of history, adding what is later than *start* from its rows.

    Refuse history whose payload hashes, leaf hashes or block chain do not follow from its rows, or
    that contradicts the newest stored checkpoint or the last one that the key has *signed*.

    Rules: AUD-21, AUD-47.
    """
    names = Names(connection)
    tree, point = CompactTree(start.size, start.peaks), start.point
    second = None
    if start.sm3_peaks is not None:
        second = CompactTree(start.size, start.sm3_peaks, digest=sm3_of)
    if signed is not None and signed.tree_size == start.size and signed.root != start.root:
        raise LedgerRolledBack.of(signed.tree_size, start.size)
    expected = [
        Expected(each.tree_size, each.root, each is signed)
        for each in (_newest(connection), signed)
        if each is not None and each.tree_size > start.size
    ]
    expected.sort()
    for one in sealed(connection, names, point):
        expected = _append(tree, one, point, expected)
        if second is not None:
            for leaf in one.leaves:
                second.append(sm3_leaf_hash(leaf))
        point = point_after(one, point)
    for missing in expected:
        raise missing.refusal(tree.size, "no command of history ends there")
    return Grown(point, tree.size, tree.peaks, None if second is None else second.peaks)


class Attester:
    """
    Signs one ledger's checkpoints with one key.

    It keeps the tree between two checkpoints, so that the next one costs only what is new; the
    first one reads all of history. *last* is what the key remembers of what it has signed.
    """

    def __init__(
        self,
        engine: sa.Engine,
        key: Ed25519PrivateKey,
        *,
        origin: str,
        key_name: str,
        last: SignedLast | None = None,
        profile: Profile = Profile.SHA256,
    ) -> None:
        self.last = last
        self.profile = profile
        self.engine = engine
        self.key = key
        self.origin = origin
        self.verifier_key = verifier_key(key, key_name)
        self._grown = profile.nothing
        self._met: Checkpoint | None = None

    def sign(self) -> str:
        """
        Return the signed note of a checkpoint over all commits so far, stored with it.

        Where history has not grown since the newest checkpoint, that one is returned, of whatever
        profile it is.

        Refusals: also `ledger_rolled_back`. Rules: AUD-21, AUD-38, AUD-47.
        """
        # Before the snapshot, which can so hold no less than another process has signed.
        signed = None if self.last is None else self.last.checkpoint(self.origin)
        with reading(self.engine) as connection:
            origin = ledger_origin(connection)
            if origin != self.origin:
                raise CheckpointOriginOther(origin=self.origin, expected=origin)
            grown = self._grown_twice(connection, signed)
            stored = _stored(connection, grown.size)
        if stored is None:
            note = sign_note(self.body(grown), {self.verifier_key: self.key.sign})
            if self.last is not None:
                self.last.remember(note)
            stored = self._store(grown, note)
        self._grown, self._met = grown, signed
        return stored

    def _grown_twice(self, connection: sa.Connection, signed: Checkpoint | None) -> Grown:
        if signed is not None and signed.tree_size < self._grown.size and signed != self._met:
            self._grown = self.profile.nothing  # an older memory was put there; hold all against it
        # A bit that flips in memory here would be published for good.
        first, second = (grow(connection, self._grown, signed) for _ in range(2))
        if first != second:
            raise HistoryBroken("tree", "two computations of the same rows differ")
        return first

    def body(self, grown: Grown) -> str:
        """Return the text of a checkpoint over *grown*."""
        return checkpoint_body(
            Checkpoint(
                origin=self.origin,
                tree_size=grown.size,
                root=grown.root,
                sm3_root=grown.sm3_root,
                time=datetime.fromtimestamp(grown.point.time // SECOND, tz=UTC),
            )
        )

    def _store(self, grown: Grown, note: str) -> str:
        values = {
            "size": grown.size,
            "last_sequence": grown.point.sequence,
            "note": note,
        }
        with self.engine.begin() as connection:
            stored = _stored(connection, grown.size)
            if stored is None:
                connection.execute(sa.insert(CheckpointRow).values(values))
        return stored or note


def sign_checkpoint(
    engine: sa.Engine,
    key: Ed25519PrivateKey,
    *,
    origin: str,
    key_name: str,
    last: SignedLast | None = None,
    profile: Profile = Profile.SHA256,
) -> str:
    """
    Return a signed checkpoint over all commits so far, read from the first; store it.

    *origin* must be `ledger_origin`. A job that signs again and again keeps an `Attester`.

    Rule: AUD-21.
    """
    attester = Attester(engine, key, origin=origin, key_name=key_name, last=last, profile=profile)
    return attester.sign()


def _append(
    tree: CompactTree, one: Sealed, before: Point, expected: list[Expected]
) -> list[Expected]:
    """
    Add the leaves of a block that follows *before*; return what of *expected* lies ahead still.

    A checkpoint may end within the block: another ledger of the same commands had other blocks.
    """
    fault = block_fault(one, before)
    if fault:
        raise HistoryBroken(f"block {before.block + 1}", fault)
    leaves_left = iter(one.leaves)
    for told in one.told:
        own = list(islice(leaves_left, 1 + len(told.entries)))
        fault = command_fault(told, own[0])
        if fault:
            raise HistoryBroken(f"command {told.command.sequence}", fault)
        for leaf in own:
            tree.append(leaf_hash(leaf))
        while expected and tree.size == expected[0].size:
            if tree.root() != expected[0].root:
                raise expected[0].refusal(tree.size, "the rows lead to another root")
            expected = expected[1:]
    return expected


def _newest(connection: sa.Connection) -> Checkpoint | None:
    query = sa.select(CheckpointRow.note).order_by(CheckpointRow.size.desc()).limit(1)
    note = connection.execute(query).scalar_one_or_none()
    return None if note is None else parse_checkpoint(parse_note(note).body)


def _stored(connection: sa.Connection, size: int) -> str | None:
    query = sa.select(CheckpointRow.note).where(CheckpointRow.size == size)
    return connection.execute(query).scalar_one_or_none()
