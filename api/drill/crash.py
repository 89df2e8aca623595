"""
Crash: kill players, cut the power, and count what was lost. Planted faults must be noticed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec
import sqlalchemy as sa

from api.drill.killed_server import KilledServer
from api.drill.look import Seen, block_hashes, logged, look
from api.drill.nursery import Nursery, Played
from api.drill.player import Part
from api.drill.power import Style, images
from api.drill.recording import Record, read_log
from api.drill.workshop import LEDGER, Workshop
from ledger.db import connect, reading, sqlite_url
from ledger.digest import state_digest

KILLS_PER_LEDGER = 5
KILL_AFTER_SECONDS = (0.01, 0.15)
FILLS_PER_LEDGER = 40
BLOCKS_PER_WAL_MOVE_WHILE_FULL = 40
"""More, since a log that begins anew after a move needs no room until it is as long as before."""

ROUNDS = 20_000
"""More than any player lives to see."""

IMAGES_PER_RECORDING = 125
RECORDED_ROUNDS = 60
BLOCKS_PER_WAL_MOVE = 7
"""Few, so that many moves of the log are hit; a recording has a dozen of them."""


@dataclass(slots=True)
class Tally:
    """
    What so many trials of one kind showed.

    *mutant* is the fault that was planted, "none" in the product itself. *acknowledged* counts ids
    held against what was found; the others count trials.
    """

    suite: str
    mutant: str
    style: str = ""
    trials: int = 0
    acknowledged: int = 0
    lost: int = 0
    corrupt: int = 0
    unbalanced: int = 0
    faults: int = 0

    def add(self, seen: Seen, acknowledged: int) -> None:
        """Count one more trial."""
        self.trials += 1
        self.acknowledged += acknowledged
        self.lost += bool(seen.lost)
        self.corrupt += bool(seen.corrupt)
        self.unbalanced += bool(seen.unbalanced)
        self.faults += bool(seen.faults)

    @property
    def is_well(self) -> bool:
        """Return whether nothing was wrong in any trial."""
        return not (self.lost or self.corrupt or self.unbalanced or self.faults)


@dataclass(frozen=True, slots=True)
class Trial:
    """One kill: what was acknowledged for the first time, and what was found afterwards."""

    played: Played
    fresh: int
    seen: Seen


def kill_once(
    nursery: Nursery,
    engine: sa.Engine,
    part: Part,
    *,
    chance: Random,
    strike: Callable[[int], None] | None = None,
    recover: Callable[[], None] = lambda: None,
) -> Trial:
    """
    Let a player go on with the play on *engine*, kill it after a new acknowledgement, and look.

    *strike* kills something else instead, which *recover* starts again.
    """
    known = set(logged(engine))
    engine.dispose()

    def after_the_first_new_one(acknowledged: list[str]) -> float | None:
        return None if acknowledged[-1] in known else chance.uniform(*KILL_AFTER_SECONDS)

    played = nursery.play(part, kill=after_the_first_new_one, strike=strike)
    recover()
    seen = look(engine, played.acknowledged)
    engine.dispose()
    return Trial(played, len(set(played.acknowledged) - known), seen)


def kill_suite(workshop: Workshop, *, kills: int, seed: int, mutant: str = "none") -> Tally:
    """Kill players on SQLite so many times, five on each ledger, one after the other."""
    tally, chance = Tally("SIGKILL, SQLite", mutant), Random(f"{seed}/{mutant}/kill")
    for share in _shares(kills, KILLS_PER_LEDGER):
        where, engine = workshop.rebuilt({LEDGER: workshop.base})
        part = Part(
            where=str(where),
            seed=chance.randrange(1 << 30),
            rounds=ROUNDS,
            mutant=mutant,
            blocks_per_wal_move=BLOCKS_PER_WAL_MOVE,
        )
        for _ in range(share):
            trial = kill_once(workshop.nursery, engine, part, chance=chance)
            assert trial.played.is_killed, trial.played
            tally.add(trial.seen, trial.fresh)
    return tally


def server_suite(
    nursery: Nursery, server: KilledServer, *, kills: int, seed: int, mutant: str = "none"
) -> Tally:
    """Kill all processes of a PostgreSQL server so many times under one ledger's players."""
    tally, chance = Tally("SIGKILL, PostgreSQL", mutant), Random(f"{seed}/{mutant}/server")
    address = server.database()
    engine = connect(address)
    part = Part(where=address, seed=seed, rounds=ROUNDS, mutant=mutant)
    for _ in range(kills):
        trial = kill_once(
            nursery, engine, part, chance=chance, strike=server.kill, recover=server.recover
        )
        tally.add(trial.seen, trial.fresh)
    return tally


