"""What people may send that lies just outside the kernel's rules, and what the writer survives."""

from typing import ClassVar

import pytest

from ledger.approve import Propose
from ledger.cash import Deposit
from ledger.check import self_check
from ledger.command import (
    Command,
    IdReserved,
    NumberTooLarge,
    Payload,
    TextUnstorable,
)
from ledger.entry import Entry, EntryCode, Posting
from ledger.post import BALANCE_MAX, post
from ledger.register import set_due
from ledger.replay import replay
from ledger.roles import Grant, GrantRoles, PersonMalformed
from ledger.set_aside import CaptureHold, ReleaseHold
from ledger.subject import Handler, Role, Subject
from ledger.tables import CommandRow
from ledger.transfer import Line, PostLines
from ledger.units import AMOUNT_MAX
from ledger.writer import OutcomeUnknown
from tests.build import (
    CLEARING,
    REGULATOR,
    SECOND_CLEARING,
    SECOND_SECURITY,
    SECURITY,
    OpenFreely,
    open_ledger,
)
from tests.conftest import SECOND
from tests.ledger.small import E1, E1_HELD, E2, FLOW, TRADER, opened, place, play
from tests.ledger.test_writer import count

LONG = "".join(chr(0x4E00 + (7_919 * n) % 20_000) for n in range(3_000))
"""Three thousand characters that no database compresses into an index page."""


@pytest.fixture
def bench(engine, clock):
    bench = opened(engine, clock)
    line = Line("R1", "scheme:issuance", E1, FLOW, 1_000)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()
    return bench


def test_a_replay_passes_the_time_at_which_a_released_hold_would_have_expired(
    engine, other_engine, clock
):
    bench = opened(engine, clock)
    play(bench, clock)
    hold = bench.do(place(100, clock.now + SECOND), actor=TRADER).require().result["hold"]
    bench.do(ReleaseHold(hold=hold), actor=TRADER).require()
    bench.restart()
    clock.advance(2 * SECOND)
    bench.do(place(100), actor=TRADER).require()

    replayed = replay(engine, other_engine, bench.subjects, iter(lambda: 3, 0))

    assert replayed.digest == bench.digest()


def test_nothing_is_due_when_a_released_hold_would_have_expired(bench, clock):
    hold = bench.do(place(100, clock.now + SECOND), actor=TRADER).require().result["hold"]
    bench.do(ReleaseHold(hold=hold), actor=TRADER).require()
    before = count(bench, CommandRow)
    clock.advance(2 * SECOND)

    bench.writer.tick()

    assert count(bench, CommandRow) == before


def test_nobody_takes_the_id_of_a_tick_that_is_to_come(bench, clock):
    bench.do(place(100, clock.now + SECOND), actor=TRADER).require()
    following = bench.writer.memory.sequence + 1

    with pytest.raises(IdReserved) as refused:
        bench.do(place(1), actor=TRADER, command_id=f"tick:{following + 1}")

    assert refused.value.facts == {"id": f"tick:{following + 1}"}
    bench.do(place(1), actor=TRADER).require()
    clock.advance(2 * SECOND)
    assert bench.do(place(1), actor=TRADER).require().sequence == following + 2


@pytest.mark.parametrize("actor", ["", "nobody", "system:clock", "person:\ud800", "person:P1\n"])
def test_who_is_no_person_sends_no_command(bench, actor):
    with pytest.raises(PersonMalformed):
        bench.do(ReleaseHold(hold=1), actor=actor)


@pytest.mark.parametrize("text", ["\ud800", "E1\udfff", "\0", "名\0", "\\\0", '"\0'])
def test_text_that_no_database_keeps_never_becomes_a_command(bench, text):
    before = count(bench, CommandRow)

    with pytest.raises(TextUnstorable) as refused:
        bench.do(Deposit(enterprise="E1", amount_fen=1, statement_line=text), actor=CLEARING)

    assert refused.value.facts["kind"] == "cash.deposit"
    assert count(bench, CommandRow) == before


@pytest.mark.parametrize("text", ["\\u0000", "\\\\u0000", "u0000", "\\"])
def test_text_that_only_looks_like_a_null_is_kept(bench, text):
    deposit = Deposit(enterprise="E1", amount_fen=1, statement_line=text)

    answer = bench.both(deposit, maker=CLEARING, checker=SECOND_CLEARING)

    assert answer.ok


@pytest.mark.parametrize(
    ("amount", "line", "refusal"),
    [
        ("1000000000000000000000000000000", '"one"', NumberTooLarge),
        ("1", '"\\u0000"', TextUnstorable),
    ],
)
def test_what_is_proposed_is_held_to_what_may_be_sent(bench, amount, line, refusal):
    document = f'{{"enterprise": "E1", "amount_fen": {amount} , "statement_line": {line} }}'
    proposal = Propose(proposed_kind="cash.deposit", document=document)
    before = bench.digest()

    with pytest.raises(refusal):
        bench.do(proposal, actor=CLEARING)

    assert bench.digest() == before


def test_what_may_be_sent_may_be_proposed_with_spaces_in_it(bench):
    document = '{"enterprise": "E1", "amount_fen": 1 , "statement_line": "one" }'

    answer = bench.do(Propose(proposed_kind="cash.deposit", document=document), actor=CLEARING)

    assert answer.ok


def test_units_are_not_captured_into_an_account_that_stands_behind_holds(bench):
    bench.do(OpenFreely(addresses=("enterprise:E2:held",))).require()
    hold = bench.do(place(100), actor=TRADER).require().result["hold"]
    before = bench.digest()
    capture = CaptureHold(hold=hold, amount=100, destination="enterprise:E2:held")

    answer = bench.do(capture, actor=CLEARING)

    assert (answer.code, answer.facts) == ("held_units", {"account": "enterprise:E2:held"})
    assert bench.digest() == before
    assert bench.balance(E1_HELD, FLOW) == 100


