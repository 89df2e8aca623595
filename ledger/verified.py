"""
How far history has been verified, kept in a file, and the check of the tail behind that point.

The file is a hint and no proof: who can change the database may change it too. Where it does not
fit the rows, or lies too far back, only the newest part of the chain is checked before commands are
taken. Whatever the hint passes over is verified by the watch, which asks for none.

Rules: AUD-45, AUD-50.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from ledger.attest import EMPTY, Grown
from ledger.damage import LedgerDamaged, naming_damage
from ledger.db import reading
from ledger.errors import Refused
from ledger.history import Names, Point, Sealed, block_fault, command_fault, point_after, sealed
from ledger.kept_file import keep_text, kept_text
from ledger.merkle import CompactTree, leaf_hash
from ledger.note import parse_checkpoint, parse_note
from ledger.tables import BlockRow, CheckpointRow

TAIL_LEAVES_MAX = 100_000
"""What is checked before a start, at most: about two seconds' work."""


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The form of the file."""

    block: int
    block_hash: str
    sequence: int
    entry: int
    time: int
    size: int
    peaks: tuple[str, ...]
    check: str = ""

    def checked(self) -> "Kept":
        """Return the same with a hash over it, so that no flipped bit is taken for a hint."""
        plain = msgspec.structs.replace(self, check="")
        hashed = sha256(msgspec.json.encode(plain)).hexdigest()
        return msgspec.structs.replace(plain, check=hashed)


def keep_verified(path: Path, grown: Grown) -> None:
    """Keep in *path* that the tree *grown* was verified."""
    point = grown.point
    kept = Kept(
        block=point.block,
        block_hash=point.block_hash.hex(),
        sequence=point.sequence,
        entry=point.entry,
        time=point.time,
        size=grown.size,
        peaks=tuple(peak.hex() for peak in grown.peaks),
    )
    keep_text(path, msgspec.json.encode(kept.checked()).decode() + "\n")


def kept_verified(path: Path) -> Grown | None:
    """Return what was verified according to *path*, None where it says nothing of use."""
    try:
        kept = msgspec.json.decode(kept_text(path), type=Kept)
        block_hash = bytes.fromhex(kept.block_hash)
        peaks = tuple(bytes.fromhex(peak) for peak in kept.peaks)
    except (msgspec.MsgspecError, ValueError):
        return None
    if kept != kept.checked():
        return None
    point = Point(kept.block, block_hash, kept.sequence, kept.entry, kept.time)
    return Grown(point, kept.size, peaks)


def verify_tail(engine: sa.Engine, hint: Grown | None) -> None:
    """
    Verify the blocks, commands and entries that follow *hint*, and the checkpoints over them.

    Refusals: `ledger_damaged`, which names the check. Rule: AUD-45.
    """
    with naming_damage("the tail of history"), _naming_rows(), reading(engine) as connection:
        point, tree = _start(connection, hint)
        names = Names(connection)
        roots = _roots_after(connection, tree.size) if tree is not None else {}
        for one in sealed(connection, names, point):
            _take(one, point, tree, roots)
            point = point_after(one, point)
    for size in roots:
        raise LedgerDamaged("checkpoints", f"checkpoint {size}", "no command of history ends there")


def _start(connection: sa.Connection, hint: Grown | None) -> tuple[Point, CompactTree | None]:
    """Return where to begin, and the tree up to there where the hint fits and is near enough."""
    last = _block_up_to(connection, None)
    hint = EMPTY if hint is None else hint
    if _fits(connection, hint.point) and last.sequence + last.entry - hint.size <= TAIL_LEAVES_MAX:
        return hint.point, CompactTree(hint.size, hint.peaks)
    return _block_up_to(connection, last.sequence + last.entry - TAIL_LEAVES_MAX), None


def _fits(connection: sa.Connection, point: Point) -> bool:
    if point.block == 0:
        return True
    query = sa.select(BlockRow.__table__).where(BlockRow.number == point.block)
    row = connection.execute(query).one_or_none()
    return row is not None and _behind(row) == point


def _block_up_to(connection: sa.Connection, leaves: int | None) -> Point:
    """Return the place behind the newest block, or the newest of at most so many *leaves*."""
    query = sa.select(BlockRow.__table__).order_by(BlockRow.number.desc()).limit(1)
    if leaves is not None:
        query = query.where(BlockRow.last_sequence + BlockRow.last_entry <= leaves)
    row = connection.execute(query).one_or_none()
    return Point() if row is None else _behind(row)


def _behind(row: sa.Row[Any]) -> Point:
    return Point(row.number, row.hash, row.last_sequence, row.last_entry, row.committed_at)


def _roots_after(connection: sa.Connection, size: int) -> dict[int, bytes]:
    query = sa.select(CheckpointRow.size, CheckpointRow.note).where(CheckpointRow.size > size)
    return {
        row.size: parse_checkpoint(parse_note(row.note).body).root
        for row in connection.execute(query)
    }


def _take(one: Sealed, before: Point, tree: CompactTree | None, roots: dict[int, bytes]) -> None:
    """Verify one block; of the *roots*, take out those that it leads to."""
    fault = block_fault(one, before)
    if fault:
        raise LedgerDamaged("blocks", f"block {before.block + 1}", fault)
    leaves = iter(one.leaves)
    for told in one.told:
        own = list(islice(leaves, 1 + len(told.entries)))
        fault = command_fault(told, own[0])
        if fault:
            raise LedgerDamaged("leaves", f"command {told.command.sequence}", fault)
        if tree is None:
            continue
        for leaf in own:
            tree.append(leaf_hash(leaf))
        if tree.size in roots and roots.pop(tree.size) != tree.root():
            raise LedgerDamaged(
                "checkpoints", f"checkpoint {tree.size}", "the rows lead to another root"
            )


@contextmanager
def _naming_rows() -> Iterator[None]:
    """Refuse `ledger_damaged` for rows so odd that they cannot even be hashed."""
    try:
        yield
    except Refused as refusal:
        if isinstance(refusal, LedgerDamaged):
            raise
        raise LedgerDamaged("checkpoints", "checkpoints", refusal.message) from refusal
    except sa.exc.SQLAlchemyError:
        raise
    except Exception as error:  # whatever odd values lead to
        raise LedgerDamaged("references", "rows", f"{type(error).__name__}: {error}") from error
