"""Ledgers on both engines, and short paths for sockets."""

import tempfile
from pathlib import Path

import pytest

from tests.api.process.world import connected, open_ledger, serving
from tests.conftest import fresh_engine


@pytest.fixture
def path():
    """Where a writer may listen; short, since a socket's address is."""
    with tempfile.TemporaryDirectory(prefix="yn-") as directory:
        yield Path(directory) / "writer.sock"


@pytest.fixture
def url(engine):
    """The address of a migrated, empty database on each engine in turn."""
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def sqlite_url(request, tmp_path):
    """The address of a migrated, empty embedded database."""
    for engine in fresh_engine(request, "sqlite", tmp_path):
        yield engine.url.render_as_string(hide_password=False)


@pytest.fixture
def program(sqlite_url):
    """A program on an embedded ledger that has just been opened."""
    opened = open_ledger(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def server(program, path):
    """A writer that listens at *path* on a thread."""
    with serving(program, path) as listening:
        yield listening


@pytest.fixture
def gateway(server, path):
    """A web process's gateway to *server*."""
    with connected(path) as way:
        yield way
