"""An idle ledger passes its deadlines, covers its history, and notices who has taken it over."""

import logging
import time

import pytest
import sqlalchemy as sa

from api.processes import run_writer
from api.program import Program
from api.pulse import Checkpoints, Pulse
from ledger.apply import EpochStale
from ledger.db import reading
from ledger.tables import CheckpointRow
from tests.api.process.world import open_ledger, sector


def eventually(true):
    """Wait until *true* is, for at most twenty seconds."""
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


def checkpoints(engine):
    with reading(engine) as connection:
        return list(connection.execute(sa.select(CheckpointRow.last_sequence)).scalars())


def beating(program, path, **options):
    return Pulse(
        program, key=path.with_suffix(".pem"), replaced=lambda: None, beat_seconds=0.01, **options
    )


def test_what_is_due_happens_though_nobody_sends_anything(program, path):
    ticks = []
    program.tick = lambda: ticks.append(1)
    pulse = beating(program, path)

    pulse.start()
    eventually(lambda: len(ticks) >= 3)
    pulse.stop()


def test_a_checkpoint_covers_new_history_and_is_not_signed_twice_over_the_same(program, path):
    signing = Checkpoints(program, path.with_suffix(".pem"))

    signing.sign()
    signing.sign()
    first = checkpoints(program.engine)
    program.outcomes((sector("A"), sector("B")))
    signing.sign()

    assert first == [1]
    assert checkpoints(program.engine) == [1, 3]


def test_checkpoints_are_signed_by_the_pulse_and_once_more_at_its_end(program, path):
    pulse = beating(program, path, checkpoint_seconds=0.01)
    pulse.start()
    eventually(lambda: checkpoints(program.engine) == [1])
    pulse._checkpoint_seconds, pulse._sign_at = 3_600, time.monotonic() + 3_600
    program.outcomes((sector("A"),))

    pulse.stop()

    assert checkpoints(program.engine) == [1, 2]


def test_checkpoints_are_signed_while_commands_keep_coming(url, path):
    program = open_ledger(url)
    pulse = beating(program, path, checkpoint_seconds=0.1)
    pulse.start()
    sent = 0
    while len(checkpoints(program.engine)) < 2:
        program.outcomes((sector(f"S{sent}"),))
        sent += 1
        assert sent < 20_000
    pulse.stop()
    found = checkpoints(program.engine)
    program.close()

    assert found == sorted(found)
    assert found[-1] == 1 + sent


def test_a_ledger_without_history_is_not_signed_and_the_pulse_goes_on(sqlite_url, path):
    program = Program(sqlite_url)
    pulse = beating(program, path, checkpoint_seconds=0.01)
    pulse.start()
    time.sleep(0.1)
    assert checkpoints(program.engine) == []
    assert not path.with_suffix(".pem").exists()
    pulse.stop()
    program.close()


def test_a_beat_that_fails_is_logged_and_the_next_one_comes(program, path, caplog):
    beats = []

    def fail_first():
        beats.append(1)
        if len(beats) == 1:
            raise AssertionError("planted")

    program.tick = fail_first
    pulse = beating(program, path)
    with caplog.at_level(logging.ERROR):
        pulse.start()
        eventually(lambda: len(beats) >= 3)
        pulse.stop()

    assert [record.exc_info[1].args for record in caplog.records] == [("planted",)]


def test_who_has_been_replaced_notices_signs_nothing_more_and_says_so_once(program, path):
    told = []
    pulse = Pulse(
        program,
        key=path.with_suffix(".pem"),
        replaced=lambda: told.append(1),
        beat_seconds=0.01,
    )
    pulse.start()
    open_again = Program(program.engine.url.render_as_string(hide_password=False))
    eventually(lambda: told)
    open_again.outcomes((sector("A"),))
    pulse.stop()
    open_again.close()

    assert pulse.is_replaced
    assert told == [1]
    assert 2 not in checkpoints(program.engine)


def test_a_writer_process_ends_with_the_refusal_when_it_is_replaced(sqlite_url, path):
    open_ledger(sqlite_url).close()
    others = []

    def take_over(_sentence):
        others.append(Program(sqlite_url))

    with pytest.raises(EpochStale):
        run_writer(sqlite_url, path, key=path.with_suffix(".pem"), say=take_over)
    for other in others:
        other.close()

    assert not path.exists()
