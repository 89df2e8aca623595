"""
Walk all of history once and recount everything that rests on it.

Rule: AUD-24.
"""

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from ledger.command import payload_hash
from ledger.entry import EntryCode
from ledger.finding import Findings
from ledger.history import (
    BEGINNING,
    CommandTold,
    EntryTold,
    Names,
    Sealed,
    block_fault,
    point_after,
    sealed,
)
from ledger.merkle import CompactTree, leaf_hash

WALKED = ("sequences", "times", "payload_hashes", "leaves", "blocks", "references", "reversals")
"""The checks that `Recount.walk` makes."""

Place = tuple[int, int]
"""An account and an asset, by id."""


@dataclass(frozen=True, slots=True)
class TreeEnd:
    """The tree as it stood behind one command and its entries."""

    root: bytes
    last_sequence: int


class Recount:
    """
    The recount of one ledger: sums by account and asset, roots where checkpoints stand.

    *held* keeps source, destination, asset and amount of each entry that places a hold; *sizes* are
    those of the checkpoints ahead, and *point* is how far the recount has come.
    """

    def __init__(self, findings: Findings, names: Names, sizes: frozenset[int]) -> None:
        self.findings = findings
        self.names = names
        self.sums: defaultdict[Place, int] = defaultdict(int)
        self.held: dict[int, tuple[int, int, int, int]] = {}
        self.ends: dict[int, TreeEnd] = {}
        self.entries = self.postings = 0
        self.sizes = sizes
        self.point = BEGINNING
        self.tree = CompactTree()
        self._command = self._entry = 0
        self._time = -1
        self._reversed: set[int] = set()

    def walk(self, connection: sa.Connection) -> None:
        """Walk from the first block to the last and note every problem."""
        for one in sealed(connection, self.names):
            self.take(one)
        self.findings.fact("sequences", commands=self._command, entries=self._entry)
        self.findings.fact("blocks", blocks=self.point.block)
        self.findings.fact("leaves", leaves=self.tree.size, root=self.tree.root().hex())

    def take(self, one: Sealed) -> None:
        """Recount the block that comes next, and note every problem."""
        fault = block_fault(one, self.point)
        if fault:
            self.findings.problem("blocks", f"block {self.point.block + 1}", fault)
        self._take(one)
        self.point = point_after(one, self.point)

    @property
    def last_sequence(self) -> int:
        """Return the sequence of the last command recounted."""
        return self.point.sequence

    def _take(self, one: Sealed) -> None:
        leaves = iter(one.leaves)
        for told in one.told:
            hashed = leaf_hash(next(leaves))
            self.tree.append(hashed)
            self._take_command(told.command, hashed)
            for ordinal, entry in enumerate(told.entries):
                self.tree.append(leaf_hash(next(leaves)))
                self._take_entry(entry, told.command, ordinal)
            size = self.tree.size
            if size in self.sizes:
                self.ends[size] = TreeEnd(self.tree.root(), told.command.sequence)

    def _take_command(self, command: CommandTold, hashed: bytes) -> None:
        where, findings = f"command {command.sequence}", self.findings
        self._command += 1
        if command.sequence != self._command:
            findings.problem("sequences", where, f"command {self._command} should stand here")
            self._command = command.sequence
        if command.recorded_at <= self._time:
            findings.problem("times", where, "it is no later than the command before")
        self._time = command.recorded_at
        if payload_hash(command.payload.encode()) != command.payload_hash:
            findings.problem("payload_hashes", where, "the payload is not the one hashed")
        if hashed != command.leaf_hash:
            findings.problem("leaves", where, "the leaf hash is not that of the row")

    def _take_entry(self, entry: EntryTold, command: CommandTold, ordinal: int) -> None:
        where, findings = f"entry {entry.sequence}", self.findings
        self._entry += 1
        if entry.sequence != self._entry:
            findings.problem("sequences", where, f"entry {self._entry} should stand here")
            self._entry = entry.sequence
        if (entry.command_sequence, entry.ordinal) != (command.sequence, ordinal):
            findings.problem("sequences", where, f"it is not entry {ordinal} of its command")
        if [move[0] for move in entry.moves] != list(range(len(entry.moves))) or not entry.moves:
            findings.problem("sequences", where, "its postings are not numbered from 0")
        if entry.reverses is not None:
            self._take_reversal(entry, entry.reverses)
        self._take_moves(entry, where)
        self.entries += 1
        self.postings += len(entry.moves)

    def _take_reversal(self, entry: EntryTold, reverses: int) -> None:
        if not 1 <= reverses < entry.sequence or reverses in self._reversed:
            self.findings.problem(
                "reversals",
                f"entry {entry.sequence}",
                "it reverses no earlier entry, or one that was reversed before",
                reverses=reverses,
            )
        self._reversed.add(reverses)
        self.findings.fact("reversals", reversed=len(self._reversed))

    def _take_moves(self, entry: EntryTold, where: str) -> None:
        for ordinal, source, destination, asset, amount in entry.moves:
            known = source in self.names.accounts and destination in self.names.accounts
            if not known or asset not in self.names.assets:
                self.findings.problem(
                    "references", where, f"posting {ordinal} names no account or asset"
                )
            self.sums[source, asset] -= amount
            self.sums[destination, asset] += amount
        if entry.code == EntryCode.HOLD and entry.moves:
            self.held[entry.sequence] = entry.moves[0][1:]
