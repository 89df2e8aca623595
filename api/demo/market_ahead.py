"""
Where the market's days stand, read from the database, and when the next one opens.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from api.demo.next_move import Running
from api.demo.timetable import Timetable, timetable_of, trading_day_from
from ledger.adopt import Policy, load_policy
from ledger.asset import parse_asset
from ledger.command import Payload
from ledger.days import MINUTE, day_of, start_of
from ledger.memory import Memory
from ledger.parties.tables import DistrictRow
from ledger.policy import as_texts
from market.calendar import MINUTES_PER_DAY, Phase
from market.open_day import OpenDay
from market.tables import AuctionRow, InstrumentRow, MarketDayRow, OrderRow


@dataclass(frozen=True, slots=True)
class LastDay:
    """The instruments that last had a trading day, when that was, and what happened on it."""

    instruments: tuple[str, ...]
    day: date
    timetable: Timetable
    had_orders: bool


def running(connection: sa.Connection, now: int) -> Iterator[tuple[date, Running]]:
    """Yield every instrument in the middle of its day, by id, with the date of that day."""
    rows = _by_id(connection, _days().where(MarketDayRow.closed_by.is_(None)))
    policy = load_policy(connection, Memory()) if rows else Policy()
    for row in rows:
        day = date.fromisoformat(row.day)
        yield (
            day,
            Running(
                instrument=row.instrument,
                modes=frozenset(row.modes.split()),
                phase=Phase(row.phase),
                minute=_minute(day, now),
                timetable=_timetable(connection, policy, row.asset, on=day),
                is_crossing=_is_crossing(connection, row),
            ),
        )


def instruments_last_open(connection: sa.Connection) -> LastDay | None:
    """Return the last trading day of all, None where there has been none."""
    last = sa.select(sa.func.max(MarketDayRow.day)).scalar_subquery()
    rows = _by_id(connection, _days().where(MarketDayRow.day == last))
    if not rows:
        return None
    day = date.fromisoformat(rows[0].day)
    policy = load_policy(connection, Memory())
    timetables = [_timetable(connection, policy, row.asset, on=day) for row in rows]
    return LastDay(
        instruments=tuple(row.instrument for row in rows),
        day=day,
        timetable=min(timetables, key=lambda one: one.opens),
        had_orders=any(_has_orders(connection, row) for row in rows),
    )


def opening_ahead(last: LastDay | None, now: int, *, may_skip: bool) -> list[tuple[int, Payload]]:
    """
    Return the openings of the next trading day, nothing where there is none to come.

    After a day without a single order the next is not waited for, if *may_skip* says that
    something else lies ahead.
    """
    if last is None or (may_skip and not last.had_orders):
        return []
    day = trading_day_from(max(last.day + timedelta(days=1), day_of(now)))
    if now >= start_of(day, minute=last.timetable.closes):
        day = trading_day_from(day + timedelta(days=1))
    at = max(start_of(day, minute=last.timetable.opens), now)
    return [(at, OpenDay(instrument=name, day=day)) for name in last.instruments]


def _days() -> sa.Select[Any]:
    return sa.select(MarketDayRow.__table__, InstrumentRow.asset, InstrumentRow.modes).join(
        InstrumentRow, InstrumentRow.id == MarketDayRow.instrument
    )


def _by_id(connection: sa.Connection, query: sa.Select[Any]) -> list[Any]:
    # Ordered here: engines collate text differently.
    return sorted(connection.execute(query), key=lambda row: str(row.instrument))


def _minute(day: date, now: int) -> int:
    """Return the minute of *day* at *now*, its last one past where the date is over."""
    return min(max((now - start_of(day)) // MINUTE, 0), MINUTES_PER_DAY)


def _timetable(connection: sa.Connection, policy: Policy, asset: str, *, on: date) -> Timetable:
    pack = connection.execute(
        sa.select(DistrictRow.pack).where(DistrictRow.code == parse_asset(asset).area)
    ).scalar_one()
    return timetable_of(as_texts(policy.find(pack, "market.sessions", on)))


def _is_crossing(connection: sa.Connection, row: Any) -> bool:
    unsettled = sa.select(AuctionRow.id).where(
        AuctionRow.instrument == row.instrument,
        AuctionRow.day_number == row.number,
        AuctionRow.settled_tce < AuctionRow.volume_tce,
    )
    return connection.execute(unsettled.limit(1)).scalar_one_or_none() is not None


def _has_orders(connection: sa.Connection, row: Any) -> bool:
    orders: Sequence[int] = (
        connection.execute(
            sa.select(OrderRow.id)
            .where(OrderRow.instrument == row.instrument, OrderRow.day_number == row.number)
            .limit(1)
        )
        .scalars()
        .all()
    )
    return bool(orders)
