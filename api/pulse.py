"""
Pulse: what the process that owns a ledger does while nobody asks it for anything.

Once a second it lets happen what is due, looks whether another writer has taken over and brings
up to date what follows behind the writer; at least once a minute, if history has grown, and when
a day or a year was closed, it signs a checkpoint. A fault is logged and tried again at the next
beat: a command that is being answered never waits for it.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import sqlalchemy as sa

from api.commands.audit import KEY_NAME
from api.program import Program
from api.read.closes import closed_since
from ledger.apply import EpochStale
from ledger.attest import Attester, HistoryBroken, Profile, ledger_origin
from ledger.damage import LedgerHalted
from ledger.db import reading
from ledger.follow import follow
from ledger.keys import load_or_create_key
from ledger.projections import PROJECTIONS
from ledger.signed_last import LedgerRolledBack, SignedLast
from ledger.tables import LeaseRow

BEAT_SECONDS = 1.0
CHECKPOINT_SECONDS = 45.0
"""From one signing's begin to the next: under the minute promised by what beats may take."""

FOLLOW_SECONDS = 0.5
"""Of each beat, so that what is due never waits for what is derived."""

_LOG = logging.getLogger(__name__)


class Checkpoints:
    """Signs checkpoints of one ledger with the key in one file, made when it is first needed."""

    def __init__(self, program: Program, key: Path, profile: Profile = Profile.SHA256) -> None:
        self.program = program
        self.key = key
        self.profile = profile
        self._attester: Attester | None = None
        self._signed = 0
        self._looked = program.writer.memory.sequence

    def is_close_uncovered(self) -> bool:
        """
        Return whether a day or a year was closed since this was last asked.

        Rule: AUD-36.
        """
        looked, self._looked = self._looked, self.program.writer.memory.sequence
        if looked == self._looked:
            return False
        with reading(self.program.engine) as connection:
            return closed_since(connection, looked)

    def sign(self) -> None:
        """
        Sign a checkpoint over all history; do nothing if there is nothing new.

        Nothing is signed once the writer was halted. Refusals: `history_broken`,
        `ledger_rolled_back`. Rules: AUD-21, AUD-46, AUD-47.
        """
        if self.program.writer.stopped is not None:
            return
        sequence = self.program.writer.memory.sequence
        if sequence == self._signed:
            return
        attester = self._attester = self._attester or self._open()
        try:
            attester.sign()
        except HistoryBroken as broken:
            where, problem = str(broken.facts["where"]), str(broken.facts["problem"])
            self.program.writer.halt(LedgerHalted("history", where, problem))
            raise
        except LedgerRolledBack as older:
            self.program.writer.halt(older)
            raise
        self._signed = sequence

    def _open(self) -> Attester:
        engine = self.program.engine
        with reading(engine) as connection:
            origin = ledger_origin(connection)
        self.key.parent.mkdir(parents=True, exist_ok=True)
        return Attester(
            engine,
            load_or_create_key(self.key),
            origin=origin,
            key_name=KEY_NAME,
            last=SignedLast(self.key),
            profile=self.profile,
        )


class Pulse:
    """
    The thread that beats; *replaced* is called once if another process has taken the lease.

    It begins with `start` and ends with `stop`, which signs a last checkpoint. The first one is
    signed at the first beat, since history may have been left uncovered by a crash. *clock* counts
    seconds. Rule: AUD-36.
    """

    def __init__(
        self,
        program: Program,
        *,
        key: Path,
        replaced: Callable[[], None],
        beat_seconds: float = BEAT_SECONDS,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        profile: Profile = Profile.SHA256,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.program = program
        self.checkpoints = Checkpoints(program, key, profile)
        self.is_replaced = False
        self._replaced = replaced
        self._beat_seconds = beat_seconds
        self._checkpoint_seconds = checkpoint_seconds
        self._clock = clock
        self._sign_at = clock()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """End, and sign what is not yet covered, unless the ledger is another writer's now."""
        self._stopping.set()
        self._thread.join()
        if not self.is_replaced:
            self._try(self.checkpoints.sign)

    def _run(self) -> None:
        while not self._stopping.wait(self._beat_seconds):
            self.beat()
            if self.is_replaced:
                self._replaced()
                return

    def beat(self) -> None:
        """Do all of one beat: what is due, what follows, and a checkpoint if one is wanted."""
        self._try(self._beat)
        if self.is_replaced:
            return
        self._try(self._follow)
        self._try(self._cover)

    def _cover(self) -> None:
        now = self._clock()
        if self.checkpoints.is_close_uncovered() or now >= self._sign_at:
            self._sign_at = now  # due until it has worked
            self.checkpoints.sign()
            self._sign_at = now + self._checkpoint_seconds

    def _beat(self) -> None:
        with reading(self.program.engine) as connection:
            epoch = connection.execute(sa.select(LeaseRow.epoch)).scalar_one()
        self.is_replaced = epoch != self.program.writer.epoch
        if self.is_replaced:
            raise EpochStale(self.program.writer.epoch)
        if self.program.writer.stopped is None:
            self.program.tick()

    def _follow(self) -> None:
        until = self._clock() + FOLLOW_SECONDS
        for projection in PROJECTIONS:
            while follow(self.program.engine, projection):
                if self._stopping.is_set() or self._clock() >= until:
                    return

    def _try(self, act: Callable[[], None]) -> None:
        # Whatever it is, a thread that dies would leave every later deadline undone.
        try:
            act()
        except Exception:
            _LOG.exception("the pulse missed a beat and goes on")
