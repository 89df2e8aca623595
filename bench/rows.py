"""
The rows of the performance contract: what is measured, what it must reach, and whether it did.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bench import http, ledger, market, matching, proofs, restart, singles


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the contract. *value* has met *must* when `is_met`; *figures* are the rest."""

    name: str
    value: float
    unit: str
    must: float
    at_most: bool
    figures: dict[str, Any]

    @property
    def is_met(self) -> bool:
        """Return whether the figure is on the right side of what it must reach."""
        return self.value <= self.must if self.at_most else self.value >= self.must


def rows(*, postgres: bool) -> Iterator[Row]:
    """Measure and yield every row; PostgreSQL's only where its server is installed."""
    yield from _bulk("SQLite", ledger.embedded, must=0.45, cpu_must=18.0)
    yield from _singles("SQLite", ledger.embedded)
    yield from _restart()
    yield from _proofs()
    yield from _market()
    yield from _http()
    if postgres:
        from bench.postgres import Server

        server = Server()
        try:
            yield from _bulk("PostgreSQL", server.database, must=0.35, cpu_must=18.0)
            yield from _singles("PostgreSQL", server.database)
        finally:
            server.stop()


def _bulk(
    engine: str, engine_of: Callable[[], Any], *, must: float, cpu_must: float
) -> Iterator[Row]:
    spread = ledger.measure_bulk(engine_of)
    yield Row(
        f"{engine}: postings in batches of 8,000 ÷ the bare rows",
        spread["ratio"],
        "×",
        must,
        False,
        spread,
    )
    yield Row(
        f"{engine}: CPU of this process per transfer",
        spread["cpu_us_per_transfer"],
        "µs",
        cpu_must,
        True,
        {},
    )
    hot = ledger.measure_bulk(engine_of, hot=True)
    ratio = round(hot["per_second"] / spread["per_second"], 2)
    yield Row(f"{engine}: one hot account ÷ spread accounts", ratio, "×", 0.9, False, hot)


def _singles(engine: str, engine_of: Callable[[], Any]) -> Iterator[Row]:
    single = singles.measure_single(engine_of)
    name = f"{engine}: one caller, one command ÷ one-row commits"
    yield Row(name, single["ratio"], "×", 0.6, False, single)
    many = singles.measure_many(engine_of)
    name = f"{engine}: 64 callers ÷ min(4 × syncs, 0.4 × bare hand-off)"
    yield Row(name, many["ratio"], "×", 1.0, False, many)
    yield Row(f"{engine}: 64 callers, p99", many["p99_ms"], "ms", 10.0, True, {})
    per_commit = many["commands_per_commit"]
    yield Row(f"{engine}: 64 callers, commands a commit", per_commit, "", 4.0, False, {})


def _restart() -> Iterator[Row]:
    figures = restart.measure_restart()
    name = "SQLite: memory of a writer with 100,000 accounts and 1 M entries"
    yield Row(name, max(figures["built_mib"], figures["served_mib"]), "MiB", 400, True, figures)
    name = "SQLite: serving again after SIGKILL, 1 M entries"
    yield Row(name, figures["restart_seconds"], "s", 10, True, {})


def _proofs() -> Iterator[Row]:
    found = proofs.measure_proofs()
    name = f"verify an export of {found['entries']:,} postings offline"
    yield Row(name, found["verify_seconds"], "s", 15.0, True, found)


def _market() -> Iterator[Row]:
    book: dict[str, Any] = dict(matching.measure_book())
    for shape, must in (("thin", 1.0), ("deep", 0.4), ("hot", 0.9)):
        million = round(book[shape]["events_per_second"] / 1e6, 2)
        yield Row(
            f"matching only, {shape} book", million, "M events/s of CPU", must, False, book[shape]
        )
    yield Row("matching only, deep ÷ thin", book["deep_to_thin"], "×", 0.25, False, {})
    yield Row("bytes per resting order", book["bytes_per_order"], "B", 250, True, {})
    placing = market.measure_placing(ledger.embedded)
    yield Row(
        "cover, self-match, match and ledger of one order ÷ json.loads of it",
        placing["ratio"],
        "×",
        1.0,
        True,
        {**placing, **market.measure_durable(ledger.embedded)},
    )
    auction: dict[str, Any] = dict(matching.measure_auction())
    for size, must in ((100_000, 50), (1_000_000, 250)):
        milliseconds = _auction_ms(auction, size)
        yield Row(f"call auction of {size:,} orders", milliseconds, "ms of CPU", must, True, {})


def _http() -> Iterator[Row]:
    served = http.measure_orders()
    yield Row(
        "order over HTTP, durable ÷ the same server's trivial JSON",
        served["ratio"],
        "×",
        0.5,
        False,
        served,
    )
    yield Row(
        "orders over HTTP, 50 per request ÷ single",
        served["fifty_to_single"],
        "×",
        10.0,
        False,
        {},
    )


def _auction_ms(figures: dict[str, Any], size: int) -> float:
    return float(figures[f"orders_{size}"]["cpu_ms"])
