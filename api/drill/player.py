"""
A process that forks one player of the one-day play after another, to be broken one by one.

It reads requests from its input, one JSON object a line (see `Part`), and says on its output which
process plays, what that acknowledges and how it ended. A player has a process of its own and is as
dead after SIGKILL as any; only the product is imported but once.

    python -m api.drill.player
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

import ledger.writer
from api.demo import one_day
from api.drill.full import Filling
from api.drill.mutants import MUTANTS
from api.drill.shim import Shim
from ledger.command import Command
from ledger.db import connect, sqlite_url
from ledger.errors import Refused
from ledger.open_accounts import OpenAccounts
from ledger.writer import Writer

ACKNOWLEDGED = "acknowledged"
"""The file in a watched directory to which acknowledged ids are written, among everything else."""

TOLD = "told "


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What one player is to do with the ledger at *where*: a directory, or a database's address.

    With *log* the shim writes down there whatever happens on the disk, acknowledgements included.
    The *fail_sync*-th sync or *fail_write*-th write fails; the disk is full so many times: *fills*.
    """

    where: str
    seed: int = 1
    rounds: int = one_day.ROUNDS
    mutant: str = "none"
    blocks_per_wal_move: int = ledger.writer.BLOCKS_PER_WAL_MOVE
    log: str = ""
    fail_sync: int = 0
    fail_write: int = 0
    fills: int = 0

    @property
    def needs_shim(self) -> bool:
        """Return whether the shim has something to do."""
        return bool(self.log or self.fail_sync or self.fail_write or self.fills)


class Told(msgspec.Struct, omit_defaults=True):
    """What a player says of itself at its end, unless it is killed; *then* is after a refusal."""

    syncs: int = 0
    writes: int = 0
    refused: str = ""
    then: str = ""
    fills: int = 0
    slowest_resume_us: int = 0
    faults: list[str] = []


def perform(part: Part) -> Told:
    """Be one player: acknowledge until the end of the day, or until something is refused."""
    ledger.writer.BLOCKS_PER_WAL_MOVE = part.blocks_per_wal_move
    MUTANTS[part.mutant]()
    shim = _watching(part) if part.needs_shim else None
    acknowledge = _into_the_log(Path(part.where)) if part.log else say
    clock = one_day.DayClock()
    engine = connect(part.where if "://" in part.where else sqlite_url(Path(part.where)))
    writer = Writer(engine, one_day.subjects(), clock=clock)
    if shim is not None:
        shim.fail(sync=part.fail_sync, write=part.fail_write)
    filling = Filling(writer, engine, shim, part) if shim is not None and part.fills else None
    told = Told()
    try:
        one_day.play_one_day(
            filling or writer, clock, seed=part.seed, acknowledge=acknowledge, rounds=part.rounds
        )
    except Refused as refusal:
        told.refused = refusal.code
    if shim is not None:
        told.syncs, told.writes = shim.syncs, shim.writes
    if part.fail_sync or part.fail_write:
        told.then = _probe(writer)  # and the process ends as if it were killed
    else:
        writer.close()
        engine.dispose()
    if filling is not None:
        told.fills, told.faults = filling.fills, filling.faults
        told.slowest_resume_us = filling.slowest_resume_us
    return told


def _watching(part: Part) -> Shim:
    shim = Shim()
    shim.watch(Path(part.where), log=Path(part.log) if part.log else None)
    return shim


def _into_the_log(directory: Path) -> Callable[[str], None]:
    """Return what acknowledges into a watched file, so that its place in the order is known."""
    opened = os.open(directory / ACKNOWLEDGED, os.O_WRONLY | os.O_CREAT, 0o600)

    def acknowledge(command_id: str) -> None:
        os.write(opened, f"{command_id}\n".encode())

    return acknowledge


def _probe(writer: Writer) -> str:
    """Return how the writer answers one more command."""
    more = OpenAccounts(addresses=("enterprise:E1:cash",), assets=())
    try:
        return writer.submit(Command("drill:probe", "person:REG1", more)).code
    except Refused as refusal:
        return refusal.code


def play(part: Part) -> None:
    """Be one player, say how it went, and never return."""
    code = 1
    try:
        say(f"process {os.getpid()}")
        told = perform(part)
        say(TOLD + msgspec.json.encode(told).decode())
        code = 1 if told.refused else 0
    except Refused as refusal:
        print(f"{refusal.code}: {refusal.message}", file=sys.stderr, flush=True)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def say(line: str) -> None:
    """Write one line at once, newline included: a kill must not leave half an id in the pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve() -> None:
    """Fork a player for every request and say how it ended."""
    for request in iter(sys.stdin.readline, ""):
        part = msgspec.json.decode(request, type=Part)
        child = os.fork()
        if child == 0:
            play(part)
        _, status = os.waitpid(child, 0)
        say(f"ended {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    serve()
