"""
The ledger's rows of the performance contract, each as a ratio to a bare loop on the same disk.

The reference of the bulk rows writes the very rows that the ledger wrote, into the same tables
with the same indexes, by the driver's own bulk call, and does nothing else.
"""

import os
import random
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, ClassVar

import sqlalchemy as sa

import migrations
from ledger.apply import Pending
from ledger.command import Command
from ledger.db import connect, sqlite_url
from ledger.kernel import compose
from ledger.register import OpenLedger
from ledger.roles import Grant
from ledger.store import Store
from ledger.subject import Handler, Role, Subject
from ledger.transfer import Line, OpenAccounts, PlaceHold, PostLines, place_hold, post_lines
from ledger.writer import Writer

ASSET = "energy.flow.general.2025.eq.370200"
PERSON = "person:BENCH"
BATCH = 8_000
HANDS = frozenset({Role.CITY_REGULATOR})

Figures = dict[str, Any]


class BulkLines(PostLines, frozen=True):
    """The bulk command without its second person, who would be measured too."""

    kind: ClassVar[str] = "bench.post"


class OneHold(PlaceHold, frozen=True):
    """A hot command of one entry."""

    kind: ClassVar[str] = "bench.hold"


BENCH = Subject(
    "bench",
    (
        Handler(BulkLines, post_lines, makers=HANDS),
        Handler(OneHold, place_hold, makers=HANDS, cold=False),
    ),
)


class Recording(Store):
    """A store that remembers what it wrote, so that a bare loop can write the same."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self.written: list[tuple[str, str, list[Any]]] = []

    def insert(self, table: str, rows: Any) -> None:
        """Write and remember an insert."""
        rows = list(rows)
        self.written.append(("insert", table, rows))
        super().insert(table, rows)

    def upsert(self, table: str, rows: Any) -> None:
        """Write and remember an upsert."""
        rows = list(rows)
        self.written.append(("upsert", table, rows))
        super().upsert(table, rows)

    def touch_lease(self, epoch: int) -> bool:
        """Remember where a commit was."""
        self.written.append(("commit", "", []))
        return super().touch_lease(epoch)


@contextmanager
def embedded() -> Iterator[sa.Engine]:
    """Give an empty, migrated SQLite ledger that is thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="yn-bench-") as directory:
        engine = connect(sqlite_url(Path(directory)))
        migrations.upgrade(engine)
        yield engine
        engine.dispose()


