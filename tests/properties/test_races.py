"""
Many threads against one writer: what is scarce is given out once, whoever asks at the same time.

Each assertion is also shown a planted bug, a check that is made before the command is sent, and
must notice it.
"""

import contextlib
import random
import threading
from datetime import date
from typing import ClassVar

import pytest
import sqlalchemy as sa

from ledger.apply import EpochStale
from ledger.approve import approving, proposing
from ledger.check import self_check
from ledger.command import Payload
from ledger.db import reading
from ledger.entry import Entry, EntryCode, Posting
from ledger.kernel import compose
from ledger.post import post
from ledger.roles import Grant
from ledger.set_aside import PlaceHold
from ledger.subject import Handler, Role, Subject
from ledger.transfer import Line, PostLines
from ledger.writer import OutcomeUnknown, Writer
from market.subject import MARKET
from tests.build import REGULATOR, SECOND_REGULATOR, Bench, OpenFreely, open_ledger
from tests.ledger.compliance.world import (
    ADMIN,
    COMPLIANCE_OFFICER,
    ENERGY,
    close,
    give,
    opened,
    pass_day,
    paying,
    rows,
)
from tests.market.floor import FLOW, open_floor

THIRD_REGULATOR, TRADER = "person:REG3", "person:TRA1"
HOLDING, HELD = "enterprise:E1:holding", "enterprise:E1:held"
THREADS = 16
BALANCE_TCE = 100


class Credit(Payload, frozen=True):
    """Give *amount* to an account and take it from nobody: the effect without its check."""

    kind: ClassVar[str] = "test.credit"
    address: str
    amount: int


def credit(work, payload):
    posting = Posting("scheme:issuance", payload.address, FLOW, payload.amount)
    return {"entry": post(work, Entry(EntryCode.TRANSFER, "TEST", (posting,)))}


PLANTED = Subject("planted", (Handler(Credit, credit, frozenset({Role.CITY_REGULATOR})),))


def meeting(threads):
    """A point at which so many threads wait for each other."""
    return threading.Barrier(threads, timeout=20)


def race(*jobs):
    """Run *jobs* at the same instant, each in its thread; return what each returned or raised."""
    start, outcomes = meeting(len(jobs)), [None] * len(jobs)

    def run(number):
        start.wait()
        try:
            outcomes[number] = jobs[number]()
        except Exception as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def rounds_on(engine):
    """How often a race of two is run: it takes luck to meet."""
    return 20 if engine.dialect.name == "sqlite" else 6


def dealt(total, seed):
    """Random sizes from 1 to 5 that sum to *total*, dealt to the threads."""
    chance, sizes = random.Random(seed), []
    while (left := total - sum(sizes)) > 0:
        sizes.append(min(left, chance.randint(1, 5)))
    chance.shuffle(sizes)
    return [sizes[number::THREADS] for number in range(THREADS)]


def sell_all(send, hands):
    """Let each thread send its sizes one by one; return (size, answer) of them all."""

    def job(sizes):
        return lambda: [(size, send(size)) for size in sizes]

    return [sold for outcome in race(*map(job, hands)) for sold in outcome]


def require_covered(sold, balance):
    """In the order of the log, each was accepted exactly if what was left covered it."""
    left = balance
    for size, answer in sorted(sold, key=lambda each: each[1].sequence):
        assert answer.ok == (size <= left), (size, left, answer)
        left -= size if answer.ok else 0
    assert sum(size for size, answer in sold if answer.ok) == balance - left <= balance


def require_one(answers, loser):
    """One of two had it, and the other was told why not."""
    assert sorted(answer.code for answer in answers) == sorted(["ok", loser])


def require_one_filled(answers):
    assert sorted(answer.require().result["filled_tce"] for answer in answers) == [0, 1]


@pytest.fixture
def floor(engine, clock):
    """A market on which E1 has 100 t, and E2 and E3 have cash."""
    cash = (0, 100_000)
    return open_floor(engine, clock, {"E1": (BALANCE_TCE, 0), "E2": cash, "E3": cash})


