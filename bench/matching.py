"""
How fast the market is: the book on three shapes, and the call auction, in CPU time of this process.

Machines differ, so every rate comes with a ratio against a reference loop of the same run: decoding
one six-field JSON order for the book, the thin book for the deep one. Streams are seeded and carry
plain tuples; building the `Order` is inside the timed loop, because every real order pays for it.
"""

import gc
import json
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from market.auction import Reading
from market.auction_columns import OrderColumns, uncross
from market.book import Book
from market.matching import match
from market.order import Order, Side

MID_FEN = 10_000
LOW_FEN = 9_000
HIGH_FEN = 11_000
OWNERS = 1_000

# An add is (id, side, price_fen, quantity_tce, owner); a cancel is (id, None, 0, 0, "").
Event = tuple[int, Side | None, int, int, str]

TARGETS_PER_SECOND = {"thin": 1_000_000, "deep": 400_000, "hot": 900_000}
AUCTION_TARGETS_MS = {100_000: 50, 1_000_000: 250}
BYTES_PER_ORDER_MAX = 250


def _owner(rng: random.Random) -> str:
    return f"G{rng.randrange(OWNERS):04d}"


def _passive(rng: random.Random, id: int, mean_ticks: int) -> Event:
    """Return an order that rests: an exponential distance from the middle, inside the band."""
    distance = 1 + min(int(rng.expovariate(1 / mean_ticks)), 990)
    side = rng.choice((Side.BUY, Side.SELL))
    price_fen = MID_FEN - distance if side is Side.BUY else MID_FEN + distance
    return (id, side, price_fen, rng.randint(1, 500), _owner(rng))


def _crossing(rng: random.Random, id: int) -> Event:
    side = rng.choice((Side.BUY, Side.SELL))
    price_fen = MID_FEN + 20 if side is Side.BUY else MID_FEN - 20
    return (id, side, price_fen, rng.randint(1, 1_700), _owner(rng))


def _mixed(rng: random.Random, n: int, preload: list[Event], *, mean_ticks: int) -> list[Event]:
    """
    Return 60 % passive orders, 10 % crossing, 30 % cancels, of which one in ten names a random id.

    A shadow book, outside any timing, tells which orders are still there to cancel.
    """
    shadow = _new_book()
    run_events(shadow, preload)
    live = [event[0] for event in preload]
    events: list[Event] = []
    for id in range(len(preload) + 1, len(preload) + n + 1):
        draw = rng.random()
        if draw < 0.60:
            event = _passive(rng, id, mean_ticks)
            live.append(id)
        elif draw < 0.70:
            event = _crossing(rng, id)
        elif rng.random() < 0.10:
            event = (rng.randrange(1, id), None, 0, 0, "")
        else:
            event = (_draw_live(rng, live, shadow), None, 0, 0, "")
        run_events(shadow, [event])
        events.append(event)
    return events


def _draw_live(rng: random.Random, live: list[int], shadow: Book) -> int:
    while live:
        at = rng.randrange(len(live))
        live[at], live[-1] = live[-1], live[at]
        id = live.pop()
        if id in shadow:
            return id
    return 1


def base_stream(seed: int, n: int) -> list[Event]:
    """Return *n* events for an empty book that stays thin: about 0.4 trades an event."""
    return _mixed(random.Random(seed), n, [], mean_ticks=10)


def deep_stream(seed: int, n: int, preload: int = 100_000) -> tuple[list[Event], list[Event]]:
    """Return *preload* orders spread over about 2,000 levels, then *n* mixed events."""
    rng = random.Random(seed)
    preloaded: list[Event] = []
    for id in range(1, preload + 1):
        side = rng.choice((Side.BUY, Side.SELL))
        distance = rng.randint(1, 990)
        price_fen = MID_FEN - distance if side is Side.BUY else MID_FEN + distance
        preloaded.append((id, side, price_fen, rng.randint(1, 500), _owner(rng)))
    return preloaded, _mixed(rng, n, preloaded, mean_ticks=40)


