"""
What is verified before a ledger takes commands, and the thread that verifies all of it meanwhile.

By default the tail of history is verified at a start and everything else behind the writer, slowly;
a mismatch there halts the writer. `--verify=full` verifies everything first: tables, history,
checkpoints, and a replay of all commands into a ledger of their own that must come to the same
state.

Rules: AUD-45, AUD-46, AUD-50.
"""

import itertools
import logging
import tempfile
import time
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from threading import Event, Thread

import sqlalchemy as sa

import migrations
from api.commands.audit import KEY_NAME
from ledger.attest import LedgerNotOpened, grow, ledger_origin
from ledger.check import self_check
from ledger.damage import LedgerDamaged, LedgerHalted, require_sound
from ledger.db import connect, move_wal, reading, sqlite_url
from ledger.digest import tables_digest
from ledger.kept_file import kept_text
from ledger.keys import load_or_create_key, verifier_key
from ledger.note import Checkpoint, VerifierKey, parse_key
from ledger.replay import ReplayDiffers, replay
from ledger.signed_last import LedgerRolledBack, SignedLast
from ledger.subject import Subjects
from ledger.tables import CommandRow, EntryRow, OutboxRow
from ledger.verified import keep_verified, kept_verified, verify_tail
from ledger.wal import whole_log
from ledger.watch import Watch
from ledger.writer import BATCH_MAX, Writer

RESTS = 9
"""How many times as long as it works the watch rests, so that it takes a tenth of one core."""

REST_SECONDS = 600.0
"""Between two passes."""

_LOG = logging.getLogger(__name__)


class How(StrEnum):
    """How much is verified: all before the first command, the tail before and all behind, none."""

    FULL = "full"
    TAIL = "tail"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Verifying:
    """What to verify, and *key*, beside which lie what it signed last and how far was verified."""

    how: How
    key: Path

    @property
    def hint(self) -> Path:
        """Return where the point up to which history was verified is kept."""
        return self.key.with_suffix(".verified")

    def before_migrating(self, engine: sa.Engine) -> None:
        """
        Verify the files of an embedded ledger before anything is changed in them.

        Refusals: `ledger_damaged`. Rule: AUD-45.
        """
        if engine.dialect.name != "sqlite" or self.how is How.NONE:
            return
        check = "SELECT 'ok' FROM (SELECT count(*) FROM sqlite_master)"
        if self.how is How.FULL:
            check = "PRAGMA integrity_check(1)"
        with whole_log(Path(str(engine.url.database))), reading(engine) as connection:
            found = str(connection.exec_driver_sql(check).scalar_one())
        if found != "ok":
            raise LedgerDamaged("storage", "the database file", found)

    def before_writing(self, engine: sa.Engine, subjects: Subjects) -> None:
        """
        Verify a ledger that has today's schema before it takes its first command.

        Refusals: `ledger_damaged`, `ledger_rolled_back`. Rules: AUD-45, AUD-47.
        """
        last = SignedLast(self.key)
        if self.how is How.FULL:
            verify_all(engine, subjects, keys=self.keys(), last=last)
        elif self.how is How.TAIL:
            verify_tail(engine, kept_verified(self.hint))
            _require_reached(engine, last)

    def keys(self) -> tuple[VerifierKey, ...]:
        """Return the public keys whose checkpoints are ours: that of today, and those retired."""
        if not self.key.exists():
            return ()
        retired = kept_text(self.key.with_suffix(".retired")).split()
        own = verifier_key(load_or_create_key(self.key), KEY_NAME)
        return (own, *(parse_key(line) for line in retired))


def verify_all(
    engine: sa.Engine,
    subjects: Subjects,
    *,
    keys: tuple[VerifierKey, ...] = (),
    last: SignedLast | None = None,
) -> str:
    """
    Verify all that a ledger holds and return its state digest.

    With *keys*, one of them must have signed each checkpoint; with *last*, history must lead to
    what its key remembers.

    Refusals: `ledger_damaged` with the name of the check, `ledger_rolled_back`. Rule: AUD-45.
    """
    require_sound(self_check(engine, keys))
    if last is not None:
        with reading(engine) as connection:
            signed = _signed(connection, last)
            if signed is not None:
                grow(connection, signed=signed)
    return _require_replayed(engine, subjects)


