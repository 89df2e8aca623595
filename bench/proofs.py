"""
Proofs over a million entries: the tree behind the writer, receipts, and an export verified offline.

The verifier runs as a process of its own, as it does with an outsider. Beside its seconds stands a
calibration loop of the same run, because machines differ: parsing and hashing one row of an export,
and nothing else, once for each entry.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read import proofs
from bench.ledger import (
    ASSET,
    PERSON,
    Figures,
    OneHold,
    embedded,
    opened,
    send_lines,
    transfers,
)
from ledger import verify
from ledger.attest import ledger_origin, sign_checkpoint
from ledger.command import Command
from ledger.db import connect, reading
from ledger.export import export_jsonl
from ledger.follow import catch_up
from ledger.history import Names, history, told_leaves
from ledger.keys import load_or_create_key
from ledger.merkle import leaf_hash
from ledger.tree import TREE

BATCHES = 124
"""With the funding of the accounts, a million entries."""

ACCOUNTS = 10_000
SINGLES = 400
KEY_NAME = "bench"


def measure_proofs(*, batches: int = BATCHES) -> Figures:
    """Return rates and latencies of the tree, of proofs and receipts, and of the verifier."""
    with ExitStack() as stack:
        engine = stack.enter_context(embedded())
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="yn-proofs-")))
        entries = _fill(engine, batches)
        note, signing = _signed(engine, directory)
        figures: Figures = {"entries": entries, "sign_seconds": signing}
        figures |= _tree(engine)
        figures |= _answers(engine, entries)
        figures |= _verified(engine, directory, note, entries)
    return figures


def _fill(engine: sa.Engine, batches: int) -> int:
    """Write bulk commands, with single ones spread among them; return how many entries came."""
    writer = opened(engine, ACCOUNTS)
    number = 0
    for batch, lines in enumerate(transfers(batches, ACCOUNTS)):
        send_lines(writer, f"bulk:{batch}", lines)
        while number < SINGLES * (batch + 1) // batches:
            hold = OneHold(enterprise=f"E{number}", asset=ASSET, amount=7, purpose="bench")
            writer.submit(Command(f"hold:{number}", PERSON, hold)).require()
            number += 1
    entries = writer.memory.entry_sequence
    writer.close()
    return entries


def _signed(engine: sa.Engine, directory: Path) -> tuple[Path, float]:
    with reading(engine) as connection:
        origin = ledger_origin(connection)
    started = time.perf_counter()
    key = load_or_create_key(directory / "key.pem")
    note = sign_checkpoint(engine, key, origin=origin, key_name=KEY_NAME)
    seconds = round(time.perf_counter() - started, 2)
    path = directory / "checkpoint.txt"
    path.write_text(note, encoding="utf-8")
    return path, seconds


def _tree(engine: sa.Engine) -> Figures:
    """Measure how fast leaves are rebuilt and hashed alone, and followed into stored tiles."""
    started, leaves = time.process_time(), 0
    with reading(engine) as connection:
        names = Names(connection)
        for told in history(connection):
            for leaf in told_leaves(told, names):
                leaf_hash(leaf)
                leaves += 1
    rebuilding = time.process_time() - started
    started = time.process_time()
    catch_up(engine, (TREE,))
    following = time.process_time() - started
    return {
        "leaves": leaves,
        "leaves_rebuilt_per_cpu_second": round(leaves / rebuilding),
        "leaves_followed_per_cpu_second": round(leaves / following),
    }


def _answers(engine: sa.Engine, entries: int) -> Figures:
    """Measure the first receipt of a process that has just started, and many proofs after it."""
    query = sa.text("SELECT sequence FROM commands WHERE kind = 'bench.hold' ORDER BY sequence")
    with reading(engine) as connection:
        singles = list(connection.execute(query).scalars())
    chance = random.Random(2026)
    fresh = connect(engine.url.render_as_string(hide_password=False))
    (first,) = _timed(fresh, [lambda c: _receipt(c, singles[len(singles) // 2])])
    receipts = _timed(fresh, [_receipt_of(sequence) for sequence in singles])
    size = entries
    picked = [chance.randrange(size) for _ in range(500)]
    inclusions = _timed(fresh, [_inclusion_of(index, size) for index in picked])
    consistencies = _timed(fresh, [_consistency_of(index + 1, size) for index in picked])
    fresh.dispose()
    return {
        "first_receipt_ms": first,
        **_spread("receipt", receipts),
        **_spread("inclusion", inclusions),
        **_spread("consistency", consistencies),
    }


def _receipt(connection: sa.Connection, sequence: int) -> Any:
    return proofs.receipt(connection, sequence, reach=Reach(everything=True), person="")


Ask = Callable[[sa.Connection], Any]


def _receipt_of(sequence: int) -> Ask:
    return lambda connection: _receipt(connection, sequence)


def _inclusion_of(index: int, size: int) -> Ask:
    return lambda connection: proofs.inclusion(connection, index=index, size=size)


def _consistency_of(first: int, second: int) -> Ask:
    return lambda connection: proofs.consistency(connection, first=first, second=second)


def _timed(engine: sa.Engine, asked: list[Ask]) -> list[float]:
    """Return the milliseconds of each question, in a snapshot of its own."""
    found = []
    for ask in asked:
        started = time.perf_counter()
        with reading(engine) as connection:
            assert ask(connection) is not None
        found.append(round((time.perf_counter() - started) * 1e3, 2))
    return found


def _spread(name: str, milliseconds: list[float]) -> Figures:
    milliseconds = sorted(milliseconds)
    return {
        f"{name}_p50_ms": milliseconds[len(milliseconds) // 2],
        f"{name}_p99_ms": milliseconds[len(milliseconds) * 99 // 100],
    }


def _verified(engine: sa.Engine, directory: Path, note: Path, entries: int) -> Figures:
    export_jsonl(engine, directory / "export")
    verifier = [sys.executable, "-I", verify.__file__, str(directory / "export")]
    started = time.perf_counter()
    done = subprocess.run(
        [*verifier, "--checkpoint", str(note), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - started
    assert json.loads(done.stdout)["ok"]
    calibration = _calibrated(directory / "export" / "entries.jsonl")
    return {
        "verify_seconds": round(seconds, 2),
        "verify_entries_per_second": round(entries / seconds),
        "calibration_seconds": round(calibration, 2),
        "verify_to_calibration": round(seconds / calibration, 2),
    }


def _calibrated(entries: Path) -> float:
    """Return the seconds it takes to parse and hash the rows of the entries, and nothing else."""
    started = time.perf_counter()
    with entries.open("rb") as lines:
        for line in lines:
            json.loads(line)
            sha256(line).digest()
    return time.perf_counter() - started
