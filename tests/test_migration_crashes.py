"""Whatever happens to who migrates, the database is at one release or the other, never between."""

import subprocess
import sys
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from alembic import command

import migrations
from ledger.check import self_check
from ledger.db import connect, reading, sqlite_url
from ledger.digest import state_digest
from tests.empty_database import empty_database
from tests.golden.stored import expected, put_back
from tests.test_migrations import NUMBERS

ROOT = Path(__file__).resolve().parents[1]
OLD, LEDGER = "0008", "0008/rules"
DIGEST = expected(LEDGER)["state_digest"]

SHAPES = {
    "sqlite": ("SELECT type, name, tbl_name, sql FROM sqlite_master",),
    "postgresql": (
        "SELECT relkind::text, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace",
        "SELECT attrelid::regclass::text, attname, atttypid::regtype::text, attcollation::text"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid"
        " WHERE relnamespace = 'public'::regnamespace AND attnum > 0",
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace",
        "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    ),
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    """The address of an empty database on each engine in turn."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path)
        return
    with empty_database(request.getfixturevalue("postgres_server")) as address:
        yield address


@pytest.fixture
def engine(url):
    found = connect(url)
    yield found
    found.dispose()


@pytest.fixture
def old(url, engine):
    """A ledger of the release before."""
    put_back(LEDGER, url)
    assert found_in(engine) == (OLD, DIGEST)
    return engine


def found_in(engine):
    """Return the number of the schema and the digest of what it holds."""
    with reading(engine) as connection:
        return migrations.current(engine), state_digest(connection)


def shape(engine):
    """Return everything that the database says of its schema."""
    with engine.connect() as connection:
        return {
            tuple(row)
            for query in SHAPES[engine.dialect.name]
            for row in connection.exec_driver_sql(query)
        }


class Planted(Exception):
    """What a test lets happen in the middle."""


@contextmanager
def failing_at(engine, number):
    """
    Raise before statement *number* of those that change something, or before the commit.

    The commit is one statement more; as *number* 0 it is whatever came before it.
    """
    seen = []

    def fail(_connection, _cursor, statement, *_rest):
        if statement.lstrip().startswith(("CREATE", "ALTER", "INSERT", "UPDATE", "DROP", "DELETE")):
            seen.append(statement)
        if seen and len(seen) == number:
            raise Planted

    def fail_at_commit(_connection):
        if 0 < len(seen) < number and "committed" not in seen:
            seen.append("committed")
            if len(seen) == number:
                raise Planted
        if seen and number == 0:
            raise Planted

    sa.event.listen(engine, "before_cursor_execute", fail)
    sa.event.listen(engine, "commit", fail_at_commit)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", fail)
        sa.event.remove(engine, "commit", fail_at_commit)


def test_every_step_of_every_migration_happens_whole_or_not_at_all(engine):
    reached, steps = None, 0
    for number in NUMBERS:
        before = shape(engine)
        for step in count(1):
            try:
                with failing_at(engine, step) as seen:
                    migrations.upgrade(engine, number)
            except Planted:
                assert migrations.current(engine) == reached, (number, seen)
                assert shape(engine) == before, (number, seen)
                steps += 1
            else:
                break
        assert step > 3, f"{number} has a statement, its number and a commit"
        reached = number

    assert migrations.current(engine) == migrations.head() == reached
    assert steps > 100


def test_a_ledger_is_brought_up_whole_or_not_at_all_and_holds_the_same(old):
    """Each statement is tried above, on an empty ledger; here the commit and some of the others."""
    before = shape(old)

    def fails_at(step):
        with pytest.raises(Planted), failing_at(old, step) as seen:
            migrations.upgrade(old)
        assert found_in(old) == (OLD, DIGEST), seen
        assert shape(old) == before, seen
        return len(seen)

    statements = fails_at(0)
    for step in range(1, statements + 1, statements // 8):
        fails_at(step)
    migrations.upgrade(old)

    assert statements > 10
    assert found_in(old) == (migrations.head(), DIGEST)
    assert self_check(old).failed == {}


def test_a_migration_outside_a_transaction_would_be_noticed(engine, monkeypatch):
    """Planted: each statement is kept as soon as it is made, as drivers do when they are let."""

    def upgrade_bit_by_bit(config, revision):
        connection = config.attributes["connection"]

        def keep(*_):
            connection.connection.driver_connection.commit()
            if connection.dialect.name == "sqlite":
                connection.connection.driver_connection.execute("BEGIN IMMEDIATE")

        sa.event.listen(connection, "after_cursor_execute", keep)
        honest_upgrade(config, revision)

    honest_upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", upgrade_bit_by_bit)
    before = shape(engine)

    with pytest.raises(Planted), failing_at(engine, 5):
        migrations.upgrade(engine, "0001")

    assert shape(engine) != before


@contextmanager
def standing_still(url, statement):
    """Give a process that migrates and stands still before its n-th CREATE."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.golden.migrating", url, str(statement)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == "here\n"
            yield process
        finally:
            process.kill()


def test_who_is_killed_in_the_middle_leaves_the_old_and_the_next_one_goes_through(old, url):
    before = shape(old)
    with standing_still(url, 4) as process:
        process.kill()
        process.wait()
    assert found_in(old) == (OLD, DIGEST)
    assert shape(old) == before

    migrations.upgrade(old)

    assert found_in(old) == (migrations.head(), DIGEST)


def test_of_two_who_migrate_at_once_one_waits_and_finds_it_done(old, url):
    made = []

    def note(_connection, _cursor, statement, *_rest):
        if statement.lstrip().startswith(("CREATE", "ALTER", "UPDATE")):
            made.append(statement)

    sa.event.listen(old, "before_cursor_execute", note)
    second = Thread(target=migrations.upgrade, args=(old,))
    with standing_still(url, 4) as first:
        second.start()
        second.join(0.5)
        assert second.is_alive()
        first.stdin.write("go on\n")
        first.stdin.flush()
        assert first.wait(timeout=60) == 0
    second.join(20)

    assert not second.is_alive()
    assert made == []
    assert found_in(old) == (migrations.head(), DIGEST)
