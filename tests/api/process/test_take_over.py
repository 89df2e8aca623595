"""Another process takes a ledger over, and nothing that was acknowledged is lost or done twice."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from itertools import repeat
from threading import Event, Thread

import pytest

import api.standby
from api.options import opened
from api.processes import run_writer
from api.program import Program
from api.socket_place import SocketPlace, SocketTaken
from api.standby import Turn, place_for
from api.wire_refusals import RefusedElsewhere
from ledger.check import self_check
from ledger.db import connect
from ledger.lease import LedgerInUse
from ledger.replay import replay
from tests.api.process.world import (
    ROOT,
    START_SECONDS_MAX,
    SUBJECTS,
    connected,
    logged,
    open_ledger,
    sector,
    wait_until_it_says,
    writer_process,
)

TAKE_OVER_SECONDS_MAX = 5
ENOUGH = 40
"""Answers before the kill, and after it."""


@pytest.fixture
def begun(url):
    """The address of a ledger on each engine that has been opened, with nobody writing it."""
    open_ledger(url).close()
    return url


@pytest.fixture
def begun_on_postgres(postgres_engine):
    """The address of a ledger on PostgreSQL that has been opened."""
    url = postgres_engine.url.render_as_string(hide_password=False)
    open_ledger(url).close()
    return url


class Callers:
    """Two processes of callers, and what they say they were answered."""

    def __init__(self, processes):
        self.answers = []
        self.processes = processes
        self.threads = [Thread(target=self._hear, args=(process,)) for process in processes]
        for thread in self.threads:
            thread.start()

    def _hear(self, process):
        for line in process.stdout:
            self.answers.append(json.loads(line))

    def wait_for(self, answers, *, after=0.0):
        """Wait for so many answers that came after a moment."""
        until = time.monotonic() + START_SECONDS_MAX
        while sum(at > after for _, _, _, at, _ in self.answers) < answers:
            assert time.monotonic() < until, "the callers are not served"
            time.sleep(0.005)

    def go_home(self):
        """Let every caller have its last answer."""
        for process in self.processes:
            process.stdin.close()
        assert [process.wait(timeout=60) for process in self.processes] == [0, 0]
        for thread in self.threads:
            thread.join()


@contextmanager
def calling(path):
    """Give two processes, each with four callers at the writer's socket."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.api.process.caller", name, "4", str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "XY"
    ]
    try:
        yield Callers(processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()
            process.stdout.close()
            process.stdin.close()


def take_over(url, path):
    """Kill a writer under load while another stands by; return the seconds and every answer."""
    with (
        writer_process(url, path) as writer,
        writer_process(url, path, turn=Turn.STANDBY) as standby,
        calling(path) as callers,
    ):
        callers.wait_for(ENOUGH)
        writer.send_signal(signal.SIGKILL)
        killed_at = time.monotonic()
        wait_until_it_says(standby, "the writer listens")
        callers.wait_for(ENOUGH, after=killed_at + 0.05)
        callers.go_home()
        standby.send_signal(signal.SIGTERM)
        assert standby.wait(timeout=60) == 0
    after = [at for _, _, _, at, before in callers.answers if at > killed_at and before]
    return min(after) - killed_at, callers.answers


def test_a_standby_takes_over_from_a_killed_writer_and_nothing_is_lost_or_done_twice(
    begun, path, tmp_path, other_engine
):
    seconds, answers = take_over(begun, path)

    found = logged(begun)
    places = {command_id: number for number, command_id in enumerate(found, start=1)}
    assert seconds < TAKE_OVER_SECONDS_MAX
    assert {code for _, _, code, _, _ in answers} == {"ok"}
    # Who was under way at the kill was told so, and then had the answer; there are eight callers.
    interrupted = [before for _, _, _, _, before in answers if before]
    assert 1 <= len(interrupted) <= 8
    assert {code for before in interrupted for code in before} <= {"outcome_unknown", "writer_away"}
    # Each id was answered once, stands once in the log, and there where its caller was told.
    assert max(Counter(command_id for command_id, *_ in answers).values()) == 1
    assert max(Counter(found).values()) == 1
    assert {command_id: sequence for command_id, sequence, *_ in answers} == {
        command_id: place for command_id, place in places.items() if command_id != "ledger:open"
    }
    engine = connect(begun)
    assert self_check(engine).failed == {}
    replayed = replay(engine, other_engine, SUBJECTS, repeat(500))
    engine.dispose()
    assert replayed.commands == len(found)


@pytest.fixture
def other_engine(request, tmp_path):
    """An empty embedded database, for replay."""
    from tests.conftest import fresh_engine

    (tmp_path / "replayed").mkdir()
    yield from fresh_engine(request, "sqlite", tmp_path / "replayed")


def test_a_writer_that_was_paused_while_another_took_over_commits_nothing_and_ends(begun, path):
    other_path = path.with_name("other.sock")
    with writer_process(begun, path) as paused, connected(path, lines=1) as gateway:
        assert gateway.outcomes((sector("A"),))[0].ok
        paused.send_signal(signal.SIGSTOP)
        with (
            writer_process(begun, other_path, turn=Turn.TAKE_OVER),
            connected(other_path) as way,
        ):
            assert way.outcomes((sector("B"),))[0].ok
            refused = []
            sending = Thread(target=lambda: refused.extend(gateway.outcomes((sector("C"),))))
            sending.start()
            # Sent before it wakes, so that it is not its pulse that notices first.
            wait_until_sent(gateway)
            paused.send_signal(signal.SIGCONT)
            sending.join()
            exit_code = paused.wait(timeout=60)
            said = paused.stderr.read()
            assert way.outcomes((sector("D"),))[0].ok

    assert [(type(each), each.code) for each in refused] == [(RefusedElsewhere, "epoch_stale")]
    assert exit_code == 1
    assert "EpochStale" in said
    assert logged(begun) == ["ledger:open", "sector:A", "sector:B", "sector:D"]


def wait_until_sent(gateway):
    """Wait until a request is under way on the only line of *gateway*."""
    until = time.monotonic() + 20
    while not gateway._lines[0]._connection._slots:
        assert time.monotonic() < until
        time.sleep(0.005)
    time.sleep(0.05)  # it is noted just before it is handed to the system


@pytest.mark.postgres
def test_a_standby_told_to_end_ends_and_the_writer_goes_on(begun_on_postgres, path):
    url = begun_on_postgres
    with writer_process(url, path), connected(path) as gateway:
        with writer_process(url, path, turn=Turn.STANDBY) as standby:
            standby.send_signal(signal.SIGTERM)
            exit_code = standby.wait(timeout=60)

        assert exit_code == 0
        assert gateway.outcomes((sector("A"),))[0].ok


def test_who_stands_by_for_a_socket_gets_it_once_it_is_free_and_not_once_told_to_end(path):
    stopping, places = Event(), []
    first = SocketPlace(path)
    waiting = Thread(target=lambda: places.append(place_for(path, Turn.STANDBY, stopping)))
    waiting.start()
    waiting.join(0.3)  # several looks
    assert places == []
    first.close()
    waiting.join(20)
    [second] = places

    stopping.set()
    assert place_for(path, Turn.STANDBY, stopping) is None
    with pytest.raises(SocketTaken):
        place_for(path, Turn.IF_FREE, Event())
    second.close()


@pytest.mark.postgres
def test_a_second_writer_by_mistake_is_refused_and_so_is_a_command_line(
    begun_on_postgres, path, monkeypatch
):
    monkeypatch.setattr(api.standby, "GOING_SECONDS", 0.1)
    monkeypatch.setenv("DATABASE_URL", begun_on_postgres)
    first = Program(begun_on_postgres, holder="writer")

    with pytest.raises(LedgerInUse) as refused:
        run_writer(begun_on_postgres, path, key=path.with_suffix(".pem"), say=lambda _: None)
    with pytest.raises(LedgerInUse), opened(None):
        pass

    assert refused.value.facts == {"epoch": 2, "holder": "writer"}
    assert not path.exists()
    assert first.submit(sector("A")).ok
    first.close()
    with opened(None) as program:
        assert program.submit(sector("B")).ok


@pytest.mark.postgres
def test_a_standby_on_another_host_is_waked_when_the_session_of_the_writer_ends(begun_on_postgres):
    """It has no file in common with the writer, only the server."""
    first = Program(begun_on_postgres, holder="writer")
    took, stopping = [], Event()

    def stand_by():
        with api.standby.turn_to_write(begun_on_postgres, Turn.STANDBY, stopping):
            second = Program(begun_on_postgres, holder="writer")
        took.append((time.monotonic(), second.submit(sector("B"))))
        second.close()

    waiting = Thread(target=stand_by)
    waiting.start()
    assert first.submit(sector("A")).ok
    waiting.join(1.5)  # longer than one look
    assert waiting.is_alive()
    first.close()
    closed_at = time.monotonic()
    waiting.join(20)

    [(at, answer)] = took
    assert answer.ok
    assert at - closed_at < TAKE_OVER_SECONDS_MAX