def opened(engine: sa.Engine, accounts: int) -> Writer:
    """Return a writer on a ledger with *accounts* funded holdings."""
    writer = Writer(engine, compose((BENCH,)), clock=lambda: time.time_ns() // 1_000)
    opening = OpenLedger(
        name="bench",
        jurisdiction="000000",
        purpose="training",
        grants=(Grant(PERSON, Role.CITY_REGULATOR),),
    )
    writer.submit(Command("open", PERSON, opening)).require()
    addresses = tuple(
        f"enterprise:E{n}:{purpose}" for n in range(accounts) for purpose in ("holding", "held")
    )
    for first in range(0, len(addresses), BATCH):
        chunk = OpenAccounts(addresses=addresses[first : first + BATCH], assets=(ASSET,))
        writer.submit(Command(f"accounts:{first}", PERSON, chunk)).require()
    funding = [
        Line(f"fund:{n:08d}", "scheme:issuance", holding(n), ASSET, 10**11) for n in range(accounts)
    ]
    for first in range(0, accounts, BATCH):
        send_lines(writer, f"fund:{first}", tuple(funding[first : first + BATCH]))
    return writer


def holding(number: int) -> str:
    """Return the address of one bench account."""
    return f"enterprise:E{number}:holding"


def send_lines(writer: Writer, command_id: str, lines: tuple[Line, ...]) -> None:
    """Post one bulk command."""
    writer.submit(Command(command_id, PERSON, BulkLines(rule="REG-11", lines=lines))).require()


def transfers(batches: int, accounts: int, *, hot: bool = False) -> list[tuple[Line, ...]]:
    """Return seeded batches of transfers; *hot* lets every one leave the same account."""
    chance = random.Random(2025)
    lines = []
    for number in range(batches * BATCH):
        source, destination = chance.sample(range(1, accounts), 2)
        if hot:
            source = 0
        lines.append(
            Line(
                f"t:{number:010d}",
                holding(source),
                holding(destination),
                ASSET,
                chance.randrange(1, 1_000),
            )
        )
    return [tuple(lines[first : first + BATCH]) for first in range(0, len(lines), BATCH)]


def measure_bulk(engine_of: Callable[[], Any], *, batches: int = 8, hot: bool = False) -> Figures:
    """Return the rate of bulk postings, its CPU cost, and the ratio to writing the bare rows."""
    accounts = 10_000
    work = transfers(batches, accounts, hot=hot)
    with engine_of() as engine:
        writer = opened(engine, accounts)
        recording = Recording(writer._connection)
        writer._store = recording
        wall, cpu = time.perf_counter(), time.process_time()
        for number, lines in enumerate(work):
            send_lines(writer, f"bulk:{number}", lines)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        writer.close()
    with engine_of() as engine:
        opened(engine, accounts).close()
        bare = _write_bare(engine, recording.written)
    count = batches * BATCH
    return {
        "transfers": count,
        "per_second": round(count / wall),
        "cpu_us_per_transfer": round(cpu / count * 1e6, 2),
        "reference_per_second": round(count / bare),
        "ratio": round(bare / wall, 3),
    }


def _write_bare(engine: sa.Engine, written: list[tuple[str, str, list[Any]]]) -> float:
    """Return the seconds it takes to write the same rows with nothing else around."""
    connection = engine.connect()
    store = Store(connection)
    transaction = connection.begin()
    started = time.perf_counter()
    for verb, table, rows in written:
        if verb == "insert":
            store.insert(table, rows)
        elif verb == "upsert":
            store.upsert(table, rows)
        else:
            transaction.commit()
            transaction = connection.begin()
    seconds = time.perf_counter() - started
    transaction.rollback()
    connection.close()
    return seconds


def measure_single(engine_of: Callable[[], Any], *, commands: int = 1_500) -> Figures:
    """Return one caller's rate of one-entry commands, beside one-row commits of the same store."""
    with engine_of() as engine:
        writer = opened(engine, 100)
        started = time.perf_counter()
        for number in range(commands):
            writer.submit(_hold(number)).require()
        seconds = time.perf_counter() - started
        writer.close()
        bare = _one_row_commits(engine, commands)
    return {
        "commands_per_second": round(commands / seconds),
        "reference_per_second": round(commands / bare),
        "ratio": round(bare / seconds, 3),
    }


def _hold(number: int) -> Command:
    payload = OneHold(enterprise=f"E{number % 100}", asset=ASSET, amount=7, purpose="bench")
    return Command(f"hold:{number}", PERSON, payload)


def _one_row_commits(engine: sa.Engine, commands: int) -> float:
    with engine.connect() as connection:
        with connection.begin():
            connection.exec_driver_sql("CREATE TABLE bare (id INTEGER PRIMARY KEY, body TEXT)")
        driver: Any = connection.connection.driver_connection
        mark = "?" if engine.dialect.name == "sqlite" else "%s"
        started = time.perf_counter()
        for number in range(commands):
            with connection.begin():
                driver.execute(f"INSERT INTO bare VALUES ({mark}, {mark})", (number, "x" * 200))
        return time.perf_counter() - started


def measure_many(
    engine_of: Callable[[], Any], *, callers: int = 64, commands: int = 12_800
) -> Figures:
    """Return the rate and latency of many callers, beside raw syncs and a bare hand-off."""
    latencies: list[float] = []
    with engine_of() as engine:
        writer = opened(engine, 100)
        blocks = writer.memory.block

        def submit(number: int) -> None:
            started = time.perf_counter()
            writer.submit(_hold(number)).require()
            latencies.append(time.perf_counter() - started)

        seconds = _in_threads(callers, commands, submit)
        blocks = writer.memory.block - blocks
        writer.close()
    latencies.sort()
    syncs = raw_syncs_per_second()
    with tempfile.TemporaryFile() as file:
        hand_off = commands / _in_threads(callers, commands, _HandOff(file).send)
    return {
        "commands_per_second": round(commands / seconds),
        "p50_ms": round(latencies[len(latencies) // 2] * 1e3, 2),
        "p99_ms": round(latencies[len(latencies) * 99 // 100] * 1e3, 2),
        "commands_per_commit": round(commands / blocks, 1),
        "raw_syncs_per_second": round(syncs),
        "hand_off_per_second": round(hand_off),
        "needed_per_second": round(min(4 * syncs, 0.4 * hand_off)),
        "ratio": round(commands / seconds / min(4 * syncs, 0.4 * hand_off), 3),
    }


class _HandOff(Writer):
    """The writer's own hand-off without a ledger: whoever leads syncs one record for all."""

    def __init__(self, file: IO[bytes]) -> None:
        self._queue: deque[Pending] = deque()
        self._mutex = threading.Lock()
        self._leading = False
        self._file = file

    def send(self, number: int) -> None:
        """Queue a record and return once it is on the disk."""
        self._enqueue((Pending(_hold(number), b"{}"),))

    def _commit(self, batch: list[Pending]) -> None:
        self._file.write(b"x" * 200 * len(batch))
        self._file.flush()
        os.fdatasync(self._file.fileno())
        for pending in batch:
            pending.is_done = True
            pending.wake()


def _in_threads(callers: int, commands: int, submit: Callable[[int], None]) -> float:
    each = commands // callers

    def work(first: int) -> None:
        for number in range(first, first + each):
            submit(number)

    threads = [threading.Thread(target=work, args=(n * each,)) for n in range(callers)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def raw_syncs_per_second(count: int = 500) -> float:
    """Return how many 4 KiB appends a second this disk takes, each synced."""
    with tempfile.TemporaryFile() as file:
        started = time.perf_counter()
        for _ in range(count):
            file.write(b"x" * 4_096)
            file.flush()
            os.fdatasync(file.fileno())
        return count / (time.perf_counter() - started)
