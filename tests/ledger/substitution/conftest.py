"""A city on each engine, and one on SQLite for tables of what packs and payloads decide."""

import shutil

import pytest

from ledger.db import connect, move_wal, sqlite_url
from tests.build import OPENED, Bench
from tests.conftest import FixedClock, _close_ledgers
from tests.ledger.substitution.estate import ESTATE_SUBJECTS, factors, open_estate
from tests.ledger.substitution.five import NEEDED
from tests.ledger.substitution.world import closure, free, lines, open_city


@pytest.fixture
def bench(engine, clock):
    return open_city(engine, clock)


@pytest.fixture
def light(sqlite_engine, clock):
    return open_city(sqlite_engine, clock)


@pytest.fixture
def freed(bench):
    """Exactly what the project needs, freed by a cement line in another district of the city."""
    free(bench, closure("S1", measures=lines(NEEDED)))
    return bench


@pytest.fixture
def light_freed(light):
    free(light, closure("S1", measures=lines(NEEDED)))
    return light


@pytest.fixture(scope="session")
def estate_file(sqlite_template, tmp_path_factory):
    """The estate with its factors in a file, and its time; built once and copied per test."""
    data = tmp_path_factory.mktemp("estate")
    shutil.copyfile(sqlite_template, data / "ledger.db")
    engine, clock = connect(sqlite_url(data)), FixedClock()
    bench = open_estate(engine, clock)
    factors(bench)
    bench.writer.close()
    OPENED.remove(bench)
    with engine.connect() as connection:
        move_wal(connection, empty_it=True)
    engine.dispose()
    return data / "ledger.db", clock.now


@pytest.fixture
def copied_estate(estate_file, clock, tmp_path):
    """A copy of the estate of its own."""
    path, clock.now = estate_file
    shutil.copyfile(path, tmp_path / "ledger.db")
    engine = connect(sqlite_url(tmp_path))
    yield Bench(engine, clock, ESTATE_SUBJECTS)
    _close_ledgers(engine)