def _signed(connection: sa.Connection, last: SignedLast) -> Checkpoint | None:
    """Return what the key has signed last for this ledger, or for any where this one is empty."""
    try:
        return last.checkpoint(ledger_origin(connection))
    except LedgerNotOpened:
        origin = next(iter(last.origins()), "")
        return last.checkpoint(origin)


def _require_replayed(engine: sa.Engine, subjects: Subjects) -> str:
    """Replay all commands elsewhere; demand the same state, the same events, the same schema."""
    with tempfile.TemporaryDirectory(prefix="yongneng-") as directory:
        (Path(directory) / "ledger.db").write_bytes(_empty_ledger())
        copy = connect(sqlite_url(Path(directory)))
        try:
            replayed = replay(engine, copy, subjects, itertools.repeat(BATCH_MAX))
            _require_same(engine, copy)
        except ReplayDiffers as differs:
            where = f"command {differs.facts['sequence']}"
            raise LedgerDamaged("replay", where, differs.message) from differs
        finally:
            copy.dispose()
    return replayed.digest


@cache
def _empty_ledger() -> bytes:
    """Return the file of an empty ledger of this release, which takes a while to make."""
    with tempfile.TemporaryDirectory(prefix="yongneng-") as directory:
        engine = connect(sqlite_url(Path(directory)))
        try:
            migrations.upgrade(engine)
            with engine.connect() as connection:
                move_wal(connection, empty_it=True)
        finally:
            engine.dispose()
        return (Path(directory) / "ledger.db").read_bytes()


def _require_same(engine: sa.Engine, copy: sa.Engine) -> None:
    with reading(engine) as ours, reading(copy) as theirs:
        name = OutboxRow.__tablename__
        if tables_digest(ours, (name,)) != tables_digest(theirs, (name,)):
            raise LedgerDamaged("events", name, "a replay brings about other events")
        if ours.dialect.name != "sqlite":
            return
        query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT GLOB 'sqlite_*'"
        found, wanted = (
            {tuple(row) for row in connection.exec_driver_sql(query)}
            for connection in (ours, theirs)
        )
    for kind, name, *_ in sorted(found ^ wanted, key=str):
        raise LedgerDamaged("schema", f"{kind} {name}", "it is not as the migrations made it")


def _require_reached(engine: sa.Engine, last: SignedLast) -> None:
    """Refuse a ledger with fewer leaves than its key has signed. Rule: AUD-47."""
    with reading(engine) as connection:
        signed = _signed(connection, last)
        sizes = (sa.func.max(CommandRow.sequence), sa.func.max(EntryRow.sequence))
        size = sum(connection.execute(sa.select(each)).scalar_one() or 0 for each in sizes)
    if signed is not None and size < signed.tree_size:
        raise LedgerRolledBack.of(signed.tree_size, size)


class Watching:
    """The thread that verifies everything behind the writer, again and again, and halts it."""

    def __init__(
        self,
        writer: Writer,
        engine: sa.Engine,
        verifying: Verifying,
        *,
        rests: float = RESTS,
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        self.passes = 0
        self._writer, self._engine, self._verifying = writer, engine, verifying
        self._rests, self._rest_seconds = rests, rest_seconds
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin, unless nothing is to be verified."""
        if self._verifying.how is not How.NONE:
            self._thread.start()

    def stop(self) -> None:
        """End at the next step."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._pass()
            except LedgerHalted as found:
                _LOG.critical("%s", found)
                self._writer.halt(found)
                return
            except Exception:
                # The database may be away for a while; the next pass begins anew.
                _LOG.exception("a pass of the watch was broken off")
            self._stopping.wait(self._rest_seconds)

    def _pass(self) -> None:
        watch = Watch(self._engine, pause=_let_others_run)
        steps = watch.steps()
        while True:
            began = time.monotonic()
            if next(steps, steps) is steps:
                break
            if self._stopping.wait(self._rests * (time.monotonic() - began)):
                return
        self.passes += 1
        keep_verified(self._verifying.hint, watch.verified)


def _let_others_run() -> None:
    time.sleep(0)
