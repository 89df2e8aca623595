"""When checkpoints are signed: at least once a minute under traffic, and after each close."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from api.program import Program
from api.pulse import CHECKPOINT_SECONDS, Pulse
from api.read.closes import closed_since
from ledger.approve import Approve
from ledger.db import reading
from ledger.tables import CommandRow
from tests.api.process.test_pulse import checkpoints
from tests.api.process.world import open_ledger, sector
from tests.ledger.compliance.overdue import overdue
from tests.ledger.compliance.world import CLOSE_YEAR, close
from tests.market.floor import open_floor

PROMISED_SECONDS = 60
APPROVED = sa.select(CommandRow.sequence).where(CommandRow.kind == Approve.kind)


@pytest.fixture(autouse=True)
def nothing_follows(monkeypatch):
    """Several hundred beats are quicker without what else is done in each."""
    monkeypatch.setattr("api.pulse.PROJECTIONS", ())


class Seconds:
    """A clock that counts seconds and moves when it is told."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


class Traffic:
    """A pulse under a clock of its own, and when which command was sent and covered."""

    def __init__(self, program, path, *, work, signing, checkpoint_seconds=CHECKPOINT_SECONDS):
        self.program, self.clock, self.work = program, Seconds(), work
        program.tick = self._tick
        self.pulse = Pulse(
            program,
            key=path.with_suffix(".pem"),
            replaced=lambda: None,
            checkpoint_seconds=checkpoint_seconds,
            clock=self.clock,
        )
        self.signing, self._sign = signing, self.pulse.checkpoints.sign
        self.pulse.checkpoints.sign = self._slowly
        self.sent, self.covered = {1: self.clock.now}, {}

    def _tick(self):
        self.clock.now += self.work

    def _slowly(self):
        covers = self.program.writer.memory.sequence
        self._sign()
        self.clock.now += self.signing
        for sequence in range(1, covers + 1):
            self.covered.setdefault(sequence, self.clock.now)

    def go_on(self):
        """Send a command before every beat for eighty seconds, and beat for a minute more."""
        last = self.clock.now + 80
        while self.clock.now < last + PROMISED_SECONDS:
            if self.clock.now < last:
                answer = self.program.submit(sector(f"S{len(self.sent)}"))
                self.sent[answer.sequence] = self.clock.now
            self.clock.now += 1
            self.pulse.beat()

    def longest(self):
        """Return the longest that a command waited for a checkpoint."""
        return max(self.covered[sequence] - at for sequence, at in self.sent.items())


@pytest.mark.parametrize(("work", "signing"), [(0, 0), (0.5, 1), (4, 5)])
def test_no_command_waits_a_minute_for_its_checkpoint(program, path, work, signing):
    traffic = Traffic(program, path, work=work, signing=signing)

    traffic.go_on()

    assert len(traffic.sent) > 10
    assert traffic.longest() < PROMISED_SECONDS
    assert checkpoints(program.engine)[-1] == max(traffic.sent)


def test_a_pulse_that_signs_once_a_minute_would_break_the_promise(program, path):
    """The control."""
    traffic = Traffic(program, path, work=1, signing=1, checkpoint_seconds=60)

    traffic.go_on()

    assert traffic.longest() > PROMISED_SECONDS


def test_what_a_crash_left_uncovered_is_covered_at_the_first_beat(sqlite_url, path):
    open_ledger(sqlite_url).close()
    program = Program(sqlite_url)
    pulse = Pulse(program, key=path.with_suffix(".pem"), replaced=lambda: None, clock=Seconds())

    pulse.beat()

    assert checkpoints(program.engine) == [1]
    program.close()


def test_a_signing_that_failed_is_tried_again_at_the_next_beat(program, path, caplog):
    pulse = Pulse(program, key=path.with_suffix(".pem"), replaced=lambda: None, clock=Seconds())
    sign = pulse.checkpoints.sign

    def fails():
        raise RuntimeError("planted")

    pulse.checkpoints.sign = fails
    pulse.beat()
    pulse.checkpoints.sign = sign
    pulse.beat()

    assert checkpoints(program.engine) == [1]
    assert [record.exc_info[1].args for record in caplog.records] == [("planted",)]


def test_without_traffic_nothing_is_signed(program, path):
    traffic = Traffic(program, path, work=0, signing=0)
    traffic.pulse.beat()
    for _ in range(10):
        traffic.clock.now += 60
        traffic.pulse.beat()

    assert checkpoints(program.engine) == [1]


@pytest.fixture
def floor(engine, clock):
    return open_floor(engine, clock, {"E1": (100, 10_000)})


def pulse_of(bench, path):
    """A pulse on a bench, its clock standing still, that has signed what there was."""
    program = SimpleNamespace(
        engine=bench.engine, writer=bench.writer, subjects=bench.subjects, tick=lambda: None
    )
    pulse = Pulse(program, key=path.with_suffix(".pem"), replaced=lambda: None, clock=Seconds())
    pulse.beat()
    return pulse


def test_the_close_of_a_day_is_covered_within_the_next_beat(floor, path):
    pulse = pulse_of(floor.bench, path)
    floor.sell("E1", 10_000, 25).require()
    pulse.beat()
    before = len(checkpoints(floor.bench.engine))

    closing = floor.close_day().require()
    pulse.beat()

    signed = checkpoints(floor.bench.engine)
    assert before == 1
    assert len(signed) == 2
    assert max(signed) == closing.sequence


def test_a_close_that_was_refused_is_no_close(floor, path):
    pulse = pulse_of(floor.bench, path)
    floor.close_day().require()
    pulse.beat()
    assert floor.close_day().code != "ok"

    pulse.beat()

    assert len(checkpoints(floor.bench.engine)) == 2


def test_an_approved_close_of_a_year_counts_and_its_proposal_does_not(sqlite_engine, clock):
    bench = overdue(sqlite_engine, clock)
    close(bench).require()
    seen = bench.writer.memory.sequence

    bench.both(CLOSE_YEAR).require()  # two commands: a proposal and its approval

    with reading(sqlite_engine) as connection:
        assert bench.writer.memory.sequence == seen + 2
        assert closed_since(connection, seen)
        assert closed_since(connection, seen + 1)
        assert not closed_since(connection, seen + 2)


def test_approving_something_else_is_no_close(sqlite_engine, clock):
    overdue(sqlite_engine, clock)

    with reading(sqlite_engine) as connection:
        assert connection.execute(APPROVED).first() is not None
        assert not closed_since(connection, 0)
