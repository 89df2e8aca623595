"""
Step a demonstration's time to the next event: what falls due, or what the timetable asks for.

Between events a ledger only waits. A step moves the clock to the next one and does what the
operator would do there, by ordinary commands; so a visitor sees days, and years, go by.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from api.demo.cast import EXC1
from api.demo.clock import StageClock, purpose_of
from api.demo.market_ahead import instruments_last_open, opening_ahead, running
from api.demo.next_move import next_move
from api.demo.step_words import told
from api.demo.words import Words
from api.gateway import Gateway
from ledger.command import Answer, Command, Payload
from ledger.days import start_of
from ledger.db import reading
from ledger.errors import Refused
from ledger.subject import Role
from ledger.tables import CommandRow, DueRow, HoldRow, RoleGrantRow
from market.close_day import CloseDay
from market.cross import Uncross

REPEATS_MAX = 1_000
"""How often a day's close or a call's crossing is sent again: millions of orders, then a bug."""


class ClockIsReal(Refused):
    """A live ledger has the wall's clock, which nobody moves."""

    code = "clock_is_real"
    rule = "REG-21"

    def __init__(self) -> None:
        super().__init__(
            "this ledger is live and its time is real; only a demonstration's time can be moved on"
        )


class NothingAhead(Refused):
    """Nothing falls due and no instrument has ever been opened."""

    code = "nothing_ahead"
    rule = "REG-16"

    def __init__(self) -> None:
        super().__init__("nothing lies ahead: open a compliance year or a trading day first")


@dataclass(frozen=True, slots=True)
class What:
    """
    What happens at an event: commands of the operator, or what falls due by itself.

    *due* is the kind and key of a due row, or "hold" and its number.
    """

    moves: tuple[Payload, ...] = ()
    due: tuple[str, str] = ("", "")


class Event(NamedTuple):
    """The next thing to happen: the instant (microseconds since 1970 UTC), and what it is."""

    at: int
    what: What


def next_event(connection: sa.Connection, clock_now: int) -> Event:
    """
    Return what happens next as the ledger stands, at *clock_now* or later.

    What falls due goes before what the market does at the same instant. After a trading day on
    which nobody ordered anything, the days until the next thing that falls due are passed over.

    Refuses `nothing_ahead`.
    """
    due, market = _next_due(connection), _next_of_market(connection, clock_now)
    if due is None and market is None:
        raise NothingAhead
    if market is None or (due is not None and due.at <= market.at):
        assert due is not None
        return Event(max(due.at, clock_now), due.what)
    return market


def _next_due(connection: sa.Connection) -> Event | None:
    rows = connection.execute(
        sa.select(DueRow.at, DueRow.kind, DueRow.key).where(DueRow.done_by.is_(None))
    ).all()
    holds = connection.execute(
        sa.select(HoldRow.expires_at, HoldRow.id).where(
            HoldRow.state == "open", HoldRow.expires_at.is_not(None)
        )
    ).all()
    found = [(row.at, row.kind, row.key) for row in rows]
    found += [(hold.expires_at, "hold", str(hold.id)) for hold in holds]
    if not found:
        return None
    at, kind, key = min(found)
    return Event(at, What(due=(kind, key)))


def _next_of_market(connection: sa.Connection, now: int) -> Event | None:
    """Return what is next in the open instruments, or else the next day's opening."""
    moves: list[tuple[int, Payload]] = []
    for day, one in running(connection, now):
        minute, payload = next_move(one)
        moves.append((max(start_of(day, minute=minute), now), payload))
    if not moves:
        has_due = _next_due(connection) is not None
        moves = opening_ahead(instruments_last_open(connection), now, may_skip=has_due)
    if not moves:
        return None
    first = min(at for at, _ in moves)
    return Event(first, What(moves=tuple(payload for at, payload in moves if at == first)))


def step(gateway: Gateway, connection: sa.Connection, clock: StageClock) -> Words:
    """
    Move *clock* to the next event, let it happen, and return in words what did.

    *clock* is the one by which the gateway's writer lives; *connection* reads the ledger as it
    stands. Two who step at once do the same step once.

    Refuses `clock_is_real`, `nothing_ahead`. Rules: REG-16, REG-21.
    """
    if purpose_of(connection) == "live":
        raise ClockIsReal
    event = next_event(connection, gateway.now())
    sending = _Sending(gateway, operator=_operator(connection), sequence=_sequence(connection))
    at = clock.forward_to(event.at)
    gateway.tick()
    outcomes = [(move, sending.send(move)) for move in event.what.moves]
    gateway.tick()
    return told(at, due=event.what.due, outcomes=outcomes)


def stepping(
    gateway: Gateway, engine: sa.Engine, clock: StageClock
) -> Callable[[], tuple[str, str]]:
    """Return what steps the ledger of *engine* each time it is called, and tells zh and en."""

    def stepped() -> tuple[str, str]:
        with reading(engine) as connection:
            zh, en = step(gateway, connection, clock)
        return zh, en

    return stepped


class _Sending:
    """
    Sends the operator's commands under ids that follow from where the ledger stood.

    Whoever steps from the same state so sends the same ids, and is answered the same.
    """

    def __init__(self, gateway: Gateway, *, operator: str, sequence: int) -> None:
        self._gateway = gateway
        self._operator = operator
        self._stem = f"step:{sequence}"
        self._sent = 0

    def send(self, payload: Payload) -> Answer | Refused:
        """Send a command, again while it says that something is left; return the last outcome."""
        for _ in range(REPEATS_MAX):
            self._sent += 1
            command = Command(f"{self._stem}:{self._sent}", self._operator, payload)
            outcome = self._gateway.outcomes((command,))[0]
            if isinstance(outcome, Refused) or not _is_unfinished(payload, outcome):
                return outcome
        raise AssertionError(f"{payload.kind} does not come to an end")


def _is_unfinished(payload: Payload, answer: Answer) -> bool:
    if not answer.ok:
        return False
    if isinstance(payload, CloseDay):
        return bool(answer.result["open_orders"])
    return isinstance(payload, Uncross) and bool(answer.result["left_tce"])


def _sequence(connection: sa.Connection) -> int:
    found = connection.execute(sa.select(sa.func.max(CommandRow.sequence)))
    return int(found.scalar_one() or 0)


def _operator(connection: sa.Connection) -> str:
    """Return who runs the exchange: person:EXC1 where that is an operator, else the first."""
    operators: Sequence[str] = (
        connection.execute(
            sa.select(RoleGrantRow.person)
            .where(RoleGrantRow.role == str(Role.EXCHANGE_OPERATOR))
            .where(RoleGrantRow.revoked_by.is_(None))
            .order_by(RoleGrantRow.person)
        )
        .scalars()
        .all()
    )
    return EXC1 if EXC1 in operators or not operators else operators[0]
