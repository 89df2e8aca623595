"""The watch: a pass behind the writer finds what a self-check finds, and disturbs nobody."""

import sqlite3

import pytest
import sqlalchemy as sa

from ledger import check, history, watch
from ledger.attest import grow
from ledger.damage import LedgerHalted
from ledger.db import reading
from ledger.set_aside import CaptureHold
from ledger.watch import Watch
from tests.build import CLEARING, EXCHANGE, OpenFreely
from tests.ledger.small import COMMANDS, E2, ENTRIES, TRADER, opened, place, play
from tests.ledger.test_check import TAMPERS, build, copy, played, sign, tamper

__all__ = ["copy", "played"]

ONLY_SIGNED = ("'5g='", "'2025-01-03'")
"""What only a signature covers is found by a self-check that is given the keys."""


def run(engine):
    """Make a whole pass and return what was verified."""
    watching = Watch(engine)
    for _ in watching.steps():
        pass
    return watching.verified


def grown(engine):
    with reading(engine) as connection:
        return grow(connection)


def test_a_pass_over_an_honest_ledger_ends_at_its_root(engine, clock):
    build(engine, clock)

    verified = run(engine)

    assert verified == grown(engine)
    assert verified.size == COMMANDS + ENTRIES + 3  # build adds two commands and an entry


def test_a_ledger_that_was_never_opened_passes(engine):
    assert run(engine).size == 0


def test_stretches_of_any_length_come_to_the_same(copy, monkeypatch):
    whole = run(copy)

    for leaves, rows in ((1, 1), (2, 3), (5, 2)):
        monkeypatch.setattr(watch, "LEAVES_AT_ONCE", leaves)
        monkeypatch.setattr(watch, "ROWS_AT_ONCE", rows)
        monkeypatch.setattr(history, "ROWS_AT_ONCE", rows)
        assert run(copy) == whole


@pytest.mark.parametrize(
    "statement",
    [told for told, _ in TAMPERS if not any(part in told for part in ONLY_SIGNED)],
)
def test_a_changed_row_halts_the_pass(copy, statement):
    tamper(copy, statement)

    with pytest.raises(LedgerHalted) as refused:
        run(copy)

    assert refused.value.facts["check"] in watch.WATCHED
    assert refused.value.facts["problem"]


def test_a_row_that_changes_after_its_step_is_found_by_the_next_pass(copy, monkeypatch):
    monkeypatch.setattr(watch, "LEAVES_AT_ONCE", 5)
    watching = Watch(copy)
    steps = watching.steps()
    while watching.verified.size < 5:
        next(steps)
    tamper(copy, "UPDATE commands SET actor = 'person:X' WHERE sequence = 1")
    list(steps)

    with pytest.raises(LedgerHalted) as refused:
        run(copy)

    facts = refused.value.facts
    assert (facts["check"], facts["where"]) == ("blocks", "block 1")


def test_commands_that_come_during_a_pass_do_not_halt_it(engine, clock, monkeypatch):
    bench = opened(engine, clock)
    play(bench, clock)
    monkeypatch.setattr(watch, "LEAVES_AT_ONCE", 8)
    monkeypatch.setattr(watch, "ROWS_AT_ONCE", 2)
    before = grown(engine).size
    watching, steps = Watch(engine), 0

    for _ in watching.steps():
        if watching.verified.size == 0:
            continue  # tables are looked at one by one before history
        steps += 1
        address = f"enterprise:N{steps}:holding"
        bench.do(OpenFreely(addresses=(address,)), actor=EXCHANGE).require()
        hold = bench.do(place(10), actor=TRADER).require().result["hold"]
        if steps % 2:
            bench.do(CaptureHold(hold=hold, amount=4, destination=E2), actor=CLEARING).require()
        if steps % 5 == 0:
            sign(engine)

    assert steps > 10
    # The last step saw all but the five leaves, at most, of what was done after it.
    assert 3 <= grown(engine).size - watching.verified.size <= 5
    assert watching.verified.size > before + 3 * 10


def test_no_step_leaves_a_transaction_open(sqlite_engine, clock):
    build(sqlite_engine, clock)

    held = {sqlite_engine.pool.checkedout() for _ in Watch(sqlite_engine).steps()}

    assert held == {1}  # the writer's own


@pytest.mark.parametrize("call", [(watch, "sealed"), (check, "require_durable")])
@pytest.mark.parametrize(
    "fault",
    [
        sa.exc.InterfaceError("SELECT", {}, Exception("gone")),
        sa.exc.OperationalError("SELECT", {}, sqlite3.OperationalError("locked")),
        MemoryError(),
    ],
)
def test_a_database_that_is_away_is_no_damage(copy, monkeypatch, call, fault):
    """Neither in the walk nor among the checks that note whatever they cannot read."""
    if isinstance(fault, sa.exc.OperationalError):
        fault.orig.sqlite_errorcode = sqlite3.SQLITE_BUSY

    def away(*_):
        raise fault

    monkeypatch.setattr(*call, away)

    with pytest.raises(type(fault)):
        run(copy)
