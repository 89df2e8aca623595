"""
Change one byte of a database at a place nobody chose, start on it, and see who notices.

A trial copies the files of a ledger as a kill would leave them, changes a byte, and opens the copy
as `serve --verify=full` would. Either it is refused, by the name of a check, or the change was
harmless: state, log, root and checkpoints are what they were, read by a connection of its own.

    python -m tests.crash.corrupt --trials 5000 [--seed N]
"""

import argparse
import os
import random
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from api.commands.audit import KEY_NAME
from api.demo import one_day
from api.schema import require_schema
from api.verifying import How, Verifying
from ledger.attest import grow, ledger_origin, sign_checkpoint
from ledger.damage import LedgerDamaged, naming_damage
from ledger.db import connect, reading, sqlite_url
from ledger.digest import state_digest
from ledger.errors import Refused
from ledger.keys import load_or_create_key
from ledger.signed_last import SignedLast
from ledger.tables import CheckpointRow, CommandRow
from ledger.writer import Writer

DATABASE, LOG = "ledger.db", "ledger.db-wal"
KEPT = (DATABASE, LOG, "checkpoint.pem", "checkpoint.last")


def build(home, rounds):
    """Play part of a day and sign; return the files as a kill leaves them, and as an end does."""
    live = home / "live"
    engine, clock = one_day.open_engine(str(live)), one_day.DayClock()
    writer = Writer(engine, one_day.subjects(), clock=clock)
    one_day.play_one_day(writer, clock, seed=1, acknowledge=lambda _: None, rounds=rounds)
    key = live / "checkpoint.pem"
    with reading(engine) as connection:
        origin = ledger_origin(connection)
    private = load_or_create_key(key)
    sign_checkpoint(engine, private, origin=origin, key_name=KEY_NAME, last=SignedLast(key))
    keep(live, home / "killed", KEPT)
    writer.close()
    engine.dispose()
    assert not (live / LOG).exists()
    keep(live, home / "ended", [name for name in KEPT if name != LOG])
    return home / "killed", home / "ended"


def keep(source, target, names):
    """Copy some files, with their modes, into a new directory."""
    target.mkdir()
    for name in names:
        shutil.copy(source / name, target / name)


@dataclass
class Trial:
    """One byte changed: where, who noticed and by which check, or what was wrong after it."""

    where: str
    caught: str = ""
    fault: str = ""


@dataclass
class Told:
    """What many trials came to."""

    caught: Counter = field(default_factory=Counter)
    harmless: int = 0
    faults: list = field(default_factory=list)

    def summary(self):
        """Return the counts in words."""
        refused = sum(self.caught.values())
        return f"{self.harmless} harmless, {refused} refused, {len(self.faults)} FAILED"

    def take(self, trial):
        """Count one trial."""
        if trial.fault:
            self.faults.append(f"{trial.where}: {trial.fault}")
        elif trial.caught:
            self.caught[trial.caught] += 1
        else:
            self.harmless += 1


class Corruption:
    """Trials on one ledger, in *home*."""

    def __init__(self, home, *, rounds=12):
        self.home = home
        self.killed, self.ended = build(home, rounds)
        self.subjects = one_day.subjects()
        self.honest = self.view(self.copy(self.ended))

    def copy(self, at_rest):
        """Return a directory with fresh files, the only one at a time."""
        copy = self.home / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(at_rest, copy)
        return copy

    def view(self, home):
        """Return all that must not change: state, log, root; and the checkpoints."""
        engine = connect(sqlite_url(home))
        try:
            with reading(engine) as connection:
                return (
                    state_digest(connection),
                    connection.execute(
                        sa.select(CommandRow.__table__).order_by(CommandRow.sequence)
                    ).all(),
                    grow(connection).root,
                    set(connection.execute(sa.select(CheckpointRow.__table__)).all()),
                )
        finally:
            engine.dispose()

    def start(self, home, how):
        """Open the ledger as `serve` does before its first command."""
        engine = connect(sqlite_url(home))
        verifying = Verifying(how, home / "checkpoint.pem")
        try:
            with naming_damage("the database"):
                verifying.before_migrating(engine)
                require_schema(engine)
                verifying.before_writing(engine, self.subjects)
                Writer(engine, self.subjects, clock=one_day.DayClock()).close()
        finally:
            engine.dispose()

    def attempt(self, chance, how=How.FULL):
        """Change one byte, start, and tell who noticed."""
        home = self.copy(chance.choice((self.killed, self.ended, self.ended)))
        trial = Trial(flip(home, chance))
        try:
            self.start(home, how)
        except LedgerDamaged as refusal:
            trial.caught = str(refusal.facts["check"])
        except Refused as refusal:
            trial.caught = refusal.code
        except Exception as error:
            trial.fault = f"a bare error at the start: {type(error).__name__}: {error}"
        if not trial.caught and not trial.fault:
            trial.fault = self._changed(home)
        return trial

    def _changed(self, home):
        try:
            seen = self.view(home)
        except Exception as error:
            return f"it started and cannot be read: {type(error).__name__}: {error}"
        names = ("state", "log", "root")
        changed = [
            name for name, now, then in zip(names, seen, self.honest, strict=False) if now != then
        ]
        # The very last commit stored the checkpoint. Cut off it looks like a power cut, and the
        # next checkpoint is the same again.
        if not seen[-1] <= self.honest[-1]:
            changed.append("checkpoints")
        return f"it started with another {', '.join(changed)}" if changed else ""


def flip(home, chance):
    """Change one byte of the database or of its log, to any other value; return where."""
    name = chance.choice([name for name in (DATABASE, LOG) if (home / name).exists()])
    offset = chance.randrange(os.path.getsize(home / name))
    with open(home / name, "r+b") as file:
        file.seek(offset)
        before = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([before ^ chance.randrange(1, 256)]))
    return f"{name} at {offset}"


def main():
    """Make as many trials as asked for, and print what they came to."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.corrupt", description=__doc__)
    parser.add_argument("--trials", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    told, chance = Told(), random.Random(chosen.seed)
    with tempfile.TemporaryDirectory(prefix="yn-corrupt-") as home:
        corruption = Corruption(Path(home))
        for made in range(1, chosen.trials + 1):
            told.take(corruption.attempt(chance))
            if made % 100 == 0:
                print(f"{made} trials: {told.summary()}", flush=True)
    print(f"{chosen.trials} trials: {told.summary()}")
    for check, times in told.caught.most_common():
        print(f"  {check}: {times}")
    for fault in told.faults:
        print(f"FAILED  {fault}")
    return 1 if told.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
