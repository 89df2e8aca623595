"""The roles of PostgreSQL: the server itself refuses the writer what no writer needs."""

import itertools
import os
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

import migrations
from api.auth.store import AuthStore
from api.cli import cli, run
from api.database_roles import role_statements
from api.processes import run_writer
from api.production import ProductionUnsafe, Shortcoming, shortcomings
from api.program import Program
from api.schema import SchemaAhead, SchemaBehind
from ledger.check import self_check
from ledger.db import connect
from ledger.follow import catch_up
from ledger.projections import PROJECTIONS
from ledger.tables import APPEND_ONLY
from tests.build import OPENED
from tests.ledger.small import COMMANDS, opened, play

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Roles:
    """The names of a database's owner, of the writer's role and of the web's, and their URLs."""

    owner: str
    app: str
    web: str
    base: str

    def url(self, role):
        return sa.make_url(self.base).set(username=role).render_as_string(hide_password=False)


@pytest.fixture
def roles(postgres_server):
    """An empty database whose owner is no superuser, and names for two roles more."""
    number = f"{os.getpid()}_{next(_NUMBERS)}"
    names = [f"{role}_{number}" for role in ("owner", "app", "web")]
    base = sa.make_url(postgres_server).set(database=f"roles_{number}")
    with administering(postgres_server) as admin:
        admin.exec_driver_sql(f"CREATE ROLE {names[0]} LOGIN CREATEROLE")
        admin.exec_driver_sql(f"CREATE DATABASE {base.database} OWNER {names[0]}")
    yield Roles(*names, base.render_as_string(hide_password=False))
    with administering(postgres_server) as admin:
        admin.exec_driver_sql(f"DROP DATABASE {base.database} WITH (FORCE)")
        for name in reversed(names):
            admin.exec_driver_sql(f"DROP ROLE IF EXISTS {name}")


@contextmanager
def administering(server):
    engine = connect(server)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
    engine.dispose()


@contextmanager
def engine_of(roles, role):
    engine = connect(roles.url(role))
    try:
        yield engine
    finally:
        for bench in [bench for bench in OPENED if bench.engine is engine]:
            bench.writer.close()
            OPENED.remove(bench)
        engine.dispose()


def yongneng(*arguments):
    assert run(cli, ["database", *arguments]) == 0


@pytest.fixture
def prepared(roles):
    """The database as the two commands leave it."""
    owner = roles.url(roles.owner)
    yongneng("upgrade", "--owner-url", owner)
    yongneng("roles", "--owner-url", owner, "--app", roles.app, "--web", roles.web)
    return roles


def answer_to(engine, statement):
    """Return the server's refusal of *statement*, "done" where it does it."""
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    except sa.exc.ProgrammingError as error:
        return error.orig.sqlstate
    return "done"


NOT_ALLOWED = "42501"


@pytest.mark.postgres
def test_the_writers_role_does_all_of_a_ledgers_work(prepared, clock):
    with engine_of(prepared, prepared.app) as engine:
        bench = opened(engine, clock)
        play(bench, clock)
        catch_up(engine, PROJECTIONS)

        assert self_check(engine).failed == {}
        with engine.connect() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM commands").scalar_one()
        assert count == COMMANDS
        bench.restart()
        assert bench.writer.epoch == 2


@pytest.mark.postgres
def test_the_server_refuses_the_writers_role_to_change_history_or_to_unguard_it(prepared, clock):
    guarded = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
    with engine_of(prepared, prepared.owner) as owner, owner.connect() as connection:
        history = sorted(connection.exec_driver_sql(guarded).scalars())
    changes = [
        "UPDATE {0} SET {1} = {1}",
        "DELETE FROM {0}",
        "TRUNCATE {0}",
        "ALTER TABLE {0} DISABLE TRIGGER ALL",
        "DROP TRIGGER {0}_refuse_change ON {0}",
        "DROP TABLE {0}",
        "ALTER TABLE {0} OWNER TO CURRENT_USER",
        "CREATE TRIGGER mine BEFORE INSERT ON {0} EXECUTE FUNCTION refuse_change()",
    ]
    with engine_of(prepared, prepared.app) as engine:
        play(opened(engine, clock), clock)
        first = {table: sa.inspect(engine).get_columns(table)[0]["name"] for table in history}
        answers = {
            answer_to(engine, change.format(table, first[table]))
            for table in history
            for change in changes
        }
        others = {
            answer_to(engine, statement)
            for statement in (
                "SET session_replication_role = replica",
                "CREATE TABLE mine (x int)",
                "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger "
                "LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                "DELETE FROM lease",
                "UPDATE alembic_version SET version_num = '0001'",
                "SELECT count(*) FROM auth.users",
                f"SET ROLE {prepared.owner}",
            )
        }

    assert set(history) >= set(APPEND_ONLY)
    assert answers == {NOT_ALLOWED}
    assert others == {NOT_ALLOWED}


@pytest.mark.postgres
def test_the_webs_role_reads_the_ledger_writes_none_of_it_and_has_the_users(prepared, clock):
    with engine_of(prepared, prepared.app) as engine:
        opened(engine, clock)
    with engine_of(prepared, prepared.web) as engine:
        tables = [name for name in sa.inspect(engine).get_table_names() if name != "lease"]
        reads = {answer_to(engine, f"SELECT count(*) FROM {name}") for name in tables}
        writes = {answer_to(engine, f"INSERT INTO {name} DEFAULT VALUES") for name in tables}
        writes |= {answer_to(engine, "UPDATE lease SET epoch = epoch + 1")}
    with AuthStore.open(prepared.url(prepared.web)) as auth:
        secret = auth.secret("test")

    assert len(tables) > 40
    assert (reads, writes) == ({"done"}, {NOT_ALLOWED})
    assert len(secret) == 32


