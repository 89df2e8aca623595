"""
What a key has signed last, kept beside it and so outside the database.

A copy of the database that was put back after a failure knows nothing of what was signed since.
Were a key to sign another history over leaves it has signed before, nobody could tell any more
which of the two is true. So the key remembers, and what it remembers is on the disk before the
checkpoint can be seen by anyone.

Rule: AUD-47.
"""

from pathlib import Path
from typing import Self

import msgspec

from ledger.errors import Refused
from ledger.kept_file import alone_with, keep_text, kept_text
from ledger.note import Checkpoint, CheckpointMalformed, parse_checkpoint, parse_note


class LedgerRolledBack(Refused):
    """The key has signed more than this ledger holds, or something else: it is an older copy."""

    code = "ledger_rolled_back"
    rule = "AUD-47"

    def __init__(self, problem: str, *, signed_size: int, size: int) -> None:
        super().__init__(
            f"the key has signed a checkpoint over {signed_size} leaves, and {problem}: this is an "
            "older copy. Bring the newer one back, or have the loss declared with "
            "`yongneng checkpoint --accept-rollback REASON`",
            signed_size=signed_size,
            size=size,
        )

    @classmethod
    def of(cls, signed_size: int, size: int) -> Self:
        """Return the refusal of rows that make *size* leaves and do not lead to what was signed."""
        problem = f"this ledger has only {size}"
        if size >= signed_size:
            problem = "the rows of this ledger lead to another root at that size"
        return cls(problem, signed_size=signed_size, size=size)


class SignedLastUnreadable(Refused):
    """The file that says what a key has signed last is not what was written there."""

    code = "signed_last_unreadable"
    rule = "AUD-47"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} does not say what the key has signed last; put it back from a backup, or put "
            "the newest checkpoint that was published in its place",
            path=str(path),
        )


class SignedLast:
    """The memory of the key in the file *key*: its newest checkpoint of each ledger."""

    def __init__(self, key: Path) -> None:
        self.path = key.with_suffix(".last")

    def note(self, origin: str) -> str:
        """Return the newest note signed for *origin*, nothing if there is none yet."""
        return self._notes().get(origin, "")

    def checkpoint(self, origin: str) -> Checkpoint | None:
        """Return the newest checkpoint signed for *origin*."""
        note = self.note(origin)
        if not note:
            return None
        try:
            return parse_checkpoint(parse_note(note).body)
        except CheckpointMalformed:
            raise SignedLastUnreadable(self.path) from None

    def origins(self) -> tuple[str, ...]:
        """Return the ledgers for which the key remembers something."""
        return tuple(self._notes())

    def remember(self, note: str) -> None:
        """
        Keep a note that is about to be published; an older one never takes a newer one's place.

        Rule: AUD-47.
        """
        fresh = parse_checkpoint(parse_note(note).body)
        with alone_with(self.path):
            kept = self.checkpoint(fresh.origin)
            if kept is None or kept.tree_size < fresh.tree_size:
                self._keep(fresh.origin, note)

    def forget(self, origin: str) -> None:
        """Keep nothing of *origin* any more, once the loss has been declared."""
        with alone_with(self.path):
            self._keep(origin, "")

    def _notes(self) -> dict[str, str]:
        text = kept_text(self.path)
        if not text:
            return {}
        try:
            return msgspec.json.decode(text, type=dict[str, str])
        except msgspec.DecodeError:
            raise SignedLastUnreadable(self.path) from None

    def _keep(self, origin: str, note: str) -> None:
        notes = {**self._notes(), origin: note}
        kept = {each: text for each, text in sorted(notes.items()) if text}
        keep_text(self.path, msgspec.json.format(msgspec.json.encode(kept)).decode() + "\n")
