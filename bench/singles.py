"""
The rows of the performance contract for single commands: one caller, and many at once.

One caller is measured against one-row commits on the same disk; many against raw syncs and the very
same hand-off without a ledger behind it.
"""

import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import IO, Any

import sqlalchemy as sa

from bench.ledger import ASSET, PERSON, Figures, OneHold, opened, raw_syncs_per_second
from ledger.command import Command
from ledger.pending import Pending
from ledger.writer import Writer


def measure_single(engine_of: Callable[[], Any], *, commands: int = 1_500) -> Figures:
    """Return one caller's rate of one-entry commands, beside one-row commits of the same store."""
    with engine_of() as engine:
        writer = opened(engine, 100)
        started = time.perf_counter()
        for number in range(commands):
            writer.submit(hold_command(number)).require()
        seconds = time.perf_counter() - started
        writer.close()
        bare = _one_row_commits(engine, commands)
    return {
        "commands_per_second": round(commands / seconds),
        "reference_per_second": round(commands / bare),
        "ratio": round(bare / seconds, 3),
    }


def hold_command(number: int) -> Command:
    """Return a hot command of one entry; its number is its id."""
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
            writer.submit(hold_command(number)).require()
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
        self._enqueue((Pending(hold_command(number), b"{}"),))

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
