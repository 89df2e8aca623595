"""A town with faces, for every test that comes to the door, copied from one built once."""

import itertools
import os
import shutil

import pytest

from api.auth.store import AuthStore
from api.program import SUBJECTS
from ledger.db import connect, move_wal, sqlite_url
from tests.api.guests import Town
from tests.api.town import open_town
from tests.build import Bench
from tests.conftest import FixedClock, _administer, _close_ledgers, _url

_numbers = itertools.count(1)


def _build(engine):
    """Build the town and its auth store in *engine*'s database; return the clock it stopped at."""
    clock = FixedClock()
    open_town(engine, clock)
    with AuthStore.open(engine.url.render_as_string(hide_password=False)) as auth:
        auth.secret("cookies")
    _close_ledgers(engine)
    return clock


@pytest.fixture(scope="session")
def town_on_sqlite(sqlite_template, tmp_path_factory):
    """The directory of the town's two databases, and its clock."""
    data = tmp_path_factory.mktemp("town")
    shutil.copyfile(sqlite_template, data / "ledger.db")
    engine = connect(sqlite_url(data))
    clock = _build(engine)
    with engine.connect() as connection:
        move_wal(connection, empty_it=True)
    engine.dispose()
    return data, clock


@pytest.fixture(scope="session")
def town_on_postgres(postgres_server, postgres_template):
    """The name of the town's database, and its clock."""
    _administer(postgres_server, f"CREATE DATABASE template_town TEMPLATE {postgres_template}")
    engine = connect(_url(postgres_server, "template_town"))
    return "template_town", _build(engine)


def reopened(engine, clock):
    """Return the ledger of a copied town, its writer begun anew."""
    return Bench(engine, clock, SUBJECTS[2:])


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def faced(request, tmp_path):
    """The town of `tests.api.town` behind its application, on each engine in turn."""
    if request.param == "sqlite":
        data, clock = request.getfixturevalue("town_on_sqlite")
        for name in ("ledger.db", "auth.db"):
            shutil.copyfile(data / name, tmp_path / name)
        yield from _faced(connect(sqlite_url(tmp_path)), clock)
        return
    server = request.getfixturevalue("postgres_server")
    template, clock = request.getfixturevalue("town_on_postgres")
    name = f"town_{os.getpid()}_{next(_numbers)}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield from _faced(connect(_url(server, name)), clock)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _faced(engine, clock):
    own = FixedClock(clock.now)
    town = Town(engine, own, open=reopened)
    town.clock = own
    yield town
    town.close()
    _close_ledgers(engine)
