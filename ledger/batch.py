"""
One commit's worth of commands: their rows, their leaves, and the block that seals them.
"""

from collections.abc import Iterable

from ledger.leaf import block_hash
from ledger.memory import ASSET_BITS, Memory
from ledger.store import Store
from ledger.work import Row, Work


class Batch:
    """Rows that wait for the commit, in the order in which their commands were accepted."""

    __slots__ = (
        "balance_keys",
        "commands",
        "entries",
        "events",
        "first_sequence",
        "leaves",
        "postings",
        "rows",
        "upserts",
    )

    def __init__(self, first_sequence: int) -> None:
        self.first_sequence = first_sequence
        self.commands: list[Row] = []
        self.entries: list[Row] = []
        self.postings: list[Row] = []
        self.leaves: list[bytes] = []
        self.events: list[Row] = []
        self.rows: dict[str, list[Row]] = {}
        self.upserts: dict[str, dict[object, Row]] = {}
        self.balance_keys: set[int] = set()

    def join(self, work: Work) -> None:
        """Take over what an accepted command wants written."""
        self.entries += work.entries
        self.postings += work.postings
        self.events += work.events
        self.balance_keys.update(work.balances_before)
        for table, rows in work.rows.items():
            self.rows.setdefault(table, []).extend(rows)
        for table, by_key in work.upserts.items():
            self.upserts.setdefault(table, {}).update(by_key)

    def log(self, command: Row, leaf: bytes, entry_leaves: list[bytes]) -> None:
        """Add a command with its answer, and its leaves in the order of the tree."""
        self.commands.append(command)
        self.leaves.append(leaf)
        self.leaves += entry_leaves

    def rows_max(self) -> int:
        """Return how many rows the table has that gets the most."""
        waiting = (self.commands, self.entries, self.postings, self.events, self.balance_keys)
        subjects = (*self.rows.values(), *self.upserts.values())
        return max(len(rows) for rows in (*waiting, *subjects))

    def flush(self, store: Store, memory: Memory) -> None:
        """Write what has collected so far, so that a cold command's queries see it."""
        for table in store.in_order(self.rows):
            store.insert(table, self.rows[table])
        for table in store.in_order(self.upserts):
            store.upsert(table, self.upserts[table].values())
        for table, rows in (
            ("entries", self.entries),
            ("postings", self.postings),
            ("outbox", self.events),
        ):
            if rows:
                store.insert(table, rows)
        if self.balance_keys:
            store.upsert("balances", balance_rows(memory, self.balance_keys))
        self.rows, self.upserts, self.balance_keys = {}, {}, set()
        self.entries, self.postings, self.events = [], [], []

    def seal(self, store: Store, memory: Memory) -> None:
        """Write the command log and the block that chains this commit to the one before."""
        store.insert("commands", self.commands)
        number = memory.block + 1
        sealed = block_hash(
            number=number,
            previous=memory.block_hash,
            first_sequence=self.first_sequence,
            last_sequence=memory.sequence,
            last_entry=memory.entry_sequence,
            committed_at=memory.now,
            leaves=self.leaves,
        )
        row = (
            number,
            memory.block_hash,
            sealed,
            self.first_sequence,
            memory.sequence,
            memory.entry_sequence,
            memory.now,
        )
        store.insert("blocks", [row])
        memory.block, memory.block_hash = number, sealed


def balance_rows(memory: Memory, keys: Iterable[int]) -> list[Row]:
    """Return the rows of the balances kept under *keys*, in the order of their primary key."""
    accounts, balances = memory.accounts_by_id, memory.balances
    asset_mask = (1 << ASSET_BITS) - 1
    return [
        (account_id, key & asset_mask, balances[key], accounts[account_id - 1].overdraws)
        for key in sorted(keys)
        if (account_id := key >> ASSET_BITS)
    ]
