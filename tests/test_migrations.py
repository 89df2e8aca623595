"""Migrations: numbered without a gap, each with a way back, and what they make is the metadata."""

import ast
import importlib
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import migrations
from ledger.db import Base, connect, sqlite_url
from ledger.tables import APPEND_ONLY

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "migrations" / "versions").glob("*.py"))
NUMBERS = [path.name[:4] for path in FILES]

for _tables in sorted(ROOT.glob("[a-z]*/**/*tables.py")):
    if _tables.parts[len(ROOT.parts)] in {"ledger", "market", "api"}:
        importlib.import_module(".".join(_tables.relative_to(ROOT).with_suffix("").parts))

HARMLESS: tuple[object, ...] = ()
"""Differences between metadata and schema that Alembic sees and nobody need mind: none."""


def assigned(path, name):
    """Return the literal assigned to *name* at the top of a file."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == name:
            return ast.literal_eval(node.value)
    return None


def statements(path, function):
    """Return how many statements the body of *function* has, `pass` and texts aside."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            idle = (ast.Pass, ast.Raise)
            return len(
                [
                    each
                    for each in node.body
                    if not isinstance(each, idle)
                    and not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
                ]
            )
    return 0


def test_migrations_are_numbered_from_one_without_a_gap():
    expected = [f"{number:04d}" for number in range(1, len(FILES) + 1)]

    assert expected == NUMBERS


def test_each_migration_is_named_by_its_number_and_what_it_does():
    odd = [path.name for path in FILES if not re.fullmatch(r"\d{4}(_[a-z]+)+\.py", path.name)]

    assert odd == []


def test_each_revision_is_its_number_and_follows_the_one_before():
    links = [(assigned(path, "revision"), assigned(path, "down_revision")) for path in FILES]

    assert links == list(zip(NUMBERS, [None, *NUMBERS[:-1]], strict=True))


def test_there_is_one_head_and_it_is_the_newest():
    script = ScriptDirectory(str(ROOT / "migrations"))

    assert script.get_heads() == [NUMBERS[-1]]
    assert script.get_bases() == ["0001"]
    assert migrations.head() == NUMBERS[-1]


@pytest.mark.parametrize("function", ["upgrade", "downgrade"])
def test_each_migration_has_both_directions(function):
    empty = [path.name for path in FILES if statements(path, function) == 0]

    assert empty == []


def schema(engine):
    """Return everything the database has, by kind and name, as plain text that can be compared."""
    seen = sa.inspect(engine)
    where = f"{engine.dialect.name}_where"
    found = {}
    for (_, table), columns in seen.get_multi_columns().items():
        for each in columns:
            found["column", table, each["name"]] = (
                str(each["type"]),
                each["nullable"],
                each["default"],
            )
    for (_, table), key in seen.get_multi_pk_constraint().items():
        found["key", table] = tuple(key["constrained_columns"])
    for (_, table), uniques in seen.get_multi_unique_constraints().items():
        for each in uniques:
            found["unique", table, each["name"]] = tuple(each["column_names"])
    for (_, table), checks in seen.get_multi_check_constraints().items():
        for each in checks:
            found["check", table, each["name"]] = each["sqltext"]
    for (_, table), foreigns in seen.get_multi_foreign_keys().items():
        for each in foreigns:
            found["foreign", table, each["name"]] = (
                tuple(each["constrained_columns"]),
                each["referred_table"],
                tuple(each["referred_columns"]),
            )
    for (_, table), indexes in seen.get_multi_indexes().items():
        for each in indexes:
            found["index", table, each["name"]] = (
                tuple(each["column_names"]),
                bool(each["unique"]),
                str(each["dialect_options"].get(where, "")),
            )
    for (_, table), options in seen.get_multi_table_options().items():
        found["options", table] = options
    return found


def guards(engine):
    """Return the triggers and functions that keep history unchanged."""
    queries = {
        "sqlite": ("SELECT name || sql FROM sqlite_master WHERE type = 'trigger'",),
        "postgresql": (
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT pg_get_functiondef(p.oid) FROM pg_proc p"
            " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public'",
        ),
    }
    with engine.connect() as connection:
        return {
            text
            for query in queries[engine.dialect.name]
            for text in connection.execute(sa.text(query)).scalars()
        }


def test_the_way_down_undoes_the_way_up_step_by_step(engine):
    at = {NUMBERS[-1]: (schema(engine), guards(engine))}

    for number in reversed(NUMBERS[:-1]):
        migrations.downgrade(engine, number)
        at[number] = schema(engine), guards(engine)
    migrations.downgrade(engine, "base")
    left = set(sa.inspect(engine).get_table_names()), guards(engine)
    for number in NUMBERS:
        migrations.upgrade(engine, number)

        assert migrations.current(engine) == number
        assert (schema(engine), guards(engine)) == at[number]

    assert left == ({"alembic_version"}, set())


def test_every_migration_changes_something(sqlite_engine):
    engine = sqlite_engine
    sizes = [len(schema(engine)) + len(guards(engine))]

    for number in [*reversed(NUMBERS[:-1]), "base"]:
        migrations.downgrade(engine, number)
        sizes.append(len(schema(engine)) + len(guards(engine)))

    assert sizes == sorted(set(sizes), reverse=True)


def differences(engine):
    """Return what Alembic would still change, known harmless differences aside."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        found = compare_metadata(context, Base.metadata)
    return [each for each in found if each not in HARMLESS]


def test_the_schema_is_what_the_metadata_says(engine):
    assert differences(engine) == []


def test_a_column_that_no_table_declares_is_noticed(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox ADD COLUMN planted TEXT")

    assert [(each[0], each[3].name) for each in differences(engine)] == [
        ("remove_column", "planted")
    ]


def test_migrations_make_what_the_metadata_would_make_by_itself(engine):
    """Alembic compares no checks, no partial indexes and no `WITHOUT ROWID`; this does."""
    migrated = schema(engine)
    migrations.downgrade(engine, "base")

    Base.metadata.create_all(engine)

    assert schema(engine) == migrated


def test_every_table_of_history_is_guarded(engine):
    changes = ("update", "delete") if engine.dialect.name == "sqlite" else ("change",)

    text = "\n".join(guards(engine))

    for table in APPEND_ONLY:
        for change in changes:
            assert f"{table}_refuse_{change}" in text


def test_an_up_to_date_database_is_left_alone(tmp_path):
    engine = connect(sqlite_url(tmp_path))
    migrations.upgrade(engine)
    before = (tmp_path / "ledger.db").read_bytes(), schema(engine)

    migrations.upgrade(engine)

    assert ((tmp_path / "ledger.db").read_bytes(), schema(engine)) == before
    engine.dispose()
