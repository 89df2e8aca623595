"""The town of rights, copied for each test from one that was built once."""

import itertools
import os

import pytest

from ledger.db import connect, sqlite_url
from tests.api.rest.rights_town import build, postgres_town, sqlite_town
from tests.conftest import _administer, _url

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def rights_on_sqlite(sqlite_template, tmp_path_factory):
    """The database file of the town, and its clock."""
    data = tmp_path_factory.mktemp("rights")
    (data / "ledger.db").write_bytes(sqlite_template.read_bytes())
    clock = build(connect(sqlite_url(data)))
    return data / "ledger.db", clock


@pytest.fixture(scope="session")
def rights_on_postgres(postgres_server, postgres_template):
    """The name of the town's database, and its clock; pages have a town of their own."""
    name = f"template_rights_{next(_numbers)}"
    _administer(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    clock = build(connect(_url(postgres_server, name)))
    return name, clock


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def rights(request, tmp_path):
    """The town of `tests.api.rest.rights_town`, on each engine in turn."""
    if request.param == "sqlite":
        yield from sqlite_town(request.getfixturevalue("rights_on_sqlite"), tmp_path)
        return
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("rights_on_postgres")
    name = f"rights_{os.getpid()}_{next(_numbers)}"
    yield from postgres_town(server, template, name)
