"""
Send one command for whoever asks, as a proposal where a second person is needed.

A client chooses the key of a command; the ledger knows it under the person's name, so that nobody
meets the keys of others.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from api.gateway import Gateway
from api.pack_files import require_known_keys
from ledger.approve import proposing
from ledger.command import Answer, Command, Payload, RefusedByLedger, read_payload
from ledger.errors import Refused

KEY = re.compile(r'"?([A-Za-z0-9][A-Za-z0-9._:-]{0,79})"?', re.ASCII)


class KeyMissing(Refused):
    """A write came without the key that makes it safe to send again."""

    code = "idempotency_key_missing"
    rule = "REG-06"

    def __init__(self) -> None:
        super().__init__("name the request in the header Idempotency-Key, a fresh UUID will do")


class KeyInvalid(Refused):
    """An Idempotency-Key is not 1 to 80 characters of the plain set."""

    code = "idempotency_key_invalid"
    rule = "REG-06"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key[:40]!r} is no key: 1 to 80 letters, digits, . _ : or -, a fresh UUID will do",
            key=key[:40],
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a request: its command and the answer; *is_proposal* waits for another."""

    command: Command
    answer: Answer
    is_proposal: bool


Look = Callable[[Payload], None]


def _any(_payload: Payload) -> None:
    """Let every payload pass."""


def command_id(person: str, key: str | None) -> str:
    """Return the ledger's id of the request that *person* named *key*; refuse a bad key."""
    if key is None:
        raise KeyMissing
    found = KEY.fullmatch(key)
    if found is None:
        raise KeyInvalid(key)
    return f"{person.removeprefix('person:')}/{found[1]}"


def command_of(
    gateway: Gateway,
    kind: type[Payload],
    document: Mapping[str, object],
    person: str,
    key: str,
    *,
    look: Look = _any,
) -> tuple[Command, bool]:
    """
    Return the command for *document*, and whether it is only the proposal of one.

    *look* sees the payload first, and may refuse it. No way in leads past the register of
    parameters (POL-14).
    """
    payload = read_payload(kind, document)
    look(payload)
    require_known_keys(payload)
    is_proposal = bool(gateway.subjects.handlers[kind.kind].checkers)
    return Command(key, person, proposing(payload) if is_proposal else payload), is_proposal


def send(
    gateway: Gateway,
    kind: type[Payload],
    document: Mapping[str, object],
    person: str,
    key: str,
    *,
    look: Look = _any,
) -> Sent:
    """
    Send one command under the id *key* and return what was answered; raise any refusal.

    Rule: REG-06.
    """
    command, is_proposal = command_of(gateway, kind, document, person, key, look=look)
    return Sent(command, answered(gateway.outcomes((command,))[0]), is_proposal)


def send_all(gateway: Gateway, commands: Sequence[Command]) -> list[Answer | Refused]:
    """Send commands in order; return each answer, or why it never became a command."""
    return gateway.outcomes(commands)


def answered(outcome: Answer | Refused) -> Answer:
    """Return an acceptance; raise whatever else it is."""
    if isinstance(outcome, Refused):
        raise outcome
    if not outcome.ok:
        raise RefusedByLedger(outcome)
    return outcome
