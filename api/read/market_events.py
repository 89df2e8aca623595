"""
What happens in the market, event by event, in the order of the record, without names.

The outbox says that a book, a phase or trades changed; what a reader wants to see of it is read at
the same snapshot: the trades themselves, and of an instrument's last change the five levels that
now stand. Rule: API-10.
"""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.read.market import rows
from api.read.market_book import book
from ledger.errors import Refused
from ledger.tables import OutboxRow
from market.tables import TradeRow

TOPICS = ("book", "trades", "phase")
ROWS_MAX = 500
"""How many rows of the outbox one reading takes in."""

Position = tuple[int, int]
"""Sequence and ordinal of a row of the outbox; (0, 0) is before the first."""

_POSITION = re.compile(r"([0-9]{1,18})\.([0-9]{1,9})", re.ASCII)


class EventIdInvalid(Refused):
    """An event's id is not one that this stream has given."""

    code = "event_id_invalid"
    rule = "API-10"

    def __init__(self, given: str) -> None:
        super().__init__(
            f"{given[:40]!r} is no id of an event such as 17.0; leave it out to begin with now",
            given=given[:40],
        )


@dataclass(frozen=True, slots=True)
class Event:
    """
    One event of one instrument.

    *name* is "book", "trades", "phase" or "indicative". An event that *is_derived* was worked out
    from the one that follows it, whose position it shares.
    """

    name: str
    instrument: str
    position: Position
    data: dict[str, Any]
    is_derived: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """Events in order; *last* is how far was read, *is_more* whether there may be more at once."""

    events: tuple[Event, ...]
    last: Position
    is_more: bool


def position_text(position: Position) -> str:
    """Return the id of the event at *position*, such as 17.0."""
    return f"{position[0]}.{position[1]}"


def read_position(text: str) -> Position:
    """Return the position that an event's id names; refuse what is none."""
    found = _POSITION.fullmatch(text)
    if found is None:
        raise EventIdInvalid(text)
    return int(found[1]), int(found[2])


def head(connection: sa.Connection) -> Position:
    """Return the position of the newest row of the outbox."""
    newest = connection.execute(
        sa.select(OutboxRow.sequence, OutboxRow.ordinal)
        .order_by(OutboxRow.sequence.desc(), OutboxRow.ordinal.desc())
        .limit(1)
    ).one_or_none()
    return (0, 0) if newest is None else (newest.sequence, newest.ordinal)


def changes(
    connection: sa.Connection,
    after: Position,
    *,
    until: Position | None = None,
    instruments: Collection[str] | None = None,
    shown: Collection[str] | None = None,
) -> Changes:
    """
    Return the events after one position, of all *instruments* or of some.

    At most 500 rows of the outbox are read, none beyond *until*. The last change of an instrument
    tells what now stands; *shown* limits that to instruments somebody looks at.
    """
    place = sa.tuple_(OutboxRow.sequence, OutboxRow.ordinal)
    query = sa.select(OutboxRow.__table__).where(place > sa.tuple_(*map(sa.literal, after)))
    if until is not None:
        query = query.where(place <= sa.tuple_(*map(sa.literal, until)))
    found = connection.execute(
        query.order_by(OutboxRow.sequence, OutboxRow.ordinal).limit(ROWS_MAX)
    ).all()
    if not found:
        return Changes((), after, False)
    told = [(row, json.loads(row.body)) for row in found if row.topic in TOPICS]
    if instruments is not None:
        told = [each for each in told if each[1]["instrument"] in instruments]
    events = tuple(_events(connection, told, shown))
    return Changes(events, (found[-1].sequence, found[-1].ordinal), len(found) == ROWS_MAX)


def standing(connection: sa.Connection, instrument: str, position: Position) -> tuple[Event, ...]:
    """Return what now stands, as the events a reader begins with; none if it is not listed."""
    now = book(connection, instrument)
    if now is None:
        return ()
    data = {"instrument": instrument, "phase": now["phase"]}
    phase = Event("phase", instrument, position, data, is_derived=True)
    derived = (phase, *_indicative(now, instrument, position))
    return (*derived, Event("book", instrument, position, _levels(now)))


def _events(
    connection: sa.Connection,
    told: list[tuple[Any, dict[str, Any]]],
    shown: Collection[str] | None,
) -> Iterable[Event]:
    trades = _trades(connection, told)
    last = {body["instrument"]: row for row, body in told}
    for row, body in told:
        instrument, position = body["instrument"], (row.sequence, row.ordinal)
        data = _data(row.topic, body, trades)
        if last[instrument] is row and (shown is None or instrument in shown):
            now = book(connection, instrument)
            assert now is not None
            yield from _indicative(now, instrument, position)
            if row.topic == "book":
                data = _levels(now)
            else:
                yield Event("book", instrument, position, _levels(now), is_derived=True)
        yield Event(row.topic, instrument, position, data)


def _data(topic: str, body: dict[str, Any], trades: dict[int, dict[str, Any]]) -> dict[str, Any]:
    instrument = body["instrument"]
    if topic == "trades":
        return {"instrument": instrument, "trades": [trades[each[0]] for each in body["trades"]]}
    if topic == "phase":
        return {"instrument": instrument, "phase": body["phase"]}
    return {"instrument": instrument, "best_bid_fen": body["bid"], "best_ask_fen": body["ask"]}


def _levels(now: dict[str, Any]) -> dict[str, Any]:
    """Return the public levels of a book, in which nothing is anybody's own."""
    public = ("price_fen", "quantity_tce", "orders")
    bids, asks = (
        [{name: level[name] for name in public} for level in now[side]] for side in ("bids", "asks")
    )
    return {
        "instrument": now["instrument"],
        "best_bid_fen": bids[0]["price_fen"] if bids else None,
        "best_ask_fen": asks[0]["price_fen"] if asks else None,
        "bids": bids,
        "asks": asks,
    }


def _indicative(now: dict[str, Any], instrument: str, position: Position) -> Iterable[Event]:
    if now["indicative"] is not None:
        data = {"instrument": instrument, **now["indicative"]}
        yield Event("indicative", instrument, position, data, is_derived=True)


def _trades(
    connection: sa.Connection, told: list[tuple[Any, dict[str, Any]]]
) -> dict[int, dict[str, Any]]:
    """Return the trades that the rows name, as the tape has them; their numbers lie together."""
    numbers = [each[0] for row, body in told if row.topic == "trades" for each in body["trades"]]
    if not numbers:
        return {}
    columns: list[Any] = [
        TradeRow.id,
        TradeRow.mode,
        TradeRow.price_fen,
        TradeRow.quantity_tce,
        TradeRow.taker_side.label("side"),
        TradeRow.traded_at,
    ]
    query = sa.select(*columns).where(TradeRow.id.between(min(numbers), max(numbers)))
    found = rows(connection, query, limit=None)
    return {trade["id"]: trade for trade in found}
