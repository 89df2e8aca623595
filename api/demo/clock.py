"""
The clock of a ledger whose history was played: it starts where the play ended, then runs.

Time passes at the speed of a monotonic source and can be moved forward to the next event, never
back. A live ledger has the wall's clock and nothing else.
"""

import time
from collections.abc import Callable
from threading import Lock

import sqlalchemy as sa

from api.demo.market_now import ledger_now
from ledger.tables import LedgerRow
from ledger.writer import Clock

Ticking = Callable[[], int]
"""Returns microseconds that only ever grow, from any beginning."""


def monotonic() -> int:
    """Return microseconds since some instant, unmoved by changes of the wall's clock."""
    return time.monotonic_ns() // 1_000


class StageClock:
    """
    A clock that reads *start* at first (microseconds since 1970 UTC), and then what has passed.

    *ticking* is where the passing of time is read from. Several threads may ask and move it.
    """

    def __init__(self, start: int, *, ticking: Ticking = monotonic) -> None:
        self._ticking = ticking
        self._lock = Lock()
        self._ahead = start - ticking()

    def __call__(self) -> int:
        """Return the present instant."""
        with self._lock:
            return self._ahead + self._ticking()

    def forward_to(self, at: int) -> int:
        """Go on from the instant *at*, or from now where that is over; return where it stands."""
        with self._lock:
            now = self._ahead + self._ticking()
            self._ahead += max(at - now, 0)
            return max(at, now)


def clock_for(connection: sa.Connection, *, wall: Clock, ticking: Ticking = monotonic) -> Clock:
    """
    Return the clock by which the ledger that *connection* reads should be served.

    A demonstration goes on from its last instant, wherever the wall's clock is; a training ledger
    does so only where its history is ahead of the wall. Every other ledger has the wall's clock.
    """
    purpose = purpose_of(connection)
    last = ledger_now(connection)
    if purpose == "demonstration" or (purpose == "training" and last > wall()):
        return StageClock(last, ticking=ticking)
    return wall


def purpose_of(connection: sa.Connection) -> str:
    """Return what the ledger is for, empty text where it has not been opened."""
    return connection.execute(sa.select(LedgerRow.purpose)).scalar_one_or_none() or ""
