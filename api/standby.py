"""
Standby: wait for the turn to write a ledger, so that one process takes over from another.

What is waited for is only the wake-up: on PostgreSQL the end of the writer's session, on one host
the end of its process. The epoch of the lease decides who may commit.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import sqlalchemy as sa

from api.program import reading_engine
from ledger.lease import waiting_for_writer

if TYPE_CHECKING:
    from api.socket_place import SocketPlace

GOING_SECONDS = 5
"""How long the session of a writer that has just been killed may still be seen."""

LOOK_SECONDS = 1
"""How often somebody who waits for long looks whether it has been told to end."""

PLACE_SECONDS = 0.1


class Turn(StrEnum):
    """When a process becomes the writer: if nobody is, once nobody is, or in any case."""

    IF_FREE = "if_free"
    STANDBY = "standby"
    TAKE_OVER = "take_over"


@contextmanager
def turn_to_write(url: str, turn: Turn, stopping: Event) -> Iterator[None]:
    """
    Wait until this process may become the writer of the ledger at *url*, or is *stopping*.

    Others who wait go on waiting until the end of the block, in which the lease is to be taken.
    Refusals: `ledger_in_use`, for who does not stand by. Rule: REG-62.
    """
    engine = reading_engine(url)
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        while turn is not Turn.TAKE_OVER and not stopping.is_set():
            if _is_free(stack, engine, turn, stopping):
                break
        yield


def _is_free(stack: ExitStack, engine: sa.Engine, turn: Turn, stopping: Event) -> bool:
    seconds = LOOK_SECONDS if turn is Turn.STANDBY else GOING_SECONDS
    with ExitStack() as attempt:
        waiting = waiting_for_writer(engine, milliseconds=seconds * 1_000)
        try:
            in_use = attempt.enter_context(waiting)
        except sa.exc.OperationalError:  # the server is away, and comes back or is succeeded
            if turn is not Turn.STANDBY:
                raise
            stopping.wait(LOOK_SECONDS)
            return False
        if in_use is None:
            stack.push(attempt.pop_all())
            return True
    if turn is not Turn.STANDBY:
        raise in_use
    return False


def place_for(socket: Path, turn: Turn, stopping: Event) -> "SocketPlace | None":
    """
    Return the listening socket; None for who was told to end while standing by for it.

    Refusals: `socket_taken`, for who does not stand by.
    """
    from api.socket_place import SocketPlace, SocketTaken

    while not stopping.is_set():
        try:
            return SocketPlace(socket)
        except SocketTaken:
            if turn is not Turn.STANDBY:
                raise
        stopping.wait(PLACE_SECONDS)
    return None
