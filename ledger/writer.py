"""
The writer: applies commands in order, one commit for all that have queued, then answers.

There is one writer a ledger, held by a lease with a fencing epoch. Whichever caller finds the
writer idle does the work for everyone who queues meanwhile; an idle ledger so has the latency of
a single command, and a busy one commits in groups without any timer.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock

import sqlalchemy as sa

from ledger.apply import Applying, EpochStale
from ledger.collection import collection_off
from ledger.command import Answer, Command, canonical, encode_payload, require_id
from ledger.db import WAL_FRAMES_MAX, CheckpointFailed, move_wal, require_durable, shorten_wal
from ledger.errors import Refused
from ledger.faults import (
    TRIES_MAX,
    NotConnected,
    is_database_fault,
    is_to_be_sent_again,
    may_be_of_a_stale_writer,
    refusal_for,
)
from ledger.lease import end_session, epoch_in_force, prepare_session, retake_lock, take_lease
from ledger.load import load_memory
from ledger.memory import Memory
from ledger.pending import CommandFailed, Pending
from ledger.roles import require_person
from ledger.storage import StorageExhausted, StorageFailed, storage_fault
from ledger.store import Store
from ledger.subject import Subjects
from ledger.tick import Tick, is_due, tick_command

BATCH_MAX = 512
BLOCKS_PER_WAL_MOVE = 50

Clock = Callable[[], int]
"""Returns microseconds since 1970 UTC."""


class KindUnknown(Refused):
    """No subject knows this kind of command; it never becomes a command."""

    code = "kind_unknown"
    rule = "REG-05"

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind[:60]} is not a kind of command", kind=kind[:60])


class OutcomeUnknown(Refused):
    """The commit failed in a way that leaves open whether it happened; ask again with the id."""

    code = "outcome_unknown"
    rule = "REG-09"

    def __init__(self, command_id: str, problem: str) -> None:
        super().__init__(
            f"the outcome of {command_id} is not known; send it again with the same id",
            id=command_id,
            problem=problem[:200],
        )


class Writer:
    """
    One ledger's writer on one engine.

    *clock* gives microseconds; ledger time never stands still or goes back, whatever it says.
    """

    def __init__(
        self, engine: sa.Engine, subjects: Subjects, *, clock: Clock, holder: str = "embedded"
    ) -> None:
        self.subjects = subjects
        self.clock = clock
        self._queue: deque[Pending] = deque()
        self._mutex = Lock()
        self._leading = False
        self._stopped: Refused | None = None
        self._shorten_at = WAL_FRAMES_MAX
        self._engine = engine
        self._is_connected = False
        self._connect()
        try:
            self.epoch = take_lease(self._connection, holder)
            self.memory = self._load()
        except BaseException:
            end_session(self._connection)
            raise
        self._memory_is_true = True

    def submit(self, command: Command) -> Answer:
        """
        Apply *command* and return its answer after the commit.

        A repeated id gets its first answer. What is malformed, unauthorised, or reuses an id for
        another content is raised as a refusal and never becomes a command.
        """
        pending = self._admit(command)
        self._enqueue((pending,))
        return pending.outcome()

    def submit_all(self, commands: Sequence[Command]) -> list[Answer]:
        """
        Apply *commands* in order, in as few commits as they fit, and return their answers.

        If one never became a command, its refusal is raised although the others took effect;
        `outcomes` tells all.
        """
        return [_answered(outcome) for outcome in self.outcomes(commands)]

    def outcomes(self, commands: Sequence[Command]) -> list[Answer | Refused]:
        """Apply *commands* in order; return each answer, or why it never became a command."""
        admitted = [self._admitted(command) for command in commands]
        pendings = [each for each in admitted if isinstance(each, Pending)]
        if pendings:
            self._enqueue(pendings)
        return [_outcome(each) if isinstance(each, Pending) else each for each in admitted]

    def tick(self) -> None:
        """Let what is due at the clock's time happen, in as many commands as it takes."""
        while self._is_due():
            pending = Pending(tick_command(self.memory), canonical(Tick()), by_writer=True)
            self._enqueue((pending,))
            pending.outcome().require()

    def _is_due(self) -> bool:
        # After a failed commit the memory, until it is rebuilt, does not tell what is due.
        if not self._memory_is_true and not self._leading:
            return True
        try:
            return is_due(self.memory, max(self.clock(), self.memory.now + 1))
        except IndexError:  # whoever leads has just taken the last one off the heap
            return True

    @property
    def stopped(self) -> Refused | None:
        """Return why no command is taken any more, None while they are."""
        return self._stopped

    def halt(self, why: Refused) -> None:
        """Take no more commands; each is refused with *why* until a new writer is opened."""
        with self._mutex:
            self._stopped = self._stopped or why

    def replay(self, pendings: Sequence[Pending]) -> None:
        """Apply commands of another log at their recorded times; each then has its outcome."""
        assert all(pending.recorded_at is not None for pending in pendings)
        self._enqueue(pendings)

    def close(self) -> None:
        """Give the connection back; nothing is pending once every submit has returned."""
        try:
            # After a fault of the disk nothing more is written; whoever opens the ledger next reads
            # the log as it is. Where the disk is full it stays as it is as well.
            if self._stopped is None and self._is_connected:
                with suppress(StorageExhausted):
                    move_wal(self._connection)
        finally:
            end_session(self._connection)

    def _admit(self, command: Command) -> Pending:
        require_id(command.id)
        require_person(command.actor)
        if command.kind not in self.subjects.handlers or command.kind == Tick.kind:
            raise KindUnknown(command.kind)
        return Pending(command, encode_payload(command.payload))

    def _admitted(self, command: Command) -> Pending | Refused:
        try:
            return self._admit(command)
        except Refused as refusal:
            return refusal

    def _enqueue(self, pendings: Sequence[Pending]) -> None:
        """Queue in order; lead if nobody does, otherwise wait to be answered or to lead."""
        last = pendings[-1]
        with self._mutex:
            last.is_awaited = True
            self._queue.extend(pendings)
            leads = not self._leading
            self._leading = True
        if not leads:
            last.wait()
        while not last.is_done:
            self._lead(last)

    def _lead(self, own: Pending) -> None:
        try:
            while not own.is_done:
                batch = [self._queue.popleft() for _ in range(min(BATCH_MAX, len(self._queue)))]
                self._commit(batch)
        finally:
            self._hand_over()

    def _hand_over(self) -> None:
        with self._mutex:
            successor = next((item for item in self._queue if item.is_awaited), None)
            self._leading = successor is not None
        if successor is not None:
            successor.wake()

    def _commit(self, batch: list[Pending]) -> None:
        """Apply *batch* in one transaction; answer when it is durable, never before."""
        try:
            self._try(list(batch))
        finally:
            for pending in batch:
                pending.is_done = True
                pending.wake()

    def _try(self, batch: list[Pending], number: int = 1) -> None:
        """Apply *batch*; again where the database asks for it, `TRIES_MAX` times. Rule: REG-65."""
        try:
            self._apply(batch)
        except CommandFailed as bug:
            # First of all: whatever goes wrong from here, nobody keeps an answer to what is undone.
            self._fail(batch, bug.cause)
            self._undo()
            if self._is_put_out(bug):
                self._fail(batch, EpochStale(self.epoch))
                return
            # What a cold command's query met is no bug of its own.
            if is_database_fault(bug.cause):
                self._try_again(batch, bug.cause, number)
            elif bug.pending in batch:  # a tick of the writer's own would fail again
                bug.pending.fail(bug.cause)
                self._try([pending for pending in batch if pending is not bug.pending], number)
        except BaseException as error:
            self._fail(batch, error)
            self._undo()
            if self._is_put_out(error):
                self._fail(batch, EpochStale(self.epoch))
                return
            self._try_again(batch, error, number)
            if not isinstance(error, Exception):
                raise

    def _is_put_out(self, error: BaseException) -> bool:
        """Return whether another has the lease, which then explains *error*. Rule: REG-08."""
        if not (may_be_of_a_stale_writer(error) and self._is_connected):
            return False
        return epoch_in_force(self._connection) not in (self.epoch, None)

    def _try_again(self, batch: list[Pending], error: BaseException, number: int) -> None:
        if is_to_be_sent_again(error) and number < TRIES_MAX:
            self._try(batch, number + 1)

    def _apply(self, batch: list[Pending]) -> None:
        if not batch:
            return
        if self._stopped is not None:
            raise self._stopped
        if not self._is_connected:
            self._connect_anew()
        if not self._memory_is_true:
            self.memory = self._load()
        self._memory_is_true = False
        applying = Applying(
            self._store,
            self._connection,
            memory=self.memory,
            subjects=self.subjects,
            clock=self.clock,
        )
        with collection_off():
            applying.run(batch, epoch=self.epoch)
        self._memory_is_true = True
        if self.memory.block % BLOCKS_PER_WAL_MOVE == 0:
            self._move_wal()

    def _move_wal(self) -> None:
        """
        Move SQLite's log; the batch is durable already, so a failure stops what comes after.

        A full disk is no failure: the log stays where it is, and the next move takes it.
        Rule: REG-60.
        """
        try:
            frames = move_wal(self._connection)
            if frames >= self._shorten_at:
                is_short = shorten_wal(self._connection)
                # Whoever reads for long is not waited for again until the log has grown as much.
                self._shorten_at = WAL_FRAMES_MAX + (0 if is_short else frames)
        except StorageExhausted:
            return
        except CheckpointFailed as failed:
            self._stopped = failed

    def _undo(self) -> None:
        """Roll back; where not even that works, the next batch connects anew."""
        try:
            self._connection.rollback()
            self._is_connected = self._store.is_open(self._connection)
            if self._is_connected:
                # SQLAlchemy takes a transaction whose commit failed for over; it may not be.
                self._store.driver.rollback()
        except (sa.exc.SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error):
            self._is_connected = False
        if not (self._is_connected or self._connection.closed):
            self._connection.invalidate()
            self._connection.close()

    def _connect(self) -> None:
        self._connection = self._engine.connect()
        try:
            require_durable(self._connection)
            self._connection.rollback()
            prepare_session(self._connection)
        except BaseException:
            end_session(self._connection)
            raise
        self._store = Store(self._connection)
        self._is_connected = True

    def _connect_anew(self) -> None:
        try:
            self._connect()
            retake_lock(self._connection, self.epoch)
        except sa.exc.SQLAlchemyError as error:
            raise NotConnected(str(error)) from error

    def _fail(self, batch: list[Pending], error: BaseException) -> None:
        """
        Tell each of *batch* why; after a fault of the disk, take no more.

        Rules: REG-58, REG-59.
        """
        fault = storage_fault(error)
        if isinstance(fault, StorageFailed):
            self._stopped = fault
        if isinstance(error, EpochStale):
            self._stopped = error
        for pending in batch:
            certain = refusal_for(error, pending.command.id)
            if isinstance(error, Refused):
                pending.fail(error)
            elif isinstance(fault, StorageExhausted):
                pending.fail(fault)
            elif certain is not None:
                pending.fail(certain)
            else:
                unknown = OutcomeUnknown(pending.command.id, f"{type(error).__name__}: {error}")
                unknown.__cause__ = error
                pending.fail(unknown)

    def _load(self) -> Memory:
        memory = load_memory(self._connection, self.subjects)
        self._connection.rollback()
        return memory


def _outcome(pending: Pending) -> Answer | Refused:
    try:
        return pending.outcome()
    except Refused as refusal:
        return refusal


def _answered(outcome: Answer | Refused) -> Answer:
    if isinstance(outcome, Refused):
        raise outcome
    return outcome
