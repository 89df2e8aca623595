"""
Witness a ledger: cosign a checkpoint only if the one seen last is the beginning of it.

A witness is somebody else than the ledger, with a key and a memory of its own. What it cosigns it
has seen to grow; two histories of one ledger cannot both carry its cosignature. The cosignature is
that of C2SP tlog-cosignature (cosignature/v1, Ed25519): its time, and a signature over that time
and the whole text of the checkpoint.

Rule: AUD-37.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import Refused
from ledger.merkle import ProofRefused, verify_consistency
from ledger.note import (
    SIGNATURES_MAX,
    Algorithm,
    Checkpoint,
    CheckpointMalformed,
    CheckpointSignatureInvalid,
    Note,
    NoteSignature,
    VerifierKey,
    note_text,
    open_checkpoint,
    parse_note,
    require_key_name,
)

_stamp = Struct(">Q")

Proof = Callable[[int, int], Sequence[bytes]]
"""Returns the proof that the tree of the second size begins with that of the first."""


class Contradiction(NamedTuple):
    """What convicts a ledger, or whoever shows another one's: two notes it cannot both stand by."""

    seen: str
    shown: str
    proof: tuple[bytes, ...] = ()

    @property
    def name(self) -> str:
        """A name that is always the same for the same evidence."""
        return sha256(f"{self.seen}\n{self.shown}".encode()).hexdigest()[:16]


class NotContinued(Refused):
    """Nothing shows that the tree seen last is the beginning of the one now shown."""

    code = "history_not_continued"
    rule = "AUD-37"

    def __init__(
        self, message: str, evidence: Contradiction, *, seen: int, shown: int, problem: str
    ) -> None:
        super().__init__(message, seen=seen, shown=shown, problem=problem)
        self.evidence = evidence


class CheckpointShrank(NotContinued):
    """The ledger shows fewer leaves than this witness has seen of it."""

    code = "checkpoint_shrank"


class SplitView(NotContinued):
    """The ledger has signed two roots over the same number of leaves."""

    code = "split_view"


def witness_key(key: Ed25519PrivateKey, name: str) -> VerifierKey:
    """
    Return the public half of a witness's key under its name; its algorithm is 4.

    Refuses a name that no signature line can carry. Rule: AUD-04.
    """
    require_key_name(name)
    return VerifierKey(name, key.public_key().public_bytes_raw(), Algorithm.COSIGNATURE)


def require_continued(
    text: str,
    seen: str | None,
    *,
    origin: str,
    keys: Sequence[VerifierKey],
    proof: Proof,
) -> Checkpoint:
    """
    Return the checkpoint in the note *text* if it continues *seen*, the note seen last.

    The first checkpoint of a ledger is taken as it comes. Refusals: `checkpoint_malformed`,
    `checkpoint_signature_invalid`, `checkpoint_origin_other`, `checkpoint_shrank`, `split_view`,
    `history_not_continued`; the last three carry their evidence. Rule: AUD-37.
    """
    now = open_checkpoint(text, origin=origin, keys=keys)
    if seen is None:
        return now
    before = open_checkpoint(seen, origin=origin, keys=keys)
    evidence, sizes = Contradiction(seen, text), (before.tree_size, now.tree_size)
    if now.tree_size < before.tree_size:
        message = (
            f"{origin} shows {now.tree_size} leaves and had {before.tree_size}: it was rolled back "
            "or is shown by somebody else; nothing is cosigned, keep the evidence"
        )
        raise _refused(CheckpointShrank, message, evidence, sizes, "it has fewer leaves")
    if now.tree_size == before.tree_size:
        if now.root != before.root:
            message = (
                f"{origin} has signed two roots over {now.tree_size} leaves; nothing is cosigned, "
                "publish the evidence"
            )
            raise _refused(SplitView, message, evidence, sizes, "it has another root")
        return now
    _require_proof(before, now, evidence, proof)
    return now


def _refused(
    kind: type[NotContinued],
    message: str,
    evidence: Contradiction,
    sizes: tuple[int, int],
    problem: str,
) -> NotContinued:
    return kind(message, evidence, seen=sizes[0], shown=sizes[1], problem=problem[:200])


def _require_proof(
    before: Checkpoint, now: Checkpoint, evidence: Contradiction, proof: Proof
) -> None:
    hashes: Sequence[bytes] = ()
    try:
        if before.tree_size:
            hashes = proof(before.tree_size, now.tree_size)
        verify_consistency(
            old_size=before.tree_size,
            new_size=now.tree_size,
            old_root=before.root,
            new_root=now.root,
            proof=hashes,
        )
    except ProofRefused as refused:
        message = (
            f"nothing shows that the {before.tree_size} leaves seen of {now.origin} are the "
            f"beginning of the {now.tree_size} now shown; nothing is cosigned, keep the evidence"
        )
        kept = evidence._replace(proof=tuple(hashes))
        sizes = (before.tree_size, now.tree_size)
        raise _refused(NotContinued, message, kept, sizes, refused.message) from refused


def cosign(text: str, key: Ed25519PrivateKey, name: str, *, time: int) -> str:
    """
    Return the note *text* with the line of witness *name*, at *time* in seconds since 1970 UTC.

    A line that the witness had in it is replaced. Rule: AUD-37.
    """
    own, note = witness_key(key, name), parse_note(text)
    others = tuple(
        one for one in note.signatures if (one.key_name, one.key_hash) != (own.name, own.key_hash)
    )
    if len(others) >= SIGNATURES_MAX:
        raise CheckpointMalformed(f"it has {SIGNATURES_MAX} signature lines already")
    raw = _stamp.pack(time) + key.sign(_cosigned(note.body, time))
    line = NoteSignature(own.name, own.key_hash, raw)
    cosigned = note_text(Note(note.body, (*others, line)))
    assert own in witnessed_by(cosigned, [own]), "a signature that was just made does not verify"
    return cosigned


def witnessed_by(text: str, witnesses: Sequence[VerifierKey]) -> dict[VerifierKey, int]:
    """
    Return which of *witnesses* cosigned the note *text*, and when, in seconds since 1970 UTC.

    Refuses a note in which the cosignature of any of them is wrong. Rule: AUD-37.
    """
    note, found = parse_note(text), {}
    known = {(key.name, key.key_hash): key for key in witnesses}
    for one in note.signatures:
        key = known.get((one.key_name, one.key_hash))
        if key is None:
            continue
        time = int.from_bytes(one.signature[: _stamp.size])
        try:
            public_key = Ed25519PublicKey.from_public_bytes(key.public_key)
            public_key.verify(one.signature[_stamp.size :], _cosigned(note.body, time))
        except InvalidSignature:
            reason = f"the cosignature of {key.name} does not fit the text"
            raise CheckpointSignatureInvalid(reason, key_name=key.name) from None
        found[key] = time
    return found


def _cosigned(body: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{body}".encode()
