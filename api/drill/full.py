"""
A disk that is full now and then: every refusal must be clean, and the same id succeed afterwards.
"""

from collections.abc import Sequence
from random import Random
from time import monotonic_ns
from typing import TYPE_CHECKING

import sqlalchemy as sa

from api.drill.shim import Shim
from ledger.command import Answer, Command
from ledger.db import reading
from ledger.digest import state_digest
from ledger.storage import StorageExhausted
from ledger.tables import BlockRow
from ledger.writer import Writer

if TYPE_CHECKING:
    from api.drill.player import Part

ROOM_BYTES_MAX = 40_000
"""More than most commits need, so that the disk fills at another point of them each time."""

TRIES_WHILE_FULL = 2


class Filling:
    """
    Stands between a play and its writer, and fills the disk before some of the commands.

    While it is full, everything is read again and must be as before; then there is room, and what
    was refused is sent again with the same ids.
    """

    def __init__(self, writer: Writer, engine: sa.Engine, shim: Shim, part: "Part") -> None:
        self.writer = writer
        self.engine = engine
        self.shim = shim
        self.wanted = part.fills
        self.chance = Random(part.seed)
        self.fills = 0
        self.slowest_resume_us = 0
        self.faults: list[str] = []

    def submit_all(self, commands: Sequence[Command]) -> list[Answer]:
        """Send *commands* while the disk has little room, until they are answered."""
        if self.fills >= self.wanted:
            return self.writer.submit_all(commands)
        before = self._read()
        self.shim.leave_room(self.chance.randrange(ROOM_BYTES_MAX))
        try:
            return self.writer.submit_all(commands)
        except StorageExhausted:
            self.fills += 1
            self._while_full(commands, before)
            return self._resume(commands)
        finally:
            self.shim.leave_room(None)

    def _while_full(self, commands: Sequence[Command], before: tuple[str, int]) -> None:
        """Note whatever the refusals have changed; reading goes on all the while."""
        self.shim.leave_room(0)
        for _ in range(TRIES_WHILE_FULL):
            if self._read() != before:
                self.faults.append(f"{commands[0].id} was refused, and yet something changed")
            try:
                self.writer.submit_all(commands)
            except StorageExhausted:
                continue
            return  # the log has begun anew where all of it was moved, and needs no room

    def _read(self) -> tuple[str, int]:
        with reading(self.engine) as connection:
            blocks = connection.execute(sa.select(sa.func.count()).select_from(BlockRow))
            return state_digest(connection), blocks.scalar_one()

    def _resume(self, commands: Sequence[Command]) -> list[Answer]:
        self.shim.leave_room(None)
        began = monotonic_ns()
        answers = self.writer.submit_all(commands)
        self.slowest_resume_us = max(self.slowest_resume_us, (monotonic_ns() - began) // 1_000)
        return answers
