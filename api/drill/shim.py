"""
The shim between a player and its disk: built from C where it is needed, told what to do by ctypes.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

from ledger.errors import Refused

SOURCE = Path(__file__).with_name("shim.c")
COMPILERS = ("cc", "gcc", "clang")


class DrillUnprepared(Refused):
    """This machine lacks something that the drill needs. Rule: REG-61."""

    code: ClassVar[str] = "drill_unprepared"
    rule: ClassVar[str] = "REG-61"

    def __init__(self, missing: str) -> None:
        super().__init__(f"this drill needs {missing}; install it and try again", missing=missing)


def compiler() -> str | None:
    """Return the C compiler of this machine, None where there is none or nothing is preloaded."""
    if not sys.platform.startswith("linux"):
        return None
    return next(filter(None, map(shutil.which, COMPILERS)), None)


def build_shim(directory: Path) -> Path:
    """Compile the shim into *directory* and return it. Refusals: `drill_unprepared`."""
    found = compiler()
    if found is None:
        raise DrillUnprepared("Linux with a C compiler (cc, gcc or clang)")
    library = directory / "shim.so"
    command = [found, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run([*command, "-pthread"], check=True, capture_output=True)
    return library


class Shim:
    """The preloaded shim of this very process."""

    def __init__(self) -> None:
        self._loaded = ctypes.CDLL(None)
        if not hasattr(self._loaded, "drill_watch"):
            raise DrillUnprepared("its shim, which is preloaded into the players of a drill")
        self._loaded.drill_room.argtypes = [ctypes.c_longlong]
        self._loaded.drill_fail.argtypes = [ctypes.c_longlong, ctypes.c_longlong]
        self._loaded.drill_syncs.restype = self._loaded.drill_writes.restype = ctypes.c_longlong

    def watch(self, directory: Path, *, log: Path | None = None) -> None:
        """Watch what happens below *directory*; write it down in *log* if one is given."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        opened = -1 if log is None else os.open(log, flags, 0o600)
        self._loaded.drill_watch(os.fsencode(directory.resolve()), opened)

    def fail(self, *, sync: int = 0, write: int = 0) -> None:
        """Let the sync, or the write, of this number from now on fail; 0 is none."""
        self._loaded.drill_fail(sync, write)

    def leave_room(self, bytes_left: int | None) -> None:
        """Let files grow by so many bytes and no further; None is no limit."""
        self._loaded.drill_room(-1 if bytes_left is None else bytes_left)

    @property
    def syncs(self) -> int:
        """Syncs since `fail` was called, or since the beginning."""
        return int(self._loaded.drill_syncs())

    @property
    def writes(self) -> int:
        """Writes since `fail` was called, or since the beginning."""
        return int(self._loaded.drill_writes())
