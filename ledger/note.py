"""
Checkpoints as signed text: C2SP signed notes around C2SP tree heads.

A checkpoint states how many leaves history has, their root, and when the last of them was written.
It names no block: how commands were batched may differ in a ledger that was replayed. It is plain
text that anyone can keep, print or publish; `docs/format.md` shows one. A fifth line may state the
root by SM3 as well. A signature line commits to
the key's name, its algorithm and its bytes. Signing takes a callable, so that the key may live in
hardware.

Rules: AUD-04 (form), AUD-05 (signature), AUD-07 (origin), AUD-38 (SM3).
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.errors import Refused
from ledger.merkle import HASH_BYTES, SIZE_LIMIT

SIGNATURES_MAX = 16
_KEY_HASH_BYTES = 4
_DASH = "\N{EM DASH} "
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LEDGER_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_UNPLAIN = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_TIME_FORM = "time %Y-%m-%dT%H:%M:%SZ"
_SM3 = "sm3 "

Signer = Callable[[bytes], bytes]
"""Returns the raw signature over the bytes given."""


class Algorithm(IntEnum):
    """Signature algorithms by their C2SP signature type, which is part of every key hash."""

    ED25519 = 0x01
    COSIGNATURE = 0x04
    """Ed25519 of a witness, over the text and the time of witnessing."""


class CheckpointMalformed(Refused):
    """A checkpoint, a note or a key text is not in the one form it may have."""

    code = "checkpoint_malformed"
    rule = "AUD-04"

    def __init__(self, reason: str) -> None:
        super().__init__(f"this is not a checkpoint: {reason}", reason=reason)


class CheckpointSignatureInvalid(Refused):
    """No known key signed the checkpoint, or a known key's signature is wrong."""

    code = "checkpoint_signature_invalid"
    rule = "AUD-05"

    def __init__(self, reason: str, *, key_name: str) -> None:
        super().__init__(f"the checkpoint is not signed: {reason}", key_name=key_name)


class CheckpointOriginOther(Refused):
    """A checkpoint belongs to another ledger."""

    code = "checkpoint_origin_other"
    rule = "AUD-07"

    def __init__(self, *, origin: str, expected: str) -> None:
        message = f"the checkpoint is of {origin[:200]}, only one of {expected} is accepted"
        super().__init__(message, origin=origin[:200], expected=expected)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: *tree_size* leaves under *root*, the last of them written at *time*."""

    origin: str
    tree_size: int
    root: bytes
    time: datetime  # UTC, whole seconds: that of the last block, not of signing
    sm3_root: bytes | None = None  # of the same leaves, where the profile asks for it


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A named public key. The name may hold neither spaces nor a plus sign."""

    name: str
    public_key: bytes
    algorithm: Algorithm = Algorithm.ED25519

    @property
    def key_hash(self) -> bytes:
        """The four bytes that open every signature of this key."""
        seed = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public_key
        return sha256(seed).digest()[:_KEY_HASH_BYTES]


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line of a note."""

    key_name: str
    key_hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A signed text: the body ends with a newline, which is signed too."""

    body: str
    signatures: tuple[NoteSignature, ...]


def checkpoint_origin(ledger_id: str, *, demonstration: bool) -> str:
    """
    Return the origin line of a ledger's checkpoints.

    A demonstration says so in what it signs, so that it can never pass for a live ledger.

    Rule: AUD-07.
    """
    if not _LEDGER_ID.fullmatch(ledger_id):
        raise CheckpointMalformed("a ledger id is 1 to 64 letters, digits, '.', '_' or '-'")
    return f"yongneng/{'demonstration' if demonstration else 'ledger'}/{ledger_id}"


def checkpoint_body(checkpoint: Checkpoint) -> str:
    """Return the text that is signed: four lines or, with SM3, five, each ended by a newline."""
    assert len(checkpoint.root) == HASH_BYTES
    assert checkpoint.time.utcoffset() is not None
    time = checkpoint.time.astimezone(UTC).strftime(_TIME_FORM)
    lines = [checkpoint.origin, str(checkpoint.tree_size), _base64(checkpoint.root), time]
    if checkpoint.sm3_root is not None:
        assert len(checkpoint.sm3_root) == HASH_BYTES
        lines.append(_SM3 + _base64(checkpoint.sm3_root))
    return "".join(f"{line}\n" for line in lines)


def parse_checkpoint(body: str) -> Checkpoint:
    """Return the checkpoint that *body* states; exactly one text states a given checkpoint."""
    *lines, end = body.split("\n")
    if len(lines) not in (4, 5) or end:
        raise CheckpointMalformed("it needs origin, size, root and time, one line each")
    origin, size, packed_root, time, *extension = lines
    root = _from_base64(packed_root)
    if not origin:
        raise CheckpointMalformed("the origin line is empty")
    if not _SIZE.fullmatch(size) or int(size) >= SIZE_LIMIT:
        raise CheckpointMalformed("the second line is not a plain number of leaves below 2^63")
    if len(root) != HASH_BYTES:
        raise CheckpointMalformed(f"the root has {len(root)} bytes instead of 32")
    return Checkpoint(
        origin=origin,
        tree_size=int(size),
        root=root,
        time=_parse_time(time),
        sm3_root=_parse_sm3(extension[0]) if extension else None,
    )


