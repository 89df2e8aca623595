"""SQLite's log is moved by the writer, the result is checked, and readers do not let it grow."""

import itertools
from pathlib import Path
from threading import Timer

import pytest

import ledger.db
from ledger.db import CheckpointFailed, move_wal, reading, shorten_wal
from ledger.tables import CommandRow
from tests.build import OpenFreely
from tests.ledger.small import opened

PAGE = 4_096


@pytest.fixture
def bench(sqlite_engine, clock):
    return opened(sqlite_engine, clock)


def opening(number):
    return OpenFreely(addresses=(f"enterprise:W{number}:cash",))


def log_bytes(bench):
    return Path(f"{bench.engine.url.database}-wal").stat().st_size


@pytest.fixture
def reader(bench):
    """Somebody who has begun to read, and goes on."""
    with reading(bench.engine) as connection:
        connection.exec_driver_sql(f"SELECT count(*) FROM {CommandRow.__tablename__}").all()
        yield connection


def test_a_move_takes_all_of_the_log_and_the_next_write_begins_it_anew(bench):
    for number in range(5):
        bench.do(opening(number)).require()
    before = log_bytes(bench)

    moved = move_wal(bench.writer._connection)
    for number in range(5, 10):
        bench.do(opening(number)).require()

    assert moved > 5
    assert log_bytes(bench) == before


def test_what_a_reader_keeps_back_is_left_for_the_next_move(bench, reader):
    first = move_wal(bench.writer._connection)
    bench.do(opening(1)).require()

    second = move_wal(bench.writer._connection)

    assert second > first
    assert not shorten_wal(bench.writer._connection)


def test_a_read_of_the_writers_own_that_is_not_over_keeps_the_log_back_as_anothers_would(bench):
    bench.do(opening(1)).require()
    driver = bench.writer._connection.connection.driver_connection
    unfinished = driver.execute(f"SELECT 1 UNION ALL SELECT 2 FROM {CommandRow.__tablename__}")
    unfinished.fetchone()

    assert move_wal(bench.writer._connection) == 0
    with pytest.raises(CheckpointFailed, match="somebody still reads it"):
        move_wal(bench.writer._connection, empty_it=True)
    unfinished.close()

    assert move_wal(bench.writer._connection) > 0


def test_a_log_that_must_be_emptied_and_is_read_is_refused(bench, reader, monkeypatch):
    driver = bench.writer._connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout=10")

    with pytest.raises(CheckpointFailed, match="somebody still reads it"):
        move_wal(bench.writer._connection, empty_it=True)


def test_a_log_that_must_be_emptied_is_empty(bench):
    bench.do(opening(1)).require()

    assert move_wal(bench.writer._connection, empty_it=True) == 0
    assert log_bytes(bench) == 0


def test_a_reader_for_whom_the_writer_waits_does_not_change_how_long_it_waits_elsewhere(
    bench, reader, monkeypatch
):
    monkeypatch.setattr(ledger.db, "WAL_PATIENCE_MS", 10)

    shorten_wal(bench.writer._connection)

    driver = bench.writer._connection.connection.driver_connection
    assert driver.execute("PRAGMA busy_timeout").fetchone() == (5_000,)


def test_the_writer_waits_for_readers_who_are_about_to_end(bench, reader, monkeypatch):
    monkeypatch.setattr(ledger.db, "WAL_PATIENCE_MS", 30_000)
    bench.do(opening(1)).require()
    ending = Timer(0.02, reader.rollback)
    ending.start()

    is_short = shorten_wal(bench.writer._connection)

    ending.join()
    assert is_short
    assert log_bytes(bench) == 0


class Readers:
    """Two who read in turn, the next beginning before the one before has ended."""

    def __init__(self, bench):
        self.turn = itertools.cycle([reading(bench.engine), reading(bench.engine)])

    def go_on(self):
        connection = next(self.turn)
        connection.rollback()
        connection.exec_driver_sql("SELECT count(*) FROM commands").all()

    def end(self):
        for connection in itertools.islice(self.turn, 2):
            connection.rollback()


def longest_log(bench, readers, numbers):
    """Send commands while there is always somebody reading; return the most bytes of the log."""
    longest = 0
    for number in numbers:
        readers.go_on()
        bench.do(opening(number)).require()
        longest = max(longest, log_bytes(bench))
    return longest


def test_on_a_busy_ledger_the_log_does_not_grow_without_end(bench, monkeypatch):
    monkeypatch.setattr("ledger.writer.BLOCKS_PER_WAL_MOVE", 1)
    readers, waits = Readers(bench), []

    def wait(connection):
        readers.end()  # they end by themselves, in the time for which the writer waits
        waits.append(shorten_wal(connection))
        return waits[-1]

    monkeypatch.setattr("ledger.writer.shorten_wal", wait)
    unbounded = longest_log(bench, readers, range(60))
    monkeypatch.setattr("ledger.writer.WAL_FRAMES_MAX", 60)
    readers.end()
    bench.restart()
    move_wal(bench.writer._connection, empty_it=True)

    bounded = longest_log(bench, readers, range(60, 160))

    readers.end()
    assert unbounded > 300 * PAGE
    assert bounded < 100 * PAGE
    assert set(waits) == {True}
    assert 5 < len(waits) < 50


def test_a_reader_who_never_ends_is_not_waited_for_at_every_move(bench, reader, monkeypatch):
    monkeypatch.setattr("ledger.writer.BLOCKS_PER_WAL_MOVE", 1)
    monkeypatch.setattr("ledger.writer.WAL_FRAMES_MAX", 40)
    monkeypatch.setattr(ledger.db, "WAL_PATIENCE_MS", 1)
    waits = []

    def wait(connection):
        waits.append(shorten_wal(connection))
        return waits[-1]

    monkeypatch.setattr("ledger.writer.shorten_wal", wait)
    bench.restart()

    for number in range(60):
        bench.do(opening(number)).require()

    assert set(waits) == {False}
    assert 2 <= len(waits) <= log_bytes(bench) // (40 * PAGE) + 1


@pytest.mark.parametrize("row", [(0, -1, -1), (0, 3, 4)])
def test_a_move_that_says_what_cannot_be_is_a_failure(bench, monkeypatch, row):
    class Driver:
        def execute(self, _sql):
            return self

        def fetchone(self):
            return row

    monkeypatch.setattr(ledger.db, "_sqlite_driver", lambda _connection: Driver())

    with pytest.raises(CheckpointFailed):
        move_wal(bench.writer._connection)


@pytest.mark.postgres
def test_elsewhere_there_is_no_log_to_move(postgres_engine, clock):
    bench = opened(postgres_engine, clock)

    assert move_wal(bench.writer._connection) == 0
