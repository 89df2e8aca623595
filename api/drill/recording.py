"""Read what the shim wrote down: every change of the files below a directory, in order."""

import struct
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

_HEAD = struct.Struct("<BxHiQQ")


class What(StrEnum):
    """What happened to a file; the shim's own letters."""

    OPENED = "o"
    CREATED = "n"
    CLOSED = "c"
    WRITTEN = "w"
    CUT = "t"
    SYNCED = "s"
    UNSYNCED = "f"
    REMOVED = "u"
    RENAMED = "r"


class Record(NamedTuple):
    """One change. *file* is a descriptor; *path* is below the watched directory, "" for itself."""

    what: What
    file: int
    path: str
    offset: int
    written: bytes


def read_log(path: Path) -> list[Record]:
    """Return all records of a log; one that a kill has cut off is left out."""
    return list(_records(path.read_bytes()))


def _records(log: bytes) -> Iterator[Record]:
    at = 0
    while at + _HEAD.size <= len(log):
        what, path_length, file, offset, length = _HEAD.unpack_from(log, at)
        at += _HEAD.size
        kind = What(chr(what))
        follows = length if kind in (What.WRITTEN, What.RENAMED) else 0
        if at + path_length + follows > len(log):
            return
        path = log[at : at + path_length].decode()
        at += path_length
        yield Record(kind, file, path, offset, log[at : at + follows])
        at += follows
