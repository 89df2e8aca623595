"""The writer: one answer an id, group commits, and nothing kept of what failed."""

import threading
from typing import ClassVar

import pytest
import sqlalchemy as sa

from ledger.apply import EpochStale
from ledger.cash import Deposit
from ledger.command import (
    Command,
    FieldUnknown,
    IdMalformed,
    IdReused,
    NotAnInteger,
    NumberTooLarge,
    Payload,
    PayloadMalformed,
    read_payload,
)
from ledger.db import CheckpointFailed, reading
from ledger.kernel import compose
from ledger.register import LedgerAlreadyOpen, OpenLedger, open_account
from ledger.set_aside import PlaceHold
from ledger.subject import Handler, Role, Subject
from ledger.tables import BlockRow, CommandRow
from ledger.tick import Tick
from ledger.writer import KindUnknown, OutcomeUnknown, Writer
from tests.build import REGULATOR, Bench, OpenFreely, open_ledger


class Break(Payload, frozen=True):
    kind: ClassVar[str] = "test.break"
    address: str


def break_an_invariant(work, payload):
    open_account(work, payload.address)
    raise AssertionError("planted")


BROKEN = Subject("broken", (Handler(Break, break_an_invariant, frozenset({Role.CITY_REGULATOR})),))


@pytest.fixture
def bench(engine, clock):
    return open_ledger(engine, clock, (BROKEN,))


def opening(*addresses):
    return OpenFreely(addresses=addresses)


