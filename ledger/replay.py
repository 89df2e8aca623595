"""
Replay: apply the command log of one ledger to an empty database and demand the same history.

Whatever a verb takes from a clock, from chance or from how commands were batched shows here as a
difference, and so does any change of a table that no leaf covers.

Rules: AUD-27, AUD-28.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec
import sqlalchemy as sa

from ledger.command import Command, PayloadMalformed, canonical, read_payload_json
from ledger.db import Base, reading
from ledger.digest import state_digest
from ledger.errors import Refused
from ledger.history import CommandTold, in_order
from ledger.pending import Pending
from ledger.subject import Subjects
from ledger.tables import CommandRow, LeaseRow
from ledger.tick import Tick
from ledger.versions import RULES_VERSION, VERSIONS
from ledger.writer import Writer


class ReplayTargetNotEmpty(Refused):
    """A log is replayed into a database that is migrated and otherwise empty."""

    code = "replay_target_not_empty"
    rule = "AUD-27"

    def __init__(self, table: str) -> None:
        super().__init__(f"the target has rows in {table}; replay into an empty one", table=table)


class ReplayDiffers(Refused):
    """A command had another outcome than the log says, or the state at the end is another."""

    code = "replay_differs"
    rule = "AUD-28"

    def __init__(self, sequence: int, differs: str, *, logged: str, replayed: str) -> None:
        super().__init__(
            f"the replay of command {sequence} has another {differs} than the log",
            sequence=sequence,
            differs=differs,
            logged=logged,
            replayed=replayed,
        )


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was replayed, in how many commits, and the state digest that both ledgers have."""

    commands: int
    batches: int
    digest: str


def replay(
    source: sa.Engine, target: sa.Engine, subjects: Subjects, batch_sizes: Iterator[int]
) -> Replayed:
    """
    Apply the log of *source* to the empty *target* and return the digest they then share.

    Commands go in commits of *batch_sizes*, one after the other, under their recorded times. The
    first difference in any column of the log is refused, then any in the state.

    Rules: AUD-27, AUD-28.
    """
    _require_empty(target)
    writer = Writer(target, subjects, clock=_no_clock, holder="replay")
    try:
        with reading(source) as log:
            batches = sequence = 0
            for batch in _batches(log, batch_sizes):
                _apply(writer, subjects, batch)
                _compare(target, batch, after=sequence)
                batches, sequence = batches + 1, batch[-1].sequence
            digest = state_digest(log)
    finally:
        writer.close()
    with reading(target) as connection:
        found = state_digest(connection)
    if found != digest:
        raise ReplayDiffers(sequence, "state", logged=digest, replayed=found)
    return Replayed(commands=sequence, batches=batches, digest=digest)


def _no_clock() -> int:
    raise AssertionError("a replay takes every time from the log")


def _require_empty(target: sa.Engine) -> None:
    with reading(target) as connection:
        for table in Base.metadata.sorted_tables:
            if table.name == LeaseRow.__tablename__:
                continue
            if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
                raise ReplayTargetNotEmpty(table.name)


def _batches(log: sa.Connection, sizes: Iterator[int]) -> Iterator[list[CommandTold]]:
    rows = (CommandTold._make(row) for row in in_order(log, CommandRow, 0))
    while batch := list(islice(rows, next(sizes))):
        yield batch


def _apply(writer: Writer, subjects: Subjects, batch: Sequence[CommandTold]) -> None:
    pendings = [_pending(row, subjects) for row in batch]
    writer.replay(pendings)
    for row, pending in zip(batch, pendings, strict=True):
        try:
            pending.outcome()
        except Exception as error:
            problem = repr(error.__cause__ or error)[:200]
            raise ReplayDiffers(
                row.sequence, "outcome", logged=row.code, replayed=problem
            ) from error


def _pending(row: CommandTold, subjects: Subjects) -> Pending:
    handler = subjects.handlers.get(row.kind)
    if handler is None:
        raise ReplayDiffers(row.sequence, "kind", logged=row.kind, replayed="unknown")
    if row.rules_version not in VERSIONS:
        raise ReplayDiffers(
            row.sequence, "rules_version", logged=row.rules_version, replayed=RULES_VERSION
        )
    try:
        payload = read_payload_json(handler.payload, row.payload.encode())
    except PayloadMalformed as malformed:
        raise ReplayDiffers(
            row.sequence, "payload", logged=row.payload[:200], replayed=malformed.message
        ) from malformed
    return Pending(
        Command(row.id, row.actor, payload),
        # As it was written: a field that the kind has gained since was no part of what was sent.
        canonical(msgspec.json.decode(row.payload)),
        by_writer=row.kind == Tick.kind,
        recorded_at=row.recorded_at,
        rules_version=row.rules_version,
    )


def _compare(target: sa.Engine, batch: Sequence[CommandTold], *, after: int) -> None:
    """Hold what the target has logged since *after* against *batch*, column by column."""
    query = (
        sa.select(CommandRow.__table__)
        .where(CommandRow.sequence > after)
        .order_by(CommandRow.sequence)
    )
    with reading(target) as connection:
        rows = [CommandTold._make(row) for row in connection.execute(query)]
    for logged, replayed in zip(batch, rows, strict=True):
        if logged != replayed:
            _refuse(logged, replayed)


def _refuse(logged: CommandTold, replayed: CommandTold) -> None:
    differs, one, other = next(
        (name, one, other)
        for name, one, other in zip(CommandTold._fields, logged, replayed, strict=True)
        if one != other
    )
    raise ReplayDiffers(logged.sequence, differs, logged=_shown(one), replayed=_shown(other))


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)[:200]
