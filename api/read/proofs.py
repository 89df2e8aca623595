"""
Receipts, and proofs over hashes: what shows that a command is in the history that was signed.

Rules: AUD-03, API-21, API-22.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.journal import own_command
from api.read.ledger import visible_account
from api.read.proof_tree import ProofTree
from ledger.errors import Refused
from ledger.history import CommandTold, EntryTold, Names, Point, history, told_leaves
from ledger.merkle import leaf_hash
from ledger.note import Checkpoint, parse_checkpoint, parse_note
from ledger.tables import AccountRow, CheckpointRow, CommandRow
from ledger.tree import entries_before

FORMAT = "yongneng/receipt/1"

ROWS_AT_ONCE = 256
"""Entries read together for a receipt, which most often has fewer."""


class NotCoveredYet(Refused):
    """No checkpoint covers the command yet; one does within a minute."""

    code = "not_covered_yet"
    rule = "API-21"

    def __init__(self, sequence: int, covered: int) -> None:
        super().__init__(
            f"checkpoints reach sequence {covered}, not yet {sequence}; ask again in a minute",
            sequence=sequence,
            covered=covered,
        )


class RangeInvalid(Refused):
    """There is no such leaf, or no such tree, under any published checkpoint."""

    code = "range_invalid"
    rule = "API-22"

    def __init__(self, sentence: str, *, largest: int) -> None:
        super().__init__(f"{sentence}; the newest checkpoint has {largest} leaves", largest=largest)


def checkpoints() -> sa.Select[Any]:
    """Return the query of the signed checkpoints; all of them are public."""
    return sa.select(*CheckpointRow.__table__.columns)


def newest_checkpoint(connection: sa.Connection) -> Mapping[str, Any] | None:
    """Return the checkpoint that covers most, or None before the first."""
    query = checkpoints().order_by(CheckpointRow.size.desc()).limit(1)
    found = connection.execute(query).mappings().first()
    return None if found is None else dict(found)


def checkpoint_of(connection: sa.Connection, size: int) -> str | None:
    """Return the note of the checkpoint of *size* leaves, or None."""
    query = sa.select(CheckpointRow.note).where(CheckpointRow.size == size)
    return connection.execute(query).scalar_one_or_none()


def stated(note: str) -> Checkpoint:
    """Return what a stored note states; its signature is not looked at."""
    return parse_checkpoint(parse_note(note).body)


def inclusion(connection: sa.Connection, *, index: int, size: int) -> Mapping[str, Any]:
    """
    Return the proof that leaf *index* is in the tree of *size* leaves, hashes only.

    Refuses `range_invalid` where the tree has no such leaf, or the newest checkpoint is smaller;
    `tree_behind` and `tree_broken` as `ProofTree` does. Rules: API-22, AUD-35.
    """
    newest = _newest(connection)
    largest = newest.tree_size if newest else 0
    if newest is None or not 1 <= size <= largest:
        raise RangeInvalid(f"there is no published tree of {size} leaves", largest=largest)
    if not 0 <= index < size:
        raise RangeInvalid(f"a tree of {size} leaves has no leaf {index}", largest=largest)
    tree = ProofTree(connection, newest)
    root, hashed = tree.root(size), tree.leaf(index)
    proof = tree.inclusion(index, hash_of_leaf=hashed, size=size, root=root)
    return {
        "index": index,
        "size": size,
        "leaf_hash": hashed.hex(),
        "root": root.hex(),
        "proof": [each.hex() for each in proof],
    }


def consistency(connection: sa.Connection, *, first: int, second: int) -> Mapping[str, Any]:
    """
    Return the proof that the tree of *second* leaves begins with that of *first*.

    Refuses `range_invalid` unless 1 ≤ first ≤ second ≤ the newest checkpoint; `tree_behind` and
    `tree_broken` as `ProofTree` does. Rules: API-22, AUD-35.
    """
    newest = _newest(connection)
    largest = newest.tree_size if newest else 0
    if not 1 <= first <= second:
        sentence = f"a tree of {second} leaves cannot begin with one of {first}"
        raise RangeInvalid(sentence, largest=largest)
    if newest is None or second > largest:
        raise RangeInvalid(f"there is no published tree of {second} leaves", largest=largest)
    tree = ProofTree(connection, newest)
    first_root, second_root = tree.root(first), tree.root(second)
    proof = tree.consistency(first, second, first_root, second_root)
    return {
        "first": first,
        "second": second,
        "first_root": first_root.hex(),
        "second_root": second_root.hex(),
        "proof": [each.hex() for each in proof],
    }


def _newest(connection: sa.Connection) -> Checkpoint | None:
    newest = newest_checkpoint(connection)
    return None if newest is None else stated(newest["note"])


def receipt(
    connection: sa.Connection, sequence: int, *, reach: Reach, person: str
) -> dict[str, Any] | None:
    """
    Return the receipt of a command within *reach* or of *person*; None where there is none.

    Each leaf stands as its bytes in hex, with the fields it commits to and its way to the root of
    the newest checkpoint. The leaf of an entry that names somebody outside *reach* is given by its
    hash alone. Refuses `not_covered_yet`; `tree_behind`, `tree_broken` and `history_broken` as
    `ProofTree` does. Rules: API-21, AUD-35.
    """
    own = own_command(reach, person)
    query = sa.select(CommandRow.sequence).where(CommandRow.sequence == sequence, own)
    if connection.execute(query).first() is None:
        return None
    newest = newest_checkpoint(connection)
    if newest is None or newest["last_sequence"] < sequence:
        raise NotCoveredYet(sequence, 0 if newest is None else newest["last_sequence"])
    tree = ProofTree(connection, stated(newest["note"]))
    return _receipt(connection, tree, sequence, newest["note"], reach)


def _receipt(
    connection: sa.Connection,
    tree: ProofTree,
    sequence: int,
    note: str,
    reach: Reach,
) -> dict[str, Any]:
    signed = tree.signed
    entries_told = entries_before(connection, sequence)
    start = sequence - 1 + entries_told  # every leaf before it is a command's or an entry's
    after = Point(sequence=sequence - 1, entry=entries_told)
    told = next(history(connection, after, at_once=ROWS_AT_ONCE))
    names = Names(connection, [told])
    command, *entries = told_leaves(told, names)
    hidden = _hidden(connection, told.entries, reach)

    def leaf(index: int, raw: bytes, fields: Mapping[str, Any] | None) -> dict[str, Any]:
        hashed = leaf_hash(raw)
        proof = tree.inclusion(index, hash_of_leaf=hashed, size=signed.tree_size, root=signed.root)
        return {
            "index": index,
            "leaf": raw.hex() if fields is not None else None,
            "leaf_hash": hashed.hex(),
            "fields": fields,
            "proof": [each.hex() for each in proof],
        }

    return {
        "format": FORMAT,
        "checkpoint": note,
        "command": leaf(start, command, _command_fields(told.command)),
        "entries": [
            leaf(
                start + 1 + number,
                raw,
                None if entry.sequence in hidden else _entry_fields(entry, names),
            )
            for number, (entry, raw) in enumerate(zip(told.entries, entries, strict=True))
        ],
    }


def _command_fields(command: CommandTold) -> dict[str, Any]:
    return {
        "sequence": command.sequence,
        "id": command.id,
        "kind": command.kind,
        "actor": command.actor,
        "payload": command.payload,
        "payload_hash": command.payload_hash.hex(),
        "code": command.code,
        "answer": command.answer,
        "answer_hash": sha256(command.answer.encode()).hexdigest(),
        "rules_version": command.rules_version,
        "recorded_at_microseconds": str(command.recorded_at),
    }


def _entry_fields(entry: EntryTold, names: Names) -> dict[str, Any]:
    accounts, assets = names.accounts, names.assets
    return {
        "sequence": entry.sequence,
        "command_sequence": entry.command_sequence,
        "ordinal": entry.ordinal,
        "code": entry.code,
        "rule": entry.rule,
        "reference": entry.reference or "",
        "effective_at_microseconds": str(entry.effective_at),
        "reverses": entry.reverses or 0,
        "postings": [
            [accounts[source], accounts[destination], assets[asset], str(amount)]
            for _, source, destination, asset, amount in entry.moves
        ],
    }


def _hidden(
    connection: sa.Connection, entries: Sequence[EntryTold], reach: Reach
) -> frozenset[int]:
    """Return the entries that name an enterprise or a source outside *reach*."""
    if reach.everything:
        return frozenset()
    ends = {end for entry in entries for move in entry.moves for end in move[1:3]}
    private = sa.or_(
        AccountRow.address.like("enterprise:%"),
        AccountRow.address.like("source:%"),
        AccountRow.address.like("scheme:substituted:%"),
    )
    query = sa.select(AccountRow.id).where(
        AccountRow.id.in_(sorted(ends)), private, sa.not_(visible_account(reach))
    )
    strange = set(connection.execute(query).scalars())
    return frozenset(
        entry.sequence for entry in entries if any(strange & set(move[1:3]) for move in entry.moves)
    )
