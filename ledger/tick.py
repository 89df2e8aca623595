"""
Time passes by commands: expire holds and run what is due, at ledger time, in order.
"""

from functools import partial
from heapq import heappop, heappush
from typing import ClassVar

from ledger.command import WRITERS_OWN, Command, Payload
from ledger.errors import Refused
from ledger.hold import expire
from ledger.memory import Memory
from ledger.subject import SYSTEM_ACTOR, VERB_DECIDES, Handler, Result, Subjects
from ledger.tables import DueRow
from ledger.work import Work

EXPIRIES_MAX = 2_000
"""How many holds one tick expires, so that it never keeps the writer for long."""


class Tick(Payload, frozen=True):
    """Let what is due happen. Sent by the writer itself."""

    kind: ClassVar[str] = "tick"


def is_due(memory: Memory, now: int) -> bool:
    """
    Return whether anything expires or falls due at or before *now*.

    Holds that ended before their time do not count: memory that is rebuilt never knew of them, and
    a replay must find the same ticks.
    """
    if memory.due and memory.due[0][0] <= now:
        return True
    expiries = memory.expiries
    if not expiries or expiries[0][0] > now:
        return False
    return any(at <= now and _is_open(memory, at, hold_id) for at, hold_id in expiries)


def forget_ended(memory: Memory, now: int) -> None:
    """Forget the expiries up to *now* of holds that have ended; only between two commands."""
    expiries = memory.expiries
    while expiries and expiries[0][0] <= now and not _is_open(memory, *expiries[0]):
        heappop(expiries)


def _is_open(memory: Memory, at: int, hold_id: int) -> bool:
    hold = memory.holds.get(hold_id)
    return hold is not None and hold.expires_at == at


def tick_command(memory: Memory) -> Command:
    """Return the tick that comes next; its id follows from its place in the log."""
    return Command(f"{WRITERS_OWN}{memory.sequence + 1}", SYSTEM_ACTOR, Tick())


class Ticks:
    """The verb of the tick, over the due rows of all subjects."""

    def __init__(self) -> None:
        self.subjects = Subjects(())

    def tick(self, work: Work, _payload: Tick) -> Result:
        """
        Expire the holds whose time has come, oldest first; then run one due row.

        One due row a tick: each is a unit of work of its own, and the next tick takes the next.
        Rule: REG-16.
        """
        expired = _expire_holds(work)
        ran = self._run_due(work) if not expired else ""
        return {"expired": expired, "ran": ran}

    def _run_due(self, work: Work) -> str:
        memory = work.memory
        if not memory.due or memory.due[0][0] > work.now:
            return ""
        at, kind, key = item = heappop(memory.due)
        work.on_refusal(lambda: heappush(memory.due, item))
        row = work.session.get_one(DueRow, (at, kind, key))
        row.done_by = work.sequence
        try:
            self.subjects.due[kind](work, key)
        except Refused as refusal:  # it would be due again at once, and for ever
            raise AssertionError(f"{kind} {key} was refused: {refusal.code}") from refusal
        return f"{kind}:{key}"

    def handlers(self) -> tuple[Handler, ...]:
        """Return the one handler; the writer refuses a tick that anyone else sends."""
        return (Handler(Tick, self.tick, makers=VERB_DECIDES),)


def _expire_holds(work: Work) -> int:
    memory = work.memory
    expired = 0
    while memory.expiries and memory.expiries[0][0] <= work.now and expired < EXPIRIES_MAX:
        at, hold_id = item = heappop(memory.expiries)
        work.on_refusal(partial(heappush, memory.expiries, item))
        if _is_open(memory, at, hold_id):
            expire(work, memory.holds[hold_id])
            expired += 1
    return expired
