"""
The two-high register and its lists, what projects reserve and became, and their closed loop.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.narrow import Asked, narrow
from api.read.substitution import by_key, project, projects, rows_of, with_plans
from api.read.visible import visible
from ledger.metering.tables import ReportRow
from ledger.substitution.closed_loop import years_of_use
from ledger.substitution.look_up import RECORDED
from ledger.substitution.project_tables import (
    IndustryListRow,
    IndustryRow,
    PlanTermsRow,
    ProjectStageRow,
    RectificationRow,
    ReservationRow,
    TwoHighRow,
    TwoHighStepRow,
    UndoingRow,
)
from ledger.substitution.reserve_tables import DeficitRow
from ledger.substitution.tables import ProjectRow

Row = Mapping[str, Any]


def industry_lists(asked: Asked) -> sa.Select[Any]:
    """Return the query of adopted lists; filter: status. They are public."""
    query: sa.Select[Any] = sa.select(*IndustryListRow.__table__.columns)
    return narrow(query, asked, status=IndustryListRow.status)


def industry_list(version: str) -> sa.Select[Any]:
    """Return the query of one list."""
    return industry_lists({}).where(IndustryListRow.version == version)


def with_industries(connection: sa.Connection, rows: Sequence[Row]) -> list[Row]:
    """Return lists with the industries that they name."""
    versions = [row["version"] for row in rows]
    named = by_key(connection, rows_of(IndustryRow, IndustryRow.version, versions), "version")
    return [{**row, "industries": named(row["version"])} for row in rows]


def register(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of the register.

    Filters: enterprise, district, state, industry, disposition, approval, guidance, adds_capacity,
    category, review_before (lines whose next review is on that day or earlier).
    """
    query = sa.select(*TwoHighRow.__table__.columns).where(
        visible(reach, enterprises=[TwoHighRow.enterprise], district=TwoHighRow.district)
    )
    if "review_before" in asked:
        query = query.where(
            TwoHighRow.review_by <= asked["review_before"], TwoHighRow.state != "removed"
        )
    named = "enterprise district state industry disposition approval guidance adds_capacity"
    columns = {name: getattr(TwoHighRow, name) for name in named.split()}
    return narrow(query, asked, category=TwoHighRow.category, **columns)


def entry(reach: Reach, code: str) -> sa.Select[Any]:
    """Return the query of one line of the register."""
    return register(reach, {}).where(TwoHighRow.id == code)


def with_steps(connection: sa.Connection, rows: Sequence[Row]) -> list[Row]:
    """Return lines of the register with their steps."""
    ids = [row["id"] for row in rows]
    steps = by_key(connection, rows_of(TwoHighStepRow, TwoHighStepRow.entry, ids), "entry")
    return [{**row, "steps": steps(row["id"])} for row in rows]


def with_files(connection: sa.Connection, rows: Sequence[Row]) -> list[Row]:
    """
    Return projects with their plans and all that became of them.

    *stage* is where a project stands; *reservations* are those of its newest plan.
    """
    found = with_plans(connection, rows)
    ids = [row["id"] for row in found]
    plans = [row["plan"] for row in found if row["plan"] is not None]
    stages = by_key(connection, rows_of(ProjectStageRow, ProjectStageRow.project, ids), "project")
    terms = by_key(connection, rows_of(PlanTermsRow, PlanTermsRow.plan, plans), "plan")
    held = by_key(connection, rows_of(ReservationRow, ReservationRow.plan, plans), "plan")
    undone = by_key(connection, rows_of(UndoingRow, UndoingRow.project, ids), "project")
    orders = by_key(connection, rows_of(RectificationRow, RectificationRow.project, ids), "project")
    owed = by_key(connection, rows_of(DeficitRow, DeficitRow.project, ids), "project")
    return [
        {
            **row,
            **_stage(row, stages(row["id"])),
            **_terms(terms(row["plan"])),
            "reservations": held(row["plan"]),
            "undoings": undone(row["id"]),
            "rectifications": orders(row["id"]),
            "deficits": owed(row["id"]),
        }
        for row in found
    ]


def _stage(project: Row, stages: Sequence[Row]) -> Row:
    if not stages:
        return {"stage": project["state"], "stage_day": "", "commissioned_on": ""}
    (one,) = stages
    return {
        "stage": one["stage"],
        "stage_day": one["day"],
        "commissioned_on": one["commissioned_on"],
    }


def _terms(terms: Sequence[Row]) -> Row:
    if not terms:
        return {"assignment": "", "retires_all": "no"}
    return {"assignment": terms[0]["document"], "retires_all": terms[0]["retires_all"]}


def loops(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of accepted projects; filters as of projects."""
    return projects(reach, asked).where(ProjectRow.state == "accepted")


def loop(reach: Reach, code: str) -> sa.Select[Any]:
    """Return the query of one project, accepted or not yet."""
    return project(reach, code)


def with_loops(connection: sa.Connection, rows: Sequence[Row], *, today: date) -> list[Row]:
    """
    Return accepted projects with their measures against use, their debts and their orders.

    *overdue* counts orders whose deadline is over and which are not found carried out.
    """
    found = with_files(connection, rows)
    used = _used(connection, {row["enterprise"] for row in found})
    return [
        {
            **row,
            "measures": [_measure(row, one, used) for one in row["measures"]],
            "owed_count": sum(one["settled"] < one["amount"] for one in row["deficits"]),
            "open_count": sum(not one["done_on"] for one in row["rectifications"]),
            "overdue_count": sum(
                not one["done_on"] and one["deadline"] < today.isoformat()
                for one in row["rectifications"]
            ),
        }
        for row in found
    ]


def _measure(project: Row, one: Row, used: Mapping[tuple[str, str], dict[int, int]]) -> Row:
    """Return one measure with its use year by year once the project runs. Rule: SUB-78."""
    years: list[Row] = []
    if one["measure"] in RECORDED and project["commissioned_on"]:
        began = int(project["commissioned_on"][:4])
        figures = used.get((project["enterprise"], one["measure"]), {})
        told = years_of_use(added=one["added"], used=figures, commissioned=began)
        years = [asdict(year) for year in told]
    return {**one, "years": years}


def _used(
    connection: sa.Connection, enterprises: Iterable[str]
) -> dict[tuple[str, str], dict[int, int]]:
    """Return use by enterprise and measure, year by year, as the newest verified report says."""
    query = (
        sa.select(ReportRow.enterprise, ReportRow.year, ReportRow.energy_kgce, ReportRow.coal_kg)
        .where(
            ReportRow.enterprise.in_(sorted(enterprises)),
            ReportRow.state.in_(("verified", "final")),
        )
        .order_by(ReportRow.version)
    )
    used: dict[tuple[str, str], dict[int, int]] = {}
    for enterprise, year, energy, coal in connection.execute(query):
        used.setdefault((enterprise, "energy"), {})[year] = energy
        used.setdefault((enterprise, "coal"), {})[year] = coal
    return used
