"""
Players, one at a time, each in a process of its own, and what they say until they end.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO

import msgspec

from api.drill.player import TOLD, Part, Told

PLAY_SECONDS_MAX = 120

_FORK_WARNING = "ignore:This process:DeprecationWarning"
"""Python warns of a fork where libraries keep threads of their own; players use none of them."""

Kill = Callable[[list[str]], float | None]
"""Asked after each acknowledgement, with all so far, until it says after how many seconds."""


@dataclass(frozen=True, slots=True)
class Played:
    """What a player acknowledged, in order, how it ended, and what it complained of."""

    acknowledged: list[str]
    exit_code: int
    told: Told
    complaint: str

    @property
    def is_killed(self) -> bool:
        """Return whether it was killed before it had ended."""
        return self.exit_code == -signal.SIGKILL


class Nursery:
    """The parent process of the players."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[bytes]) -> None:
        self.process = process
        self.errors = errors

    def play(
        self,
        part: Part,
        *,
        kill: Kill | None = None,
        strike: Callable[[int], None] | None = None,
    ) -> Played:
        """
        Let one player play until it ends or is killed.

        *strike* is called with the player's process id instead of killing it.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(msgspec.json.encode(part).decode() + "\n")
        self.process.stdin.flush()
        player = self._number_after("process", self.process.stdout.readline())
        timer = _after(PLAY_SECONDS_MAX, player)
        acknowledged: list[str] = []
        while (line := self.process.stdout.readline()).startswith("one-day:"):
            acknowledged.append(line.rstrip("\n"))
            seconds = kill(acknowledged) if kill else None
            if seconds is not None:
                timer.cancel()
                timer, kill = _after(seconds, player, strike), None
        told = Told()
        if line.startswith(TOLD):
            told = msgspec.json.decode(line.removeprefix(TOLD), type=Told)
            line = self.process.stdout.readline()
        timer.cancel()
        timer.join()  # what it strikes must not be struck later
        return Played(acknowledged, self._number_after("ended", line), told, self._complaint())

    def _number_after(self, word: str, line: str) -> int:
        assert line.startswith(f"{word} "), self._complaint() or line
        return int(line.removeprefix(f"{word} "))

    def _complaint(self) -> str:
        """Return what players have written to their standard error since it was last read."""
        self.errors.seek(0)
        said = self.errors.read().decode()
        self.errors.truncate(0)
        return said


@contextmanager
def open_nursery(shim: Path | None = None) -> Iterator[Nursery]:
    """Yield a nursery, whose process ends with the block; *shim* is preloaded into the players."""
    command = [sys.executable, "-W", "error", "-W", _FORK_WARNING, "-m", "api.drill.player"]
    environment = dict(os.environ)
    if shim is not None:
        environment["LD_PRELOAD"] = str(shim)
    with (
        tempfile.TemporaryFile("a+b") as errors,
        _started(command, errors, environment) as process,
    ):
        yield Nursery(process, errors)


def _started(
    command: Sequence[str], errors: IO[bytes], environment: dict[str, str]
) -> "subprocess.Popen[str]":
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )


def _after(seconds: float, player: int, strike: Callable[[int], None] | None = None) -> Timer:
    """Kill *player*, or let *strike* do what it does, some time from now."""
    timer = Timer(seconds, strike or _kill, (player,))
    timer.start()
    return timer


def _kill(player: int) -> None:
    os.kill(player, signal.SIGKILL)
