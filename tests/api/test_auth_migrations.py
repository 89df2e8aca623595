"""Migrations of the auth store: numbered apart from the ledger's, each with a way back."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import migrations
import migrations.auth
from api.auth.store import auth_engine
from api.auth.tables import AuthBase
from ledger.db import Base
from tests.test_migrations import assigned, schema, statements

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "migrations" / "auth" / "versions").glob("*.py"))
NUMBERS = [path.name[:4] for path in FILES]


@pytest.fixture
def auth(engine):
    """The auth store beside the ledger on each engine in turn, up to date."""
    found = auth_engine(engine.url.render_as_string(hide_password=False))
    migrations.auth.upgrade(found)
    yield found
    found.dispose()


def test_migrations_are_numbered_from_one_without_a_gap_and_linked():
    links = [(assigned(path, "revision"), assigned(path, "down_revision")) for path in FILES]

    assert [f"{number:04d}" for number in range(1, len(FILES) + 1)] == NUMBERS
    assert links == list(zip(NUMBERS, [None, *NUMBERS[:-1]], strict=True))


def test_each_migration_is_named_by_its_number_and_what_it_does():
    odd = [path.name for path in FILES if not re.fullmatch(r"\d{4}(_[a-z]+)+\.py", path.name)]

    assert odd == []


def test_there_is_one_head_and_it_is_the_newest():
    script = ScriptDirectory(str(ROOT / "migrations" / "auth"))

    assert script.get_heads() == [NUMBERS[-1]]
    assert script.get_bases() == ["0001"]
    assert migrations.auth.head() == NUMBERS[-1]


@pytest.mark.parametrize("function", ["upgrade", "downgrade"])
def test_each_migration_has_both_directions(function):
    assert [path.name for path in FILES if statements(path, function) == 0] == []


def test_no_table_has_the_name_of_one_of_the_ledger():
    assert AuthBase.metadata.tables.keys() & Base.metadata.tables.keys() == set()


def test_the_way_down_undoes_the_way_up_step_by_step(auth):
    at = {NUMBERS[-1]: schema(auth)}

    for number in reversed(NUMBERS[:-1]):
        migrations.auth.downgrade(auth, number)
        at[number] = schema(auth)
    migrations.auth.downgrade(auth, "base")
    left = set(sa.inspect(auth).get_table_names())
    for number in NUMBERS:
        migrations.auth.upgrade(auth, number)

        assert migrations.auth.current(auth) == number
        assert schema(auth) == at[number]

    assert left == {"auth_version"}


def differences(auth):
    """Return what Alembic would still change."""
    with auth.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "version_table": migrations.auth.VERSION_TABLE,
            },
        )
        return compare_metadata(context, AuthBase.metadata)


def test_the_schema_is_what_the_metadata_says(auth):
    assert differences(auth) == []


def test_a_column_that_no_table_declares_is_noticed(auth):
    with auth.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE users ADD COLUMN planted TEXT")

    assert [(each[0], each[3].name) for each in differences(auth)] == [("remove_column", "planted")]


def test_migrations_make_what_the_metadata_would_make_by_itself(auth):
    """Alembic compares no checks; this does."""
    migrated = schema(auth)
    migrations.auth.downgrade(auth, "base")

    AuthBase.metadata.create_all(auth)

    assert schema(auth) == migrated


def test_the_ledgers_migrations_and_the_stores_know_nothing_of_each_other(engine, auth):
    migrations.downgrade(engine, "base")

    assert migrations.auth.current(auth) == NUMBERS[-1]
    assert "users" in sa.inspect(auth).get_table_names()
    assert "users" not in sa.inspect(engine).get_table_names()


def test_an_up_to_date_store_is_left_alone(auth):
    before = schema(auth)

    migrations.auth.upgrade(auth)

    assert schema(auth) == before
