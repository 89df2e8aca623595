"""
Freed quota and the projects that use it: claims, audits, sources, plans and retirements.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.narrow import Asked, in_district, narrow
from api.read.visible import visible
from ledger.parties.tables import FacilityRow
from ledger.substitution.holders import RESERVE
from ledger.substitution.reserve_tables import (
    FreedShareRow,
    FreedWayRow,
    RevocationRow,
    SourceHolderRow,
)
from ledger.substitution.tables import (
    FlowClawbackRow,
    FreedClaimRow,
    FreedMeasureRow,
    FreedSourceRow,
    PlanLineRow,
    ProjectMeasureRow,
    ProjectRow,
    RetirementRow,
    RetrofitAuditRow,
)
from ledger.tables import AccountRow, AssetRow, BalanceRow

Row = Mapping[str, Any]

_AFTER = len(RESERVE) + 1
HIDDEN_SHEET = '{"pack_version":"","steps":[]}'
"""Where in a reserve's name its district begins, as SQL counts."""


def freed_claims(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of claims; filters: enterprise, facility, method, state, district."""
    query = sa.select(*FreedClaimRow.__table__.columns).where(
        visible(reach, enterprises=[FreedClaimRow.enterprise])
    )
    named = ("enterprise", "facility", "method", "state")
    query = narrow(query, asked, **{name: getattr(FreedClaimRow, name) for name in named})
    return in_district(query, asked, FreedClaimRow.enterprise)


def freed_claim(reach: Reach, claim: str) -> sa.Select[Any]:
    """Return the query of one claim."""
    return freed_claims(reach, {}).where(FreedClaimRow.id == claim)


def with_grounds(connection: sa.Connection, rows: Sequence[Row]) -> list[Row]:
    """Return claims with their measures, sources, claw-backs of flow, and audits of their works."""
    ids = [row["id"] for row in rows]
    measures = by_key(connection, rows_of(FreedMeasureRow, FreedMeasureRow.claim, ids), "claim")
    sources = by_key(
        connection,
        _sources().add_columns(FreedSourceRow.sheet).where(FreedSourceRow.claim.in_(ids)),
        "claim",
    )
    clawbacks = by_key(connection, rows_of(FlowClawbackRow, FlowClawbackRow.claim, ids), "claim")
    ways = by_key(connection, rows_of(FreedWayRow, FreedWayRow.claim, ids), "claim")
    shares = by_key(connection, rows_of(FreedShareRow, FreedShareRow.claim, ids), "claim")
    revoked = by_key(connection, rows_of(RevocationRow, RevocationRow.claim, ids), "claim")
    works = [row["works"] for row in rows if row["works"]]
    audits = by_key(connection, rows_of(RetrofitAuditRow, RetrofitAuditRow.works, works), "works")
    return [
        {
            **row,
            "measures": measures(row["id"]),
            "sources": sources(row["id"]),
            "clawbacks": clawbacks(row["id"]),
            "ways": ways(row["id"]),
            "shares": shares(row["id"]),
            "revocations": revoked(row["id"]),
            "audits": [one for one in audits(row["works"]) if one["facility"] == row["facility"]],
        }
        for row in rows
    ]


def sources(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of confirmed lots with claimant, holder, parent and what *remains* unused.

    A lot is seen by those who see its holder; of a claimant that they do not see, neither the name
    nor the calculation is told. Filters: claim, measure, enterprise (the claimant), holder,
    district (of the claimant).
    """
    holder = sa.func.coalesce(SourceHolderRow.holder, FreedClaimRow.enterprise)
    is_own = visible(reach, enterprises=[FreedClaimRow.enterprise])
    claimant = sa.case((is_own, FreedClaimRow.enterprise), else_="")
    query = (
        _sources()
        .add_columns(
            claimant.label("enterprise"),
            sa.case((is_own, FreedSourceRow.sheet), else_=HIDDEN_SHEET).label("sheet"),
            holder.label("holder"),
            sa.func.coalesce(SourceHolderRow.parent, "").label("parent"),
            sa.func.coalesce(SourceHolderRow.cause, "confirmation").label("cause"),
        )
        .join(FreedClaimRow, FreedClaimRow.id == FreedSourceRow.claim)
        .outerjoin(SourceHolderRow, SourceHolderRow.source == FreedSourceRow.id)
        .where(visible(reach, enterprises=[holder], district=sa.func.substr(holder, _AFTER)))
    )
    query = narrow(
        query,
        asked,
        claim=FreedSourceRow.claim,
        measure=FreedSourceRow.measure,
        enterprise=claimant,
        holder=holder,
    )
    return in_district(query, asked, FreedClaimRow.enterprise)


def audits(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of audits before and after works, with the facility's enterprise.

    Filters: works, facility, enterprise, stage, measure, district.
    """
    query: sa.Select[Any] = (
        sa.select(*RetrofitAuditRow.__table__.columns, FacilityRow.enterprise)
        .join(FacilityRow, FacilityRow.id == RetrofitAuditRow.facility)
        .where(visible(reach, enterprises=[FacilityRow.enterprise]))
    )
    named = ("works", "facility", "stage", "measure")
    columns = {name: getattr(RetrofitAuditRow, name) for name in named}
    query = narrow(query, asked, enterprise=FacilityRow.enterprise, **columns)
    return in_district(query, asked, FacilityRow.enterprise)


def projects(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of projects; filters: enterprise, district, sector, state."""
    query = sa.select(*ProjectRow.__table__.columns).where(
        visible(reach, enterprises=[ProjectRow.enterprise], district=ProjectRow.district)
    )
    named = ("enterprise", "district", "sector", "state")
    return narrow(query, asked, **{name: getattr(ProjectRow, name) for name in named})


def project(reach: Reach, code: str) -> sa.Select[Any]:
    """Return the query of one project."""
    return projects(reach, {}).where(ProjectRow.id == code)


def with_plans(connection: sa.Connection, rows: Sequence[Row]) -> list[Row]:
    """Return projects with their measures, the lines of their newest plan, and retirements."""
    ids = [row["id"] for row in rows]
    measures = by_key(
        connection, rows_of(ProjectMeasureRow, ProjectMeasureRow.project, ids), "project"
    )
    plans = [row["plan"] for row in rows if row["plan"] is not None]
    lines = by_key(connection, rows_of(PlanLineRow, PlanLineRow.plan, plans), "plan")
    retired = by_key(connection, rows_of(RetirementRow, RetirementRow.project, ids), "project")
    return [
        {
            **row,
            "measures": measures(row["id"]),
            "plan_lines": lines(row["plan"]),
            "retirements": retired(row["id"]),
        }
        for row in rows
    ]


def _sources() -> sa.Select[Any]:
    """Return the query of sources; each has an account of its own, which tells what remains."""
    remaining = (
        sa.select(BalanceRow.amount)
        .join(AccountRow, AccountRow.id == BalanceRow.account_id)
        .join(AssetRow, AssetRow.id == BalanceRow.asset_id)
        .where(
            AccountRow.address == sa.literal("source:") + FreedSourceRow.id,
            AssetRow.code == FreedSourceRow.asset,
        )
        .scalar_subquery()
    )
    kept = [column for column in FreedSourceRow.__table__.columns if column.name != "sheet"]
    return sa.select(*kept, sa.func.coalesce(remaining, 0).label("remaining"))


def rows_of(table: Any, column: Any, keys: Sequence[object]) -> sa.Select[Any]:
    """Return the query of the rows of *table* whose *column* is one of *keys*."""
    query: sa.Select[Any] = sa.select(*table.__table__.columns)
    return query.where(column.in_(keys)).order_by(*table.__table__.primary_key.columns)


def by_key(
    connection: sa.Connection, query: sa.Select[Any], key: str
) -> Callable[[object], list[Row]]:
    """Return, for the value of *key*, the rows of *query* that have it."""
    found: dict[object, list[Row]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row[key], []).append(dict(row))
    return lambda value: found.get(value, [])
