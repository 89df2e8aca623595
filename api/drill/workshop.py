"""
A workshop: a place in memory for throw-away ledgers, a founded one to start from, and players.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import sqlalchemy as sa

from api.demo import one_day
from api.demo.training import Play, found
from api.drill.nursery import Nursery, open_nursery
from api.drill.shim import build_shim
from ledger.db import connect, sqlite_url
from ledger.writer import Writer

LEDGER = "ledger.db"
_MEMORY = Path("/dev/shm")
"""Where syncing costs nothing. What a sync is worth is not for this machine's disk to say."""

_ROOM_BYTES_MIN = 1 << 30


@dataclass(slots=True)
class Workshop:
    """Where the ledgers of one drill are; *base* is the founded one, not yet traded on."""

    root: Path
    base: bytes
    nursery: Nursery
    _numbers: Iterator[int]
    _engine: sa.Engine | None = None

    def ledger(self) -> Path:
        """Return a new directory with a ledger that is founded and not yet traded on."""
        directory = self.root / f"ledger-{next(self._numbers)}"
        directory.mkdir()
        (directory / LEDGER).write_bytes(self.base)
        return directory

    def rebuilt(self, files: Mapping[str, bytes | bytearray]) -> tuple[Path, sa.Engine]:
        """
        Return one directory, always the same, with *files* alone in it, and the engine on it.

        An engine of its own for each of thousands would spend its time on making the same queries.
        """
        directory = self.root / "rebuilt"
        if self._engine is None:
            self._engine = connect(sqlite_url(directory))
        self._engine.dispose()
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        for name, content in files.items():
            (directory / name).write_bytes(content)
        return directory, self._engine

    def close(self) -> None:
        """Let go of what is open."""
        if self._engine is not None:
            self._engine.dispose()


@contextmanager
def open_workshop(*, with_shim: bool) -> Iterator[Workshop]:
    """Yield a workshop that is gone after the block. Refusals: `drill_unprepared`."""
    with ExitStack() as stack:
        name = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="yn-drill-", dir=memory_place())
        )
        root = Path(name)
        shim = build_shim(root) if with_shim else None
        base = founded(root / "base")
        nursery = stack.enter_context(open_nursery(shim))
        workshop = Workshop(root, base, nursery, count(1))
        stack.callback(workshop.close)
        yield workshop


def founded(directory: Path) -> bytes:
    """Return the database of a ledger that is founded in *directory*, after its log is moved."""
    engine = one_day.open_engine(str(directory))
    found_on(engine)
    engine.dispose()
    assert [path.name for path in directory.iterdir()] == [LEDGER]
    return (directory / LEDGER).read_bytes()


def found_on(engine: sa.Engine) -> None:
    """Found the ledger of the one-day play on an empty, migrated database."""
    clock = one_day.DayClock()
    writer = Writer(engine, one_day.subjects(), clock=clock)
    found(Play(writer, clock, lambda _: None))
    writer.close()


def memory_place() -> Path | None:
    """Return where syncing costs nothing, None where there is no room."""
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES_MIN:
        return _MEMORY
    return None
