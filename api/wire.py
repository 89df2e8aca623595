"""
Wire: what web processes and the writer say to each other over the local socket.

A frame is its length in four bytes, highest first, and one message in MessagePack. Each request
has a number of its own, which its answer carries; several may be under way at once. A connection
begins with `Hello`. Payloads and verdicts travel as the canonical JSON that the log keeps.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import TypeVar

import msgspec

from api.wire_refusals import FRAME_BYTES_MAX, FrameMalformed, FrameTooLarge, RefusedElsewhere
from ledger.command import Answer, Verdict, canonical
from ledger.errors import Fact, Refused
from ledger.subject import Subjects
from ledger.versions import RULES_VERSION

PROTOCOL = 1
ANSWER_BYTES_MAX = 256 << 20
"""Of an answer: what the log holds must always be told."""

LENGTH_BYTES = 4
NOBODY = 0
"""The number of an answer to what could not be read as a request."""

Message = TypeVar("Message")


class Told(msgspec.Struct, frozen=True, array_like=True):
    """A command on its way: id, actor, kind, and the canonical JSON of its payload."""

    id: str
    actor: str
    kind: str
    payload: bytes


class Hello(msgspec.Struct, frozen=True, array_like=True, tag="hello"):
    """The first request on a connection."""

    number: int
    protocol: int
    build: str


class Submit(msgspec.Struct, frozen=True, array_like=True, tag="submit"):
    """Apply these commands in order."""

    number: int
    commands: list[Told]


class Tick(msgspec.Struct, frozen=True, array_like=True, tag="tick"):
    """Let what is due happen."""

    number: int


class AskTime(msgspec.Struct, frozen=True, array_like=True, tag="now"):
    """Ask for the writer's clock."""

    number: int


class Greeting(msgspec.Struct, frozen=True, array_like=True, tag="hello"):
    """Which ledger the writer writes, "" where it has no history yet, and by what."""

    number: int
    ledger: str
    purpose: str
    epoch: int
    build: str


class Answered(msgspec.Struct, frozen=True, array_like=True, tag="answered"):
    """The answer to one command; its verdict is JSON."""

    sequence: int
    code: str
    recorded_at: int
    leaf_hash: str
    verdict: bytes
    repeated: bool


class Declined(msgspec.Struct, frozen=True, array_like=True, tag="declined"):
    """Why something never became a command; *status_class* is 4 or 5."""

    code: str
    rule: str
    message: str
    facts: dict[str, Fact]
    status_class: int


class Broken(msgspec.Struct, frozen=True, array_like=True, tag="broken"):
    """A bug kept the writer from an answer; the command had no effect."""

    problem: str


class Outcomes(msgspec.Struct, frozen=True, array_like=True, tag="submit"):
    """What became of the commands of a `Submit`, in their order."""

    number: int
    outcomes: list[Answered | Declined | Broken]


class Done(msgspec.Struct, frozen=True, array_like=True, tag="tick"):
    """What was due has happened."""

    number: int


class Time(msgspec.Struct, frozen=True, array_like=True, tag="now"):
    """The writer's clock, microseconds."""

    number: int
    now: int


class Failed(msgspec.Struct, frozen=True, array_like=True, tag="failed"):
    """A whole request came to nothing."""

    number: int
    why: Declined | Broken


Request = Hello | Submit | Tick | AskTime
Response = Greeting | Outcomes | Done | Time | Failed

_REQUESTS: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_RESPONSES: msgspec.msgpack.Decoder[Response] = msgspec.msgpack.Decoder(Response)
_ENCODER = msgspec.msgpack.Encoder()


def frame(message: Request | Response) -> bytes:
    """Return one message with its length before it."""
    body = _ENCODER.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def read_request(body: bytes) -> Request:
    """Return the request in a frame; refuse what is none."""
    return _read(_REQUESTS, body)


def read_response(body: bytes) -> Response:
    """Return the answer in a frame; refuse what is none."""
    return _read(_RESPONSES, body)


class Frames:
    """Cuts a stream of bytes, however it arrives, into the bodies of frames."""

    def __init__(self, largest: int = FRAME_BYTES_MAX) -> None:
        self.largest = largest
        self._pending = bytearray()

    def feed(self, arrived: bytes) -> Iterator[bytes]:
        """Yield the bodies of the frames that *arrived* completes; refuse one too large."""
        pending = self._pending
        pending += arrived
        start = 0
        try:
            while len(pending) - start >= LENGTH_BYTES:
                begin = start + LENGTH_BYTES
                size = int.from_bytes(pending[start:begin], "big")
                if size > self.largest:
                    raise FrameTooLarge(size, self.largest)
                if len(pending) - begin < size:
                    return
                start = begin + size
                yield bytes(pending[begin:start])
        finally:
            del pending[:start]


def declined(refusal: Refused, *, status_class: int = 4) -> Declined:
    """Return a refusal as data."""
    facts: Mapping[str, Fact] = {
        # A fact may be text of a class of its own, such as the name of a table.
        name: int(fact) if isinstance(fact, int) else str(fact)
        for name, fact in refusal.facts.items()
    }
    return Declined(refusal.code, refusal.rule, refusal.message, dict(facts), status_class)


def answered(answer: Answer) -> Answered:
    """Return an answer as data."""
    return Answered(
        answer.sequence,
        answer.code,
        answer.recorded_at,
        answer.leaf_hash,
        canonical(answer.verdict),
        answer.repeated,
    )


def outcome_of(told: Answered | Declined) -> Answer | Refused:
    """Return the answer or refusal that was told, as the writer had it."""
    if isinstance(told, Declined):
        return RefusedElsewhere(told)
    return Answer(
        sequence=told.sequence,
        code=told.code,
        recorded_at=told.recorded_at,
        leaf_hash=told.leaf_hash,
        verdict=msgspec.json.decode(told.verdict, type=Verdict),
        repeated=told.repeated,
    )


def build_of(subjects: Subjects) -> str:
    """
    Return what tells builds apart that could read one command differently.

    It is the rules version and a hash over the shapes of all payloads.
    """
    kinds = sorted(subjects.handlers)
    shapes = msgspec.json.schema_components([subjects.handlers[kind].payload for kind in kinds])
    told = msgspec.json.encode([PROTOCOL, kinds, shapes], order="sorted")
    return f"rules {RULES_VERSION}, shapes {sha256(told).hexdigest()[:16]}"


def in_parts(
    told: Iterable[Told], *, count: int = 512, size: int = 1 << 20
) -> Iterator[list[Told]]:
    """Yield commands in lists of at most *count*, and of *size* bytes unless one alone is more."""
    part: list[Told] = []
    held = 0
    for each in told:
        if part and (len(part) == count or held + len(each.payload) > size):
            yield part
            part, held = [], 0
        part.append(each)
        held += len(each.payload)
    if part:
        yield part


def _read(decoder: "msgspec.msgpack.Decoder[Message]", body: bytes) -> Message:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameMalformed(str(error)) from None
