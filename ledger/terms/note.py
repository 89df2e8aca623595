"""
Note something about an account, an asset, an entry or a command, and keep what was noted before.

Notes decide nothing. Whoever sees the thing may see them, so they hold no names of persons.
"""

import re
from typing import ClassVar

from ledger.command import Payload
from ledger.errors import Refused
from ledger.subject import Result
from ledger.work import Work

KEY = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
VALUE_MAX = 1_000
_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


class TargetUnknown(Refused):
    """A note is about nothing that the ledger has."""

    code = "metadata_target_unknown"
    rule = "REG-47"

    def __init__(self, target: str) -> None:
        super().__init__(
            f"{target[:80]!r} names nothing here; name account:<address>, asset:<code>, "
            "entry:<number> or command:<number>",
            target=target[:80],
        )


class KeyMalformed(Refused):
    """The key of a note is not a short plain name."""

    code = "metadata_key_malformed"
    rule = "REG-47"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key[:80]!r} is not a key: 1 to 64 small letters, digits, dots, lines and dashes, a "
            "letter first",
            key=key[:80],
        )


class ValueTooLong(Refused):
    """A note is longer than a note may be."""

    code = "metadata_value_too_long"
    rule = "REG-47"

    def __init__(self, length: int) -> None:
        super().__init__(
            f"a note has at most {VALUE_MAX} characters, not {length}; name a document instead",
            length=length,
            largest=VALUE_MAX,
        )


class SetMetadata(Payload, frozen=True):
    """
    Note *value* under *key* about *target*; an empty value takes the note away.

    A target reads account:<address>, asset:<code>, entry:<number> or command:<number>.
    """

    kind: ClassVar[str] = "metadata.set"
    target: str
    key: str
    value: str


def set_metadata(work: Work, payload: SetMetadata) -> Result:
    """
    Keep a note; what it replaces stays in history.

    Refusals in this order: key, length, target. Rule: REG-47.
    """
    if not KEY.fullmatch(payload.key):
        raise KeyMalformed(payload.key)
    if len(payload.value) > VALUE_MAX:
        raise ValueTooLong(len(payload.value))
    if not _exists(work, payload.target):
        raise TargetUnknown(payload.target)
    work.add("metadata", (payload.target, payload.key, work.sequence, payload.value))
    return {"target": payload.target, "key": payload.key}


def _exists(work: Work, target: str) -> bool:
    memory = work.memory
    kind, _, name = target.partition(":")
    if kind == "account":
        return name in memory.accounts
    if kind == "asset":
        return name in memory.assets
    if not _NUMBER.fullmatch(name):
        return False
    if kind == "entry":
        return int(name) <= memory.entry_sequence
    # A refused command has a number too; what was never logged has none.
    return kind == "command" and int(name) <= memory.sequence
