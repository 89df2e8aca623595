"""
Kill a playing process at a moment nobody chose, and look at what it left behind.

A trial starts a player of the one-day play, reads what it acknowledges from a pipe, sends SIGKILL
some time after the first new acknowledgement, opens the database and holds it against the pipe.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

import sqlalchemy as sa

from api.demo import one_day
from ledger.check import self_check
from ledger.command import Command, canonical, read_payload_json
from ledger.db import connect, reading, sqlite_url
from ledger.tables import CommandRow
from ledger.writer import Writer

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 20_000
"""More than any player lives to see."""

FORK_WARNING = "ignore:This process:DeprecationWarning"
"""Python warns of a fork where libraries keep threads of their own; players use none of them."""

KILL_AFTER_SECONDS = (0.05, 0.6)
START_SECONDS_MAX = 60

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
"""Conservation, counted by the database itself and not by the code under test."""


@dataclass(slots=True)
class Trial:
    """
    What one kill showed. *fresh* is how many commands were acknowledged for the first time.

    *lost* are acknowledged ids that the log does not have; *faults* is anything else that is wrong.
    """

    killed: bool
    fresh: int
    lost: list[str]
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Played:
    """What a player acknowledged, in order, how its process ended, and what it complained of."""

    acknowledged: list[str]
    exit_code: int
    complaint: str


class Nursery:
    """The parent process of the players, who play one at a time."""

    def __init__(self, process, errors):
        self.process = process
        self.errors = errors

    def play(self, where, *, seed, rounds=ROUNDS, fault="none", kill=None):
        """
        Let one player play until it ends or is killed.

        *kill* is asked after each acknowledgement, with all so far, until it gives the seconds
        after which the player is to be killed.
        """
        request = [fault, where, "--seed", str(seed), "--rounds", str(rounds)]
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        player = self._number_after("process", self.process.stdout.readline())
        timer = after(START_SECONDS_MAX, player)
        acknowledged = []
        while (line := self.process.stdout.readline()).startswith("one-day:"):
            acknowledged.append(line.rstrip("\n"))
            seconds = kill(acknowledged) if kill else None
            if seconds is not None:
                timer.cancel()
                timer, kill = after(seconds, player), None
        timer.cancel()
        exit_code = self._number_after("ended", line)
        return Played(acknowledged, exit_code, self._complaint())

    def _number_after(self, word, line):
        assert line.startswith(f"{word} "), self._complaint() or line
        return int(line.removeprefix(f"{word} "))

    def _complaint(self):
        """Return what players have written to their standard error since it was last read."""
        self.errors.seek(0)
        said = self.errors.read().decode()
        self.errors.truncate(0)
        return said


@contextmanager
def open_nursery():
    """Yield a nursery, whose process ends with the block."""
    with (
        tempfile.TemporaryFile("a+b") as errors,
        subprocess.Popen(
            [sys.executable, "-W", "error", "-W", FORK_WARNING, "-m", "tests.crash.child"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        yield Nursery(process, errors)


def after(seconds, process):
    """Send SIGKILL to *process* some time from now, unless the timer is cancelled."""
    timer = Timer(seconds, os.kill, (process, signal.SIGKILL))
    timer.start()
    return timer


def kill_once(nursery, where, *, seed, trial, fault="none"):
    """Make one trial on a migrated database, going on from the trials that it has seen before."""
    engine = connect(where if "://" in where else sqlite_url(Path(where)))
    known, chance = set(logged(engine)), random.Random(f"{seed}/{trial}")

    def soon_after_the_first_new_one(acknowledged):
        return None if acknowledged[-1] in known else chance.uniform(*KILL_AFTER_SECONDS)

    try:
        played = nursery.play(where, seed=seed, fault=fault, kill=soon_after_the_first_new_one)
        assert played.complaint == ""
        return look(engine, played, known=known)
    finally:
        engine.dispose()


def look(engine, played, *, known):
    """
    Reopen the database as the next writer would and hold it against what a player acknowledged.

    *known* are the ids that were acknowledged before.
    """
    acknowledged = played.acknowledged
    writer = Writer(engine, one_day.subjects(), clock=one_day.DayClock())
    found = logged(engine)
    trial = Trial(
        killed=played.exit_code == -signal.SIGKILL,
        fresh=len(set(acknowledged) - known),
        lost=[command_id for command_id in acknowledged if command_id not in found],
    )
    if acknowledged and not trial.lost:
        trial.faults += repeat(writer, found[acknowledged[-1]])
        if logged(engine) != found:
            trial.faults.append("a repeated command was logged again")
    writer.close()
    trial.faults += unanswered(acknowledged, found)
    checked = self_check(engine)
    trial.faults += [f"self-check {name}: {facts}" for name, facts in checked.failed.items()]
    with reading(engine) as connection:
        for name, query in IMBALANCES.items():
            rows = connection.execute(sa.text(query)).all()
            trial.faults += [f"{name}: {rows[:3]}"] if rows else []
    return trial


def logged(engine):
    """Return every row of the command log by its id."""
    with reading(engine) as connection:
        rows = connection.execute(sa.select(CommandRow.__table__).order_by(CommandRow.sequence))
        return {row.id: row for row in rows}


def repeat(writer, row):
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


def unanswered(acknowledged, found):
    """Return the acknowledged ids whose row has no answer."""
    rows = [found[command_id] for command_id in acknowledged if command_id in found]
    return [f"{row.id} has no answer" for row in rows if not (row.code and row.answer)]