@pytest.mark.postgres
def test_one_role_for_all_has_the_users_too_and_the_statements_may_be_run_again(prepared):
    owner = prepared.url(prepared.owner)
    for _ in range(2):
        yongneng("roles", "--owner-url", owner, "--app", prepared.app)

    with AuthStore.open(prepared.url(prepared.app)) as auth:
        assert len(auth.secret("test")) == 32
    yongneng("roles", "--owner-url", owner, "--app", prepared.app, "--web", prepared.web)
    with engine_of(prepared, prepared.app) as engine:
        assert answer_to(engine, "SELECT count(*) FROM auth.secrets") == NOT_ALLOWED


@pytest.mark.postgres
def test_every_table_of_the_database_is_granted(prepared):
    granted = {line.split(" ON ")[1].split(" TO ")[0] for line in grants(prepared)}

    with engine_of(prepared, prepared.owner) as engine:
        seen = sa.inspect(engine)
        there = {f"public.{name}" for name in seen.get_table_names()}
        there |= {f"auth.{name}" for name in seen.get_table_names(schema="auth")}

    assert granted == there


def grants(roles):
    statements = role_statements(app=roles.app, web=roles.web)
    return [line for line in statements if line.startswith("GRANT") and " ON SCHEMA " not in line]


@pytest.mark.postgres
def test_who_could_change_history_is_named_and_refused_in_production(prepared, postgres_server):
    def role_found(user):
        with engine_of(prepared, user) as engine, engine.connect() as connection:
            return [each.found for each in shortcomings(connection) if each.setting == "role"]

    superuser = sa.make_url(postgres_server).username
    found = {user: role_found(user) for user in (superuser, prepared.owner, prepared.app)}
    web_found = role_found(prepared.web)
    with engine_of(prepared, prepared.owner) as engine, engine.begin() as connection:
        connection.exec_driver_sql(f"GRANT DELETE ON outbox TO {prepared.app}")

    assert found == {
        superuser: ["superuser"],
        prepared.owner: ["owner of the tables"],
        prepared.app: [],
    }
    assert web_found == []
    assert role_found(prepared.app) == ["allowed to change history"]


@pytest.mark.postgres
def test_what_production_lacks_is_said_and_refused_before_anything_is_taken(
    postgres_engine, tmp_path
):
    """The tests' own server neither archives nor sums its pages, and its user may do anything."""
    url = postgres_engine.url.render_as_string(hide_password=False)
    with postgres_engine.connect() as connection:
        found = {each.setting: each for each in shortcomings(connection)}

    with pytest.raises(ProductionUnsafe) as refused:
        run_writer(url, tmp_path / "s", key=tmp_path / "k", say=lambda _: None, is_production=True)

    assert found["archive_mode"] == Shortcoming("archive_mode", "off", "on")
    assert found["role"].found == "superuser"
    assert refused.value.facts["setting"] in found
    assert list(tmp_path.glob("s*")) == []
    with postgres_engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM lease").scalar_one() == 0


def test_sqlite_is_no_database_for_production_and_nobody_is_told_without_being_asked(
    sqlite_engine, tmp_path
):
    url = sqlite_engine.url.render_as_string(hide_password=False)
    said = []

    with pytest.raises(ProductionUnsafe) as refused:
        run_writer(url, tmp_path / "s", key=tmp_path / "k", say=said.append, is_production=True)

    facts = {"setting": "database", "found": "sqlite", "needed": "postgresql"}
    assert refused.value.facts == facts
    assert said == []


@pytest.mark.postgres
def test_the_writers_role_cannot_migrate_and_says_who_can(prepared):
    newest = migrations.head()
    before = f"{int(newest) - 1:04d}"
    with engine_of(prepared, prepared.owner) as engine:
        migrations.downgrade(engine, before)

        with pytest.raises(SchemaBehind) as refused:
            Program(prepared.url(prepared.app))

        assert refused.value.facts == {"found": before, "needed": newest}
        assert migrations.current(engine) == before
    yongneng("upgrade", "--owner-url", prepared.url(prepared.owner))
    yongneng("roles", "--owner-url", prepared.url(prepared.owner), "--app", prepared.app)
    Program(prepared.url(prepared.app)).close()


def test_a_database_of_a_newer_release_is_refused_and_left_alone(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaAhead) as refused:
        Program(engine.url.render_as_string(hide_password=False))

    assert refused.value.facts == {"found": "9999", "newest": migrations.head()}
    assert migrations.current(engine) == "9999"


def test_the_statements_can_be_printed_for_somebody_else_to_run(capsys):
    yongneng("roles", "--app", "yongneng", "--sql")

    printed = capsys.readouterr().out
    assert printed.count(";\n") > 60
    assert "GRANT SELECT, INSERT ON public.commands TO yongneng;\n" in printed
    assert "GRANT SELECT, INSERT, UPDATE ON public.lease TO yongneng;\n" in printed
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON auth.users TO yongneng;\n" in printed


@pytest.mark.parametrize(
    "arguments",
    [
        ("--app", "no role", "--sql"),
        ("--app", 'x"; DROP TABLE commands; --', "--sql"),
        ("--app", "Capital", "--sql"),
        ("--app", "", "--sql"),
        ("--app", "one", "--web", "one", "--sql"),
        ("--app", "one"),
        ("--app", "one", "--owner-url", "sqlite:///nowhere.db"),
    ],
)
def test_what_is_no_role_is_misuse(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert run(cli, ["database", "roles", *arguments]) == 2
    assert "GRANT" not in capsys.readouterr().out
