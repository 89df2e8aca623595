"""
Districts: what each may use, has promised and has left, and the decisions behind it.
"""

from typing import Any

import sqlalchemy as sa
from flask import render_template

from api.door import NotFound, reach_of, seen
from api.faces import faces
from api.read import cockpit
from api.read import districts as reading
from api.read.parties import enterprises
from api.read.rights import allocations, entitlements
from api.web import authority_words as words
from api.web.authority_frame import Row, authority, listed, year_of
from ledger.allocation.tables import AllocationRow, EntitlementRow
from ledger.days import day_of
from ledger.districts.tables import BudgetDecisionRow, FigureRow
from ledger.parties.tables import EnterpriseRow

DECISIONS_MAX = 200
ROWS_MAX = 100


@authority.get("/authority/districts")
def districts() -> str:
    """List the districts with what each has left."""
    with faces().read() as connection:
        years = cockpit.budget_years(connection)
        year = year_of() or (years[0] if years else _this_year())
        rows = cockpit.district_list(connection, seen())
        query = reading.budgets(seen(), {"year": year})
        found = [dict(row) for row in connection.execute(query).mappings()]
        budgets = reading.with_headroom(connection, found)
        levels = cockpit.warnings(connection, year)
    return render_template(
        "authority/districts.html",
        year=year,
        years=years,
        districts=rows,
        budgets={(row["district"], row["measure"]): row for row in budgets},
        levels=levels,
    )


@authority.get("/authority/districts/<code>")
def district(code: str) -> str:
    """Show one district: budget, decisions, published figures, enterprises, rights."""
    with faces().read() as connection:
        here = connection.execute(reading.district(seen(), code)).mappings().first()
        if here is None:
            raise NotFound
        years = cockpit.budget_years(connection)
        year = year_of() or (years[0] if years else _this_year())
        position = reading.position(connection, dict(here), year)
        asked = {"district": code, "year": year}
        own = enterprises(reach_of(17)).where(EnterpriseRow.district == code)
        members, cursor = listed(connection, own, [EnterpriseRow.id], newest_first=False)
        found = {
            "figures": _figures(connection, code),
            "decisions": _decisions(connection, asked),
            "rights": _rights(connection, code),
            "granted": _granted(connection, asked),
        }
    words.know(row["enterprise"] for row in (*found["rights"], *found["granted"]))
    return render_template(
        "authority/district.html",
        place=here,
        year=year,
        years=years,
        position=position,
        members=members,
        cursor=cursor,
        **found,
    )


def _figures(connection: sa.Connection, code: str) -> list[Row]:
    query = reading.figures({"district": code})
    return _dicts(connection, query.order_by(FigureRow.year, FigureRow.figure))


def _decisions(connection: sa.Connection, asked: dict[str, Any]) -> list[Row]:
    query = reading.budget_decisions(seen(), asked)
    ordered = query.order_by(BudgetDecisionRow.sequence, BudgetDecisionRow.ordinal)
    return _dicts(connection, ordered, DECISIONS_MAX)


def _rights(connection: sa.Connection, code: str) -> list[Row]:
    query = entitlements(reach_of(78), {"district": code})
    return _dicts(connection, query.order_by(EntitlementRow.sequence, EntitlementRow.ordinal))


def _granted(connection: sa.Connection, asked: dict[str, Any]) -> list[Row]:
    query = allocations(reach_of(78), asked)
    keys = (AllocationRow.measure.desc(), AllocationRow.enterprise, AllocationRow.product)
    return _dicts(connection, query.order_by(*keys))


def _dicts(connection: sa.Connection, query: sa.Select[Any], rows: int = ROWS_MAX) -> list[Row]:
    return [dict(row) for row in connection.execute(query.limit(rows)).mappings()]


def _this_year() -> int:
    return day_of(faces().gateway.now()).year
