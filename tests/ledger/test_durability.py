"""Unsafe settings are read back and refused at start; history cannot be changed once written."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

import ledger.db
from ledger.attest import ledger_origin, sign_checkpoint
from ledger.db import DurabilityUnsafe, connect, reading, require_durable
from ledger.kernel import compose
from ledger.tables import APPEND_ONLY
from ledger.transfer import Line, PostLines
from ledger.writer import Writer
from tests.conftest import fresh_engine
from tests.ledger.independent import LOG_KEY
from tests.ledger.small import E1, FLOW, opened

SAFE = {
    "sqlite": {
        "journal_mode": "wal",
        "synchronous": "2",
        "foreign_keys": "1",
        "trusted_schema": "0",
        "cell_size_check": "1",
        "recursive_triggers": "1",
        "wal_autocheckpoint": "0",
        "busy_timeout": "5000",
    },
    "postgresql": {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_sync_retry": "off",
    },
}
"""reliability.md (g), by engine."""


def refusal(engine, clock):
    """Return code, rule and facts of the refusal that a writer starting on *engine* meets."""
    try:
        Writer(engine, compose(), clock=clock)
    except DurabilityUnsafe as refused:
        told = refused.code, refused.rule, refused.facts
    else:
        return None
    return told


def leases(engine):
    with reading(engine) as connection:
        return connection.execute(sa.text("SELECT count(*) FROM lease")).scalar_one()


def test_every_connection_has_the_safe_settings(engine):
    show = "PRAGMA" if engine.dialect.name == "sqlite" else "SHOW"
    safe = SAFE[engine.dialect.name]

    with engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"{show} {name}").scalar_one() for name in safe}

    assert {name: str(value) for name, value in found.items()} == safe


@pytest.mark.parametrize(
    ("setting", "unsafe", "found", "needed"),
    [
        ("journal_mode", "DELETE", "delete", "wal"),
        ("journal_mode", "TRUNCATE", "truncate", "wal"),
        ("journal_mode", "MEMORY", "memory", "wal"),
        ("journal_mode", "OFF", "off", "wal"),
        ("synchronous", "OFF", "0", "2"),
        ("synchronous", "NORMAL", "1", "2"),
        ("foreign_keys", "OFF", "0", "1"),
        ("trusted_schema", "ON", "1", "0"),
        ("cell_size_check", "OFF", "0", "1"),
        ("wal_autocheckpoint", "1000", "1000", "0"),
        ("wal_autocheckpoint", "1", "1", "0"),
    ],
)
def test_sqlite_with_an_unsafe_pragma_is_refused_at_start(
    sqlite_engine, clock, setting, unsafe, found, needed
):
    def make_unsafe(connection, _record):
        connection.execute(f"PRAGMA {setting}={unsafe}")

    sa.event.listen(sqlite_engine, "connect", make_unsafe)

    refused = refusal(sqlite_engine, clock)

    facts = {"setting": setting, "found": found, "needed": needed}
    assert refused == ("durability_unsafe", "REG-07", facts)
    assert leases(sqlite_engine) == 0


def test_a_database_in_memory_is_refused_since_it_has_no_log(clock):
    engine = connect("sqlite://")

    refused = refusal(engine, clock)

    facts = {"setting": "journal_mode", "found": "memory", "needed": "wal"}
    assert refused == ("durability_unsafe", "REG-07", facts)
    engine.dispose()


@pytest.mark.parametrize(
    ("dialect", "setting"),
    [("sqlite", name) for name in ledger.db.SQLITE_SETTINGS]
    + [
        pytest.param("postgresql", name, marks=pytest.mark.postgres)
        for name in ledger.db.POSTGRES_SETTINGS
    ],
)
def test_each_setting_is_read_back_and_not_taken_for_granted(
    request, monkeypatch, dialect, setting
):
    """Some cannot be changed on a running server, so here the ledger asks for another value."""
    engine = request.getfixturevalue(f"{dialect}_engine")
    needs = {"sqlite": ledger.db.SQLITE_SETTINGS, "postgresql": ledger.db.POSTGRES_SETTINGS}
    with engine.connect() as connection:
        monkeypatch.setitem(needs[dialect], setting, "another")

        with pytest.raises(DurabilityUnsafe) as caught:
            require_durable(connection)

    found = SAFE[dialect][setting]
    assert caught.value.facts == {"setting": setting, "found": found, "needed": "another"}


@pytest.fixture
def postgresql_engine(request, tmp_path):
    yield from fresh_engine(request, "postgresql", tmp_path)


@pytest.mark.postgres
@pytest.mark.parametrize("value", ["off", "local", "remote_write"])
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER DATABASE {database} SET synchronous_commit = {value}",
        "ALTER ROLE CURRENT_USER IN DATABASE {database} SET synchronous_commit = {value}",
    ],
    ids=["database", "role"],
)
def test_postgresql_that_commits_before_it_syncs_is_refused_at_start(
    postgresql_engine, clock, statement, value
):
    engine = postgresql_engine
    with engine.begin() as connection:
        connection.exec_driver_sql(statement.format(database=engine.url.database, value=value))
    engine.dispose()

    refused = refusal(engine, clock)

    facts = {"setting": "synchronous_commit", "found": value, "needed": "on"}
    assert refused == ("durability_unsafe", "REG-07", facts)
    assert leases(engine) == 0


TABLES = (
    *("commands", "entries", "postings", "blocks", "checkpoints", "outbox"),
    *("period_seals", "metadata", "waivers"),
)
COLUMNS = {
    "commands": "answer",
    "entries": "rule",
    "postings": "amount",
    "blocks": "hash",
    "checkpoints": "note",
    "outbox": "body",
    "period_seals": "through",
    "metadata": "value",
    "waivers": "reason",
}


@pytest.fixture
def written(engine, clock):
    """A ledger with a row at least in every guarded table."""
    bench = opened(engine, clock)
    line = Line("grant:1", "scheme:issuance", E1, FLOW, 5_000)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()
    with reading(engine) as connection:
        origin = ledger_origin(connection)
    sign_checkpoint(engine, LOG_KEY, origin=origin, key_name="log")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO outbox VALUES (1, 0, 'test', '{}')")
        connection.exec_driver_sql("INSERT INTO period_seals VALUES (1, '2024-12-31')")
        connection.exec_driver_sql("INSERT INTO metadata VALUES ('entry:1', 'a', 1, 'x')")
        waiver = "1, 'national', 'a', '2026-01-01', '2026-01-01', '2026-01-01', '1', 'x'"
        connection.exec_driver_sql(f"INSERT INTO waivers VALUES ({waiver})")
    return engine


def rows(engine, table):
    with reading(engine) as connection:
        return connection.execute(sa.text(f"SELECT * FROM {table}")).all()


def outcome(engine, statement):
    """Return how the database answers a statement, "done" where it lets it through."""
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    except DatabaseError as error:
        return str(error.orig).splitlines()[0]
    return "done"


def test_the_guarded_tables_are_those_that_hold_history():
    assert APPEND_ONLY == TABLES


def test_the_database_refuses_to_change_or_delete_history(written):
    before = {table: rows(written, table) for table in TABLES}
    changes = {
        f"UPDATE {table} SET {column} = {column}": table for table, column in COLUMNS.items()
    } | {f"DELETE FROM {table}": table for table in TABLES}

    outcomes = {statement: outcome(written, statement) for statement in changes}

    assert all(before.values())
    assert outcomes == {change: f"{table} is append-only" for change, table in changes.items()}
    assert {table: rows(written, table) for table in TABLES} == before


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_postgresql_refuses_to_empty_a_table_of_history(written):
    outcomes = [outcome(written, f"TRUNCATE {table}") for table in TABLES]

    assert outcomes == [f"{table} is append-only" for table in TABLES]


def test_a_row_of_history_is_not_overwritten_by_way_of_a_conflict(written):
    upsert = (
        "INSERT INTO outbox VALUES (1, 0, 'test', 'other') "
        "ON CONFLICT (sequence, ordinal) DO UPDATE SET body = 'other'"
    )

    assert outcome(written, upsert) == "outbox is append-only"
    assert rows(written, "outbox") == [(1, 0, "test", "{}")]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_row_of_history_is_not_replaced_on_sqlite(written):
    replace = "REPLACE INTO outbox VALUES (1, 0, 'test', 'other')"

    assert outcome(written, replace) == "outbox is append-only"
