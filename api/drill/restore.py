"""
The restore drill: back up at moments nobody chose while commands come in, and restore every backup.

The load is the day of `api.demo.one_day`. A checkpoint is signed now and then and kept in memory,
where no backup can reach it. Of each backup it is demanded that nothing acknowledged before it
began is missing, that its history is a beginning of the ledger's own, and that a replay of it comes
to the same state.

Rules: REG-67, AUD-49.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event, Thread

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.backups import Outside, back_up, restore_sqlite
from api.commands.audit import KEY_NAME
from api.demo.one_day import DayClock, open_engine, play_one_day
from api.program import subjects
from ledger.attest import ledger_origin, sign_checkpoint
from ledger.db import reading, sqlite_url
from ledger.errors import Refused
from ledger.keys import verifier_key
from ledger.tables import CommandRow
from ledger.writer import Writer

PAUSE_SECONDS_MAX = 0.2
"""Between two backups, at most."""

PACE_SECONDS = 0.003
"""After each command, so that the ledger does not outgrow the drill."""

FIRST_ORDERS = 60
"""Commands after which the ledger is open and orders have come."""

ROUNDS = 1_000_000
"""More than are ever played: the day ends with the last backup."""


class _Over(Exception):
    """The last backup was taken."""


@dataclass(slots=True)
class Point:
    """
    One backup, and the checkpoint that is kept outside it.

    How many commands were acknowledged before it began, how many it holds, how many seconds it and
    its restore took, and what was wrong with it.
    """

    file: Path
    outside: Outside
    acknowledged: int
    sequence: int = 0
    lost: int = 0
    backup_seconds: float = 0.0
    restore_seconds: float = 0.0
    fault: str = ""


@dataclass(slots=True)
class Drilled:
    """All backups of one drill."""

    points: list[Point] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Return what was wrong, backup by backup."""
        return [
            f"backup {number}: {point.fault}"
            for number, point in enumerate(self.points, start=1)
            if point.fault
        ]

    def figures(self) -> dict[str, int | float]:
        """Return what was lost, and how long backups and restores took, in seconds."""
        backups = sorted(point.backup_seconds for point in self.points)
        restores = sorted(point.restore_seconds for point in self.points)
        return {
            "points": len(self.points),
            "failed": len(self.faults),
            "lost_commands_max": max((point.lost for point in self.points), default=0),
            "commands_max": max((point.sequence for point in self.points), default=0),
            "backup_seconds_p50": round(backups[len(backups) // 2], 3),
            "backup_seconds_max": round(backups[-1], 3),
            "restore_seconds_p50": round(restores[len(restores) // 2], 3),
            "restore_seconds_max": round(restores[-1], 3),
        }


class _Load:
    """A ledger on which somebody trades all the time; *acknowledged* commands have their answer."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.url = sqlite_url(directory)
        self.engine = open_engine(str(directory))
        self.acknowledged = 0
        self.fault: BaseException | None = None
        self._seed, self._over = seed, Event()
        self._thread = Thread(target=self._play, name="load", daemon=True)
        self._thread.start()

    def _play(self) -> None:
        clock = DayClock()
        writer = Writer(self.engine, subjects(), clock=clock)
        try:
            play_one_day(
                writer, clock, seed=self._seed, acknowledge=self._acknowledge, rounds=ROUNDS
            )
        except _Over:
            pass
        except BaseException as fault:
            self.fault = fault
            raise
        finally:
            writer.close()

    def _acknowledge(self, _command_id: str) -> None:
        self.acknowledged += 1
        time.sleep(PACE_SECONDS)
        if self._over.is_set():
            raise _Over

    def wait_for(self, acknowledged: int) -> None:
        """Wait until so many commands have been acknowledged."""
        while self.acknowledged < acknowledged:
            if not self._thread.is_alive():
                raise RuntimeError("the load ended before the drill") from self.fault
            time.sleep(0.005)

    def end(self) -> None:
        """Let the trader stop."""
        self._over.set()
        self._thread.join()


def drill_restore(points: int, *, seed: int) -> Drilled:
    """Take *points* backups at moments drawn from *seed*, and prove each; all is thrown away."""
    drilled, chance = Drilled(), Random(seed)
    with tempfile.TemporaryDirectory(prefix="yongneng-") as directory:
        home, load = Path(directory), _Load(Path(directory) / "ledger", seed)
        key = Ed25519PrivateKey.generate()
        try:
            load.wait_for(FIRST_ORDERS)
            for number in range(points):
                time.sleep(chance.uniform(0, PAUSE_SECONDS_MAX))
                outside = _sign(load.engine, key)
                point = Point(home / f"{number}.backup", outside, load.acknowledged)
                drilled.points.append(point)
                with _noting(point):
                    began = time.monotonic()
                    back_up(load.url, point.file)
                    point.backup_seconds = time.monotonic() - began
        finally:
            load.end()
        for point in drilled.points:
            with _noting(point):
                _restore(load.engine, point)
        load.engine.dispose()
    return drilled


def _sign(engine: sa.Engine, key: Ed25519PrivateKey) -> Outside:
    """Sign a checkpoint, to be kept where no backup reaches it."""
    with reading(engine) as connection:
        origin = ledger_origin(connection)
    note = sign_checkpoint(engine, key, origin=origin, key_name=KEY_NAME)
    return Outside(note, (verifier_key(key, KEY_NAME),))


@contextmanager
def _noting(point: Point) -> Iterator[None]:
    try:
        yield
    except Refused as refusal:
        point.fault = point.fault or f"{refusal.code}: {refusal.message}"


def _restore(ledger: sa.Engine, point: Point) -> None:
    """Restore one backup, which proves it, and hold its log against the ledger's, row by row."""
    if point.fault:
        return
    place = point.file.with_suffix("")
    began = time.monotonic()
    proof = restore_sqlite(point.file, place, point.outside)
    point.restore_seconds = time.monotonic() - began
    point.sequence = proof.sequence
    point.lost = max(0, point.acknowledged - proof.sequence)
    if point.lost:
        point.fault = f"{point.lost} commands were acknowledged before it and are missing"
    elif not _is_beginning(ledger, place, proof.sequence):
        point.fault = "its log is no beginning of the ledger's own"
    shutil.rmtree(place)


def _is_beginning(ledger: sa.Engine, place: Path, sequence: int) -> bool:
    rows = sa.select(CommandRow.__table__).order_by(CommandRow.sequence)
    restored = open_engine(str(place))
    try:
        with reading(restored) as copy, reading(ledger) as original:
            wanted = original.execute(rows.where(CommandRow.sequence <= sequence)).all()
            return copy.execute(rows).all() == wanted
    finally:
        restored.dispose()
