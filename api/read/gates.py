"""
Verdicts of project gates, asks for room in the order of the budget, listed quota, assessed areas.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from api.matrix import Reach
from api.read.narrow import Asked, narrow
from api.read.visible import visible
from ledger.districts.gate import PASSING, Verdict
from ledger.districts.gate_tables import GateVerdictRow, ListingRow, RegionProjectRow, RegionRow
from ledger.districts.read import read_budgets

Row = Mapping[str, Any]

GRANTABLE = tuple(sorted({*PASSING, Verdict.NO_GATE}))
"""Verdicts with which a project asks its own district for room; others ask the city or nobody."""


def verdicts(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of verdicts; filters: project, district, year, verdict."""
    query = sa.select(*GateVerdictRow.__table__.columns).where(
        visible(reach, enterprises=[GateVerdictRow.enterprise], district=GateVerdictRow.district)
    )
    named = ("project", "district", "year", "verdict")
    return narrow(query, asked, **{name: getattr(GateVerdictRow, name) for name in named})


def asks(reach: Reach, *, district: str, year: int) -> sa.Select[Any]:
    """
    Return the query of a district's asks in the order in which they are served.

    Each project counts by its newest verdict, and only with one that lets it ask its district.

    Rule: DST-82.
    """
    later = aliased(GateVerdictRow)
    newer = sa.exists().where(
        later.project == GateVerdictRow.project, later.assessed_by > GateVerdictRow.assessed_by
    )
    return verdicts(reach, {"district": district, "year": year}).where(
        ~newer, GateVerdictRow.verdict.in_(GRANTABLE)
    )


def served(connection: sa.Connection, rows: Sequence[Row], *, district: str, year: int) -> Row:
    """
    Return asks in their order, each with what is left before it and whether all of it fits.

    An ask that does not fit leaves room to the next: nothing is cut in two. Rule: DST-82.
    """
    at = read_budgets(connection, district=district, year=year).get((district, year, "energy"))
    headroom = None if at is None else at.headroom
    left, found = max(headroom or 0, 0), []
    for row in rows:
        fits = row["asks"] <= left
        found.append({**row, "left": left, "fits": fits})
        left -= row["asks"] if fits else 0
    return {"headroom": headroom, "asks": found, "left": left}


def listings(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of listed quota; filters: project, district, state."""
    query = sa.select(*ListingRow.__table__.columns).where(
        visible(reach, enterprises=[ListingRow.enterprise], district=ListingRow.district)
    )
    named = ("project", "district", "state")
    return narrow(query, asked, **{name: getattr(ListingRow, name) for name in named})


def regions(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of regional assessments; filter: district."""
    query = sa.select(*RegionRow.__table__.columns).where(
        visible(reach, district=RegionRow.district)
    )
    return narrow(query, asked, district=RegionRow.district, id=RegionRow.id)


def region_projects(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of projects inside assessed areas; filters: region, enterprise."""
    columns = [*RegionProjectRow.__table__.columns]
    query = (
        sa.select(*columns)
        .join(RegionRow, RegionRow.id == RegionProjectRow.region)
        .where(
            visible(reach, enterprises=[RegionProjectRow.enterprise], district=RegionRow.district)
        )
    )
    named = ("region", "enterprise")
    return narrow(query, asked, **{name: getattr(RegionProjectRow, name) for name in named})