def test_sixteen_threads_sell_no_more_than_there_is(floor):
    hands = dealt(3 * BALANCE_TCE, seed=1)

    sold = sell_all(lambda size: floor.sell("E1", 10_000, size), hands)

    require_covered(sold, BALANCE_TCE)
    accepted = sum(size for size, answer in sold if answer.ok)
    assert sum(size for size, _ in sold) == 300
    # The last tonnes go to small orders, of which there are plenty.
    assert accepted == 100
    assert floor.held("E1")[:3] == (0, 100_000, 0)
    assert {answer.code for _, answer in sold} == {"ok", "insufficient_quota"}
    assert self_check(floor.bench.engine).failed == {}


def test_sixteen_threads_hold_exactly_the_balance_in_equal_parts(sqlite_engine, clock):
    bench = open_ledger(
        sqlite_engine, clock, grants=(Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),)
    )
    fill(bench, 96)
    hold = PlaceHold(enterprise="E1", asset=FLOW, amount=2, purpose="sale")

    sold = sell_all(lambda _size: bench.do(hold, actor=TRADER), [[2] * 9] * THREADS)

    require_covered(sold, 96)
    assert sum(answer.ok for _, answer in sold) == 48
    assert (bench.balance(HOLDING, FLOW), bench.balance(HELD, FLOW)) == (0, 96)


def fill(bench, amount):
    """Open the accounts of E1 and E2 and issue to E1."""
    others = ("enterprise:E2:holding", "enterprise:E2:bought")
    bench.do(OpenFreely(addresses=(HOLDING, HELD, *others), assets=(FLOW,))).require()
    line = Line("first", "scheme:issuance", HOLDING, FLOW, amount)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()


def test_a_check_before_sending_is_noticed(sqlite_engine, clock):
    """The planted bug: everybody looks, and then everybody sells."""
    bench, looked = open_ledger(sqlite_engine, clock, (PLANTED,)), meeting(THREADS)
    fill(bench, 96)

    def send(size):
        free = bench.balance(HOLDING, FLOW) - bench.balance(HELD, FLOW)
        looked.wait()
        assert free >= size, "refused, as far as this seller can tell"
        return bench.do(Credit(address=HELD, amount=size))

    sold = sell_all(send, [[18]] * THREADS)

    assert all(answer.ok for _, answer in sold)
    with pytest.raises(AssertionError):
        require_covered(sold, 96)
    assert bench.balance(HELD, FLOW) == 3 * 96


def test_an_account_that_overdraws_unasked_is_noticed(sqlite_engine, clock):
    """The planted bug: memory forgets that a holding has a floor."""
    bench = open_ledger(
        sqlite_engine, clock, grants=(Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),)
    )
    fill(bench, 96)
    bench.writer.memory.accounts[HOLDING].overdraws = 1
    hold = PlaceHold(enterprise="E1", asset=FLOW, amount=2, purpose="sale")

    sold = sell_all(lambda _size: bench.do(hold, actor=TRADER), [[2] * 4] * THREADS)

    with pytest.raises(AssertionError):
        require_covered(sold, 96)


def buying(floor, enterprise):
    return lambda: floor.buy(enterprise, 10_000, 1, validity="fill_or_kill")


def test_of_two_buyers_one_has_the_lot(floor):
    rounds = rounds_on(floor.bench.engine)

    for _ in range(rounds):
        floor.sell("E1", 10_000, 1).require()
        require_one_filled(race(buying(floor, "E2"), buying(floor, "E3")))

    bought = [floor.held(each)[2] for each in ("E2", "E3")]
    assert sum(bought) == 1_000 * rounds
    assert floor.held("E1")[:2] == (100_000 - 1_000 * rounds, 0)
    assert floor.book() == [[], []]
    assert [floor.held(each)[4] for each in ("E2", "E3")] == [0, 0]


