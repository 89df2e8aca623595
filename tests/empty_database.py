"""An empty PostgreSQL database of its own, for what makes its own schema."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ledger.db import connect

_NUMBERS = itertools.count(1)


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """Yield the URL of a new database on *server*; it is dropped afterwards."""
    name = f"empty_{os.getpid()}_{next(_NUMBERS)}"
    _administer(server, f"CREATE DATABASE {name}")
    try:
        yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: str, statement: str) -> None:
    admin = connect(server)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
    admin.dispose()