def hot_stream(seed: int, n: int) -> tuple[list[Event], list[Event]]:
    """Return 1,000 orders in each of 20 levels a side, then *n* cancels and adds in turn."""
    rng = random.Random(seed)
    preloaded: list[Event] = []
    for id in range(1, 40_001):
        side = Side.BUY if id % 2 else Side.SELL
        preloaded.append(_hot_order(rng, id, side, 1 + (id // 2) % 20))
    live = [event[0] for event in preloaded]
    events: list[Event] = []
    for id in range(40_001, 40_001 + n):
        if id % 2:
            at = rng.randrange(len(live))
            live[at], live[-1] = live[-1], live[at]
            events.append((live.pop(), None, 0, 0, ""))
        else:
            side = rng.choice((Side.BUY, Side.SELL))
            events.append(_hot_order(rng, id, side, rng.randint(1, 20)))
            live.append(id)
    return preloaded, events


def _hot_order(rng: random.Random, id: int, side: Side, distance: int) -> Event:
    price_fen = MID_FEN - distance if side is Side.BUY else MID_FEN + distance
    return (id, side, price_fen, rng.randint(1, 500), _owner(rng))


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Freeze and disable cyclic collection, as the matching process does between phases."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def run_events(book: Book, events: list[Event]) -> int:
    """Apply *events* to *book* and return how many trades they made."""
    trades = 0
    for id, side, price_fen, quantity_tce, owner in events:
        if side is None:
            if id in book:
                book.remove(id)
            continue
        order = Order(
            id=id,
            owner=owner,
            enterprise=owner,
            side=side,
            price_fen=price_fen,
            quantity_tce=quantity_tce,
            sequence=id,
            hold_id=id,
        )
        trades += len(match(book, order).fills)
    return trades


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _new_book() -> Book:
    return Book(tick_fen=1, low_fen=LOW_FEN, high_fen=HIGH_FEN)


def _rate(preload: list[Event], events: list[Event]) -> dict[str, int]:
    """Return events per CPU second, trades made, and orders resting at the end."""
    book = _new_book()
    run_events(book, preload)
    with quiet_collector():
        started = time.process_time()
        trades = run_events(book, events)
        seconds = time.process_time() - started
    return {
        "events_per_second": int(len(events) / seconds),
        "trades": trades,
        "resting": len(book),
    }


def json_seconds(n: int = 100_000) -> float:
    """Return the CPU seconds to decode one six-field JSON order and read its fields."""
    line = (
        '{"id":"018f","enterprise":"E001","side":"buy","price":"200.15","quantity":"120",'
        '"instrument":"370100.2026"}'
    )

    def decode_all() -> None:
        for _ in range(n):
            order = json.loads(line)
            _ = (order["id"], order["enterprise"], order["side"], order["price"])
            _ = (order["quantity"], order["instrument"])

    with quiet_collector():
        return _cpu_seconds(decode_all) / n


def measure_bytes_per_order(seed: int = 7, n: int = 147_000) -> int:
    """Return the bytes one resting order costs: object, its integers, index and level shares."""
    events, _ = deep_stream(seed, 0, preload=n)
    book = _new_book()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    # A real order brings integers of its own, too large for the interpreter's cache of small ones;
    # id, sequence and hold id are one number, as the writer assigns them.
    run_events(book, [(e[0] + 10**6, e[1], e[2] + 0, e[3] + 1_000, e[4]) for e in events])
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) // n


def measure_book(seed: int = 7, n: int = 300_000) -> dict[str, object]:
    """Return rates and ratios of the thin, deep and hot book, and bytes per resting order."""
    thin = _rate([], base_stream(seed, n))
    deep = _rate(*deep_stream(seed, n))
    hot = _rate(*hot_stream(seed, min(n, 100_000)))
    decode_seconds = json_seconds()
    return {
        "thin": thin,
        "deep": deep,
        "hot": hot,
        "deep_to_thin": round(deep["events_per_second"] / thin["events_per_second"], 2),
        "json_decode_us": round(decode_seconds * 1e6, 2),
        "thin_event_to_json": round(1 / thin["events_per_second"] / decode_seconds, 2),
        "bytes_per_order": measure_bytes_per_order(seed),
        "targets": {**TARGETS_PER_SECOND, "deep_to_thin": 0.25, "bytes": BYTES_PER_ORDER_MAX},
    }


def auction_columns(seed: int, n: int) -> tuple[OrderColumns, OrderColumns]:
    """Return about *n* / 2 buys and sells whose limits straddle the middle, over 2,001 ticks."""
    rng = np.random.default_rng(seed)

    def side(count: int, shift: int) -> OrderColumns:
        prices = rng.normal(MID_FEN + shift, 200, count).astype(np.int64)
        return OrderColumns(
            price_fen=np.clip(prices, LOW_FEN, HIGH_FEN),
            quantity_tce=rng.integers(1, 500, count, dtype=np.int64),
        )

    return side(n // 2, 50), side(n - n // 2, -50)


def measure_auction(
    seed: int = 7, sizes: tuple[int, ...] = (100_000, 1_000_000)
) -> dict[str, object]:
    """Return CPU milliseconds for price, allocation and pairing together, the best of five runs."""
    figures: dict[str, object] = {}
    for n in sizes:
        buys, sells = auction_columns(seed, n)
        runs: list[float] = []
        for _ in range(5):
            started = time.process_time()
            cross = uncross(
                buys, sells, tick_fen=1, reference_price_fen=MID_FEN, reading=Reading.SHENZHEN
            )
            runs.append(time.process_time() - started)
        assert cross is not None
        figures[f"orders_{n}"] = {
            "cpu_ms": round(min(runs) * 1e3, 1),
            "cpu_ms_worst": round(max(runs) * 1e3, 1),
            "trades": len(cross.trades.quantity_tce),
            "target_ms": AUCTION_TARGETS_MS.get(n),
        }
    return figures