def count(bench, table):
    with reading(bench.engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_repeated_id_gets_its_first_answer_and_no_second_effect(bench):
    first = bench.do(opening("enterprise:E1:cash"), command_id="once")

    again = bench.do(opening("enterprise:E1:cash"), command_id="once")

    assert again == first
    assert first.ok


def test_a_repeated_refusal_gets_its_first_answer_even_if_it_would_now_succeed(bench):
    refused = bench.do(opening("enterprise:E1:cash", "enterprise:E1:cash"), command_id="once")

    again = bench.do(opening("enterprise:E1:cash", "enterprise:E1:cash"), command_id="once")

    assert refused.code == "account_already_open"
    assert again == refused


def test_the_first_answer_is_still_given_after_a_restart(bench):
    first = bench.do(opening("enterprise:E1:cash"), command_id="once")

    bench.restart()

    assert bench.do(opening("enterprise:E1:cash"), command_id="once") == first


@pytest.mark.parametrize(
    ("payload", "actor", "differs"),
    [
        (opening("enterprise:E2:cash"), REGULATOR, "payload"),
        (opening("enterprise:E1:cash"), "person:EXC1", "actor"),
        (Break(address="enterprise:E1:cash"), REGULATOR, "kind"),
    ],
)
def test_the_same_id_with_another_content_is_refused(bench, payload, actor, differs):
    bench.do(opening("enterprise:E1:cash"), command_id="once").require()
    before = bench.digest()

    with pytest.raises(IdReused) as refused:
        bench.do(payload, actor=actor, command_id="once")

    assert refused.value.facts["differs"] == differs
    assert bench.digest() == before


def test_the_same_id_twice_in_one_batch_is_one_command(bench):
    command = Command("once", REGULATOR, opening("enterprise:E1:cash"))

    first, second = bench.writer.submit_all([command, command])

    assert first == second
    assert first.ok


def test_commands_sent_together_are_committed_together(bench):
    blocks = count(bench, BlockRow)
    commands = [Command(f"c{n}", REGULATOR, opening(f"enterprise:E{n}:cash")) for n in range(100)]

    answers = bench.writer.submit_all(commands)

    assert [answer.sequence for answer in answers] == list(range(2, 102))
    assert count(bench, BlockRow) == blocks + 1


def test_many_threads_are_each_answered_with_their_own_command(bench):
    answers = {}

    def send(worker):
        for n in range(20):
            address = f"enterprise:W{worker}-{n}:cash"
            answers[address] = bench.do(opening(address), command_id=f"{worker}:{n}")

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 160
    assert {answer.code for answer in answers.values()} == {"ok"}
    assert len({answer.sequence for answer in answers.values()}) == 160
    assert count(bench, CommandRow) == 161


def test_a_bug_in_one_command_takes_nothing_else_with_it(bench):
    commands = [
        Command("good1", REGULATOR, opening("enterprise:E1:cash")),
        Command("bad", REGULATOR, Break(address="enterprise:E2:cash")),
        Command("good2", REGULATOR, opening("enterprise:E3:cash")),
    ]

    with pytest.raises(AssertionError, match="planted"):
        bench.writer.submit_all(commands)

    assert bench.do(opening("enterprise:E1:cash"), command_id="good1").ok
    assert bench.do(opening("enterprise:E3:cash"), command_id="good2").ok
    assert count(bench, CommandRow) == 3
    assert "enterprise:E2:cash" not in bench.writer.memory.accounts


def test_a_failed_commit_leaves_the_outcome_open_and_the_id_decides(bench, monkeypatch):
    def fail(_epoch):
        raise sa.exc.OperationalError("COMMIT", {}, Exception("disk"))

    with monkeypatch.context() as broken:
        broken.setattr(bench.writer._store, "touch_lease", fail)
        with pytest.raises(OutcomeUnknown):
            bench.do(opening("enterprise:E1:cash"), command_id="once")

    assert bench.do(opening("enterprise:E1:cash"), command_id="once").ok
    assert bench.balance("enterprise:E1:cash", "cash.cny") == 0


def test_a_failed_move_of_the_log_stops_what_comes_after_but_not_what_is_durable(
    sqlite_engine, clock, monkeypatch
):
    bench = open_ledger(sqlite_engine, clock)

    def fail(_connection):
        raise CheckpointFailed("disk I/O error")

    monkeypatch.setattr("ledger.writer.move_wal", fail)
    monkeypatch.setattr("ledger.writer.BLOCKS_PER_WAL_MOVE", 1)

    durable = bench.do(opening("enterprise:E1:cash"))
    with pytest.raises(CheckpointFailed):
        bench.do(opening("enterprise:E2:cash"))

    monkeypatch.undo()
    assert durable.ok
    assert bench.balance("enterprise:E2:cash", "cash.cny") == 0
    assert count(bench, CommandRow) == 2


@pytest.mark.postgres
def test_a_lost_connection_costs_one_command_and_the_id_decides(postgres_engine, clock):
    bench = open_ledger(postgres_engine, clock)
    with postgres_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as admin:
        admin.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    with pytest.raises(OutcomeUnknown):
        bench.do(opening("enterprise:E1:cash"), command_id="once")

    assert bench.do(opening("enterprise:E1:cash"), command_id="once").ok
    assert bench.do(opening("enterprise:E2:cash")).ok


def test_a_writer_whose_lease_was_taken_commits_nothing_more(bench):
    other = Bench(bench.engine, bench.clock)
    before = bench.digest()

    with pytest.raises(EpochStale):
        bench.do(opening("enterprise:E1:cash"))

    assert bench.digest() == before
    assert other.do(opening("enterprise:E1:cash")).ok


def test_ledger_time_never_stands_still_or_goes_back(bench, clock):
    first = bench.do(opening("enterprise:E1:cash"))
    clock.now -= 1_000_000_000

    second = bench.do(opening("enterprise:E2:cash"))

    assert second.recorded_at == first.recorded_at + 1


@pytest.mark.parametrize("text", ["", "a" * 129, "with space", "-first", "line\nbreak", "名"])
def test_an_id_outside_the_plain_set_never_becomes_a_command(bench, text):
    with pytest.raises(IdMalformed):
        bench.writer.submit(Command(text, REGULATOR, opening("enterprise:E1:cash")))

    assert count(bench, CommandRow) == 1


def test_an_unknown_kind_never_becomes_a_command(engine, clock):
    writer = open_ledger(engine, clock).writer

    with pytest.raises(KindUnknown):
        writer.submit(Command("x", REGULATOR, Break(address="enterprise:E1:cash")))


def test_nobody_but_the_writer_sends_a_tick(bench):
    with pytest.raises(KindUnknown):
        bench.do(Tick())


def test_a_ledger_is_opened_once(bench):
    before = bench.digest()
    again = OpenLedger(name="x", jurisdiction="x", purpose="live", grants=())

    with pytest.raises(LedgerAlreadyOpen):
        bench.do(again)

    assert bench.digest() == before
    assert count(bench, CommandRow) == 1


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        ({"enterprise": "E1", "amount_fen": 1.0, "statement_line": "x"}, NotAnInteger),
        ({"enterprise": "E1", "amount_fen": "1", "statement_line": "x"}, NotAnInteger),
        ({"enterprise": "E1", "amount_fen": True, "statement_line": "x"}, NotAnInteger),
        ({"enterprise": "E1", "amount_fen": 1, "statement_line": 7}, PayloadMalformed),
        ({"enterprise": "E1", "amount_fen": 1, "statement_line": "x", "is_admin": 1}, FieldUnknown),
        ({"enterprise": "E1"}, PayloadMalformed),
        ([], PayloadMalformed),
    ],
)
def test_a_payload_of_another_shape_is_refused_at_the_door(document, refusal):
    with pytest.raises(refusal) as refused:
        read_payload(Deposit, document)

    assert refused.value.facts["kind"] == "cash.deposit"


@pytest.mark.parametrize("amount", [10**30, -(10**30), 10**18])
def test_a_number_that_no_ledger_counts_never_becomes_a_command(bench, amount):
    with pytest.raises(NumberTooLarge):
        bench.do(Deposit(enterprise="E1", amount_fen=amount, statement_line="x"))

    assert count(bench, CommandRow) == 1


def test_hot_commands_have_no_session(sqlite_engine, clock):
    subjects = compose()
    Writer(sqlite_engine, subjects, clock=clock).close()

    assert not subjects.handlers[PlaceHold.kind].cold
