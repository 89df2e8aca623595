"""One writer at a time: who waits learns of its end, and the epoch decides whatever they learn."""

import time

import pytest
import sqlalchemy as sa

import ledger.lease
from ledger.apply import EpochStale
from ledger.db import connect
from ledger.lease import LedgerInUse, waiting_for_writer
from ledger.writer import OutcomeUnknown
from tests.build import OPENED, Bench, OpenFreely, open_ledger

NO_TIME = 1
"""Milliseconds for which who only looks waits."""


CASH = OpenFreely(addresses=("enterprise:E1:cash",))
MORE_CASH = OpenFreely(addresses=("enterprise:E2:cash",))


@pytest.fixture
def bench(postgres_engine, clock):
    """A ledger that has just been opened, in epoch 1."""
    return open_ledger(postgres_engine, clock)


@pytest.fixture
def other_engine(postgres_engine):
    """The same database as another process sees it."""
    engine = connect(postgres_engine.url.render_as_string(hide_password=False))
    yield engine
    for bench in [bench for bench in OPENED if bench.engine is engine]:
        bench.writer.close()
        OPENED.remove(bench)
    engine.dispose()


def in_use(engine):
    """Return the epoch of the writer that is there, None where nobody is."""
    with waiting_for_writer(engine, milliseconds=NO_TIME) as found:
        return found and found.facts["epoch"]


def session_of(bench):
    with bench.writer._connection.begin():
        return bench.writer._connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()


def end_session_of(bench, admin):
    with admin.begin() as connection:
        ended = sa.text("SELECT pg_terminate_backend(:pid, 5000)")
        assert connection.execute(ended, {"pid": session_of(bench)}).scalar_one()


@pytest.mark.postgres
def test_who_looks_is_told_who_writes_and_no_more_once_the_writer_is_closed(bench, other_engine):
    with waiting_for_writer(other_engine, milliseconds=NO_TIME) as found:
        assert isinstance(found, LedgerInUse)
        assert found.facts == {"epoch": 1, "holder": "embedded"}

    bench.writer.close()

    assert in_use(other_engine) is None


@pytest.mark.postgres
def test_a_database_that_nobody_has_written_is_free(postgres_engine):
    assert in_use(postgres_engine) is None


@pytest.mark.postgres
def test_who_waits_is_waked_by_the_end_of_the_session(bench, other_engine):
    end_session_of(bench, other_engine)
    started = time.monotonic()

    with waiting_for_writer(other_engine, milliseconds=20_000) as found:
        assert found is None

    assert time.monotonic() - started < 5


@pytest.mark.postgres
def test_of_two_who_wait_one_goes_first(bench, other_engine):
    bench.writer.close()

    with waiting_for_writer(other_engine, milliseconds=NO_TIME) as first:
        assert first is None
        assert in_use(bench.engine) == 1

    assert in_use(bench.engine) is None


@pytest.mark.postgres
def test_who_waited_for_an_epoch_that_is_over_goes_on_waiting(bench, other_engine, clock):
    with waiting_for_writer(other_engine, milliseconds=NO_TIME) as found:
        assert found.facts["epoch"] == 1
    second = Bench(bench.engine, clock)
    bench.writer.close()

    assert in_use(other_engine) == 2
    second.writer.close()
    assert in_use(other_engine) is None


@pytest.mark.postgres
def test_a_writer_that_connects_anew_has_its_lock_again(bench, other_engine):
    end_session_of(bench, other_engine)
    assert in_use(other_engine) is None

    with pytest.raises(OutcomeUnknown):
        bench.do(CASH, command_id="once")
    assert bench.do(CASH, command_id="once").ok

    assert in_use(other_engine) == 1


@pytest.mark.postgres
def test_a_writer_whose_session_was_lost_and_epoch_taken_commits_nothing_more(
    bench, other_engine, clock
):
    end_session_of(bench, other_engine)
    second = Bench(other_engine, clock)
    before = second.digest()

    with pytest.raises(OutcomeUnknown):
        bench.do(CASH, command_id="lost")
    with pytest.raises(EpochStale):
        bench.do(CASH, command_id="lost")

    assert second.digest() == before
    assert second.do(CASH, command_id="lost").ok
    assert in_use(bench.engine) == 2


@pytest.mark.postgres
def test_a_writer_that_hangs_inside_its_commit_is_put_out(bench, other_engine, clock, monkeypatch):
    monkeypatch.setattr(ledger.lease, "TAKE_MILLISECONDS", 200)
    hung = bench.writer._connection.begin()
    assert bench.writer._store.touch_lease(1)()

    second = Bench(other_engine, clock)
    with pytest.raises(sa.exc.OperationalError):
        hung.commit()

    assert second.writer.epoch == 2
    with pytest.raises((OutcomeUnknown, EpochStale)):
        bench.do(CASH, command_id="hung")
    with pytest.raises(EpochStale):
        bench.do(CASH, command_id="hung")
    assert second.do(CASH, command_id="hung").ok
    assert second.do(MORE_CASH).ok


@pytest.mark.postgres
def test_the_session_of_the_writer_has_its_limits_and_gives_none_of_them_to_the_pool(bench):
    def found(connection):
        with connection.begin():
            return {
                name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
                for name in ledger.lease.SESSION
            }

    own = found(bench.writer._connection)
    bench.writer.close()
    with bench.engine.connect() as connection:
        others = found(connection)

    # By hand; a socket of this host has no keepalives and reads 0.
    assert own == {
        "tcp_keepalives_idle": "0",
        "tcp_keepalives_interval": "0",
        "tcp_keepalives_count": "0",
        "tcp_user_timeout": "0",
        "lock_timeout": "10s",
        "statement_timeout": "10min",
        "idle_in_transaction_session_timeout": "5min",
    }
    assert {others["lock_timeout"], others["statement_timeout"]} == {"0"}


def test_who_was_put_out_while_it_slept_knows_why_its_rows_collide(engine, clock):
    """Its memory still numbers commands from where the other has gone on."""
    asleep = open_ledger(engine, clock)
    awake = Bench(engine, clock)
    awake.do(CASH, command_id="first").require()
    before = awake.digest()

    with pytest.raises(EpochStale):
        asleep.do(MORE_CASH)

    assert awake.digest() == before
    assert awake.do(MORE_CASH).ok


def test_who_was_put_out_says_not_even_that_somebody_may_not(engine, clock):
    asleep = open_ledger(engine, clock)
    Bench(engine, clock)

    with pytest.raises(EpochStale):
        asleep.do(CASH, actor="person:NOBODY")
