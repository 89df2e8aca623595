"""What the database asks to try again is tried again and no more often; what is certain is said."""

import sqlite3
import threading
import time
from typing import ClassVar

import pytest
import sqlalchemy as sa

import ledger.db
import ledger.lease
import ledger.writer
from ledger.command import Payload
from ledger.db import connect
from ledger.faults import DatabaseAway, DatabaseBusy, is_database_fault
from ledger.subject import Handler, Role, Subject
from ledger.tables import CommandRow
from ledger.transfer import Line, PostLines
from ledger.writer import OutcomeUnknown
from tests.build import OpenFreely, open_ledger
from tests.ledger.small import E1, FLOW, TRADER, opened, place

CASH = OpenFreely(addresses=("enterprise:E9:cash",))
LINE = Line("grant:1", "scheme:issuance", E1, FLOW, 5_000)


class EndSession(Payload, frozen=True):
    kind: ClassVar[str] = "test.end_session"


class BreakConstraint(Payload, frozen=True):
    kind: ClassVar[str] = "test.break_constraint"


def end_session(work, _payload):
    work.session.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))


def break_constraint(work, _payload):
    work.session.execute(sa.text("INSERT INTO assets (id, code, opened_by) VALUES (1, 'x', 1)"))


MAKERS = frozenset({Role.CITY_REGULATOR})
COLD = Subject(
    "cold",
    tuple(
        Handler(payload, verb, MAKERS, cold=True)
        for payload, verb in ((EndSession, end_session), (BreakConstraint, break_constraint))
    ),
)


@pytest.fixture
def tries(monkeypatch):
    """Count how often the writer applies a batch."""
    counted = []
    honest = ledger.writer.Applying.run

    def run(applying, pendings, *, epoch):
        counted.append([pending.command.id for pending in pendings])
        return honest(applying, pendings, epoch=epoch)

    monkeypatch.setattr(ledger.writer.Applying, "run", run)
    return counted


class Second:
    """A second session on the same database, and a command that meets it on a thread."""

    def __init__(self, bench):
        self.bench = bench
        self.admin = connect(bench.engine.url.render_as_string(hide_password=False))
        self.connection = self.admin.connect()
        self.outcome = None

    def execute(self, statement):
        return self.connection.exec_driver_sql(statement)

    def submit(self, payload, actor, command_id):
        def send():
            try:
                self.outcome = self.bench.do(payload, actor=actor, command_id=command_id)
            except Exception as error:
                self.outcome = error

        self.thread = threading.Thread(target=send)
        self.thread.start()

    def wait_until_the_writer_waits(self):
        waiting = (
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid() "
            "AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
        )
        with self.admin.connect().execution_options(isolation_level="AUTOCOMMIT") as looking:
            until = time.monotonic() + 20
            while not looking.exec_driver_sql(waiting).scalar_one():
                assert time.monotonic() < until, self.outcome
                time.sleep(0.005)

    def close(self):
        self.connection.close()
        self.admin.dispose()
        self.thread.join()


@pytest.fixture
def met(postgres_engine, clock):
    """A function that gives a bench on a database with a setting, and a second session."""
    sessions = []

    def give(*settings):
        with postgres_engine.begin() as connection:
            for setting in settings:
                connection.exec_driver_sql(
                    f"ALTER DATABASE {postgres_engine.url.database} SET {setting}"
                )
        postgres_engine.dispose()
        bench = opened(postgres_engine, clock)
        bench.both(PostLines(rule="REG-11", lines=(LINE,))).require()
        sessions.append(Second(bench))
        return bench, sessions[-1]

    yield give
    for session in sessions:
        session.close()


def deadlock(second):
    """Let the writer, who has written balances and waits for the lease, be a deadlock's victim."""
    second.wait_until_the_writer_waits()
    second.execute("SAVEPOINT before")
    second.execute("UPDATE balances SET amount = amount")  # goes on once the writer has given up
    second.execute("ROLLBACK TO before")


def count(bench):
    with bench.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(CommandRow)).scalar_one()


@pytest.mark.postgres
@pytest.mark.parametrize(("deadlocks", "tried"), [(1, 2), (2, 3), (3, 3)])
def test_a_deadlock_is_tried_again_and_three_times_in_all(met, tries, deadlocks, tried):
    bench, second = met("deadlock_timeout = '200ms'")
    before, commands = bench.digest(), count(bench)
    second.execute("SET LOCAL deadlock_timeout = '60s'")  # so that it is the other's
    second.execute("SELECT 1 FROM lease FOR UPDATE")
    tries.clear()

    second.submit(place(100), TRADER, "once")
    for _ in range(deadlocks):
        deadlock(second)
    second.connection.rollback()
    second.thread.join()

    assert tries == [["once"]] * tried
    if deadlocks < 3:
        assert second.outcome.ok
        assert not second.outcome.repeated
    else:
        assert isinstance(second.outcome, OutcomeUnknown)
        assert (bench.digest(), count(bench)) == (before, commands)
    assert bench.do(place(100), actor=TRADER, command_id="once").ok
    assert count(bench) == commands + 1
    assert bench.balance("enterprise:E1:held", FLOW) == 100


