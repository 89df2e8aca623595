"""
A write or a sync that fails stops the writer, whichever it is; nothing acknowledged is lost.

The shim lets the n-th sync or write of a short trading day fail with EIO, those inside moves of the
log included. The player then sends one more command, which must be refused, and ends as if killed.
"""

import msgspec
import pytest

from api.drill.crash import outcome
from api.drill.look import look
from api.drill.player import Part
from api.drill.power import images
from api.drill.recording import read_log
from api.drill.workshop import LEDGER

STOPPED = {"storage_failed", "wal_checkpoint_failed"}
DAY = Part(where="", seed=23, rounds=5, blocks_per_wal_move=4)
WRITES_TRIED = 6


class Trials:
    """Plays the same short day again and again, each time with one fault."""

    def __init__(self, workshop):
        self.workshop = workshop
        part, engine = self.part()
        played, self.whole = self.play_on(part, engine)
        assert (played.exit_code, played.complaint) == (0, "")
        self.calls = played.told

    def part(self, **changes):
        """Return the day on a ledger that is founded anew, and the engine on that."""
        where, engine = self.workshop.rebuilt({LEDGER: self.workshop.base})
        return msgspec.structs.replace(DAY, where=str(where), **changes), engine

    def play_on(self, part, engine):
        """Let the day be played to its end; return that and the outcome of all of it."""
        # A sync that is never reached, so that the shim counts.
        part = msgspec.structs.replace(part, fail_sync=1 << 30, fail_write=0, log="")
        played = self.workshop.nursery.play(part)
        found = outcome(engine)
        engine.dispose()
        return played, found

    def fail(self, **fault):
        """Play with one fault; then the next writer finds what was acknowledged, and goes on."""
        part, engine = self.part(**fault)
        played = self.workshop.nursery.play(part)
        assert played.told.then in STOPPED, (fault, played)
        seen = look(engine, played.acknowledged)
        engine.dispose()
        assert seen.is_well, (fault, seen)
        again, found = self.play_on(part, engine)
        assert again.told.refused == ""
        assert without_probe(found) == without_probe(self.whole)
        return played.told.refused

    def play(self, **fault):
        """Only play with one fault."""
        return self.workshop.nursery.play(self.part(**fault)[0]).told


def without_probe(found):
    """Leave out the probe that a player without a fault sends at its end."""
    told, _ = found
    return [row for row in told if row[0] != "drill:probe"]


@pytest.fixture(scope="module")
def trials(workshop):
    return Trials(workshop)


def test_each_failed_sync_stops_the_writer_and_loses_nothing(trials):
    assert trials.calls.syncs > 20

    ends = {trials.fail(fail_sync=number) for number in range(1, trials.calls.syncs + 1)}

    # Some fail inside a commit, which leaves its command open, and some in a move of the log after
    # it, which the next command learns; after the last command that is the probe.
    assert ends - {""} == {"outcome_unknown", "wal_checkpoint_failed"}


def test_a_failed_write_stops_the_writer_and_loses_nothing(trials):
    every = trials.calls.writes // WRITES_TRIED

    ends = [trials.fail(fail_write=number) for number in range(1, trials.calls.writes, every)]

    assert len(ends) >= WRITES_TRIED
    assert "outcome_unknown" in ends


@pytest.mark.parametrize("number", [3, 9, 15])
def test_if_the_power_goes_after_a_failed_sync_nothing_acknowledged_is_lost_either(
    trials, number, tmp_path
):
    """What the failed sync was to store may be gone for good, whatever later syncs say."""
    told = trials.play(fail_sync=number, log=str(tmp_path / "log"))
    assert told.then in STOPPED

    workshop, log = trials.workshop, read_log(tmp_path / "log")
    for image in images({LEDGER: workshop.base}, log, count=12, seed=number):
        _, engine = workshop.rebuilt(image.files)
        seen = look(engine, image.acknowledged)
        assert seen.is_well, (image.cut, image.style, seen)


def test_control_automatic_moves_of_the_log_hide_failed_syncs(trials):
    """SQLite reports them to nobody, which is why the writer moves the log itself."""
    hidden = reported = 0

    for number in range(1, trials.calls.syncs + 1, 2):
        told = trials.play(fail_sync=number, mutant="checkpoints-unseen")
        has_failed, has_stopped = told.syncs >= number, told.then in STOPPED
        hidden += has_failed and not (told.refused or has_stopped)
        reported += has_failed and has_stopped

    print(f"{hidden} failed syncs were hidden and {reported} reported")
    assert hidden > 0
    assert reported > 0
