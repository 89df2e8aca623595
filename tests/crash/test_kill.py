"""Nothing acknowledged is lost when the process is killed, and the day goes on as if it had not."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.demo import one_day
from ledger.db import reading
from ledger.digest import state_digest
from ledger.writer import Writer
from tests.crash.kill import (
    EARLY,
    HONEST,
    WITHOUT_SYNC,
    kill_once,
    logged,
    look,
    start,
)

SEEDS = range(1, 11)
KILLS_PER_SEED = 5
CATCH_WITHIN = 10

pytestmark = pytest.mark.slow


def kills(module, where, *, seed, times):
    """Kill the play of one seed so many times, each time going on where the last one ended."""
    return [kill_once(module, where, seed=seed, trial=trial) for trial in range(times)]


@pytest.fixture
def directory(sqlite_template, tmp_path):
    """A function that makes a directory with a migrated, empty ledger in it."""

    def make(name):
        (tmp_path / name).mkdir()
        shutil.copyfile(sqlite_template, tmp_path / name / "ledger.db")
        return str(tmp_path / name)

    return make


def first_loss(module, where):
    """Return after how many kills an acknowledged command was lost, None if none was."""
    for trial in range(CATCH_WITHIN):
        if kill_once(module, where, seed=99, trial=trial).lost:
            return trial + 1
    return None


def test_fifty_kills_lose_nothing_that_was_acknowledged(directory):
    def lane(seed):
        return kills(HONEST, directory(str(seed)), seed=seed, times=KILLS_PER_SEED)

    with ThreadPoolExecutor(max_workers=2) as pool:
        trials = [trial for lane_trials in pool.map(lane, SEEDS) for trial in lane_trials]

    assert len([trial for trial in trials if trial.killed and trial.fresh]) == 50
    assert [trial.lost for trial in trials if trial.lost] == []
    assert [trial.faults for trial in trials if trial.faults] == []


def test_the_planted_mutant_that_answers_before_it_commits_is_caught(directory):
    caught_after = first_loss(EARLY, directory("early"))

    assert caught_after is not None


def test_without_sync_to_disk_the_play_is_refused_before_it_acknowledges_anything(tmp_path):
    """A kill would never show this fault, since the page cache outlives the process."""
    child = start(WITHOUT_SYNC, str(tmp_path), seed=1)
    output, complaint = child.communicate(timeout=60)

    assert child.returncode == 1
    assert output == ""
    assert complaint.startswith("durability_unsafe: synchronous is 0 but must be 2")


def played_through(where, *, seed, rounds):
    """Play a short day without interruption; return its leaf hashes in order and its digest."""
    engine, clock = one_day.open_engine(str(where)), one_day.DayClock()
    writer = Writer(engine, one_day.subjects(), clock=clock)
    one_day.play_one_day(writer, clock, seed=seed, acknowledge=len, rounds=rounds)
    writer.close()
    return history(engine)


def history(engine):
    leaves = [row.leaf_hash for row in logged(engine).values()]
    with reading(engine) as connection:
        digest = state_digest(connection)
    engine.dispose()
    return leaves, digest


def test_a_day_that_was_killed_again_and_again_ends_as_one_that_was_not(tmp_path):
    where, known = str(tmp_path / "killed"), 0
    for stop_after in (20, 60, 150, 230):
        child = start(HONEST, where, seed=7, rounds="100")
        acknowledged = [child.stdout.readline().strip() for _ in range(stop_after)]
        child.kill()
        child.communicate()
        trial = look(
            one_day.open_engine(where), acknowledged, killed=True, known=set(acknowledged[:known])
        )
        assert (trial.lost, trial.faults, trial.fresh) == ([], [], stop_after - known)
        known = stop_after

    finished = start(HONEST, where, seed=7, rounds="100")
    output, complaint = finished.communicate(timeout=60)

    assert (finished.returncode, complaint) == (0, "")
    whole = played_through(tmp_path / "whole", seed=7, rounds=100)
    assert history(one_day.open_engine(where)) == whole
    assert len(output.splitlines()) == len(whole[0])


@pytest.fixture
def address(engine):
    """The address of a fresh PostgreSQL database whose server outlives the children."""
    return engine.url.render_as_string(hide_password=False)


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_killed_writers_lose_nothing_on_postgresql(address):
    trials = kills(HONEST, address, seed=1, times=6)

    assert len([trial for trial in trials if trial.killed and trial.fresh]) == 6
    assert [trial.lost for trial in trials if trial.lost] == []
    assert [trial.faults for trial in trials if trial.faults] == []


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_the_planted_mutant_is_caught_on_postgresql_too(address):
    assert first_loss(EARLY, address) is not None
