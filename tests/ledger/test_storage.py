"""What a database error says of the disk decides what becomes of commands and of the writer."""

import sqlite3

import pytest
import sqlalchemy as sa

from ledger.storage import StorageExhausted, StorageFailed, storage_fault
from ledger.writer import OutcomeUnknown
from tests.build import OpenFreely
from tests.ledger.small import opened


def sqlite_error(name):
    error = sqlite3.OperationalError("planted")
    error.sqlite_errorname = name
    return error


def postgres_error(state):
    error = Exception("planted")
    error.sqlstate = state
    return error


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (sqlite_error("SQLITE_FULL"), StorageExhausted),
        (sqlite_error("SQLITE_IOERR_FSYNC"), StorageFailed),
        (sqlite_error("SQLITE_IOERR_WRITE"), StorageFailed),
        (sqlite_error("SQLITE_CORRUPT"), StorageFailed),
        (sqlite_error("SQLITE_NOTADB"), StorageFailed),
        (sqlite_error("SQLITE_READONLY_DBMOVED"), StorageFailed),
        (sqlite_error("SQLITE_BUSY"), None),
        (sqlite_error("SQLITE_CONSTRAINT"), None),
        (postgres_error("53100"), StorageExhausted),
        (postgres_error("58030"), StorageFailed),
        (postgres_error("XX001"), StorageFailed),
        (postgres_error("XX002"), StorageFailed),
        (postgres_error("40001"), None),
        (postgres_error(None), None),
        (ValueError("a bug"), None),
        (None, None),
    ],
)
def test_each_error_is_the_disks_or_is_not(error, refusal):
    wrapped = sa.exc.OperationalError("COMMIT", {}, error) if error else None

    assert type(storage_fault(error)) is (refusal or type(None))
    assert type(storage_fault(wrapped)) is (refusal or type(None))


def test_a_fault_that_another_error_hides_is_seen():
    """SQLite has undone everything, so that no savepoint is left to roll back to."""
    hiding = sqlite_error("SQLITE_ERROR")
    hiding.__context__ = sqlite_error("SQLITE_FULL")

    assert isinstance(storage_fault(hiding), StorageExhausted)


OPENING = OpenFreely(addresses=("enterprise:E9:cash",))


def broken(monkeypatch, bench, error):
    def fail(_epoch):
        raise error

    monkeypatch.setattr(bench.writer._store, "touch_lease", fail)


def test_after_a_failed_disk_nothing_is_taken_until_a_restart(sqlite_engine, clock, monkeypatch):
    bench = opened(sqlite_engine, clock)
    before = bench.digest()
    with monkeypatch.context() as broken_disk:
        broken(broken_disk, bench, sqlite_error("SQLITE_IOERR_FSYNC"))
        with pytest.raises(OutcomeUnknown):
            bench.do(OPENING, command_id="once")

    with pytest.raises(StorageFailed) as stopped:
        bench.do(OPENING, command_id="once")
    assert bench.digest() == before

    bench.restart()
    assert stopped.value.rule == "REG-59"
    assert bench.do(OPENING, command_id="once").require().repeated is False


def test_a_full_disk_does_not_stop_the_writer(sqlite_engine, clock, monkeypatch):
    bench = opened(sqlite_engine, clock)
    before = bench.digest()
    with monkeypatch.context() as full_disk:
        broken(full_disk, bench, sqlite_error("SQLITE_FULL"))
        with pytest.raises(StorageExhausted):
            bench.do(OPENING, command_id="once")

    assert bench.digest() == before
    assert bench.do(OPENING, command_id="once").require().repeated is False


def test_a_writer_that_has_stopped_closes_without_moving_the_log(sqlite_engine, clock, monkeypatch):
    bench = opened(sqlite_engine, clock)
    with monkeypatch.context() as broken_disk:
        broken(broken_disk, bench, sqlite_error("SQLITE_IOERR_WRITE"))
        with pytest.raises(OutcomeUnknown):
            bench.do(OPENING)
    moves = []
    monkeypatch.setattr("ledger.writer.move_wal", moves.append)

    bench.restart()

    assert moves == []
    assert bench.do(OPENING).ok
