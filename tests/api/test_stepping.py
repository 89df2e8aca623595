"""Stepping: the clock of a played ledger, and how it goes from event to event."""

from datetime import date

import pytest

import market.cross
from api.demo.clock import StageClock, clock_for
from api.demo.next_move import Running, next_move
from api.demo.stepping import ClockIsReal, NothingAhead, next_event, step
from api.demo.timetable import locks_at, timetable_of, trading_day_from
from ledger.days import start_of, text_of
from ledger.db import reading
from ledger.register import OpenLedger
from ledger.set_aside import PlaceHold
from market.calendar import Phase
from market.change_phase import ChangePhase
from market.close_day import CloseDay
from market.cross import Uncross
from market.subject import MARKET
from tests.build import EXCHANGE, GRANTS, Bench
from tests.market.floor import FLOW, QD, open_floor, trader

MONDAY, TUESDAY, FRIDAY = date(2025, 3, 3), date(2025, 3, 4), date(2025, 3, 7)
SECOND = 1_000_000
SESSIONS = (
    "09:15-09:25 call_auction",
    "09:30-11:30 trading",
    "13:00-15:00 trading",
    "13:00-15:00 block_trade",
)
TABLE = timetable_of(SESSIONS)
PEOPLE = {"A": (1_000, 100_000), "B": (1_000, 100_000)}


class Ticks:
    """A monotonic source that is led by hand."""

    def __init__(self):
        self.passed = 7 * SECOND  # monotonic sources begin anywhere

    def __call__(self):
        return self.passed


class Direct:
    """A bench as a gateway."""

    def __init__(self, bench):
        self.bench = bench
        self.subjects = bench.subjects

    def outcomes(self, commands):
        return self.bench.writer.outcomes(commands)

    def tick(self):
        self.bench.writer.tick()

    def now(self):
        return max(self.bench.clock(), self.bench.writer.memory.now)


def on(day, text):
    hours, minutes = text.split(":")
    return start_of(day, minute=int(hours) * 60 + int(minutes))


def floor_at(engine, day, text, *, phase=""):
    """Return a floor whose clock stands at a time of *day*, its market in *phase* if given."""
    clock = StageClock(on(day, text), ticking=Ticks())
    return open_floor(engine, clock, PEOPLE, phase=phase)


def one_step(floor):
    with reading(floor.bench.engine) as connection:
        return step(Direct(floor.bench), connection, floor.clock)


def steps(floor, count):
    """Step so many times; return the times of day and the phases that they led to."""
    found = []
    for _ in range(count):
        one_step(floor)
        found.append((text_of(floor.clock())[5:16], phase_of(floor)))
    return found


def phase_of(floor):
    query = "SELECT phase FROM market_days WHERE instrument = :i ORDER BY number DESC LIMIT 1"
    return floor.rows(query, i=QD)[0][0]


# The clock.


def test_the_clock_starts_where_it_is_told_and_runs_at_the_speed_of_its_source():
    ticks = Ticks()
    clock = StageClock(1_000 * SECOND, ticking=ticks)

    assert clock() == 1_000 * SECOND
    ticks.passed += 90 * SECOND
    assert clock() == 1_090 * SECOND


def test_the_clock_is_moved_forward_and_never_back():
    ticks = Ticks()
    clock = StageClock(1_000 * SECOND, ticking=ticks)

    assert clock.forward_to(2_000 * SECOND) == 2_000 * SECOND
    assert clock.forward_to(1_500 * SECOND) == 2_000 * SECOND
    ticks.passed += 1
    assert clock() == 2_000 * SECOND + 1


@pytest.mark.parametrize(
    ("purpose", "wall_is_ahead", "is_stage"),
    [
        ("demonstration", False, True),
        ("demonstration", True, True),
        ("training", False, True),
        ("training", True, False),
        ("live", False, False),
        ("live", True, False),
    ],
)
def test_a_played_ledger_goes_on_from_its_last_instant_and_a_live_one_by_the_wall(
    sqlite_engine, clock, purpose, wall_is_ahead, is_stage
):
    bench = Bench(sqlite_engine, clock)
    opened = bench.do(OpenLedger(name="某市", jurisdiction="x", purpose=purpose, grants=GRANTS))
    wall = opened.require().recorded_at + (SECOND if wall_is_ahead else -SECOND)

    with reading(sqlite_engine) as connection:
        chosen = clock_for(connection, wall=lambda: wall, ticking=lambda: 0)

    assert chosen() == (opened.recorded_at if is_stage else wall)


# The timetable.


def test_the_timetable_is_read_from_the_sessions_of_the_pack_without_the_blocks():
    assert TABLE.calls == ((555, 565),)  # 09:15 is 9 × 60 + 15
    assert TABLE.trading == ((570, 690), (780, 900))
    assert (TABLE.opens, TABLE.closes) == (550, 900)
    assert locks_at((555, 565)) == 560


