"""
Look at a ledger that something was done to: open it as the next writer would, and judge it.

What it holds is held against what was acknowledged; conservation is counted by the database itself
and not by the code under test.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from api.demo import one_day
from ledger.check import self_check
from ledger.command import Command, canonical, read_payload_json
from ledger.db import reading
from ledger.tables import BlockRow, CommandRow
from ledger.writer import Writer

IMBALANCES = {
    "assets that do not sum to zero":
        "SELECT asset_id, SUM(amount) FROM balances GROUP BY asset_id HAVING SUM(amount) <> 0",
    "accounts below zero":
        "SELECT a.address FROM balances b JOIN accounts a ON a.id = b.account_id"
        " WHERE b.amount < 0 AND a.address NOT IN ('scheme\\:issuance', 'bank\\:settlement')",
    "balances that are not the sum of their postings":
        "SELECT account_id, asset_id, SUM(amount) FROM ("
        " SELECT account_id, asset_id, amount FROM balances"
        " UNION ALL SELECT source_id, asset_id, amount FROM postings"
        " UNION ALL SELECT destination_id, asset_id, -amount FROM postings"
        ") moved GROUP BY account_id, asset_id HAVING SUM(amount) <> 0",
    "holds that are not in the held accounts":
        "SELECT held_id, asset_id, SUM(amount) FROM ("
        " SELECT held_id, asset_id, remaining AS amount FROM holds"
        " UNION ALL SELECT b.account_id, b.asset_id, -b.amount FROM balances b"
        "  JOIN accounts a ON a.id = b.account_id"
        "  WHERE a.address LIKE '%held'"
        ") kept GROUP BY held_id, asset_id HAVING SUM(amount) <> 0",
}  # fmt: skip
"""Conservation, by what a row of the answer would mean."""

Logged = Mapping[str, sa.Row[Any]]


@dataclass(slots=True)
class Seen:
    """
    What a ledger looks like: *lost* are acknowledged ids that the log does not have.

    *corrupt* says why it cannot be opened or is not what a database should be, *unbalanced* what
    does not add up, *faults* what else is wrong.
    """

    lost: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Return whether nothing at all is wrong."""
        return not (self.lost or self.corrupt or self.unbalanced or self.faults)


def look(
    engine: sa.Engine, acknowledged: Sequence[str], *, blocks: Collection[bytes] | None = None
) -> Seen:
    """
    Reopen the database of a one-day play and hold it against what a player acknowledged.

    *blocks* are the hashes of all blocks that the player has sealed, if they are known: the last
    one found must be among them, and with it all of history is.
    """
    seen = Seen()
    try:
        _look(engine, acknowledged, seen, blocks)
    except Exception as error:  # what is read from a corrupt database can trip up any line
        seen.corrupt.append(f"{type(error).__name__}: {error}"[:200])
    return seen


def _look(
    engine: sa.Engine, acknowledged: Sequence[str], seen: Seen, blocks: Collection[bytes] | None
) -> None:
    found = logged(engine)
    seen.lost = [command_id for command_id in acknowledged if command_id not in found]
    seen.faults += unanswered(acknowledged, found)
    if blocks is not None and not _ends_in(engine, blocks):
        seen.faults.append("the last block is none that was ever sealed")
    writer = Writer(engine, one_day.subjects(), clock=one_day.DayClock())
    try:
        if acknowledged and not seen.lost:
            seen.faults += repeat(writer, found[acknowledged[-1]])
            if logged(engine).keys() != found.keys():
                seen.faults.append("a repeated command was logged again")
    finally:
        writer.close()
    for name, facts in self_check(engine).failed.items():
        told = seen.corrupt if name == "storage" else seen.faults
        told.append(f"self-check {name}: {facts}"[:300])
    seen.unbalanced += imbalances(engine)


def imbalances(engine: sa.Engine) -> list[str]:
    """Return what does not add up in the database."""
    with reading(engine) as connection:
        found = {
            name: connection.execute(sa.text(query)).all() for name, query in IMBALANCES.items()
        }
    return [f"{name}: {rows[:3]}" for name, rows in found.items() if rows]


def logged(engine: sa.Engine) -> Logged:
    """Return every row of the command log by its id, in order."""
    with reading(engine) as connection:
        rows = connection.execute(sa.select(CommandRow.__table__).order_by(CommandRow.sequence))
        return {row.id: row for row in rows}


def block_hashes(engine: sa.Engine) -> frozenset[bytes]:
    """Return the hash of every block, the empty history's included."""
    with reading(engine) as connection:
        return frozenset(connection.execute(sa.select(BlockRow.hash)).scalars()) | {bytes(32)}


def _ends_in(engine: sa.Engine, blocks: Collection[bytes]) -> bool:
    query = sa.select(BlockRow.hash).order_by(BlockRow.number.desc()).limit(1)
    with reading(engine) as connection:
        return (connection.execute(query).scalar_one_or_none() or bytes(32)) in blocks


def repeat(writer: Writer, row: sa.Row[Any]) -> list[str]:
    """Send the command of *row* again; return how its answer differs from the first."""
    shape = writer.subjects.handlers[row.kind].payload
    payload = read_payload_json(shape, row.payload.encode())
    answer = writer.submit(Command(row.id, row.actor, payload))
    again = (
        answer.sequence,
        answer.code,
        answer.recorded_at,
        answer.leaf_hash,
        canonical(answer.verdict).decode(),
    )
    first = (row.sequence, row.code, row.recorded_at, row.leaf_hash.hex(), row.answer)
    return [] if again == first else [f"{row.id} was answered {first}, and now {again}"]


def unanswered(acknowledged: Iterable[str], found: Logged) -> list[str]:
    """Return the acknowledged ids whose row has no answer."""
    rows = [found[command_id] for command_id in acknowledged if command_id in found]
    return [f"{row.id} has no answer" for row in rows if not (row.code and row.answer)]
