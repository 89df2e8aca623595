"""
Kill a playing process at a moment nobody chose, and look at what it left behind.

A trial starts the one-day play in a process of its own, reads what it acknowledges from a pipe,
sends SIGKILL some time after the first new acknowledgement, opens the database and holds it
against the pipe.
"""

import random
import signal
import subprocess
import sys
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
HONEST = ("api.demo.one_day",)
EARLY = ("tests.crash.child", "answer-early")
WITHOUT_SYNC = ("tests.crash.child", "synchronous-off")

ROUNDS = "20000"
"""More than any child lives to see."""

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


def start(module, where, *, seed, rounds=ROUNDS):
    """Start the play in a process of its own and return it with a pipe from its output."""
    return subprocess.Popen(
        [sys.executable, "-m", *module, where, "--seed", str(seed), "--rounds", rounds],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_once(module, where, *, seed, trial):
    """Make one trial on a migrated database, going on from the trials that it has seen before."""
    engine = connect(where if "://" in where else sqlite_url(Path(where)))
    try:
        known = set(logged(engine))
        acknowledged, killed = killed_play(module, where, seed=seed, trial=trial, known=known)
        return look(engine, acknowledged, killed=killed, known=known)
    finally:
        engine.dispose()


def killed_play(module, where, *, seed, trial, known):
    """Return what a child acknowledged until it was killed, and whether it was."""
    chance = random.Random(f"{seed}/{trial}")
    child = start(module, where, seed=seed)
    timer = Timer(START_SECONDS_MAX, child.kill)
    timer.start()
    acknowledged, is_fresh = [], False
    for line in child.stdout:
        if not line.endswith("\n"):
            break  # torn by the kill: nobody has been told this id
        acknowledged.append(line.rstrip("\n"))
        if not is_fresh and acknowledged[-1] not in known:
            is_fresh = True
            timer.cancel()
            timer = Timer(chance.uniform(*KILL_AFTER_SECONDS), child.kill)
            timer.start()
    timer.cancel()
    complaint = child.communicate()[1]
    assert child.returncode == -signal.SIGKILL or not complaint, complaint
    return acknowledged, child.returncode == -signal.SIGKILL


def look(engine, acknowledged, *, killed, known):
    """Reopen the database as the next writer would and hold it against the acknowledgements."""
    writer = Writer(engine, one_day.subjects(), clock=one_day.DayClock())
    found = logged(engine)
    trial = Trial(
        killed=killed,
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
