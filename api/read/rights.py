"""
Past energy use, entitlements, allocations with their sheets and due claims, as far as one sees.
"""

from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.narrow import Asked, in_district, narrow
from api.read.visible import visible
from ledger.allocation.tables import AllocationRow, DueClaimRow, EntitlementRow, HistoryRow


def history(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of past energy use, every record; of one year and product the newest counts.

    Filters: enterprise, year, product, district.
    """
    query = sa.select(*HistoryRow.__table__.columns).where(
        visible(reach, enterprises=[HistoryRow.enterprise])
    )
    named = ("enterprise", "year", "product")
    query = narrow(query, asked, **{name: getattr(HistoryRow, name) for name in named})
    return in_district(query, asked, HistoryRow.enterprise)


def entitlements(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of confirmed rights; filters: enterprise, measure, facility, district."""
    query = sa.select(*EntitlementRow.__table__.columns).where(
        visible(reach, enterprises=[EntitlementRow.enterprise])
    )
    named = ("enterprise", "measure", "facility")
    query = narrow(query, asked, **{name: getattr(EntitlementRow, name) for name in named})
    return in_district(query, asked, EntitlementRow.enterprise)


def allocations(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of allocations with their calculation sheets as JSON text.

    Filters: year, measure, enterprise, product, district, state, method.
    """
    query = sa.select(*AllocationRow.__table__.columns).where(
        visible(reach, enterprises=[AllocationRow.enterprise], district=AllocationRow.district)
    )
    named = ("year", "measure", "enterprise", "product", "district", "state", "method")
    return narrow(query, asked, **{name: getattr(AllocationRow, name) for name in named})


def due_claims(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of what enterprises owe their districts' budgets, with what is outstanding.

    Filters: enterprise, asset, district.
    """
    outstanding = (DueClaimRow.amount - DueClaimRow.settled).label("outstanding")
    query: sa.Select[Any] = sa.select(*DueClaimRow.__table__.columns, outstanding).where(
        visible(reach, enterprises=[DueClaimRow.enterprise])
    )
    query = narrow(query, asked, enterprise=DueClaimRow.enterprise, asset=DueClaimRow.asset)
    return in_district(query, asked, DueClaimRow.enterprise)