@pytest.mark.parametrize(("length", "code"), [(200, "ok"), (201, "text_too_long")])
def test_a_reference_fits_an_index_page(bench, length, code):
    line = Line(LONG[:length], "scheme:issuance", E1, FLOW, 1)

    answer = bench.both(PostLines(rule="REG-11", lines=(line,)))

    assert answer.code == code


@pytest.mark.parametrize("prefix", ["allocation:", "bank:", "freed:", "substitution:"])
def test_a_plain_line_takes_no_reference_that_a_subject_will_need(bench, prefix):
    line = Line(f"{prefix}S1", "scheme:issuance", E1, FLOW, 1)

    answer = bench.both(PostLines(rule="REG-11", lines=(line,)))

    assert (answer.code, answer.facts) == ("reference_reserved", {"reference": f"{prefix}S1"})
    assert bench.balance(E1, FLOW) == 1_000


def test_a_statement_line_fits_an_index_page(bench):
    deposit = Deposit(enterprise="E1", amount_fen=1, statement_line=LONG)

    answer = bench.both(deposit, maker=CLEARING, checker=SECOND_CLEARING)

    assert (answer.code, answer.facts) == ("text_too_long", {"length": 3_005, "largest": 200})


@pytest.mark.parametrize(("length", "code"), [(200, "ok"), (201, "text_too_long")])
def test_the_scope_of_a_role_fits_an_index_page(bench, length, code):
    grant = Grant("person:P1", Role.AUDITOR, LONG[:length])

    answer = bench.both(GrantRoles(grants=(grant,)), maker=SECURITY, checker=SECOND_SECURITY)

    assert answer.code == code


def test_a_balance_stays_within_what_the_database_counts(bench):
    full = tuple(
        Line(f"L{number}", "scheme:issuance", E2, FLOW, AMOUNT_MAX) for number in range(1_000)
    )
    more = Line("M1", "scheme:issuance", E2, FLOW, 1)
    bench.both(PostLines(rule="REG-11", lines=full[:-1])).require()
    # Issuance has given E1 its 1,000 as well, and so it is the first to be full.
    last = Line("L999", "scheme:issuance", E2, FLOW, AMOUNT_MAX - 1_000)
    bench.both(PostLines(rule="REG-11", lines=(last,))).require()

    answer = bench.both(PostLines(rule="REG-11", lines=(more,)))

    assert answer.code == "balance_too_large"
    assert answer.facts == {"account": "scheme:issuance", "asset": FLOW, "largest": BALANCE_MAX}
    assert bench.balance("scheme:issuance", FLOW) == -BALANCE_MAX
    assert self_check(bench.engine).ok


class SetAlarm(Payload, frozen=True):
    kind: ClassVar[str] = "test.alarm"
    at: int


def set_alarm(work, payload):
    set_due(work, at=payload.at, kind="test.alarm", key="one")
    return {}


def fail(work, _key):
    raise AssertionError("planted")


def refuse(work, _key):
    post(work, Entry(EntryCode.TRANSFER, "REG-11", (Posting("a", "b", "c", 1),)))


@pytest.mark.parametrize("verb", [fail, refuse])
def test_what_is_due_and_cannot_happen_stops_the_writer_and_does_not_hang_it(
    sqlite_engine, clock, verb
):
    makers = frozenset({Role.CITY_REGULATOR})
    alarms = Subject("alarms", (Handler(SetAlarm, set_alarm, makers),), due={SetAlarm.kind: verb})
    bench = open_ledger(sqlite_engine, clock, (alarms,))
    bench.do(SetAlarm(at=clock.now + SECOND)).require()
    clock.advance(2 * SECOND)
    before = count(bench, CommandRow)

    with pytest.raises(OutcomeUnknown) as unknown:
        bench.do(OpenFreely(addresses=("enterprise:E1:cash",)))

    assert unknown.value.facts["problem"].startswith("AssertionError")
    with pytest.raises(AssertionError):
        bench.writer.tick()
    assert count(bench, CommandRow) == before


def test_of_many_commands_each_is_told_its_own_fate(bench):
    line = Deposit(enterprise="E1", amount_fen=10**30, statement_line="x")
    commands = [
        Command("one", REGULATOR, OpenFreely(addresses=("enterprise:E3:cash",))),
        Command("two", CLEARING, line),
        Command("three", REGULATOR, OpenFreely(addresses=("enterprise:E4:cash",))),
    ]

    first, second, third = bench.writer.outcomes(commands)

    assert first.ok
    assert second.code == "number_too_large"
    assert third.ok


def test_a_tick_after_a_failed_commit_takes_no_id_of_a_tick_to_come(bench, clock, monkeypatch):
    def stop(_epoch):
        raise RuntimeError("planted")

    for seconds in (1, 10):
        bench.do(place(100, clock.now + seconds * SECOND), actor=TRADER).require()
    last = bench.writer.memory.sequence
    with monkeypatch.context() as broken:
        broken.setattr(bench.writer._store, "touch_lease", stop)
        with pytest.raises(OutcomeUnknown):
            bench.do(place(1), actor=TRADER)
    clock.advance(2 * SECOND)
    bench.writer.tick()
    clock.advance(10 * SECOND)

    answer = bench.do(place(1), actor=TRADER)

    assert answer.require().sequence == last + 3
    assert bench.balance(E1_HELD, FLOW) == 1
