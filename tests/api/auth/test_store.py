"""The auth store: where it is, who may read it, and secrets that are made once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa

import api.auth.store
from api.auth.passwords import Busy
from api.auth.store import AuthStore
from ledger.db import sqlite_url
from tests.api.auth.people import quick

ROOT = Path(__file__).resolve().parents[3]
TABLES = {"users", "sessions", "api_keys", "attempts", "secrets", "auth_version"}


def test_a_secret_is_32_bytes_and_survives_a_restart(ledger_url):
    with AuthStore.open(ledger_url) as store:
        first = store.secret("cookies")
    with AuthStore.open(ledger_url) as store:
        again = store.secret("cookies")

    assert len(first) == 32
    assert again == first


def test_secrets_of_two_names_differ(empty_store):
    assert empty_store.secret("cookies") != empty_store.secret("forms")


def test_a_secret_is_what_the_given_source_of_chance_gave(ledger_url):
    with AuthStore.open(ledger_url, entropy=lambda size: b"\x07" * size) as store:
        assert store.secret("cookies") == b"\x07" * 32


def test_many_who_ask_for_a_new_secret_at_once_get_the_same(empty_store, ledger_url):
    stores = [AuthStore.open(ledger_url) for _ in range(4)]
    start = Barrier(4)

    def ask(store):
        start.wait()
        return store.secret("cookies")

    with ThreadPoolExecutor(4) as threads:
        got = set(threads.map(ask, stores))
    for store in stores:
        store.close()

    assert got == {empty_store.secret("cookies")}


def test_four_processes_may_make_the_store_at_the_same_instant(tmp_path):
    script = (
        "import sys\nfrom api.auth.store import AuthStore\n"
        "with AuthStore.open(sys.argv[1]) as store:\n    print(store.secret('cookies').hex())\n"
    )
    command = [sys.executable, "-W", "error", "-c", script, sqlite_url(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    running = [
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    printed = [process.communicate(timeout=300)[0] for process in running]

    assert [process.returncode for process in running] == [0] * 4
    assert len(set(printed)) == 1


def test_opening_twice_at_once_makes_one_schema(engine, ledger_url):
    start = Barrier(4)

    def open_one(_number):
        start.wait()
        with AuthStore.open(ledger_url, passwords=quick()) as store:
            return set(sa.inspect(store.engine).get_table_names())

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(open_one, range(4))) == [TABLES] * 4


def test_only_its_owner_may_read_the_embedded_store(tmp_path):
    with AuthStore.open(sqlite_url(tmp_path)) as store:
        store.secret("cookies")
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("auth.db*")}

    assert "auth.db" in modes
    assert "auth.db-wal" in modes
    assert set(modes.values()) == {0o600}


def test_a_restored_copy_that_others_may_read_is_closed_to_them(tmp_path):
    AuthStore.open(sqlite_url(tmp_path)).close()
    (tmp_path / "auth.db").chmod(0o644)

    AuthStore.open(sqlite_url(tmp_path)).close()

    assert (tmp_path / "auth.db").stat().st_mode & 0o777 == 0o600


def test_the_embedded_store_commits_to_disk_and_moves_its_own_log(tmp_path):
    with (
        AuthStore.open(sqlite_url(tmp_path)) as store,
        store.engine.connect() as connection,
    ):
        settings = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint")
        ]

    assert settings == ["wal", 2, 1, 1000]


def test_nothing_of_the_store_is_in_the_database_of_the_ledger(sqlite_engine):
    before = set(sa.inspect(sqlite_engine).get_table_names())

    AuthStore.open(str(sqlite_engine.url)).close()

    sqlite_engine.dispose()
    assert set(sa.inspect(sqlite_engine).get_table_names()) == before


@pytest.mark.postgres
def test_on_postgresql_all_of_it_is_in_the_schema_auth(postgres_engine):
    before = set(sa.inspect(postgres_engine).get_table_names(schema="public"))
    url = postgres_engine.url.render_as_string(hide_password=False)

    AuthStore.open(url).close()

    seen = sa.inspect(postgres_engine)
    assert set(seen.get_table_names(schema="public")) == before
    assert set(seen.get_table_names(schema="auth")) == TABLES


@pytest.mark.postgres
def test_a_writer_sees_what_the_last_one_did_whatever_the_servers_default(postgres_engine):
    name = postgres_engine.url.database
    with postgres_engine.begin() as connection:
        connection.exec_driver_sql(
            f"ALTER DATABASE {name} SET default_transaction_isolation TO 'repeatable read'"
        )
    url = postgres_engine.url.render_as_string(hide_password=False)

    with AuthStore.open(url) as store, store.writing() as connection:
        found = connection.exec_driver_sql("SHOW transaction_isolation").scalar_one()

    assert found == "read committed"


def test_who_waits_too_long_for_another_writer_is_told_busy(store, other_store, monkeypatch):
    monkeypatch.setattr(api.auth.store, "LOCK_WAIT", "100ms")
    if store.engine.dialect.name == "sqlite":
        sa.event.listen(other_store.engine, "connect", _wait_little)
        other_store.engine.dispose()

    with store.writing(), pytest.raises(Busy) as refused:
        other_store.secret("cookies")

    assert refused.value.facts == {"retry_after_seconds": 1}


def _wait_little(connection, _record):
    connection.execute("PRAGMA busy_timeout=100")


def test_a_missing_table_is_a_bug_and_not_told_as_busy(empty_store):
    with pytest.raises(sa.exc.DBAPIError), empty_store.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM no_such_table")


def test_what_a_writer_did_before_a_refusal_is_undone(empty_store):
    def write_and_refuse():
        with empty_store.writing() as connection:
            connection.exec_driver_sql("INSERT INTO secrets VALUES ('x', '')")
            raise Busy

    with pytest.raises(Busy):
        write_and_refuse()

    with empty_store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM secrets").scalar_one() == 0