@pytest.mark.parametrize(
    ("day", "opens_on"),
    [
        (date(2025, 3, 7), date(2025, 3, 7)),  # Friday
        (date(2025, 3, 8), date(2025, 3, 10)),
        (date(2025, 3, 9), date(2025, 3, 10)),
        (date(2025, 3, 10), date(2025, 3, 10)),
    ],
)
def test_no_day_is_opened_at_the_weekend(day, opens_on):
    assert trading_day_from(day) == opens_on


def at(phase, minute, *, modes=("call_auction", "continuous"), is_crossing=False):
    return Running("X", frozenset(modes), Phase(phase), minute, TABLE, is_crossing)


def go(phase):
    return ChangePhase(instrument="X", phase=phase)


@pytest.mark.parametrize(
    ("one", "minute", "payload"),
    [
        (at("pre_open", 550), 555, go("call")),
        (at("pre_open", 564), 555, go("call")),  # overdue: the caller makes it now
        (at("pre_open", 565), 570, go("continuous")),
        (at("pre_open", 550, modes=("continuous",)), 570, go("continuous")),
        (at("pre_open", 550, modes=("tender",)), 900, CloseDay(instrument="X")),
        (at("call", 555), 560, go("call_locked")),
        (at("call", 605), 605, go("call_locked")),  # a call opened by hand, outside its hours
        (at("call_locked", 560), 565, Uncross(instrument="X", next_phase="quiet")),
        (at("call_locked", 605), 605, Uncross(instrument="X", next_phase="continuous")),
        (at("call_locked", 700), 700, Uncross(instrument="X", next_phase="quiet")),
        (
            at("call_locked", 605, modes=("call_auction",)),
            605,
            Uncross(instrument="X", next_phase="quiet"),
        ),
        (at("quiet", 565), 570, go("continuous")),
        (at("continuous", 570), 690, go("quiet")),
        (at("continuous", 689), 690, go("quiet")),
        (at("continuous", 690), 690, go("quiet")),
        (at("continuous", 779), 779, go("quiet")),  # the pause came and nobody led into it
        (at("quiet", 690), 780, go("continuous")),
        (at("continuous", 780), 900, CloseDay(instrument="X")),
        (at("continuous", 1_440), 900, CloseDay(instrument="X")),  # left open past midnight
        (at("call", 1_440), 1_440, go("call_locked")),
        (at("quiet", 900), 900, CloseDay(instrument="X")),
        (at("halted", 600), 900, CloseDay(instrument="X")),
        (at("quiet", 600, is_crossing=True), 600, Uncross(instrument="X")),
    ],
)
def test_the_operator_does_what_the_timetable_asks_for_in_each_phase(one, minute, payload):
    assert next_move(one) == (minute, payload)


# Steps on a ledger.


def test_steps_lead_through_a_day_and_into_the_next(engine):
    floor = floor_at(engine, MONDAY, "09:05")
    floor.open_day().require()

    assert steps(floor, 9) == [
        ("03-03 09:15", "call"),
        ("03-03 09:20", "call_locked"),
        ("03-03 09:25", "quiet"),
        ("03-03 09:30", "continuous"),
        ("03-03 11:30", "quiet"),
        ("03-03 13:00", "continuous"),
        ("03-03 15:00", "closed"),
        ("03-04 09:10", "pre_open"),
        ("03-04 09:15", "call"),
    ]


def test_after_friday_comes_monday(engine):
    floor = floor_at(engine, FRIDAY, "14:00", phase="continuous")

    assert steps(floor, 2) == [("03-07 15:00", "closed"), ("03-10 09:10", "pre_open")]


def test_a_call_is_crossed_by_the_operator_and_told_in_both_languages(engine):
    floor = floor_at(engine, MONDAY, "09:15", phase="call")
    floor.sell("A", 9_900, 20).require()
    floor.buy("B", 10_050, 20).require()
    one_step(floor)

    told = one_step(floor)

    # From 99.00 to 100.50 yuan 20 t trade; the price nearest to the reference is 100.00.
    assert told.zh == "2025-03-03 09:25：QD-2025 集合竞价以每吨 100.00 元成交 20 吨。"
    assert told.en == "2025-03-03 09:25: QD-2025: the call ends, 20 t at 100.00 yuan."
    assert floor.rows("SELECT actor FROM commands WHERE kind = 'call.uncross'") == [(EXCHANGE,)]


def test_a_call_of_many_trades_is_settled_to_its_end_in_one_step(engine, monkeypatch):
    monkeypatch.setattr(market.cross, "TRADES_MAX", 1)
    floor = floor_at(engine, MONDAY, "09:15", phase="call")
    for tonnes in (3, 4, 5):
        floor.sell("A", 10_000, tonnes).require()
    floor.buy("B", 10_000, 12).require()

    steps(floor, 2)

    assert floor.rows("SELECT volume_tce, settled_tce, trades FROM auctions") == [(12, 12, 3)]