def test_two_buyers_who_look_at_the_book_first_are_noticed(sqlite_engine, clock):
    """The planted bug: both see the lot in their copy of the book, and both are given it."""
    bench, looked = open_ledger(sqlite_engine, clock, (PLANTED, MARKET)), meeting(2)
    fill(bench, 1)

    def buyer(address):
        def job():
            seen = bench.balance(HOLDING, FLOW)
            looked.wait()
            bench.do(Credit(address=address, amount=seen)).require()
            return seen

        return job

    filled = race(buyer("enterprise:E2:holding"), buyer("enterprise:E2:bought"))

    with pytest.raises(AssertionError):
        assert sorted(filled) == [0, 1]


@pytest.mark.parametrize(
    ("held", "owed", "loser"), [(1, 5_000, "units_insufficient"), (2, 1, "over_surrender")]
)
def test_the_last_kgce_is_surrendered_once(engine, clock, held, owed, loser):
    """The last that is held, or the last that is owed."""
    rounds = rounds_on(engine) if owed > 1 else 1
    bench = opened(engine, clock, firms={"E1": (owed, 0)})
    payload = paying(1)

    for _ in range(rounds):
        give(bench, ENERGY, held)
        approvals = [
            approving(bench.do(proposing(payload), actor=COMPLIANCE_OFFICER).sequence, payload)
            for _ in range(2)
        ]
        require_one(race(*(approve(bench, each, ADMIN) for each in approvals)), loser)

    assert bench.balance("scheme:surrendered:2025", ENERGY) == rounds
    assert bench.balance(HOLDING, ENERGY) == (held - 1) * rounds
    surrendered = {row["measure"]: row["surrendered"] for row in rows(bench, "standings")}
    assert surrendered == {"energy": rounds, "coal": 0}


def test_two_who_close_one_enterprise_deduct_its_last_kgce_once(engine, clock):
    bench = opened(engine, clock, {}, firms={"E1": (2, 0)})
    give(bench, ENERGY, 1)
    pass_day(bench, clock, date(2026, 7, 10))

    answers = race(*[lambda: close(bench)] * 2)

    require_one(answers, "enterprise_year_closed")
    assert bench.balance("scheme:surrendered:2025", ENERGY) == 1
    assert [(row["measure"], row["amount"]) for row in rows(bench, "deductions")] == [("energy", 2)]


def approve(bench, approval, actor):
    return lambda: bench.do(approval, actor=actor)


def credit_line(number):
    line = Line(f"race:{number}", "scheme:issuance", HOLDING, FLOW, 1)
    return PostLines(rule="REG-11", lines=(line,))


@pytest.fixture
def office(engine, clock):
    """A ledger with three regulators, and an account with nothing in it."""
    grants = (
        Grant(THIRD_REGULATOR, Role.CITY_REGULATOR),
        Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),
    )
    bench = open_ledger(engine, clock, grants=grants)
    bench.do(OpenFreely(addresses=(HOLDING, HELD), assets=(FLOW,))).require()
    return bench


def test_two_persons_approve_one_proposal_once(office):
    rounds = rounds_on(office.engine)

    for number in range(rounds):
        payload = credit_line(number)
        approval = approving(office.do(proposing(payload)).require().sequence, payload)
        persons = (SECOND_REGULATOR, THIRD_REGULATOR)
        require_one(race(*(approve(office, approval, each) for each in persons)), "proposal_closed")

    assert office.balance(HOLDING, FLOW) == rounds


def test_the_same_proposal_twice_by_careless_offices_is_noticed(sqlite_engine, clock):
    """The planted bug: each office sees an open proposal and carries it out."""
    bench, looked = open_ledger(sqlite_engine, clock, (PLANTED,)), meeting(2)
    fill(bench, 1)
    proposal = bench.do(proposing(credit_line(1))).require().sequence

    def office_of(_person):
        with reading(bench.engine) as connection:
            query = sa.text("SELECT state FROM proposals WHERE id = :id")
            state = connection.execute(query, {"id": proposal}).scalar_one()
        looked.wait()
        assert state == "open"
        return bench.do(Credit(address=HOLDING, amount=1))

    answers = race(lambda: office_of(SECOND_REGULATOR), lambda: office_of(REGULATOR))

    with pytest.raises(AssertionError):
        require_one(answers, "proposal_closed")