def sign_note(body: str, signers: Mapping[VerifierKey, Signer]) -> str:
    """
    Return *body* with one signature of each key, in their order; two keys overlap at a change.

    Every signature is verified before it leaves: a flipped bit here would be published for good.

    Rule: AUD-05.
    """
    signatures = (
        NoteSignature(key.name, key.key_hash, sign(body.encode())) for key, sign in signers.items()
    )
    text = note_text(Note(body, tuple(signatures)))
    for key in signers:
        require_signed(parse_note(text), [key])
    return text


def note_text(note: Note) -> str:
    """Return a note as the text that is published."""
    lines = [
        f"{_DASH}{one.key_name} {_base64(one.key_hash + one.signature)}\n"
        for one in note.signatures
    ]
    return f"{note.body}\n{''.join(lines)}"


def parse_note(text: str) -> Note:
    """Return the body and the signatures of a note, none of them verified yet."""
    if _UNPLAIN.search(text):
        raise CheckpointMalformed("it holds a character other than UTF-8 text and newlines")
    body, blank, tail = text.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise CheckpointMalformed("it needs a blank line and then signature lines")
    signatures = tuple(_parse_signature(line) for line in tail[:-1].split("\n"))
    if len(signatures) > SIGNATURES_MAX:
        raise CheckpointMalformed(f"it has more than {SIGNATURES_MAX} signature lines")
    if len({(one.key_name, one.key_hash) for one in signatures}) < len(signatures):
        raise CheckpointMalformed("one key has two signature lines")
    return Note(body=body + "\n", signatures=signatures)


def require_signed(note: Note, keys: Sequence[VerifierKey]) -> None:
    """
    Refuse a note unless one of *keys* signed it and no known key's signature is wrong.

    Signatures of unknown keys are ignored, as the signed-note format says.

    Rule: AUD-05.
    """
    known = {(key.name, key.key_hash): key for key in keys}
    signed_by = [known.get((one.key_name, one.key_hash)) for one in note.signatures]
    if not any(signed_by):
        names = ", ".join(key.name for key in keys)
        raise CheckpointSignatureInvalid(f"none of the known keys ({names}) did", key_name=names)
    for key, one in zip(signed_by, note.signatures, strict=True):
        if key is None:
            continue
        public_key = Ed25519PublicKey.from_public_bytes(key.public_key)
        try:
            public_key.verify(one.signature, note.body.encode())
        except InvalidSignature:
            reason = f"the signature of {key.name} does not fit the text"
            raise CheckpointSignatureInvalid(reason, key_name=key.name) from None


def open_checkpoint(text: str, *, origin: str, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the checkpoint in the note *text* once form, signature and origin have been verified.

    Rules: AUD-04, AUD-05, AUD-07, in this order.
    """
    note = parse_note(text)
    checkpoint = parse_checkpoint(note.body)
    require_signed(note, keys)
    if checkpoint.origin != origin:
        raise CheckpointOriginOther(origin=checkpoint.origin, expected=origin)
    return checkpoint


def key_text(key: VerifierKey) -> str:
    """Return *key* as name+hash+base64, the C2SP verifier key form; the algorithm is inside."""
    packed = bytes([key.algorithm]) + key.public_key
    return f"{key.name}+{key.key_hash.hex()}+{_base64(packed)}"


def parse_key(text: str, algorithm: Algorithm = Algorithm.ED25519) -> VerifierKey:
    """Return the key in a verifier key text, refusing other algorithms and a wrong key hash."""
    if _UNPLAIN.search(text) or "\n" in text:
        raise CheckpointMalformed("a key is one line of plain text")
    name, _, rest = text.partition("+")
    hash_hex, _, packed = rest.partition("+")
    require_key_name(name)
    raw = _from_base64(packed)
    if len(raw) != 33 or raw[0] != algorithm:
        raise CheckpointMalformed(f"the key is not of algorithm {algorithm:d} with 32 bytes")
    key = VerifierKey(name=name, public_key=raw[1:], algorithm=algorithm)
    if hash_hex != key.key_hash.hex():
        raise CheckpointMalformed("the key hash does not belong to this name and key")
    return key


def _parse_signature(line: str) -> NoteSignature:
    name, space, packed = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise CheckpointMalformed("a signature line is not '— name base64'")
    require_key_name(name)
    raw = _from_base64(packed)
    if len(raw) <= _KEY_HASH_BYTES:
        raise CheckpointMalformed("a signature is too short")
    return NoteSignature(name, key_hash=raw[:_KEY_HASH_BYTES], signature=raw[_KEY_HASH_BYTES:])


def require_key_name(name: str) -> None:
    """Refuse a key name that is empty or holds white space or a plus sign. Rule: AUD-04."""
    if not name or "+" in name or any(map(str.isspace, name)):
        raise CheckpointMalformed("a key name is empty or holds a space or a plus sign")


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")


def _from_base64(text: str) -> bytes:
    try:
        raw = b64decode(text, validate=True)
    except ValueError:
        raw = b""
    if _base64(raw) != text:  # unused bits could otherwise carry a second spelling
        raise CheckpointMalformed("it holds a text that is not canonical base64")
    return raw


def _parse_sm3(line: str) -> bytes:
    root = _from_base64(line.removeprefix(_SM3))
    if not line.startswith(_SM3) or len(root) != HASH_BYTES:
        raise CheckpointMalformed("the fifth line is not 'sm3 ' and a root of 32 bytes")
    return root


def _parse_time(line: str) -> datetime:
    try:
        time = datetime.strptime(line, _TIME_FORM).replace(tzinfo=UTC)
    except ValueError:
        time = None
    if time is None or time.strftime(_TIME_FORM) != line:
        raise CheckpointMalformed("the fourth line is not 'time 2026-07-01T00:00:00Z'")
    return time
