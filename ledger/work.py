"""
One command's work: what it reads, what it changes, and how the change is undone if it is refused.

A verb changes state only through the Work it is given. Rows collect here and join the batch when
the command is accepted; memory changes carry their own undo.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sqlalchemy.orm import Session

from ledger.command import canonical
from ledger.db import require_key_text
from ledger.memory import Memory
from ledger.versions import NEARER, RULES_VERSION, is_since

Row = tuple[object, ...]


class Mark(NamedTuple):
    """A place in a command's work to which it can go back: how much there was of everything."""

    entries: int
    postings: int
    undo: int
    balances_before: dict[int, int]


class Work:
    """
    The hands of a verb for the time of one command.

    *now* is ledger time in microseconds; *actor* made the command and *approver* is the second
    person where four eyes were needed. Entries are numbered from the ledger's last. *rules_version*
    is by whose rules the command is decided.
    """

    __slots__ = (
        "_session",
        "actor",
        "approver",
        "balances_before",
        "entries",
        "events",
        "leaves",
        "memory",
        "now",
        "postings",
        "rows",
        "rules_version",
        "sequence",
        "undo",
        "upserts",
    )

    def __init__(
        self,
        memory: Memory,
        *,
        sequence: int,
        now: int,
        actor: str,
        session: Session | None = None,
        rules_version: str = RULES_VERSION,
    ) -> None:
        self.memory = memory
        self.sequence = sequence
        self.now = now
        self.actor = actor
        self.approver = ""
        self.rules_version = rules_version
        self._session = session
        self.entries: list[Row] = []
        self.postings: list[Row] = []
        self.leaves: list[bytes] = []
        self.events: list[Row] = []
        self.rows: dict[str, list[Row]] = {}
        self.upserts: dict[str, dict[object, Row]] = {}
        self.balances_before: dict[int, int] = {}
        self.undo: list[Callable[[], object]] = []

    @property
    def session(self) -> Session:
        """Return the session of a cold command; a hot one decides in memory and has none."""
        assert self._session is not None, "a hot command reads memory only"
        return self._session

    def is_since(self, version: str) -> bool:
        """Return whether this command is decided by the rules of *version* or later ones."""
        return is_since(self.rules_version, version)

    def require_keys(self, *texts: str) -> None:
        """Refuse a text that is to be found by an index and is too long for one. Rule: REG-05."""
        if self.is_since(NEARER):
            for text in texts:
                require_key_text(text)

    def add(self, table: str, row: Row) -> None:
        """Append one row, values in the order of the table's columns."""
        self.rows.setdefault(table, []).append(row)

    def put(self, table: str, key: object, row: Row) -> None:
        """Write one row in place of whatever has the same primary key."""
        self.upserts.setdefault(table, {})[key] = row

    def on_refusal(self, undo: Callable[[], object]) -> None:
        """Run *undo* if this command is refused after all; the last change is undone first."""
        self.undo.append(undo)

    def mark(self) -> Mark:
        """
        Begin a part that may be given up alone; end it by `keep` or `back_to`, before the next.

        Such a part only posts: rows, events and what they rest on are not given up with it.
        """
        mark = Mark(len(self.entries), len(self.postings), len(self.undo), self.balances_before)
        self.balances_before = {}
        return mark

    def keep(self, mark: Mark) -> None:
        """Let the part since *mark* stand; it can still be refused with the whole command."""
        since, self.balances_before = self.balances_before, mark.balances_before
        for key, amount in since.items():
            self.balances_before.setdefault(key, amount)

    def back_to(self, mark: Mark) -> None:
        """Give up the part since *mark*, which leaves no trace."""
        while len(self.undo) > mark.undo:
            self.undo.pop()()
        self.memory.balances.update(self.balances_before)
        self.balances_before = mark.balances_before
        self.memory.entry_sequence -= len(self.entries) - mark.entries
        del self.entries[mark.entries :]
        del self.leaves[mark.entries :]
        del self.postings[mark.postings :]

    def publish(self, topic: str, body: Mapping[str, object]) -> None:
        """Tell readers of *topic* what happened, in the same commit."""
        ordinal = len(self.events)
        self.events.append((self.sequence, ordinal, topic, canonical(body).decode()))

    def take_back(self) -> None:
        """Restore memory to what it was before this command."""
        for undo in reversed(self.undo):
            undo()
        self.memory.balances.update(self.balances_before)
        self.memory.entry_sequence -= len(self.entries)
