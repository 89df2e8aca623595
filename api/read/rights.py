"""
Past energy use, entitlements, allocations with their sheets and due claims, as far as one sees.
"""

from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.narrow import Asked, in_district, narrow
from api.read.visible import visible
from ledger.allocation.change_tables import EnterpriseChangeRow
from ledger.allocation.method_tables import CertificateRow, HistoryBasisRow
from ledger.allocation.objection_tables import AllocationNoticeRow, NettingRow, ObjectionRow
from ledger.allocation.tables import AllocationRow, DueClaimRow, EntitlementRow, HistoryRow
from ledger.parties.tables import EnterpriseRow


def history(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of past energy use, every record; of one year and product the newest counts.

    Filters: enterprise, year, product, district.
    """
    counted = sa.and_(
        *(
            getattr(HistoryBasisRow, name) == getattr(HistoryRow, name)
            for name in ("enterprise", "year", "product", "recorded_by")
        )
    )
    query: sa.Select[Any] = (
        sa.select(
            *HistoryRow.__table__.columns,
            sa.func.coalesce(HistoryBasisRow.basis, "").label("basis"),
            sa.func.coalesce(HistoryBasisRow.edition, "").label("edition"),
        )
        .outerjoin(HistoryBasisRow, counted)
        .where(visible(reach, enterprises=[HistoryRow.enterprise]))
    )
    named = ("enterprise", "year", "product")
    query = narrow(query, asked, **{name: getattr(HistoryRow, name) for name in named})
    return in_district(query, asked, HistoryRow.enterprise)


def entitlements(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of confirmed rights; filters: enterprise, measure, facility, district."""
    certified = sa.and_(
        CertificateRow.sequence == EntitlementRow.sequence,
        CertificateRow.ordinal == EntitlementRow.ordinal,
    )
    certificate = sa.func.coalesce(CertificateRow.state, "formal").label("certificate")
    query: sa.Select[Any] = (
        sa.select(*EntitlementRow.__table__.columns, certificate)
        .outerjoin(CertificateRow, certified)
        .where(visible(reach, enterprises=[EntitlementRow.enterprise]))
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


def notices(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of notices of figures, for a district's officers and its enterprises.

    Filters: district, year, measure, stage.
    """
    row = AllocationNoticeRow
    seen = sa.or_(visible(reach, district=row.district), _own_district(reach, row.district))
    query = sa.select(*row.__table__.columns).where(seen)
    named = ("district", "year", "measure", "stage")
    return narrow(query, asked, **{name: getattr(row, name) for name in named})


def _own_district(reach: Reach, district: Any) -> sa.ColumnElement[bool]:
    """Return the condition that *district* is home to one of the enterprises within reach."""
    if not reach.enterprises:
        return sa.false()
    homes = sa.select(EnterpriseRow.district).where(EnterpriseRow.id.in_(sorted(reach.enterprises)))
    condition: sa.ColumnElement[bool] = district.in_(homes)
    return condition


def objections(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of objections to figures.

    Filters: enterprise, district, year, measure, stage, state.
    """
    row = ObjectionRow
    query = sa.select(*row.__table__.columns).where(
        visible(reach, enterprises=[row.enterprise], district=row.district)
    )
    named = ("enterprise", "district", "year", "measure", "stage", "state")
    return narrow(query, asked, **{name: getattr(row, name) for name in named})


def changes(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of changes of enterprises; filters: enterprise, step."""
    row = EnterpriseChangeRow
    query = sa.select(*row.__table__.columns).where(
        visible(reach, enterprises=[row.enterprise, row.other])
    )
    return narrow(query, asked, enterprise=row.enterprise, step=row.step)


def nettings(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of debts netted from issues; filters: enterprise, year, measure."""
    row = NettingRow
    query = sa.select(*row.__table__.columns).where(visible(reach, enterprises=[row.enterprise]))
    named = ("enterprise", "year", "measure")
    return narrow(query, asked, **{name: getattr(row, name) for name in named})
