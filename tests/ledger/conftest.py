"""The small ledger of small.py, built once and copied for every test that wants it."""

import shutil

import pytest

from ledger.db import connect, move_wal, sqlite_url
from tests.build import OPENED, Bench
from tests.conftest import FixedClock
from tests.ledger.small import opened, play


@pytest.fixture(scope="session")
def played(sqlite_template, tmp_path_factory):
    """The file of the small ledger, and the time at which its clock then stood."""
    data, clock = tmp_path_factory.mktemp("played"), FixedClock()
    shutil.copyfile(sqlite_template, data / "ledger.db")
    engine = connect(sqlite_url(data))
    bench = opened(engine, clock)
    play(bench, clock)
    bench.writer.close()
    OPENED.remove(bench)
    with engine.connect() as connection:
        move_wal(connection, empty_it=True)
    engine.dispose()
    return data / "ledger.db", clock.now


@pytest.fixture
def small(sqlite_engine, clock, played, tmp_path):
    """The small ledger, on SQLite."""
    path, clock.now = played
    shutil.copyfile(path, tmp_path / "ledger.db")  # nothing has connected to the empty one yet
    return Bench(sqlite_engine, clock)
