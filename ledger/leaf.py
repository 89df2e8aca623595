"""
The bytes that history is made of: one leaf for each command, one for each entry, one hash a block.

Every integer is unsigned, 64 bits, big-endian; every text is UTF-8 behind its 32-bit big-endian
length; every instant is whole microseconds since 1970 UTC. The layout is version 1 of
`docs/format.md`, which carries golden vectors, and never changes: a new layout is a new tag.

Rule: AUD-01.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import sha256
from struct import Struct

HASH_BYTES = 32
FIRST_PREVIOUS_HASH = bytes(HASH_BYTES)  # what the first block names as its predecessor

PackedPosting = tuple[bytes, bytes, bytes, int]
"""Source, destination and asset, each already through `pack_text`, and the amount."""

_length = Struct(">I").pack
_whole = Struct(">Q").pack
_three_wholes = Struct(">QQQ").pack


def pack_bytes(raw: bytes) -> bytes:
    """Return *raw* behind its 32-bit length."""
    return _length(len(raw)) + raw


def pack_text(text: str) -> bytes:
    """Return *text* as UTF-8 behind its 32-bit length."""
    raw = text.encode()
    return _length(len(raw)) + raw


# Kinds, codes, rules and versions are closed sets and actors come again; ids and references do not.
_pack_known = lru_cache(maxsize=4_096)(pack_text)

_HASH_LENGTH = _length(HASH_BYTES)
_COMMAND_TAG = pack_text("yongneng/command/1")
_ENTRY_TAG = pack_text("yongneng/entry/1")
_BLOCK_TAG = pack_text("yongneng/block/1")


def command_leaf(
    *,
    sequence: int,
    command_id: str,
    kind: str,
    actor: str,
    payload_hash: bytes,
    code: str,
    answer_hash: bytes,
    rules_version: str,
    recorded_at: int,
) -> bytes:
    """
    Return the leaf of one command and its answer.

    *payload_hash* and *answer_hash* are the raw SHA-256 of the payload text and of the answer text;
    *code* is "ok" or the refusal code. The command id enters as its hash, so that a leaf can be
    published without the id.

    Rule: AUD-01.
    """
    assert len(payload_hash) == len(answer_hash) == HASH_BYTES
    return b"".join(
        (
            _COMMAND_TAG,
            _whole(sequence),
            _HASH_LENGTH,
            sha256(command_id.encode()).digest(),
            _pack_known(kind),
            _pack_known(actor),
            _HASH_LENGTH,
            payload_hash,
            _pack_known(code),
            _HASH_LENGTH,
            answer_hash,
            _pack_known(rules_version),
            _whole(recorded_at),
        )
    )


def entry_leaf(
    *,
    sequence: int,
    command_sequence: int,
    ordinal: int,
    code: str,
    rule: str,
    reference: str,
    effective_at: int,
    reverses: int,
    postings: Iterable[PackedPosting],
) -> bytes:
    """
    Return the leaf of one entry with its postings in their order.

    *ordinal* counts from 0 within the command, *reference* is empty when there is none, and
    *reverses* is the sequence of the entry undone, 0 for none.

    Rule: AUD-01.
    """
    packed = [
        part
        for source, destination, asset, amount in postings
        for part in (source, destination, asset, _whole(amount))
    ]
    return b"".join(
        (
            _ENTRY_TAG,
            _three_wholes(sequence, command_sequence, ordinal),
            _pack_known(code),
            _pack_known(rule),
            pack_text(reference),
            _three_wholes(effective_at, reverses, len(packed) // 4),
            *packed,
        )
    )


def plain_entry_leaves(
    *, command_sequence: int, code: str, rule: str, effective_at: int
) -> Callable[[int, int, str, bytes, bytes, bytes, int], bytes]:
    """
    Return a function that makes the leaves of one command's plain entries of one posting each.

    It takes the entry's sequence, ordinal and reference, the packed ends and asset, and the
    amount, and gives the very bytes of `entry_leaf`; what all entries share is packed once.
    """
    named = pack_text(code) + pack_text(rule)
    alone = _three_wholes(effective_at, 0, 1)
    join = b"".join

    def leaf(
        sequence: int,
        ordinal: int,
        reference: str,
        source: bytes,
        destination: bytes,
        asset: bytes,
        amount: int,
    ) -> bytes:
        raw = reference.encode()
        return join(
            (
                _ENTRY_TAG,
                _three_wholes(sequence, command_sequence, ordinal),
                named,
                _length(len(raw)),
                raw,
                alone,
                source,
                destination,
                asset,
                _whole(amount),
            )
        )

    return leaf


def leaves_hash(leaves: Iterable[bytes]) -> bytes:
    """Return the SHA-256 over all *leaves* of a block, each behind its length, in tree order."""
    return sha256(b"".join(map(pack_bytes, leaves))).digest()


def block_hash(
    *,
    number: int,
    previous: bytes,
    first_sequence: int,
    last_sequence: int,
    last_entry: int,
    committed_at: int,
    leaves: Iterable[bytes],
) -> bytes:
    """
    Return the hash of one block, which is one database commit.

    Blocks are numbered from 1 and hold the commands *first_sequence* to *last_sequence*.
    *previous* is the hash of the block before, FIRST_PREVIOUS_HASH for block 1; *last_entry* is
    the newest entry sequence so far, 0 while there is none. The hash depends on how commands were
    batched; the leaves and the tree do not.

    Rule: AUD-06.
    """
    assert len(previous) == HASH_BYTES
    assert 1 <= first_sequence <= last_sequence
    return sha256(
        b"".join(
            (
                _BLOCK_TAG,
                _whole(number),
                pack_bytes(previous),
                _three_wholes(first_sequence, last_sequence, last_entry),
                _whole(committed_at),
                pack_bytes(leaves_hash(leaves)),
            )
        )
    ).digest()