@dataclass(frozen=True, slots=True)
class Recording:
    """A play whose every change of the disk was written down, from *before* on."""

    before: dict[str, bytes]
    log: list[Record]
    blocks: frozenset[bytes]


def record(workshop: Workshop, *, seed: int, mutant: str = "none") -> Recording:
    """Let a player trade for a short day, closing its ledger, and write down what it does."""
    where, log = workshop.ledger(), workshop.root / "log"
    part = Part(
        where=str(where),
        seed=seed,
        rounds=RECORDED_ROUNDS,
        mutant=mutant,
        blocks_per_wal_move=BLOCKS_PER_WAL_MOVE,
        log=str(log),
    )
    played = workshop.nursery.play(part)
    assert (played.exit_code, played.complaint) == (0, ""), played
    engine = connect(sqlite_url(where))
    blocks = block_hashes(engine)
    engine.dispose()
    return Recording({LEDGER: workshop.base}, read_log(log), blocks)


def power_suite(
    workshop: Workshop, *, count: int, seed: int, mutant: str = "none"
) -> dict[Style, Tally]:
    """Cut the power so many times, over several recordings, and count by style."""
    tallies = {style: Tally("power loss, SQLite", mutant, style.value) for style in Style}
    for number, share in enumerate(_shares(count, IMAGES_PER_RECORDING)):
        play = Random(f"{seed}/{mutant}/{number}").randrange(1 << 30)
        recording = record(workshop, seed=play, mutant=mutant)
        for image in images(recording.before, recording.log, count=share, seed=play):
            _, engine = workshop.rebuilt(image.files)
            seen = look(engine, image.acknowledged, blocks=recording.blocks)
            tallies[image.style].add(seen, len(image.acknowledged))
    return tallies


def _shares(count: int, largest: int) -> Iterator[int]:
    while count > 0:
        yield min(count, largest)
        count -= largest


def disk_suite(workshop: Workshop, *, fills: int, seed: int) -> tuple[Tally, int]:
    """
    Let the disk be full so many times under players on SQLite; also return the slowest resumption.

    A play whose disk was full now and then must end as one whose disk was not. Microseconds.
    """
    tally, slowest_us, number = Tally("disk full, SQLite", "none"), 0, 0
    while tally.trials < fills:
        share, number = min(FILLS_PER_LEDGER, fills - tally.trials), number + 1
        part = Part(
            where=str(workshop.ledger()),
            seed=Random(f"{seed}/disk/{number}").randrange(1 << 30),
            rounds=2 * share + 10,
            blocks_per_wal_move=BLOCKS_PER_WAL_MOVE_WHILE_FULL,
            fills=share,
        )
        played = workshop.nursery.play(part)
        assert (played.exit_code, played.complaint) == (0, ""), played
        assert played.told.fills > 0
        engine = connect(sqlite_url(Path(part.where)))
        seen = look(engine, played.acknowledged)
        seen.faults += played.told.faults + _differs(workshop, part, engine)
        engine.dispose()
        tally.add(seen, len(played.acknowledged))
        tally.trials += played.told.fills - 1
        slowest_us = max(slowest_us, played.told.slowest_resume_us)
    return tally, slowest_us


def _differs(workshop: Workshop, part: Part, engine: sa.Engine) -> list[str]:
    """Return how the ledger on *engine* differs from one of the same play without faults."""
    whole = msgspec.structs.replace(part, where=str(workshop.ledger()), fills=0)
    workshop.nursery.play(whole)
    other = connect(sqlite_url(Path(whole.where)))
    differs = [] if outcome(engine) == outcome(other) else ["it is not what it would have been"]
    other.dispose()
    return differs


def outcome(engine: sa.Engine) -> tuple[list[tuple[str, str, str, bytes]], str]:
    """Return id, code, answer and leaf of every command in order, and the state digest."""
    told = [(row.id, row.code, row.answer, row.leaf_hash) for row in logged(engine).values()]
    with reading(engine) as connection:
        return told, state_digest(connection)
