"""
Commands and answers: everything that changes the ledger or the market.

A command is a client's id, an actor and a typed payload. Its payload has one canonical form, JSON
with sorted names and no floats, which is what the log keeps and the hash covers.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar, Self

import msgspec

from ledger.errors import Fact, Refused
from ledger.pointer import pointer_of, pointer_to

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}", re.ASCII)
OK = "ok"

WRITERS_OWN = "tick:"
"""How ids begin that the writer gives itself; nobody else may take one before it does."""

_NULL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_LONG_NUMBER = re.compile(rb"[:\[,]-?[0-9]{19,}[,\]}]")


class Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a command asks for; each kind of command has a subclass of its own."""

    kind: ClassVar[str]


class Command(msgspec.Struct, frozen=True):
    """
    One request to change the ledger.

    *id* is chosen by the client and never used twice with another content. *actor* is an opaque
    person ("person:P001") or part of the system ("system:clock").
    """

    id: str
    actor: str
    payload: Payload

    @property
    def kind(self) -> str:
        """Return the name of what is asked, such as ``order.place``."""
        return self.payload.kind


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What a command brought about, or why it was refused; the text that the log keeps.

    *result* belongs to an acceptance; *message*, *rule* and *facts* to a refusal.
    """

    result: Mapping[str, object] = {}
    message: str = ""
    rule: str = ""
    facts: Mapping[str, Fact] = {}


class Answer(msgspec.Struct, frozen=True, eq=False):
    """
    What the ledger answered, once and for ever.

    *code* is "ok" or the code of a refusal. *recorded_at* is ledger time in microseconds;
    *leaf_hash* is the hex hash of the command's leaf in the Merkle tree; *repeated* says that the
    id had been answered before, and this is that answer again.
    """

    sequence: int
    code: str
    recorded_at: int
    leaf_hash: str
    verdict: Verdict
    repeated: bool = False

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same answer, however often it was asked for."""
        return isinstance(other, Answer) and (
            (self.sequence, self.code, self.leaf_hash, self.verdict)
            == (other.sequence, other.code, other.leaf_hash, other.verdict)
        )

    def __hash__(self) -> int:
        return hash(self.leaf_hash)

    @property
    def result(self) -> Mapping[str, Any]:
        """Return what an accepted command brought about."""
        return self.verdict.result

    @property
    def message(self) -> str:
        """Return why a command was refused, in a sentence."""
        return self.verdict.message

    @property
    def facts(self) -> Mapping[str, Fact]:
        """Return the facts of a refusal."""
        return self.verdict.facts

    @property
    def ok(self) -> bool:
        """Return whether the command was accepted."""
        return self.code == OK

    def require(self) -> Self:
        """Return this answer if it is an acceptance; otherwise raise what it refused."""
        if not self.ok:
            raise RefusedByLedger(self)
        return self


class RefusedByLedger(Refused):
    """The ledger refused a command; carries the answer's own code, rule and facts."""

    code = "refused_by_ledger"
    rule = "REG-04"

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.code}: {answer.message}", **answer.facts)
        self.answer = answer


class PayloadMalformed(Refused):
    """
    A payload does not have the shape of its kind; it never becomes a command.

    *field* says where, as a JSON pointer such as /rows/3/amount.
    """

    code = "payload_malformed"
    rule = "REG-05"

    def __init__(self, kind: str, problem: str, *, field: str = "") -> None:
        super().__init__(f"{kind}: {problem}", kind=kind, problem=problem, field=field)


class FieldUnknown(PayloadMalformed):
    """A payload has a field that its kind does not know."""

    code = "field_unknown"


class FieldMissing(PayloadMalformed):
    """A payload lacks a field that its kind needs."""

    code = "field_required"


class NotAnInteger(PayloadMalformed):
    """A quantity or price was given as anything but a whole number of minor units."""

    code = "not_an_integer"


class NumberTooLarge(PayloadMalformed):
    """A payload holds a whole number of more than 18 digits, which no ledger counts."""

    code = "number_too_large"


class TextUnstorable(PayloadMalformed):
    """A payload holds text that not every database keeps: a NUL, or half a surrogate pair."""

    code = "text_unstorable"