def test_what_falls_due_goes_before_the_market_at_the_same_instant(engine):
    floor = floor_at(engine, MONDAY, "10:00", phase="continuous")
    hold = PlaceHold(
        enterprise="A", asset=FLOW, amount=5_000, purpose="p", expires_at=on(MONDAY, "11:30")
    )
    floor.do(hold, actor=trader("A")).require()

    first, second = one_step(floor), one_step(floor)

    assert "预留到期" in first.zh
    assert second.zh == "2025-03-03 11:30：QD-2025 进入休市。"
    assert floor.held("A")[:2] == (1_000_000, 0)


def test_days_on_which_nobody_orders_are_passed_over_where_something_else_lies_ahead(engine):
    floor = floor_at(engine, MONDAY, "14:00", phase="continuous")
    hold = PlaceHold(
        enterprise="A", asset=FLOW, amount=5_000, purpose="p", expires_at=on(FRIDAY, "17:00")
    )
    floor.do(hold, actor=trader("A")).require()

    # Monday without an order; Friday's hold; then the market opens again on Monday.
    assert steps(floor, 3) == [
        ("03-03 15:00", "closed"),
        ("03-07 17:00", "closed"),
        ("03-10 09:10", "pre_open"),
    ]


def test_after_a_day_with_an_order_the_next_day_comes(engine):
    floor = floor_at(engine, MONDAY, "14:00", phase="continuous")
    hold = PlaceHold(
        enterprise="A", asset=FLOW, amount=5_000, purpose="p", expires_at=on(FRIDAY, "17:00")
    )
    floor.do(hold, actor=trader("A")).require()
    floor.sell("A", 10_000, 1).require()

    assert steps(floor, 2) == [("03-03 15:00", "closed"), ("03-04 09:10", "pre_open")]


def test_a_halted_market_stays_halted_until_its_day_is_closed(engine):
    floor = floor_at(engine, MONDAY, "10:00", phase="continuous")
    floor.phase("halted").require()

    assert steps(floor, 1) == [("03-03 15:00", "closed")]


def test_a_day_left_open_past_midnight_is_closed_at_once(engine):
    floor = floor_at(engine, MONDAY, "14:00", phase="continuous")
    floor.clock.forward_to(on(TUESDAY, "08:00"))

    assert steps(floor, 2) == [("03-04 08:00", "closed"), ("03-04 09:10", "pre_open")]


def test_two_who_step_from_the_same_state_step_once(engine):
    floor = floor_at(engine, MONDAY, "10:00", phase="continuous")

    with reading(engine) as connection:
        first = step(Direct(floor.bench), connection, floor.clock)
        # On this snapshot the market is still trading, as for somebody who clicked as early.
        second = step(Direct(floor.bench), connection, floor.clock)

    assert first == second
    assert phase_of(floor) == "quiet"
    phases = floor.rows("SELECT code FROM commands WHERE kind = 'market.phase'")
    assert phases == [("ok",), ("ok",)]  # the floor's own, and one step


def test_an_operator_without_the_role_is_told_and_nothing_moves(engine):
    floor = floor_at(engine, MONDAY, "10:00", phase="continuous")
    memory = floor.bench.writer.memory
    for person in ("person:EXC1", "person:EXC2"):
        memory.roles[person].clear()

    told = one_step(floor)

    assert "role_missing" in told.zh
    assert phase_of(floor) == "continuous"


def test_the_time_of_a_live_ledger_is_real(sqlite_engine, clock):
    bench = Bench(sqlite_engine, clock, (MARKET,))
    bench.do(OpenLedger(name="某市", jurisdiction="x", purpose="live", grants=GRANTS)).require()
    stage, before = StageClock(clock(), ticking=Ticks()), bench.digest()

    with reading(sqlite_engine) as connection, pytest.raises(ClockIsReal) as refused:
        step(Direct(bench), connection, stage)

    assert refused.value.code == "clock_is_real"
    assert stage() == clock()
    assert bench.digest() == before


def test_where_nothing_lies_ahead_there_is_no_step(sqlite_engine, clock):
    bench = Bench(sqlite_engine, clock, (MARKET,))
    opening = OpenLedger(name="某市", jurisdiction="x", purpose="training", grants=GRANTS)
    bench.do(opening).require()

    with reading(sqlite_engine) as connection, pytest.raises(NothingAhead):
        next_event(connection, clock())


def test_the_next_event_is_told_without_moving_anything(engine):
    floor = floor_at(engine, MONDAY, "10:00", phase="continuous")
    before = floor.bench.digest()

    with reading(engine) as connection:
        found = next_event(connection, floor.clock())

    assert found.at == on(MONDAY, "11:30")
    assert found.what.moves == (ChangePhase(instrument=QD, phase="quiet"),)
    assert floor.bench.digest() == before
    assert floor.clock() < found.at
