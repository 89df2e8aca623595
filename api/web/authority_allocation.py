"""
Allocation: a district's plan of a year line by line, with its calculation; issue and true-up.
"""

from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import NotFound, reach_of
from api.faces import faces
from api.read import cockpit
from api.read.districts import district as one_district
from api.read.rights import allocations as all_allocations
from api.web import authority_words as words
from api.web.act import Refusal, attempt, fresh_key
from api.web.authority_frame import Row, authority, listed, measure_of, year_of
from api.web.authority_sheet import sheet_of
from api.web.shown import t
from ledger.allocation.allocate import IssueAllocations
from ledger.allocation.plan import plan_hash
from ledger.allocation.tables import AllocationRow
from ledger.allocation.true_up import TrueUp

_ORDER = (AllocationRow.enterprise, AllocationRow.product)


@authority.get("/authority/allocations")
def allocations() -> str:
    """List the plans of a year: by district and measure, how much and how far."""
    with faces().read() as connection:
        years = _years(connection)
        year = year_of() or (years[0] if years else 0)
        rows = _totals(connection, year)
    return render_template("authority/allocations.html", year=year, years=years, rows=rows)


@authority.get("/authority/allocations/<district>/<int:year>")
def allocation(district: str, year: int) -> str:
    """Show one plan line by line."""
    return _page(district, year)


@authority.post("/authority/allocations/<district>/<int:year>/issue")
def issue(district: str, year: int) -> str | Response | tuple[str, int]:
    """Propose to issue what is planned, as it was read."""
    measure = request.form.get("measure", "")
    document = {
        "district": district,
        "year": year,
        "measure": measure,
        "plan_hash": request.form.get("plan_hash", ""),
        "document": request.form.get("document", "").strip(),
    }
    return _after(attempt(IssueAllocations, document), district, year, measure)


@authority.post("/authority/allocations/<district>/<int:year>/true-up")
def true_up(district: str, year: int) -> str | Response | tuple[str, int]:
    """Propose to settle the year's allocations by verified output."""
    measure = request.form.get("measure", "")
    document = {
        "district": district,
        "year": year,
        "measure": measure,
        "document": request.form.get("document", "").strip(),
    }
    return _after(attempt(TrueUp, document), district, year, measure)


def _after(
    outcome: Any, district: str, year: int, measure: str
) -> str | Response | tuple[str, int]:
    if isinstance(outcome, Refusal):
        return _page(district, year, measure=measure, refusal=outcome), outcome.status
    number = outcome.answer.result.get("proposal", outcome.answer.sequence)
    sentence = t(
        f"已提交复核，编号 {number}；第二人批准后生效。",
        f"Proposed as number {number}; it takes effect when a second person approves.",
    )
    flash(sentence, "done")
    return redirect(
        url_for("authority.allocation", district=district, year=year, measure=measure), 303
    )


def _page(district: str, year: int, *, measure: str = "", refusal: Refusal | None = None) -> str:
    measure = measure if measure in ("energy", "coal") else measure_of()
    asked = {"district": district, "year": year, "measure": measure}
    with faces().read() as connection:
        here = connection.execute(one_district(reach_of(78), district)).mappings().first()
        query = all_allocations(reach_of(78), asked)
        rows, cursor = listed(connection, query, _ORDER, newest_first=False)
        totals = [row for row in _totals(connection, year) if row["district"] == district]
        staged = query.where(AllocationRow.state == "planned").order_by(*_ORDER)
        planned = connection.execute(staged).all()
    if here is None or not totals:
        raise NotFound
    words.know(row["enterprise"] for row in rows)
    return render_template(
        "authority/allocation.html",
        place=here,
        year=year,
        measure=measure,
        measures=[row["measure"] for row in totals],
        total=next((row for row in totals if row["measure"] == measure), None),
        rows=[_with_sheets(row) for row in rows],
        cursor=cursor,
        plan_hash=plan_hash(planned) if planned else "",  # type: ignore[arg-type]
        planned=len(planned),
        key=fresh_key(),
        refusal=refusal,
        form=request.form,
    )


def _with_sheets(row: Row) -> Row:
    return {**row, "steps": sheet_of(row["sheet"]), "final_steps": sheet_of(row["final_sheet"])}


def _years(connection: sa.Connection) -> list[int]:
    query = sa.select(AllocationRow.year).distinct().order_by(AllocationRow.year.desc())
    planned = set(connection.execute(query).scalars())
    return sorted(planned | set(cockpit.budget_years(connection)), reverse=True)


def _totals(connection: sa.Connection, year: int) -> list[Row]:
    """Return by district and measure how many lines are planned, issued and final, and amounts."""
    lines = all_allocations(reach_of(78), {"year": year}).subquery()
    columns = lines.c
    sums = [
        sa.func.sum(columns[name]).label(name)
        for name in ("requested", "granted", "pre_issued", "saleable", "issued")
    ]
    states = [
        sa.func.sum(sa.case((columns.state == state, 1), else_=0)).label(state + "_lines")
        for state in ("planned", "issued", "final")
    ]
    query = (
        sa.select(columns.district, columns.measure, sa.func.count().label("lines"), *sums, *states)
        .group_by(columns.district, columns.measure)
        .order_by(columns.measure.desc(), columns.district)
    )
    texts = ("district", "measure")
    return [
        {name: row[name] if name in texts else int(row[name]) for name in row}
        for row in connection.execute(query).mappings()
    ]
