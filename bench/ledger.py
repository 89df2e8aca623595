"""
The ledger's rows of the performance contract, each as a ratio to a bare loop on the same disk.

The reference of the bulk rows writes the very rows that the ledger wrote, into the same tables
with the same indexes, by the driver's own bulk call, and does nothing else.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa

import migrations
from ledger.asset import parse_asset
from ledger.command import Command, Payload
from ledger.db import connect, sqlite_url
from ledger.kernel import compose
from ledger.register import OpenLedger, open_account, open_asset
from ledger.roles import Grant
from ledger.set_aside import PlaceHold, place_hold
from ledger.store import Store
from ledger.subject import Handler, Result, Role, Subject
from ledger.transfer import Line, PostLines, post_lines
from ledger.work import Work
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


class OpenHoldings(Payload, frozen=True):
    """Open accounts of nobody, which only a ledger to be measured has."""

    kind: ClassVar[str] = "bench.open"
    addresses: tuple[str, ...]


def open_holdings(work: Work, payload: OpenHoldings) -> Result:
    """Open each account, and the one asset that is measured."""
    for address in payload.addresses:
        open_account(work, address)
    open_asset(work, parse_asset(ASSET))
    return {}


BENCH = Subject(
    "bench",
    (
        Handler(OpenHoldings, open_holdings, makers=HANDS),
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

    def touch_lease(self, epoch: int) -> Callable[[], bool]:
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
        chunk = OpenHoldings(addresses=addresses[first : first + BATCH])
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


def transfers(
    batches: int, accounts: int, *, hot: bool = False, first: int = 0
) -> list[tuple[Line, ...]]:
    """
    Return seeded batches of transfers, numbered from *first*.

    *hot* lets every one leave the same account.
    """
    chance = random.Random(2025 + first)
    lines = []
    for number in range(first, first + batches * BATCH):
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
    return [tuple(lines[start : start + BATCH]) for start in range(0, len(lines), BATCH)]


def measure_bulk(engine_of: Callable[[], Any], *, batches: int = 8, hot: bool = False) -> Figures:
    """Return the rate of bulk postings, its CPU cost, and the ratio to writing the bare rows."""
    accounts = 10_000
    work = transfers(batches, accounts, hot=hot)
    with engine_of() as engine:
        writer = opened(engine, accounts)
        recording = Recording(writer._connection)
        writer._store = recording
        wall, cpu = time.perf_counter(), time.process_time()
        latencies = []
        for number, lines in enumerate(work):
            began = time.perf_counter()
            send_lines(writer, f"bulk:{number}", lines)
            latencies.append(time.perf_counter() - began)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        writer.close()
    with engine_of() as engine:
        opened(engine, accounts).close()
        bare = _write_bare(engine, recording.written)
    count, syncs = batches * BATCH, raw_syncs_per_second()
    return {
        "transfers": count,
        "per_second": round(count / wall),
        "cpu_us_per_transfer": round(cpu / count * 1e6, 2),
        "reference_per_second": round(count / bare),
        "ratio": round(bare / wall, 3),
        "p50_ms": round(sorted(latencies)[len(latencies) // 2] * 1e3, 1),
        "p99_ms": round(sorted(latencies)[len(latencies) * 99 // 100] * 1e3, 1),
        "raw_syncs_per_second": round(syncs),
        "transfers_per_raw_sync": round(count / wall / syncs, 1),
    }


def raw_syncs_per_second(count: int = 500) -> float:
    """Return how many 4 KiB appends a second this disk takes, each synced."""
    with tempfile.TemporaryFile() as file:
        started = time.perf_counter()
        for _ in range(count):
            file.write(b"x" * 4_096)
            file.flush()
            os.fdatasync(file.fileno())
        return count / (time.perf_counter() - started)


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
