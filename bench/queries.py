"""
Reads of the past over a million entries, one account having a part in every one of them.

One entry in a hundred counts from up to thirty days before its recording. Where snapshots stand
follows from the numbers of accounts and entries, so a run repeats.
"""

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, ClassVar

import sqlalchemy as sa

from bench.ledger import (
    BATCH,
    BENCH,
    HANDS,
    PERSON,
    Figures,
    embedded,
    holding,
    opened,
    send_lines,
    transfers,
)
from ledger import balances
from ledger.command import Command
from ledger.days import DAY, SECOND
from ledger.db import reading
from ledger.entry import Entry, EntryCode, Posting
from ledger.follow import follow
from ledger.kernel import compose
from ledger.past import entry_at, last_entry
from ledger.post import post
from ledger.snapshots import SNAPSHOTS
from ledger.statement import moves, running_before
from ledger.subject import Handler, Result, Subject
from ledger.tables import AccountRow
from ledger.transfer import Line, PostLines
from ledger.work import Work
from ledger.writer import Writer

ACCOUNTS = 5_000
BATCHES = 125
LATE = BATCH // 100
"""Of each batch; they count from up to LATE_DAYS before."""

LATE_DAYS = 30
READS, TOTALS = 400, 5
PAGE = 51


class LateLines(PostLines, frozen=True):
    """Lines that count from before they are recorded, by the number in their reference."""

    kind: ClassVar[str] = "bench.late"


def post_late(work: Work, payload: LateLines) -> Result:
    """Post each line, effective as many seconds ago as its reference says."""
    for line in payload.lines:
        ago = int(line.reference.rpartition(":")[2]) * SECOND
        posting = Posting(line.source, line.destination, line.asset, line.amount)
        entry = Entry(EntryCode.TRANSFER, payload.rule, (posting,), line.reference, work.now - ago)
        post(work, entry)
    return {}


SLOW_HANDS = Subject("late", (Handler(LateLines, post_late, makers=HANDS),))


def measure_queries(engine_of: Callable[[], Any], *, batches: int = BATCHES) -> Figures:
    """Return p50 and p99 of every kind of read, in milliseconds, and what following cost."""
    with engine_of() as engine:
        begin, end = fill(engine, batches)
        started, cpu = time.perf_counter(), time.process_time()
        stretches = 0
        while follow(engine, SNAPSHOTS):
            stretches += 1
        figures: Figures = {
            "entries": batches * BATCH,
            "follow_ms_per_2000": round(
                (time.perf_counter() - started) * 1e3 / (batches * BATCH / 2_000), 1
            ),
            "follow_cpu_s": round(time.process_time() - cpu, 1),
            "stretches": stretches,
        }
        chance = random.Random(2026)
        with reading(engine) as connection:
            figures |= _reads(connection, begin, end, chance)
    return figures


def fill(engine: sa.Engine, batches: int) -> tuple[int, int]:
    """Write the ledger, a batch a day; return the instants of its first and its last batch."""
    opened(engine, ACCOUNTS).close()
    begin = now = time.time_ns() // 1_000
    writer = Writer(engine, compose((BENCH, SLOW_HANDS)), clock=lambda: now)
    chance = random.Random(7)
    for number, lines in enumerate(transfers(batches, ACCOUNTS, hot=True)):
        now = begin + number * DAY
        send_lines(writer, f"batch:{number}", lines[LATE:])
        late = tuple(
            Line(
                f"{line.reference}:{chance.randrange(1, LATE_DAYS * 86_400)}",
                line.source,
                line.destination,
                line.asset,
                line.amount,
            )
            for line in lines[:LATE]
        )
        writer.submit(
            Command(f"late:{number}", PERSON, LateLines(rule="REG-11", lines=late))
        ).require()
    writer.close()
    return begin, now


def _reads(connection: sa.Connection, begin: int, end: int, chance: random.Random) -> Figures:
    last = last_entry(connection)
    ids = sa.select(AccountRow.id)
    hot, other = (
        connection.execute(ids.where(AccountRow.address == holding(number))).scalar_one()
        for number in (0, ACCOUNTS // 2)
    )
    every = ids.where(balances.beginning_with("enterprise:E*"))

    def entry() -> int:
        return chance.randrange(1, last)

    def instant() -> int:
        return chance.randrange(begin, end)

    def page(account: int) -> None:
        rows = moves(connection, account, after=(entry(), 0), limit=PAGE, newest_first=True)
        if rows:
            running_before(connection, account, (rows[-1]["entry"], rows[-1]["ordinal"]))

    asked: dict[str, Callable[[int], object]] = {
        "balance now": lambda account: balances.balances_now(connection, account),
        "as of entry": lambda account: balances.balances_after(connection, account, entry()),
        "as of instant": lambda account: balances.balances_after(
            connection, account, entry_at(connection, instant())
        ),
        "effective": lambda account: balances.balances_effective(connection, account, instant()),
        "difference": lambda account: balances.differences(
            connection, account, *sorted((entry(), entry()))
        ),
        "statement page": page,
    }
    figures: Figures = {}
    for name, ask in asked.items():
        for kind, account in (("hot", hot), ("other", other)):
            figures[f"{name}, {kind}"] = _timed(partial(ask, account), READS)
    totals = {
        "prefix of 10,000 accounts, now": lambda: balances.totals_now(connection, every),
        "prefix of 10,000 accounts, as of": lambda: balances.totals_after(
            connection, every, entry()
        ),
    }
    for name, query in totals.items():
        figures[name] = _timed(query, TOTALS)
    return figures


def _timed(ask: Callable[[], object], times: int) -> dict[str, float]:
    taken, cpu = [], []
    for _ in range(times):
        started, before = time.perf_counter(), time.process_time()
        ask()
        taken.append((time.perf_counter() - started) * 1e3)
        cpu.append((time.process_time() - before) * 1e3)
    most = times * 99 // 100
    return {
        "p50_ms": round(sorted(taken)[times // 2], 2),
        "p99_ms": round(sorted(taken)[most], 2),
        "p99_cpu_ms": round(sorted(cpu)[most], 2),
    }


def main() -> None:
    """Measure on both engines and print a line a read."""
    from bench.postgres import Server, is_available

    with ExitStack() as stack:
        engines: dict[str, Callable[[], Any]] = {"SQLite": embedded}
        if is_available():
            server = Server()
            stack.callback(server.stop)
            engines["PostgreSQL"] = server.database
        for name, engine_of in engines.items():
            for what, figure in measure_queries(engine_of).items():
                print(f"{name:<12} {what:<36} {figure}")


if __name__ == "__main__":
    main()
