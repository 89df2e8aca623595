"""
Apply a batch of commands in one transaction: repeats, ticks, roles, effect, answer, seal.
"""

from collections.abc import Callable
from hashlib import sha256

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.approve import SecondPersonNeeded
from ledger.batch import Batch
from ledger.command import OK, Answer, IdReused, Verdict, canonical
from ledger.errors import Refused
from ledger.leaf import command_leaf
from ledger.memory import Memory
from ledger.merkle import leaf_hash
from ledger.pending import CommandFailed, Pending
from ledger.roles import require_role
from ledger.store import Store
from ledger.subject import Handler, Result, Subjects
from ledger.tables import CommandRow
from ledger.tick import forget_ended, is_due, tick_command
from ledger.versions import NEARER, facts_told
from ledger.work import Work


class EpochStale(Refused):
    """Another writer has taken the lease; this one must stop."""

    code = "epoch_stale"
    rule = "REG-08"

    def __init__(self, epoch: int) -> None:
        super().__init__(f"epoch {epoch} is over: another process writes this ledger", epoch=epoch)


class Applying:
    """One batch being applied on the writer's connection."""

    def __init__(
        self,
        store: Store,
        connection: sa.Connection,
        *,
        memory: Memory,
        subjects: Subjects,
        clock: Callable[[], int],
    ) -> None:
        self.store = store
        self.connection = connection
        self.memory = memory
        self.subjects = subjects
        self.clock = clock
        self.batch = Batch(memory.sequence + 1)
        self.answers: dict[str, Pending] = {}
        self._session: Session | None = None

    def run(self, pendings: list[Pending], *, epoch: int) -> None:
        """Apply *pendings* in order and commit them together; on any exception nothing is kept."""
        transaction = self.connection.begin()
        seen_before = self._seen_before(pendings)
        for pending in pendings:
            if pending.by_writer and pending.recorded_at is None:
                # Its id follows from its place in the log, which is known only now.
                pending.command = tick_command(self.memory)
            if not self._repeat(pending, seen_before):
                self._apply(pending, self._tick_until(pending))
        if not self.batch.commands:
            # Nothing to commit; but nothing may be told from the memory of who was put out.
            if not self.store.touch_lease(epoch)():
                raise EpochStale(epoch)
            transaction.rollback()
            return
        with self.store.together(self.batch.rows_max()):
            self.batch.flush(self.store, self.memory)
            self.batch.seal(self.store, self.memory)
            is_mine = self.store.touch_lease(epoch)
        if not is_mine():
            raise EpochStale(epoch)
        transaction.commit()
        if self._session is not None:
            self._session.close()

    def _seen_before(self, pendings: list[Pending]) -> dict[str, sa.Row[tuple[object, ...]]]:
        """Return the log rows of ids that were used before this batch, in one query."""
        memory = self.memory
        ids = {pending.command.id for pending in pendings}
        if memory.recent_is_whole:
            ids = {command_id for command_id in ids if command_id in memory.recent}
        if not ids:
            return {}
        rows = self.connection.execute(
            sa.select(CommandRow.__table__).where(CommandRow.id.in_(sorted(ids)))
        )
        return {row.id: row for row in rows}

    def _repeat(self, pending: Pending, seen: dict[str, sa.Row[tuple[object, ...]]]) -> bool:
        """Answer a repeated id as it was answered first; return whether it was one."""
        command = pending.command
        twin = self.answers.get(command.id)
        if twin is not None:
            first = (twin.command.kind, twin.command.actor, twin.hash)
            answer = twin.outcome()
        elif command.id in seen:
            row = seen[command.id]
            first = (row.kind, row.actor, row.payload_hash)
            answer = read_answer(row)
        else:
            return False
        now = (command.kind, command.actor, pending.hash)
        for name, old, new in zip(("kind", "actor", "payload"), first, now, strict=True):
            if old != new:
                pending.fail(IdReused(command.id, sequence=answer.sequence, differs=name))
                return True
        pending.answer(msgspec.structs.replace(answer, repeated=True))
        return True

    def _now(self, pending: Pending) -> int:
        if pending.recorded_at is not None:
            assert pending.recorded_at > self.memory.now
            return pending.recorded_at
        return max(self.clock(), self.memory.now + 1)

    def _tick_until(self, pending: Pending) -> int:
        """
        Let everything due at this command's time happen first, by commands of its own.

        Returns the command's time.
        """
        now = self._now(pending)
        forget_ended(self.memory, now)
        while not pending.by_writer and is_due(self.memory, now):
            assert pending.recorded_at is None, "replay finds its ticks in the log"
            command = tick_command(self.memory)
            self._apply(Pending(command, canonical(command.payload), by_writer=True), now)
            now = self._now(pending)
        return now

    def _apply(self, pending: Pending, now: int) -> None:
        command = pending.command
        handler = self.subjects.handlers[command.kind]
        work = Work(
            self.memory,
            sequence=self.memory.sequence + 1,
            now=now,
            actor=command.actor,
            session=self._cold_session() if handler.cold else None,
            rules_version=pending.rules_version,
        )
        try:
            self._require_entitled(work, handler, pending)
        except Refused as refusal:
            pending.fail(refusal)
            return
        try:
            result = self._effect(work, handler, pending)
        except Refused as refusal:
            work.take_back()
            told = Verdict(
                message=refusal.message,
                rule=refusal.rule,
                facts=facts_told(refusal, pending.rules_version),
            )
            self._log(pending, work.now, told, [], code=refusal.code)
        else:
            self.batch.join(work)
            self._log(pending, work.now, Verdict(result=result), work.leaves)

    def _require_entitled(self, work: Work, handler: Handler, pending: Pending) -> None:
        """Refuse who may not send this at all, before it becomes a command. Rule: REG-20."""
        payload = pending.command.payload
        try:
            if handler.makers:
                scope = handler.scope(work, payload)
                roles = handler.makers
                require_role(self.memory, work.actor, kind=payload.kind, roles=roles, scope=scope)
            elif handler.admit is not None and work.is_since(NEARER):
                handler.admit(work, payload)
        except Refused:
            raise
        except Exception as error:
            raise CommandFailed(pending, error) from error

    def _effect(self, work: Work, handler: Handler, pending: Pending) -> Result:
        if handler.checkers:
            raise SecondPersonNeeded(pending.command.kind)
        try:
            if not handler.cold:
                return handler.apply(work, pending.command.payload)
            return self._in_savepoint(work, handler, pending)
        except Refused:
            raise
        except Exception as error:
            raise CommandFailed(pending, error) from error

    def _in_savepoint(self, work: Work, handler: Handler, pending: Pending) -> Result:
        session = work.session
        with session.begin_nested():
            result = handler.apply(work, pending.command.payload)
            session.flush()
        return result

    def _cold_session(self) -> Session:
        self.batch.flush(self.store, self.memory)
        if self._session is None:
            self._session = Session(self.connection, expire_on_commit=False)
        return self._session

    def _log(
        self,
        pending: Pending,
        now: int,
        verdict: Verdict,
        entry_leaves: list[bytes],
        code: str = OK,
    ) -> None:
        command = pending.command
        sequence, answer = self.memory.sequence + 1, canonical(verdict)
        leaf = command_leaf(
            sequence=sequence,
            command_id=command.id,
            kind=command.kind,
            actor=command.actor,
            payload_hash=pending.hash,
            code=code,
            answer_hash=sha256(answer).digest(),
            rules_version=pending.rules_version,
            recorded_at=now,
        )
        hashed = leaf_hash(leaf)
        row = (
            sequence,
            command.id,
            command.kind,
            command.actor,
            pending.encoded.decode(),
            pending.hash,
            code,
            answer.decode(),
            pending.rules_version,
            now,
            hashed,
        )
        self.batch.log(row, leaf, entry_leaves)
        self.memory.sequence, self.memory.now = sequence, now
        self.memory.remember(command.id, sequence)
        self.answers[command.id] = pending
        pending.answer(
            Answer(
                sequence=sequence,
                code=code,
                recorded_at=now,
                leaf_hash=hashed.hex(),
                verdict=verdict,
            )
        )


def read_answer(row: sa.Row[tuple[object, ...]]) -> Answer:
    """Return the answer kept in a row of the command log."""
    return Answer(
        sequence=row.sequence,
        code=row.code,
        recorded_at=row.recorded_at,
        leaf_hash=row.leaf_hash.hex(),
        verdict=msgspec.json.decode(row.answer, type=Verdict),
    )
