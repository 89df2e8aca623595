"""Nothing acknowledged is lost when the process is killed, and the day goes on as if it had not."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.demo import one_day
from ledger.db import connect, reading, sqlite_url
from ledger.digest import state_digest
from ledger.writer import Writer
from tests.crash.kill import ROOT, kill_once, logged, look, open_nursery

SEEDS = range(1, 11)
KILLS_PER_SEED = 5
CATCH_WITHIN = 10

pytestmark = pytest.mark.slow


@pytest.fixture
def directory(sqlite_template, tmp_path):
    """A function that makes a directory with a migrated, empty ledger in it."""

    def make(name):
        (tmp_path / name).mkdir()
        shutil.copyfile(sqlite_template, tmp_path / name / "ledger.db")
        return tmp_path / name

    return make


@pytest.fixture
def nursery():
    with open_nursery() as opened:
        yield opened


def kills(nursery, where, *, seed, times):
    """Kill the play of one seed so many times, each time going on where the last one ended."""
    return [kill_once(nursery, where, seed=seed, trial=trial) for trial in range(times)]


def first_loss(nursery, where):
    """Return after how many kills the mutant has lost what it acknowledged, None if it has not."""
    for trial in range(CATCH_WITHIN):
        if kill_once(nursery, where, seed=99, trial=trial, fault="answer-early").lost:
            return trial + 1
    return None


def assert_nothing_lost(trials, *, count):
    assert len([trial for trial in trials if trial.killed and trial.fresh]) == count
    assert [trial.lost for trial in trials if trial.lost] == []
    assert [trial.faults for trial in trials if trial.faults] == []


def test_fifty_kills_lose_nothing_that_was_acknowledged(directory):
    def lane(seeds):
        with open_nursery() as nursery:
            return [
                kills(nursery, str(directory(f"seed-{seed}")), seed=seed, times=KILLS_PER_SEED)
                for seed in seeds
            ]

    with ThreadPoolExecutor(max_workers=2) as pool:
        lanes = list(pool.map(lane, (SEEDS[::2], SEEDS[1::2])))

    assert_nothing_lost(
        [trial for of_lane in lanes for each in of_lane for trial in each], count=50
    )


def test_the_planted_mutant_that_answers_before_it_commits_is_caught(nursery, directory):
    caught_after = first_loss(nursery, str(directory("early")))

    assert caught_after is not None


def test_without_sync_to_disk_the_play_is_refused_before_it_acknowledges_anything(
    nursery, directory
):
    """A kill would never show this fault, since the page cache outlives the process."""
    played = nursery.play(str(directory("off")), seed=1, fault="synchronous-off")

    assert (played.exit_code, played.acknowledged) == (1, [])
    assert played.complaint.startswith("durability_unsafe: synchronous is 0 but must be 2")


def test_a_day_that_was_killed_again_and_again_ends_as_one_that_was_not(nursery, directory):
    where, known = directory("killed"), 0
    for fresh in (20, 50, 90, 90):
        played = nursery.play(
            str(where),
            seed=7,
            rounds=200,
            kill=lambda told, enough=known + fresh: 0 if len(told) >= enough else None,
        )
        trial = look(connect(sqlite_url(where)), played, known=set(played.acknowledged[:known]))
        assert (trial.lost, trial.faults) == ([], [])
        known = len(played.acknowledged)

    finished = nursery.play(str(where), seed=7, rounds=200)

    assert (finished.exit_code, finished.complaint) == (0, "")
    whole, whole_digest = played_through(directory("whole"), seed=7, rounds=200)
    killed, killed_digest = history(connect(sqlite_url(where)))
    assert [rows for rows in zip(killed, whole, strict=True) if rows[0] != rows[1]] == []
    assert killed_digest == whole_digest
    assert len(finished.acknowledged) == len(whole)


def played_through(where, *, seed, rounds):
    """Play a short day without interruption; return its history."""
    engine, clock = connect(sqlite_url(where)), one_day.DayClock()
    writer = Writer(engine, one_day.subjects(), clock=clock)
    one_day.play_one_day(writer, clock, seed=seed, acknowledge=len, rounds=rounds)
    writer.close()
    return history(engine)


def history(engine):
    """Return id, answer and leaf of every command in order, and the state digest."""
    told = [(row.id, row.code, row.answer, row.leaf_hash) for row in logged(engine).values()]
    with reading(engine) as connection:
        digest = state_digest(connection)
    engine.dispose()
    return told, digest


def test_the_day_is_a_program_of_its_own_that_says_each_acknowledged_id(tmp_path):
    command = [sys.executable, "-m", "api.demo.one_day", str(tmp_path / "new"), "--rounds", "8"]

    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    said = played.stdout.splitlines()
    assert said[:2] == ["one-day:set-up:00001", "one-day:set-up:00002"]
    assert said == list(logged(connect(sqlite_url(tmp_path / "new"))))


@pytest.fixture
def address(engine):
    """The address of a fresh PostgreSQL database whose server outlives the players."""
    return engine.url.render_as_string(hide_password=False)


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_killed_writers_lose_nothing_on_postgresql(nursery, address):
    trials = kills(nursery, address, seed=1, times=8)

    assert_nothing_lost(trials, count=8)


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_the_planted_mutant_is_caught_on_postgresql_too(nursery, address):
    caught_after = first_loss(nursery, address)

    assert caught_after is not None
