"""
Sources of freed quota and the reserve: lives, batches, sales, deficits, what everything came to.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from api.matrix import Reach
from api.read.narrow import Asked, narrow
from api.read.visible import visible
from ledger.metering.tables import MeterRow
from ledger.parties.tables import FacilityRow
from ledger.substitution.conservation import Position, positions
from ledger.substitution.reserve_tables import (
    DeficitRow,
    RenewableUseRow,
    ReserveBatchRow,
    ReserveLotRow,
    ReserveSaleRow,
    SourceHolderRow,
)
from ledger.substitution.tables import ProjectRow
from ledger.tables import AccountRow, CommandRow, EntryRow, PostingRow

Row = Mapping[str, Any]

HANDS_MAX = 1_000
"""How many hands back a life is told; nobody has passed a lot on so often."""


def with_life(connection: sa.Connection, rows: Sequence[Row]) -> list[Row]:
    """Return sources with the hands they came through, the parts that left, and every move."""
    return [
        {
            **row,
            "hands": _hands(connection, row),
            "parts": _parts(connection, row["id"]),
            "moves": _moves(connection, row["id"]),
        }
        for row in rows
    ]


def _hands(connection: sa.Connection, row: Row) -> list[Row]:
    """Return the sources that this one was parted from, the nearest first."""
    hands: list[Row] = []
    above = str(row["id"])
    while above and len(hands) < HANDS_MAX:
        query = sa.select(*SourceHolderRow.__table__.columns).where(SourceHolderRow.source == above)
        found = connection.execute(query).mappings().first()
        if found is None:
            break
        hands.append(dict(found))
        above = str(found["parent"])
    return hands


def _parts(connection: sa.Connection, source: str) -> list[Row]:
    query = (
        sa.select(*SourceHolderRow.__table__.columns)
        .where(SourceHolderRow.parent == source)
        .order_by(SourceHolderRow.opened_by, SourceHolderRow.source)
    )
    return [dict(found) for found in connection.execute(query).mappings()]


def _moves(connection: sa.Connection, source: str) -> list[Row]:
    """Return every posting of the source's accounts, the first one first."""
    giver, taker = aliased(AccountRow), aliased(AccountRow)
    own = [f"source:{source}", f"source:{source}:reserved"]
    ids = sa.select(AccountRow.id).where(AccountRow.address.in_(own)).scalar_subquery()
    query = (
        sa.select(
            PostingRow.entry,
            EntryRow.code,
            EntryRow.rule,
            EntryRow.reference,
            EntryRow.command_sequence,
            CommandRow.recorded_at,
            giver.address.label("giver"),
            taker.address.label("taker"),
            PostingRow.amount,
        )
        .join(EntryRow, EntryRow.sequence == PostingRow.entry)
        .join(CommandRow, CommandRow.sequence == EntryRow.command_sequence)
        .join(giver, giver.id == PostingRow.source_id)
        .join(taker, taker.id == PostingRow.destination_id)
        .where(PostingRow.source_id.in_(ids) | PostingRow.destination_id.in_(ids))
        .order_by(PostingRow.entry, PostingRow.ordinal)
    )
    return [dict(found) for found in connection.execute(query).mappings()]


def positions_seen(connection: sa.Connection, reach: Reach) -> list[Position]:
    """Return what became of freed quota in the districts that somebody may add up."""
    return [
        one for one in positions(connection) if reach.everything or one.area[:6] in reach.districts
    ]


def batches(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of batches of collection; filters: reserve, state."""
    query = sa.select(*ReserveBatchRow.__table__.columns).where(
        visible(reach, district=ReserveBatchRow.reserve)
    )
    return narrow(query, asked, reserve=ReserveBatchRow.reserve, state=ReserveBatchRow.state)


def with_lots(connection: sa.Connection, rows: Sequence[Row]) -> list[Row]:
    """Return batches with their lots in the order of the plan."""
    ids = [row["id"] for row in rows]
    query = (
        sa.select(*ReserveLotRow.__table__.columns)
        .where(ReserveLotRow.batch.in_(ids))
        .order_by(ReserveLotRow.batch, ReserveLotRow.ordinal)
    )
    found: dict[str, list[Row]] = {}
    for lot in connection.execute(query).mappings():
        found.setdefault(lot["batch"], []).append(dict(lot))
    return [{**row, "lots": found.get(row["id"], [])} for row in rows]


def sales(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of sales and buy-backs; filters: enterprise, reserve, direction."""
    query = sa.select(*ReserveSaleRow.__table__.columns).where(
        visible(reach, enterprises=[ReserveSaleRow.enterprise], district=ReserveSaleRow.reserve)
    )
    named = ("enterprise", "reserve", "direction")
    return narrow(query, asked, **{name: getattr(ReserveSaleRow, name) for name in named})


def deficits(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of deficits with their enterprise; filters: project, enterprise."""
    query: sa.Select[Any] = (
        sa.select(*DeficitRow.__table__.columns, ProjectRow.enterprise)
        .join(ProjectRow, ProjectRow.id == DeficitRow.project)
        .where(visible(reach, enterprises=[ProjectRow.enterprise], district=ProjectRow.district))
    )
    return narrow(query, asked, project=DeficitRow.project, enterprise=ProjectRow.enterprise)


def renewable_uses(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of what renewables were used for; filters: place, purpose."""
    owner = sa.func.coalesce(MeterRow.enterprise, FacilityRow.enterprise)
    query: sa.Select[Any] = (
        sa.select(*RenewableUseRow.__table__.columns, owner.label("enterprise"))
        .outerjoin(MeterRow, MeterRow.id == RenewableUseRow.place)
        .outerjoin(FacilityRow, FacilityRow.id == RenewableUseRow.place)
        .where(visible(reach, enterprises=[owner]))
    )
    return narrow(query, asked, place=RenewableUseRow.place, purpose=RenewableUseRow.purpose)
