"""
Check a receipt: from its fields to its leaves, from its leaves to the root, from the root to a key.

It needs nothing but the receipt and, for the signature, a public key from elsewhere.
"""

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from api.read.proofs import FORMAT
from ledger.errors import Refused
from ledger.leaf import command_leaf, entry_leaf, pack_text
from ledger.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from ledger.note import Checkpoint, Note, parse_checkpoint, parse_key, parse_note, require_signed

CHECKS = (
    "form",
    "checkpoint_form",
    "checkpoint_signature",
    "payload_hash",
    "answer_hash",
    "command_leaf",
    "entry_leaf",
    "entry_order",
    "inclusion",
)
"""The checks in their order; that of the signature is made only with a key."""


class _CommandFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sequence: int
    id: str
    kind: str
    actor: str
    payload: str
    payload_hash: str
    code: str
    answer: str
    answer_hash: str
    rules_version: str
    recorded_at_microseconds: str


class _EntryFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sequence: int
    command_sequence: int
    ordinal: int
    code: str
    rule: str
    reference: str
    effective_at_microseconds: str
    reverses: int
    postings: list[tuple[str, str, str, str]]


class _CommandLeaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    index: int
    leaf: str
    leaf_hash: str
    fields: _CommandFields
    proof: list[str]


class _EntryLeaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    index: int
    leaf: str | None
    leaf_hash: str
    fields: _EntryFields | None
    proof: list[str]


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt as it stands in JSON."""

    format: str
    checkpoint: str
    command: _CommandLeaf
    entries: list[_EntryLeaf]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of a receipt found; *failed* names the check that failed, or is empty."""

    failed: str
    detail: str
    passed: tuple[str, ...]
    not_proved: tuple[str, ...]


class _Failed(Exception):
    pass


def check_receipt(document: Mapping[str, object], key: str = "") -> Checked:
    """
    Return what can be proved about a receipt, and the first check that fails; never raise.

    *key* is the verifier key of the log, name+hash+base64, kept from elsewhere. Rule: API-21.
    """
    passed: list[str] = []
    doing = CHECKS[0]
    try:
        receipt = _read(document)
        for name, check in _checks(receipt, key):
            passed.append(doing)
            doing = name
            check()
        passed.append(doing)
    except (_Failed, Refused, ValueError, OverflowError, AssertionError, struct.error) as error:
        detail = getattr(error, "message", None) or str(error) or "a number or text is out of range"
        return Checked(doing, detail[:300], tuple(passed), ())
    return Checked("", "", tuple(passed), tuple(_not_proved(receipt, key)))


def _read(document: Mapping[str, object]) -> Receipt:
    receipt = msgspec.convert(document, Receipt, strict=True)
    _require(receipt.format == FORMAT, f"the format is not {FORMAT}")
    for entry in receipt.entries:
        is_whole = (entry.leaf is None) == (entry.fields is None)
        _require(is_whole, "a leaf stands without its fields")
    return receipt


def _checks(receipt: Receipt, key: str) -> list[tuple[str, Callable[[], object]]]:
    command, fields = receipt.command, receipt.command.fields
    steps: dict[str, Callable[[], object]] = {
        "checkpoint_form": lambda: _note(receipt),
        "checkpoint_signature": lambda: require_signed(_note(receipt)[0], [parse_key(key)]),
        "payload_hash": lambda: _same_hash(fields.payload, fields.payload_hash),
        "answer_hash": lambda: _same_hash(fields.answer, fields.answer_hash),
        "command_leaf": lambda: _same_leaf(command, _command_leaf(fields)),
        "entry_leaf": lambda: _entry_leaves(receipt.entries),
        "entry_order": lambda: _entry_order(receipt),
        "inclusion": lambda: _included((command, *receipt.entries), _note(receipt)[1]),
    }
    made = [name for name in CHECKS[1:] if key or name != "checkpoint_signature"]
    return [(name, steps[name]) for name in made]


def _note(receipt: Receipt) -> tuple[Note, Checkpoint]:
    note = parse_note(receipt.checkpoint)
    return note, parse_checkpoint(note.body)


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise _Failed(reason)


def _same_hash(text: str, stated: str) -> None:
    _require(sha256(text.encode()).hexdigest() == stated, "the text is not the one hashed")


def _same_leaf(stated: _CommandLeaf | _EntryLeaf, found: bytes) -> None:
    _require(stated.leaf == found.hex(), f"leaf {stated.index} does not follow from its fields")
    hashed = leaf_hash(found).hex()
    _require(stated.leaf_hash == hashed, f"leaf {stated.index} has another hash")


def _command_leaf(fields: _CommandFields) -> bytes:
    return command_leaf(
        sequence=fields.sequence,
        command_id=fields.id,
        kind=fields.kind,
        actor=fields.actor,
        payload_hash=_hash(fields.payload_hash),
        code=fields.code,
        answer_hash=_hash(fields.answer_hash),
        rules_version=fields.rules_version,
        recorded_at=_whole(fields.recorded_at_microseconds),
    )


def _entry_leaves(entries: Sequence[_EntryLeaf]) -> None:
    for entry in entries:
        if entry.fields is not None:
            _same_leaf(entry, _entry_leaf(entry.fields))


def _entry_leaf(fields: _EntryFields) -> bytes:
    return entry_leaf(
        sequence=fields.sequence,
        command_sequence=fields.command_sequence,
        ordinal=fields.ordinal,
        code=fields.code,
        rule=fields.rule,
        reference=fields.reference,
        effective_at=_whole(fields.effective_at_microseconds),
        reverses=fields.reverses,
        postings=[
            (pack_text(source), pack_text(destination), pack_text(asset), _whole(amount))
            for source, destination, asset, amount in fields.postings
        ],
    )


def _entry_order(receipt: Receipt) -> None:
    """Require that the entries follow the command, one leaf after the other."""
    command = receipt.command
    for number, entry in enumerate(receipt.entries):
        _require(entry.index == command.index + 1 + number, f"leaf {entry.index} is out of order")
        fields = entry.fields
        if fields is not None:
            own = fields.command_sequence == command.fields.sequence and fields.ordinal == number
            _require(own, f"leaf {entry.index} belongs to another command")


def _included(leaves: Sequence[_CommandLeaf | _EntryLeaf], checkpoint: Checkpoint) -> None:
    for leaf in leaves:
        verify_inclusion(
            hash_of_leaf=_hash(leaf.leaf_hash),
            index=leaf.index,
            size=checkpoint.tree_size,
            proof=[_hash(each) for each in leaf.proof],
            root=checkpoint.root,
        )


def _hash(text: str) -> bytes:
    raw = bytes.fromhex(text)
    _require(len(raw) == HASH_BYTES and raw.hex() == text, "a hash is not 32 bytes in hex")
    return raw


def _whole(text: str) -> int:
    _require(text.isascii() and text.isdigit() and len(text) < 20, "a whole number is malformed")
    _require(str(int(text)) == text, "a whole number has a second spelling")
    return int(text)


def _not_proved(receipt: Receipt, key: str) -> Iterator[str]:
    if not key:
        yield "No key was given: that the log signed the checkpoint was not checked."
    if any(entry.fields is None for entry in receipt.entries):
        yield "Entries that name others are given by their hash alone."
    yield "That no other entry belongs to the command, only an export of all history can show."
