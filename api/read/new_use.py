"""
Paid parts, new entrants, increments, the entry list, and what a new project must buy and pay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.narrow import Asked, in_district, narrow
from api.read.policy import policy_of
from api.read.visible import visible
from ledger.allocation.entry_list import Thresholds, standing_of
from ledger.allocation.method_tables import (
    EntrantRow,
    IncrementOfferRow,
    IncrementRow,
    PaidPartRow,
)
from ledger.allocation.price import Project
from ledger.allocation.quote import Quote, quote
from ledger.allocation.tables import HistoryRow
from ledger.parties.party import PartyUnknown
from ledger.parties.tables import DistrictRow, EnterpriseRow
from ledger.policy import as_int

Row = Mapping[str, Any]


def paid_parts(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of paid parts; filters: year, measure, enterprise, district, state."""
    query = sa.select(*PaidPartRow.__table__.columns).where(
        visible(reach, enterprises=[PaidPartRow.enterprise], district=PaidPartRow.district)
    )
    named = ("year", "measure", "enterprise", "district", "state")
    return narrow(query, asked, **{name: getattr(PaidPartRow, name) for name in named})


def entrants(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of new entrants; filters: year, measure, enterprise, district, state."""
    query = sa.select(*EntrantRow.__table__.columns).where(
        visible(reach, enterprises=[EntrantRow.enterprise], district=EntrantRow.district)
    )
    named = ("year", "measure", "enterprise", "district", "state")
    return narrow(query, asked, **{name: getattr(EntrantRow, name) for name in named})


def increments(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of yearly increments, with what of each is offered or sold.

    Filters: district, year, measure.
    """
    offered = (
        sa.select(sa.func.coalesce(sa.func.sum(IncrementOfferRow.amount), 0))
        .where(
            IncrementOfferRow.district == IncrementRow.district,
            IncrementOfferRow.year == IncrementRow.year,
            IncrementOfferRow.measure == IncrementRow.measure,
            IncrementOfferRow.state == "offered",
        )
        .scalar_subquery()
    )
    query: sa.Select[Any] = sa.select(
        *IncrementRow.__table__.columns, sa.cast(offered, sa.BigInteger()).label("offered")
    ).where(visible(reach, district=IncrementRow.district))
    named = ("district", "year", "measure")
    return narrow(query, asked, **{name: getattr(IncrementRow, name) for name in named})


def entry_list(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of enterprises with history in a year; filter: district."""
    used = sa.select(HistoryRow.enterprise).where(HistoryRow.year == asked["year"])
    columns: list[Any] = [EnterpriseRow.id.label("enterprise"), EnterpriseRow.district]
    query = sa.select(*columns).where(
        visible(reach, enterprises=[EnterpriseRow.id]), EnterpriseRow.id.in_(used)
    )
    return in_district(query, asked, EnterpriseRow.id)


def with_standing(connection: sa.Connection, rows: Sequence[Row], *, year: int) -> list[Row]:
    """Return enterprises with their year's use and what it makes of them. Rule: ALC-86."""
    used = _used(connection, [row["enterprise"] for row in rows], year=year)
    packs = _packs(connection)
    found: list[Row] = []
    for row in rows:
        thresholds = _thresholds(connection, packs[row["district"]], date(year, 12, 31))
        standing = standing_of(used[row["enterprise"]], thresholds)
        found.append(
            {
                **row,
                "used_kgce": used[row["enterprise"]],
                "is_listable": standing.is_listable,
                "key_user": str(standing.key_user),
            }
        )
    return found


def _used(connection: sa.Connection, enterprises: list[str], *, year: int) -> dict[str, int]:
    """Return the use of a year: the newest record for all products, or else of each product."""
    rows = connection.execute(
        sa.select(HistoryRow.enterprise, HistoryRow.product, HistoryRow.energy_kgce)
        .where(HistoryRow.enterprise.in_(enterprises), HistoryRow.year == year)
        .order_by(HistoryRow.recorded_by)
    )
    newest = {(enterprise, product): energy for enterprise, product, energy in rows}
    used: dict[str, int] = {}
    for (enterprise, _), energy in newest.items():
        used[enterprise] = used.get(enterprise, 0) + int(energy)
    return used | {
        enterprise: int(energy) for (enterprise, product), energy in newest.items() if not product
    }


def _thresholds(connection: sa.Connection, pack: str, on: date) -> Thresholds:
    policy = policy_of(connection)
    keys = ("entry_threshold_tce", "scope.designation_from_tce", "scope.key_user_threshold_tce")
    entry, designation, key_user = (as_int(policy.find(pack, key, on)) for key in keys)
    return Thresholds(entry, designation, key_user)


def _packs(connection: sa.Connection) -> dict[str, str]:
    rows = connection.execute(sa.select(DistrictRow.code, DistrictRow.pack))
    return {row.code: row.pack for row in rows}


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a project is quoted: a district's pack on a day."""

    district: str
    pack: str
    on: date


def place_of(connection: sa.Connection, district: str, on: date) -> Place:
    """Return the pack that governs a district, or refuse one that is not registered."""
    pack = connection.scalar(sa.select(DistrictRow.pack).where(DistrictRow.code == district))
    if pack is None:
        raise PartyUnknown("district", district)
    return Place(district, pack, on)


def quote_in(connection: sa.Connection, project: Project, place: Place) -> Quote:
    """Return what a new project must buy and pay by the packs that govern *place*."""
    policy = policy_of(connection)
    return quote(project, lambda key: policy.find(place.pack, key, place.on))