@pytest.mark.parametrize("kind", ["approval", "hold"])
def test_one_id_from_eight_threads_is_one_command_with_one_answer(office, kind):
    office.both(credit_line(0)).require()
    office.both(credit_line(1)).require()
    payload, actor = PlaceHold(enterprise="E1", asset=FLOW, amount=1, purpose="once"), TRADER
    if kind == "approval":
        proposed = credit_line(2)
        payload = approving(office.do(proposing(proposed)).require().sequence, proposed)
        actor = SECOND_REGULATOR

    answers = race(*[lambda: office.do(payload, actor=actor, command_id="once")] * 8)

    assert {answer.code for answer in answers} == {"ok"}
    assert answers == [answers[0]] * 8
    effects = (office.balance(HOLDING, FLOW), office.balance(HELD, FLOW))
    assert effects == {"approval": (3, 0), "hold": (1, 1)}[kind]
    again = office.do(payload, actor=actor, command_id="once")
    assert again == answers[0]


def test_an_id_made_anew_at_every_try_is_noticed(sqlite_engine, clock):
    """The planted bug: a client that repeats under fresh ids."""
    grants = (Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),)
    bench = open_ledger(sqlite_engine, clock, grants=grants)
    fill(bench, 8)
    payload = PlaceHold(enterprise="E1", asset=FLOW, amount=1, purpose="once")

    answers = race(*[lambda: bench.do(payload, actor=TRADER)] * 8)

    with pytest.raises(AssertionError):
        assert answers == [answers[0]] * 8


def test_when_a_second_writer_takes_the_lease_the_first_commits_nothing_more(engine, clock):
    old, sent, stopped = open_ledger(engine, clock), [], threading.Event()
    old.do(OpenFreely(addresses=(), assets=(FLOW,))).require()

    def keep_sending():
        # Whichever it meets first: the other's epoch, or a number that the other has used.
        with contextlib.suppress(EpochStale, OutcomeUnknown):
            while len(sent) < 5_000:
                sent.append(old.do(opening("A", len(sent))).require())
        stopped.set()

    sender = threading.Thread(target=keep_sending)
    sender.start()
    while len(sent) < 10 and not stopped.is_set():
        stopped.wait(0.001)
    new = Bench(engine, clock)
    first = new.do(opening("B", 0)).require()
    sender.join()

    assert 10 <= len(sent) < 5_000, "the old writer was stopped in the middle"
    assert [answer.sequence for answer in sent] == list(range(3, 3 + len(sent)))
    assert first.sequence == sent[-1].sequence + 1
    with pytest.raises(EpochStale):
        old.do(opening("A", 9_999))
    assert new.do(opening("B", 1)).require().sequence == first.sequence + 1
    assert new.writer.memory.sequence == first.sequence + 1
    assert self_check(engine).failed == {}


def opening(name, number):
    return OpenFreely(addresses=(f"enterprise:{name}{number}:holding",))


@pytest.mark.postgres
def test_two_writers_that_start_at_the_same_instant_have_different_epochs(postgres_engine, clock):
    bench = open_ledger(postgres_engine, clock)
    both_looked = threading.Barrier(2, timeout=1)

    def pause(_connection, _cursor, statement, *_more):
        if statement.startswith("SELECT lease.epoch"):
            with contextlib.suppress(threading.BrokenBarrierError):
                both_looked.wait()

    sa.event.listen(postgres_engine, "after_cursor_execute", pause)
    writers = race(*[lambda: Writer(postgres_engine, compose(), clock=clock)] * 2)

    try:
        epochs = sorted(writer.epoch for writer in writers)
        assert epochs == [bench.writer.epoch + 1, bench.writer.epoch + 2]
    finally:
        for writer in writers:
            writer.close()
