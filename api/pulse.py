"""
Pulse: what the process that owns a ledger does while nobody asks it for anything.

Once a second it lets happen what is due, looks whether another writer has taken over and brings
up to date what follows behind the writer; once a minute, if history has grown, it signs a
checkpoint. A fault is logged and tried again at the next beat: a command that is being answered
never waits for it.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import sqlalchemy as sa

from api.commands.audit import KEY_NAME
from api.program import Program
from ledger.apply import EpochStale
from ledger.attest import Attester, ledger_origin
from ledger.db import reading
from ledger.follow import follow
from ledger.keys import load_or_create_key
from ledger.projections import PROJECTIONS
from ledger.tables import LeaseRow

BEAT_SECONDS = 1.0
CHECKPOINT_SECONDS = 45.0
"""Under the minute promised, by what signing over much history may take."""

FOLLOW_SECONDS = 0.5
"""Of each beat, so that what is due never waits for what is derived."""

_LOG = logging.getLogger(__name__)


class Checkpoints:
    """Signs checkpoints of one ledger with the key in one file, made when it is first needed."""

    def __init__(self, program: Program, key: Path) -> None:
        self.program = program
        self.key = key
        self._attester: Attester | None = None
        self._signed = 0

    def sign(self) -> None:
        """
        Sign a checkpoint over all history; do nothing if there is nothing new.

        Rule: AUD-21.
        """
        sequence = self.program.writer.memory.sequence
        if sequence == self._signed:
            return
        attester = self._attester = self._attester or self._open()
        attester.sign()
        self._signed = sequence

    def _open(self) -> Attester:
        engine = self.program.engine
        with reading(engine) as connection:
            origin = ledger_origin(connection)
        self.key.parent.mkdir(parents=True, exist_ok=True)
        return Attester(engine, load_or_create_key(self.key), origin=origin, key_name=KEY_NAME)


class Pulse:
    """
    The thread that beats; *replaced* is called once if another process has taken the lease.

    It begins with `start` and ends with `stop`, which signs a last checkpoint.
    """

    def __init__(
        self,
        program: Program,
        *,
        key: Path,
        replaced: Callable[[], None],
        beat_seconds: float = BEAT_SECONDS,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
    ) -> None:
        self.program = program
        self.checkpoints = Checkpoints(program, key)
        self.is_replaced = False
        self._replaced = replaced
        self._beat_seconds = beat_seconds
        self._checkpoint_seconds = checkpoint_seconds
        self._sign_at = monotonic() + checkpoint_seconds
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
            self._try(self._beat)
            if self.is_replaced:
                self._replaced()
                return
            self._try(self._follow)
            if monotonic() >= self._sign_at:
                self._try(self.checkpoints.sign)
                self._sign_at = monotonic() + self._checkpoint_seconds

    def _beat(self) -> None:
        with reading(self.program.engine) as connection:
            epoch = connection.execute(sa.select(LeaseRow.epoch)).scalar_one()
        self.is_replaced = epoch != self.program.writer.epoch
        if self.is_replaced:
            raise EpochStale(self.program.writer.epoch)
        self.program.tick()

    def _follow(self) -> None:
        until = monotonic() + FOLLOW_SECONDS
        for projection in PROJECTIONS:
            while follow(self.program.engine, projection):
                if self._stopping.is_set() or monotonic() >= until:
                    return

    def _try(self, act: Callable[[], None]) -> None:
        # Whatever it is, a thread that dies would leave every later deadline undone.
        try:
            act()
        except Exception:
            _LOG.exception("the pulse missed a beat and goes on")
