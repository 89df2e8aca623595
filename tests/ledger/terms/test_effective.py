"""From when an entry counts: an open day of the past, never the future, never a sealed one."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from ledger.days import end_of
from ledger.db import reading
from ledger.terms.seal import SealPeriod
from ledger.transfer import ReverseEntry
from tests.build import CLEARING, REGULATOR
from tests.conftest import DAY, START
from tests.ledger.terms.town import chains, line, move, rows, state_of, town

NEW_YEAR = date(2025, 1, 1)
"""The day on which the ledger is opened, at its first microsecond in Shanghai."""


@pytest.fixture
def bench(engine, clock):
    return town(engine, clock)


@pytest.fixture
def lite(sqlite_engine, clock):
    return town(sqlite_engine, clock)


def told(answer):
    return answer.require().result["chains"][0].get("refused", "ok")


def backdated(bench, effective_at):
    reference = f"b{bench.writer.memory.sequence}"
    return told(chains(bench, (line(reference, 1, effective_at=effective_at),)))


def seal(bench, through):
    return bench.both(SealPeriod(through=through))


def effective(bench):
    with reading(bench.engine) as connection:
        query = sa.text("SELECT effective_at FROM entries ORDER BY sequence")
        return list(connection.execute(query).scalars())


def reverse(bench, entry, effective_at=None):
    payload = ReverseEntry(entry=entry, reason="mistake", effective_at=effective_at)
    return bench.both(payload, maker=CLEARING, checker=REGULATOR)


def test_an_entry_counts_from_when_it_says_and_the_others_from_now(bench, clock):
    clock.now = START + 3 * DAY
    chains(bench, (line("a", 1, effective_at=START + DAY), line("b", 1))).require()

    # The approval is the second command at that instant, one microsecond behind the proposal.
    assert effective(bench)[1:] == [START + DAY, START + 3 * DAY + 1]


def test_the_ledgers_first_microsecond_is_early_enough_and_the_one_before_is_not(bench, clock):
    clock.now = START + DAY

    assert backdated(bench, START) == "ok"
    assert backdated(bench, START - 1) == "effective_too_early"


def test_the_moment_of_recording_is_not_the_future_and_the_next_one_is(lite, clock):
    clock.now = START + DAY

    # A proposal is recorded at the clock's time, its approval one microsecond later.
    assert backdated(lite, START + DAY + 1) == "ok"
    clock.now = START + 2 * DAY
    assert backdated(lite, START + 2 * DAY + 2) == "effective_in_future"


@pytest.mark.parametrize("instant", [10**18 - 1, -(10**18) + 1])
def test_an_instant_beyond_every_calendar_is_refused_and_not_an_error(lite, instant):
    before = state_of(lite)

    code = backdated(lite, instant)

    assert code == ("effective_in_future" if instant > 0 else "effective_too_early")
    assert state_of(lite) == before


def test_nothing_counts_in_a_sealed_period_to_its_last_microsecond(bench, clock):
    clock.now = START + 5 * DAY
    seal(bench, NEW_YEAR + timedelta(days=1)).require()
    boundary = START + 2 * DAY  # 3 January, 00:00 in Shanghai
    before = state_of(bench)

    sealed = [backdated(bench, instant) for instant in (START, boundary - 2, boundary - 1)]

    assert sealed == ["period_sealed"] * 3
    assert state_of(bench) == before
    assert [backdated(bench, instant) for instant in (boundary, boundary + 1)] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("days", "code"), [(-1, "ok"), (0, "seal_in_future"), (1, "seal_in_future")]
)
def test_only_a_day_that_is_over_is_sealed(lite, clock, days, code):
    clock.now = START + 5 * DAY - 10  # the last microseconds of 5 January
    today = NEW_YEAR + timedelta(days=4)

    assert seal(lite, today + timedelta(days=days)).code == code


def test_a_day_is_sealed_from_the_first_microsecond_of_the_next(lite, clock):
    today = NEW_YEAR + timedelta(days=4)
    clock.now = end_of(today) - 1  # the proposal still belongs to the day, the approval does not

    assert seal(lite, today).ok


@pytest.mark.parametrize(
    ("days", "code"), [(-1, "seal_not_later"), (0, "seal_not_later"), (1, "ok")]
)
def test_a_seal_only_moves_forward(bench, clock, days, code):
    clock.now = START + 9 * DAY
    first = NEW_YEAR + timedelta(days=3)
    seal(bench, first).require()
    before = rows(bench, "period_seals")

    answer = seal(bench, first + timedelta(days=days))

    assert answer.code == code
    assert (rows(bench, "period_seals") == before) == (code != "ok")
    if code != "ok":
        assert answer.facts["sealed"] == "2025-01-04"


def test_a_restart_knows_the_seal_and_when_the_ledger_began(bench, clock):
    clock.now = START + 5 * DAY
    assert backdated(bench, START - 1) == "effective_too_early"
    seal(bench, NEW_YEAR).require()

    bench.restart()

    assert backdated(bench, START + DAY - 1) == "period_sealed"
    assert backdated(bench, START + DAY) == "ok"
    assert backdated(bench, START - 1) == "effective_too_early"


def test_a_reversal_counts_from_what_it_undoes_at_the_earliest(bench, clock):
    clock.now = START + 2 * DAY
    entry = move(bench, 10).require().result["first_entry"]
    began = effective(bench)[-1]
    clock.now = START + 4 * DAY
    before = state_of(bench)

    early, future = reverse(bench, entry, began - 1), reverse(bench, entry, START + 5 * DAY)

    assert (early.code, future.code) == ("effective_too_early", "effective_in_future")
    assert early.facts == {"effective_at": began - 1, "earliest_at": began}
    assert state_of(bench) == before
    reverse(bench, entry, began).require()
    assert effective(bench)[-1] == began


def test_a_reversal_does_not_count_in_a_sealed_period_but_may_undo_an_entry_of_one(bench, clock):
    clock.now = START + 10
    entry = move(bench, 10).require().result["first_entry"]
    clock.now = START + 4 * DAY
    seal(bench, NEW_YEAR).require()

    assert reverse(bench, entry, START + DAY - 1).code == "period_sealed"
    assert reverse(bench, entry, START + DAY).ok
    assert reverse(bench, entry + 1).code == "not_reversible"  # a reversal of a reversal
