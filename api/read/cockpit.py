"""
What an authority looks at first: progress by district, warning levels, what is open.

Each is a handful of queries however many districts and enterprises there are.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.districts import Published, figures, progress
from api.read.visible import visible
from ledger.allocation.tables import AllocationRow, DueClaimRow
from ledger.compliance.tables import ComplianceYearRow, DeductionRow, StandingRow
from ledger.districts.tables import BudgetRow
from ledger.parties.tables import DistrictRow, EnterpriseRow
from ledger.substitution.tables import FreedClaimRow

Row = Mapping[str, Any]

NEARLY_NOTHING_PERCENT = 5
"""Headroom below this share of the cap is worth a word."""


def budget_years(connection: sa.Connection) -> list[int]:
    """Return the years for which budgets were set, the newest first."""
    query = sa.select(BudgetRow.year).distinct().order_by(BudgetRow.year.desc())
    return list(connection.execute(query).scalars())


def compliance_years(connection: sa.Connection) -> list[Row]:
    """Return the compliance years, the newest first."""
    query = sa.select(*ComplianceYearRow.__table__.columns).order_by(ComplianceYearRow.year.desc())
    return [dict(row) for row in connection.execute(query).mappings()]


def assessed_year(connection: sa.Connection) -> int | None:
    """Return the newest year for which anybody owes anything yet."""
    return connection.execute(sa.select(sa.func.max(StandingRow.year))).scalar_one()


def progress_by_district(connection: sa.Connection, reach: Reach, year: int) -> list[Row]:
    """
    Return by district and measure what is owed, surrendered, recovered and short, in kgce or kg.

    *enterprises* counts those that owe, *short_enterprises* those with something still to hand in.
    """
    left = StandingRow.owed - StandingRow.surrendered - StandingRow.recovered
    short = sa.case((left > 0, left), else_=0)
    sums: list[Any] = [
        sa.func.sum(StandingRow.owed).label("owed"),
        sa.func.sum(StandingRow.surrendered).label("surrendered"),
        sa.func.sum(StandingRow.recovered).label("recovered"),
        sa.func.sum(short).label("short"),
        sa.func.count().label("enterprises"),
        sa.func.sum(sa.case((left > 0, 1), else_=0)).label("short_enterprises"),
    ]
    query = (
        sa.select(EnterpriseRow.district, StandingRow.measure, *sums)
        .join(EnterpriseRow, EnterpriseRow.id == StandingRow.enterprise)
        .where(StandingRow.year == year, visible(reach, enterprises=[StandingRow.enterprise]))
        .group_by(EnterpriseRow.district, StandingRow.measure)
        .order_by(StandingRow.measure.desc(), EnterpriseRow.district)
    )
    return [_whole(row) for row in connection.execute(query).mappings()]


def _whole(row: Mapping[Any, Any]) -> Row:
    """Return a row with its sums as ints: PostgreSQL adds whole numbers up to decimals."""
    texts = ("district", "measure")
    return {name: row[name] if name in texts else int(row[name]) for name in row}


def warnings(connection: sa.Connection, year: int) -> dict[str, Row]:
    """
    Return by district how far its intensity has fallen in the plan, and its warning level.

    Without published figures the level is None, which is not the same as green. Rule: DST-16.
    """
    published: dict[str, dict[tuple[int, str], Row]] = {}
    for row in connection.execute(figures({})).mappings():
        published.setdefault(row["district"], {})[row["year"], row["figure"]] = dict(row)
    heres = connection.execute(sa.select(*DistrictRow.__table__.columns)).mappings().all()
    return {
        here["code"]: progress(
            connection, dict(here), Published(published.get(here["code"], {})), year
        )
        for here in heres
    }


def district_list(connection: sa.Connection, reach: Reach) -> list[Row]:
    """Return the districts in reach that have budgets or enterprises, with how many of these."""
    count = (
        sa.select(EnterpriseRow.district, sa.func.count().label("enterprises"))
        .group_by(EnterpriseRow.district)
        .subquery()
    )
    query = (
        sa.select(
            *DistrictRow.__table__.columns,
            sa.func.coalesce(count.c.enterprises, 0).label("enterprises"),
        )
        .outerjoin(count, count.c.district == DistrictRow.code)
        .where(visible(reach, district=DistrictRow.code))
        .order_by(DistrictRow.code)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def open_matters(connection: sa.Connection, rights: Reach, freed: Reach, owed: Reach) -> Row:
    """Return how many things wait: staged plans, freed claims by state, due claims, deductions."""
    staged = sa.select(sa.func.count()).where(
        AllocationRow.state == "planned",
        visible(rights, enterprises=[AllocationRow.enterprise], district=AllocationRow.district),
    )
    due = sa.select(sa.func.count()).where(
        DueClaimRow.settled < DueClaimRow.amount,
        visible(owed, enterprises=[DueClaimRow.enterprise]),
    )
    deductions = sa.select(sa.func.count()).where(
        DeductionRow.applied_by.is_(None), visible(owed, enterprises=[DeductionRow.enterprise])
    )
    claims = (
        sa.select(FreedClaimRow.state, sa.func.count().label("claims"))
        .where(visible(freed, enterprises=[FreedClaimRow.enterprise]))
        .group_by(FreedClaimRow.state)
    )
    by_state = {row.state: row.claims for row in connection.execute(claims)}
    return {
        "staged": connection.execute(staged).scalar_one(),
        "due_claims": connection.execute(due).scalar_one(),
        "deductions": connection.execute(deductions).scalar_one(),
        "claimed": by_state.get("claimed", 0),
        "reviewed": by_state.get("reviewed", 0),
    }


def is_nearly_used(budget: Row) -> bool:
    """Return whether less than `NEARLY_NOTHING_PERCENT` of a budget is left."""
    return bool(budget["headroom"] * 100 < budget["cap"] * NEARLY_NOTHING_PERCENT)


def of_measure(rows: Iterable[Row], measure: str) -> list[Row]:
    """Return the rows of one measure."""
    return [row for row in rows if row["measure"] == measure]
