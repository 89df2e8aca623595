"""
SQLite's write-ahead log after a crash: see whether commits were cut off that had been for good.

SQLite takes the log as far as its checksums agree and drops the rest without a word. After a power
cut that is right: what was not yet synced may be torn. But a commit is synced before the next one
is written, so more than one commit behind the first torn page means that bytes have changed since,
and that acknowledged commands would be lost. A change within the very last commit looks like a
power cut; what the key remembers tells of that one.

Rule: AUD-45.
"""

import sqlite3
import struct
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from ledger.damage import LedgerDamaged

_HEADER_BYTES, _FRAME_BYTES = 32, 24
_SALTS_AT, _SALTS_BYTES = 16, 8
_FRAME_SALTS_AT = 8
_MAGIC = 0x377F0682
"""Of a log whose checksums are over little-endian words; one more for big-endian ones."""

_COUNTED = slice(16, 20)
"""Where the index beside the log says how many of its pages count, as its reader has found."""

TORN_COMMITS_MAX = 1


@contextmanager
def whole_log(database: Path) -> Iterator[None]:
    """
    Refuse a database whose log was cut off by anything else than a power cut; change nothing.

    Whoever opens the database within the block need not read the log a second time to find where it
    ends. Refusals: `ledger_damaged`. Rule: AUD-45.
    """
    log = database.with_name(f"{database.name}-wal")
    if not log.exists() or log.stat().st_size <= _HEADER_BYTES:
        yield
        return
    # A reader that may write would move the log when it goes.
    address = f"{database.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        page_bytes = connection.execute("PRAGMA page_size").fetchone()[0]
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        index = database.with_name(f"{database.name}-shm").read_bytes()
        counted = int.from_bytes(index[_COUNTED], sys.byteorder)
        cut_off = commits_behind(log, counted, page_bytes)
        if cut_off > TORN_COMMITS_MAX:
            where = f"page {counted + 1} of {log.name}"
            raise LedgerDamaged("log", where, f"{cut_off} commits behind it would be lost")
        yield


def commits_behind(log: Path, counted: int, page_bytes: int) -> int:
    """Return how many commits of the log's own generation follow its first *counted* pages."""
    step = _FRAME_BYTES + page_bytes
    with log.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        salts = header[_SALTS_AT : _SALTS_AT + _SALTS_BYTES]
        if not _is_sound(header):
            # Then not a page of the log counts, and its first two say which generation they are.
            salts = max(_salts_of(_frame(file, 0, step)), _salts_of(_frame(file, 1, step)))
        commits, number = 0, counted
        while frame := _frame(file, number, step):
            commits += _salts_of(frame) == salts and any(frame[4:8])
            number += 1
    return commits


def _frame(file: BinaryIO, number: int, step: int) -> bytes:
    """Return the head of one page of the log, nothing behind the last whole one."""
    file.seek(_HEADER_BYTES + number * step)
    head = file.read(_FRAME_BYTES)
    return head if len(head) == _FRAME_BYTES else b""


def _salts_of(frame: bytes) -> bytes:
    return frame[_FRAME_SALTS_AT : _FRAME_SALTS_AT + _SALTS_BYTES]


def _is_sound(header: bytes) -> bool:
    """Return whether the head of a log has the checksum that it states."""
    magic = int.from_bytes(header[:4], "big")
    if magic & ~1 != _MAGIC:
        return False
    order = ">" if magic & 1 else "<"
    first = second = 0
    for one, other in struct.iter_unpack(f"{order}II", header[:24]):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return struct.pack(">II", first, second) == header[24:32]