class IdMalformed(Refused):
    """A command id is not 1 to 128 characters of the plain set."""

    code = "command_id_malformed"
    rule = "REG-05"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:40]!r} is not a command id: 1 to 128 letters, digits, . _ : / or -",
            id=text[:40],
        )


class IdReserved(Refused):
    """A command id is of the form that the writer gives its own commands."""

    code = "command_id_reserved"
    rule = "REG-05"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text} is an id for the writer's own commands: choose one that does not begin with "
            f"{WRITERS_OWN}",
            id=text,
        )


class IdReused(Refused):
    """A command id was used before with another kind, actor or payload."""

    code = "command_id_reused"
    rule = "REG-06"

    def __init__(self, command_id: str, *, sequence: int, differs: str) -> None:
        super().__init__(
            f"command {command_id} was used for sequence {sequence} with another {differs}; "
            "send the first content again, or choose a new id",
            id=command_id,
            sequence=sequence,
            differs=differs,
        )


def canonical(value: object) -> bytes:
    """Return the canonical JSON of a payload or answer: sorted names, UTF-8, no spaces."""
    return msgspec.json.encode(value, order="sorted")


def encode_payload(payload: Payload) -> bytes:
    """Return the canonical JSON of a payload, refusing text and numbers that cannot be kept."""
    try:
        encoded = canonical(payload)
    except UnicodeEncodeError:
        field = pointer_to(msgspec.to_builtins(payload), _is_half)
        problem = "a text holds half a surrogate pair"
        raise TextUnstorable(payload.kind, problem, field=field) from None
    if b"\\u0000" in encoded and _NULL.search(encoded):
        field = pointer_to(msgspec.to_builtins(payload), _holds_null)
        raise TextUnstorable(payload.kind, "a text holds a NUL character", field=field)
    if _LONG_NUMBER.search(encoded):
        field = pointer_to(msgspec.to_builtins(payload), _is_long)
        raise NumberTooLarge(payload.kind, "a number has more than 18 digits", field=field)
    return encoded


def payload_hash(encoded: bytes) -> bytes:
    """Return the SHA-256 of a payload's canonical form."""
    return sha256(encoded).digest()


def read_payload(shape: type[Payload], document: object) -> Payload:
    """
    Return *document*, plain data from JSON or CSV, as a payload of *shape*.

    Types are strict: a number in quotes or with a fraction is refused where a whole one is asked.
    """
    try:
        return msgspec.convert(document, shape, strict=True)
    except msgspec.ValidationError as error:
        raise _malformed(shape.kind, str(error)) from None
    except RecursionError:
        raise PayloadMalformed(shape.kind, _TOO_DEEP) from None


def read_payload_json(shape: type[Payload], encoded: bytes) -> Payload:
    """Return a payload of *shape* from its canonical JSON."""
    try:
        return msgspec.json.decode(encoded, type=shape, strict=True)
    except msgspec.DecodeError as error:
        raise _malformed(shape.kind, str(error)) from None
    except RecursionError:
        raise PayloadMalformed(shape.kind, _TOO_DEEP) from None


def require_id(text: str) -> None:
    """Refuse a command id outside the plain character set, or one of the writer's own."""
    if not ID_PATTERN.fullmatch(text):
        raise IdMalformed(text)
    if text.startswith(WRITERS_OWN):
        raise IdReserved(text)


_TOO_DEEP = "lists and objects stand too deep inside one another"


def _malformed(kind: str, problem: str) -> PayloadMalformed:
    field = pointer_of(problem)
    if "unknown field" in problem:
        return FieldUnknown(kind, problem, field=field)
    if "missing required field" in problem:
        return FieldMissing(kind, problem, field=field)
    if "Expected `int`" in problem:
        return NotAnInteger(kind, problem, field=field)
    return PayloadMalformed(kind, problem, field=field)


def _is_half(leaf: object) -> bool:
    return isinstance(leaf, str) and any("\ud800" <= sign <= "\udfff" for sign in leaf)


def _holds_null(leaf: object) -> bool:
    return isinstance(leaf, str) and "\0" in leaf


def _is_long(leaf: object) -> bool:
    return type(leaf) is int and len(str(abs(leaf))) > 18
