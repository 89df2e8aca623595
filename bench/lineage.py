"""
Lineage behind a million entries: how fast it follows, and how long a trace takes.

Each of 10,000 enterprises begins with a lot of its own. They pass from hand to hand in bulk, from
a thousandth to a tenth of what the giver has at a time. The rate is held against that of posting.
"""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from api.read import lineage
from api.read.lineage_owners import owner_at
from bench.ledger import ASSET, BATCH, Figures, embedded, opened, send_lines
from bench.postgres import Server, is_available
from ledger.db import move_wal, reading
from ledger.follow import catch_up
from ledger.lineage.check import double_claims
from ledger.lineage.fifo import LINEAGE
from ledger.lineage.flows import FLOWS
from ledger.lineage.tables import LotMoveRow, LotRow, PieceRow
from ledger.transfer import Line

ENTRIES = 1_000_000
OWNERS = 10_000
TRACES = 200
ROWS = 50
"""Of holders and moves that a trace shows, as a page does."""


def measure_lineage(engine_of: Callable[[], Any], *, entries: int = ENTRIES) -> Figures:
    """Return the rate of following *entries*, its ratio to posting them, and times of traces."""
    with engine_of() as engine:
        writer = opened(engine, OWNERS)
        wall = time.perf_counter()
        for number, lines in enumerate(_batches(entries)):
            send_lines(writer, f"bulk:{number}", lines)
        posted = time.perf_counter() - wall
        writer.close()
        followed = {each.name: _followed(engine, each) for each in (LINEAGE, FLOWS)}
        with engine.connect() as connection:
            move_wal(connection)
        with reading(engine) as connection:
            sound = double_claims(connection).ok
            counted = {
                shape.__tablename__: connection.execute(
                    sa.select(sa.func.count()).select_from(shape)
                ).scalar_one()
                for shape in (LotRow, PieceRow, LotMoveRow)
            }
            traced = _traced(connection)
    count = entries + OWNERS
    seconds, cpu_seconds = followed["lineage"]
    return {
        "entries": count,
        "per_second": round(count / seconds),
        "cpu_us_per_posting": round(cpu_seconds / count * 1e6, 1),
        "flows_cpu_us_per_posting": round(followed["flows"][1] / count * 1e6, 1),
        "ratio_to_posting": round(posted / entries * count / seconds, 3),
        **traced,
        **counted,
        "sound": sound,
    }


def _followed(engine: sa.Engine, projection: Any) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    catch_up(engine, (projection,))
    return time.perf_counter() - wall, time.process_time() - cpu


def _batches(entries: int) -> Iterator[tuple[Line, ...]]:
    chance = random.Random(12)
    held = [10**11] * OWNERS
    lines: list[Line] = []
    for number in range(entries):
        giver, taker = chance.sample(range(OWNERS), 2)
        amount = max(held[giver] // chance.choice((10, 50, 200, 1_000)), 1)
        if held[giver] < amount:
            giver, amount = taker, held[taker] // 2
            taker = (giver + 1) % OWNERS
        held[giver] -= amount
        held[taker] += amount
        ends = (f"enterprise:E{giver}:holding", f"enterprise:E{taker}:holding")
        lines.append(Line(f"t:{number:010d}", *ends, ASSET, amount))
        if len(lines) == BATCH:
            yield tuple(lines)
            lines = []
    if lines:
        yield tuple(lines)


def _traced(connection: sa.Connection) -> Figures:
    """Return how long a trace of one lot takes, and of one holding, chosen by chance."""
    chance = random.Random(5)
    numbers = list(connection.execute(sa.select(LotRow.number)).scalars())
    # The lots with the most moves, which take longest, and as many others.
    moved = sa.select(LotMoveRow.lot).group_by(LotMoveRow.lot)
    busiest = moved.order_by(sa.func.count().desc()).limit(TRACES // 2)
    chosen = [*connection.execute(busiest).scalars(), *chance.sample(numbers, TRACES // 2)]
    lots = [_timed(_trace_lot, connection, number) for number in chosen]
    owners = [f"enterprise:E{chance.randrange(OWNERS)}:holding" for _ in range(TRACES)]
    holdings = [_timed(_trace_holding, connection, address) for address in owners]
    return _spread("trace_lot", lots) | _spread("trace_holding", holdings)


def _trace_lot(connection: sa.Connection, number: int) -> None:
    every = lineage.EVERYTHING
    told = lineage.traced(connection, [number], every, names_persons=True)
    assert told["items"]
    held = lineage.holders(every, [number]).order_by(PieceRow.owner).limit(ROWS)
    lineage.told_holders(connection, _rows(connection, held), every)
    moved = lineage.moves(every, LotMoveRow.lot == number).order_by(LotMoveRow.number).limit(ROWS)
    lineage.told_moves(connection, _rows(connection, moved), every)


def _trace_holding(connection: sa.Connection, address: str) -> None:
    every = lineage.EVERYTHING
    owner = owner_at(connection, address, every)
    query = lineage.pieces(owner).order_by(PieceRow.asset, PieceRow.position).limit(ROWS)
    rows = _rows(connection, query)
    lineage.told_pieces(connection, rows, every)
    lineage.decided(connection, sorted({row["lot"] for row in rows}))


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[Any]:
    return list(connection.execute(query).mappings())


def _timed(act: Callable[..., None], *arguments: Any) -> tuple[float, float]:
    """Return wall and CPU milliseconds of this thread; the first counts whatever else runs."""
    wall, cpu = time.perf_counter(), time.thread_time()
    act(*arguments)
    return (time.perf_counter() - wall) * 1e3, (time.thread_time() - cpu) * 1e3


def _spread(name: str, timed: list[tuple[float, float]]) -> Figures:
    walls, cpus = (sorted(values) for values in zip(*timed, strict=True))
    p95 = -(-len(timed) * 95 // 100) - 1
    return {
        f"{name}_p50_ms": round(statistics.median(walls), 1),
        f"{name}_p95_ms": round(walls[p95], 1),
        f"{name}_cpu_p95_ms": round(cpus[p95], 1),
    }


def main() -> None:
    """Measure on both databases, one JSON object each; the number of entries may be given."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    print(json.dumps({"sqlite": measure_lineage(embedded, entries=entries)}), flush=True)
    if is_available():
        server = Server()
        print(json.dumps({"postgresql": measure_lineage(server.database, entries=entries)}))
        server.stop()


if __name__ == "__main__":
    main()
