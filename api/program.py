"""
The program as a whole: every subject, one ledger's place on disk or in PostgreSQL, one writer.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from api.schema import require_schema
from ledger.adopt import POLICY
from ledger.allocation.subject import ALLOCATION
from ledger.command import Answer, Command
from ledger.compliance.subject import COMPLIANCE
from ledger.coordination.subject import COORDINATION
from ledger.damage import LedgerDamaged, naming_damage
from ledger.db import connect, sqlite_url
from ledger.districts.subject import DISTRICTS
from ledger.errors import Refused
from ledger.kernel import compose
from ledger.liens.change_subject import CHANGES
from ledger.liens.subject import LIENS
from ledger.metering.subject import METERING
from ledger.moves.subject import MOVES
from ledger.parties.enroll import PARTIES
from ledger.subject import Subjects
from ledger.substitution.subject import SUBSTITUTION
from ledger.writer import Clock, Writer
from market.subject import MARKET
from migrations.numbered import SchemaStrange

if TYPE_CHECKING:
    from api.verifying import Verifying

SUBJECTS = (
    PARTIES,
    POLICY,
    METERING,
    DISTRICTS,
    ALLOCATION,
    SUBSTITUTION,
    COORDINATION,
    COMPLIANCE,
    MOVES,
    LIENS,
    CHANGES,
    MARKET,
)


def subjects() -> Subjects:
    """Return the handlers of every subject of the product."""
    return compose(SUBJECTS)


def wall_clock() -> int:
    """Return microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


def database_url(data: Path | None) -> str:
    """
    Return where the ledger is: in directory *data*, or else at DATABASE_URL.

    Without either it is the directory ``data`` below the current one.
    """
    if data is None and os.environ.get("DATABASE_URL"):
        return os.environ["DATABASE_URL"]
    directory = Path("data") if data is None else data
    directory.mkdir(parents=True, exist_ok=True)
    return sqlite_url(directory)


class Program:
    """One open ledger: its engine, its writer, and where its keys are."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock = wall_clock,
        holder: str = "embedded",
        verifying: "Verifying | None" = None,
    ) -> None:
        self.engine = connect(url)
        self.subjects = subjects()
        self.clock = clock
        try:
            with naming_damage("the database"):
                self._prepare(verifying)
                self.writer = Writer(self.engine, self.subjects, clock=clock, holder=holder)
        except BaseException:
            self.engine.dispose()
            raise

    def _prepare(self, verifying: "Verifying | None") -> None:
        """Verify as much as *verifying* says, before the schema is touched and after."""
        if verifying is not None:
            verifying.before_migrating(self.engine)
        try:
            require_schema(self.engine)
        except SchemaStrange as error:
            raise LedgerDamaged("schema", "alembic_version", str(error)) from error
        if verifying is not None:
            verifying.before_writing(self.engine, self.subjects)

    def submit(self, command: Command) -> Answer:
        """Apply one command and return its answer."""
        return self.writer.submit(command)

    def submit_all(self, commands: Sequence[Command]) -> list[Answer]:
        """Apply commands in order and return their answers."""
        return self.writer.submit_all(commands)

    def outcomes(self, commands: Sequence[Command]) -> list[Answer | Refused]:
        """Apply commands in order; return each answer, or why it never became a command."""
        return self.writer.outcomes(commands)

    def tick(self) -> None:
        """Let what is due happen."""
        self.writer.tick()

    def now(self) -> int:
        """Return the writer's clock, microseconds since 1970 UTC; never before the last command."""
        return max(self.clock(), self.writer.memory.now)

    def require_writer(self) -> None:
        """Refuse if the writer of this process takes no more commands; away it never is."""
        if self.stopped is not None:
            raise self.stopped

    @property
    def stopped(self) -> Refused | None:
        """Return why the writer takes no more commands, None while it does."""
        return self.writer.stopped

    def close(self) -> None:
        """Let go of the writer and the engine."""
        self.writer.close()
        self.engine.dispose()


def reading_engine(url: str) -> sa.Engine:
    """Return an engine on an existing ledger, for what only reads."""
    return connect(url)
