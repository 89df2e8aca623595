"""
The writer with much behind it: how much memory it takes, and how soon it serves after a kill.

A child process opens 100,000 accounts and writes 1,000,000 entries in bulk commands, or, with
*singles*, as many commands of one entry each, which is the most that the writer remembers ids of.
It is killed, and another process opens what it left behind and answers a command.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import migrations
from bench.ledger import (
    BATCH,
    BENCH,
    PERSON,
    Figures,
    OneHold,
    opened,
    send_lines,
    transfers,
)
from bench.singles import hold_command
from ledger.command import Command
from ledger.db import connect, sqlite_url
from ledger.kernel import compose
from ledger.writer import Writer

ACCOUNTS = 50_000
"""Enterprises, of two accounts each."""

ENTRIES = 1_000_000
AT_ONCE = 512


def measure_restart(*, entries: int = ENTRIES, singles: bool = False) -> Figures:
    """Return the memory of a writer with *entries* behind it, and its restart after SIGKILL."""
    with tempfile.TemporaryDirectory(prefix="yn-bench-") as directory:
        first = _child("build", directory, str(entries), str(int(singles)))
        built = _told(first)
        os.kill(first.pid, signal.SIGKILL)
        first.communicate()
        began = time.perf_counter()
        second = _child("serve", directory)
        served = _told(second)
        seconds = time.perf_counter() - began
        second.communicate()
    return {
        "accounts": ACCOUNTS * 2,
        "entries": entries,
        "commands": built["commands"],
        "built_mib": built["mib"],
        "served_mib": served["mib"],
        "restart_seconds": round(seconds, 2),
        "of_which_opening_seconds": served["opening_seconds"],
    }


def _child(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.restart", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _told(process: subprocess.Popen[str]) -> Figures:
    assert process.stdout is not None
    found: Figures = json.loads(process.stdout.readline())
    return found


def resident_mib() -> float:
    """Return the most memory that this process has had at a time, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(peak.split()[1]) / 1_024, 1)


def _build(directory: Path, entries: int, *, singles: bool) -> None:
    """Write it all, say so, and wait to be killed."""
    engine = connect(sqlite_url(directory))
    migrations.upgrade(engine)
    writer = opened(engine, ACCOUNTS)
    if singles:
        for first in range(0, entries, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, entries))
            writer.submit_all([hold_command(number) for number in numbers])
    else:
        for number in range(entries // BATCH):
            send_lines(writer, f"bulk:{number}", transfers(1, ACCOUNTS, first=number * BATCH)[0])
    _tell({"commands": writer.memory.sequence, "mib": resident_mib()})
    signal.pause()


def _serve(directory: Path) -> None:
    """Open what is there, answer one command, and say how long it took."""
    began = time.perf_counter()
    engine = connect(sqlite_url(directory))
    writer = Writer(engine, compose((BENCH,)), clock=lambda: time.time_ns() // 1_000)
    opening = time.perf_counter() - began
    asset = writer.memory.assets_by_id[-1].code
    one = OneHold(enterprise="E1", asset=asset, amount=1, purpose="bench")
    writer.submit(Command("after-the-kill", PERSON, one)).require()
    _tell({"mib": resident_mib(), "opening_seconds": round(opening, 2)})
    writer.close()
    engine.dispose()


def _tell(figures: Figures) -> None:
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "build":
        _build(Path(sys.argv[2]), int(sys.argv[3]), singles=sys.argv[4] == "1")
    else:
        _serve(Path(sys.argv[2]))