@pytest.mark.postgres
def test_what_cannot_be_serialized_is_tried_again(met, tries):
    bench, second = met("default_transaction_isolation = 'repeatable read'")
    commands = count(bench)
    second.execute("UPDATE lease SET holder = 'nudged'")
    tries.clear()

    second.submit(place(100), TRADER, "once")
    second.wait_until_the_writer_waits()
    second.connection.commit()
    second.thread.join()

    assert tries == [["once"]] * 2
    assert second.outcome.ok
    assert count(bench) == commands + 1
    assert bench.balance("enterprise:E1:held", FLOW) == 100


@pytest.mark.postgres
@pytest.mark.parametrize("end", ["pg_cancel_backend", "pg_terminate_backend"])
def test_nothing_else_is_tried_again(met, tries, end):
    bench, second = met()
    before = bench.digest()
    second.execute("SELECT 1 FROM lease FOR UPDATE")
    tries.clear()

    second.submit(place(100), TRADER, "once")
    second.wait_until_the_writer_waits()
    second.execute(f"SELECT {end}(pid) FROM pg_locks WHERE NOT granted")
    second.thread.join()
    second.connection.rollback()

    assert tries == [["once"]]
    assert isinstance(second.outcome, OutcomeUnknown)
    assert bench.digest() == before
    assert bench.do(place(100), actor=TRADER, command_id="once").ok


@pytest.mark.postgres
def test_a_lock_that_is_not_had_in_time_refuses_without_effect(met, tries, monkeypatch):
    monkeypatch.setitem(ledger.lease.SESSION, "lock_timeout", "200")
    bench, second = met()
    before = bench.digest()
    second.execute("SELECT 1 FROM lease FOR UPDATE")
    tries.clear()

    second.submit(place(100), TRADER, "once")
    second.thread.join()
    second.connection.rollback()

    assert tries == [["once"]]
    assert isinstance(second.outcome, DatabaseBusy)
    assert second.outcome.facts["id"] == "once"
    assert bench.digest() == before
    assert bench.do(place(100), actor=TRADER, command_id="once").ok


def test_sqlite_that_another_keeps_locked_refuses_without_effect(
    sqlite_engine, clock, tries, monkeypatch, tmp_path
):
    monkeypatch.setattr(ledger.db, "BUSY_MS", 50)
    bench = open_ledger(sqlite_engine, clock)
    before = bench.digest()
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    tries.clear()

    with pytest.raises(DatabaseBusy) as refused:
        bench.do(CASH, command_id="once")

    assert tries == [["once"]]
    assert refused.value.facts == {"id": "once", "problem": "database is locked"}
    assert bench.digest() == before
    other.execute("ROLLBACK")
    other.close()
    answer = bench.do(CASH, command_id="once")
    assert answer.ok
    assert not answer.repeated


@pytest.mark.postgres
def test_while_the_database_is_away_nothing_happens_and_then_all_goes_on(postgres_engine, clock):
    bench = open_ledger(postgres_engine, clock)
    name = postgres_engine.url.database
    server = connect(
        postgres_engine.url.set(database="postgres").render_as_string(hide_password=False)
    )
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as admin:
        admin.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.exec_driver_sql(
            f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        with pytest.raises(OutcomeUnknown):
            bench.do(CASH, command_id="first")
        for command_id in ("first", "second"):
            with pytest.raises(DatabaseAway) as refused:
                bench.do(CASH, command_id=command_id)
            assert refused.value.facts["id"] == command_id
        admin.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    server.dispose()

    assert bench.do(CASH, command_id="first").ok
    assert bench.do(CASH, command_id="second").code == "account_already_open"
    assert count(bench) == 3


@pytest.mark.postgres
def test_a_cold_command_that_loses_the_session_is_not_blamed_for_it(postgres_engine, clock):
    bench = open_ledger(postgres_engine, clock, (COLD,))
    before = bench.digest()

    with pytest.raises(OutcomeUnknown):
        bench.do(EndSession())

    assert bench.digest() == before
    assert bench.do(CASH).ok


def test_a_cold_command_that_breaks_a_constraint_is(engine, clock):
    bench = open_ledger(engine, clock, (COLD,))
    bench.do(OpenFreely(addresses=(), assets=(FLOW,))).require()
    before = bench.digest()

    with pytest.raises(sa.exc.IntegrityError) as met:
        bench.do(BreakConstraint())

    assert not is_database_fault(met.value)
    assert bench.digest() == before
    assert bench.do(CASH).ok
