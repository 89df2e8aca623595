"""
A compliance year: how it was opened, who owes what, what closing found, and what follows from it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from flask import render_template

from api.door import NotFound, seen
from api.faces import faces
from api.read import cockpit
from api.read import compliance as reading
from api.read.rights import due_claims
from api.web import authority_words as words
from api.web.authority_frame import Row, authority, filter_of, listed
from api.web.authority_sheet import sheet_of
from api.web.public_policy import meaning
from ledger.allocation.tables import DueClaimRow
from ledger.compliance.tables import (
    ClosingRow,
    DeductionRow,
    MeanPriceRow,
    ObligationRow,
    PenaltyProposalRow,
    StandingRow,
)
from ledger.days import day_of

SHOWN_MAX = 200

YEAR_STATES = {
    "open": ("履约中", "open"),
    "closing": ("结算中", "closing"),
    "closed": ("已关闭", "closed"),
}


@authority.get("/authority/years")
def years() -> str:
    """List compliance years, and what enterprises still owe to budgets."""
    with faces().read() as connection:
        found = cockpit.compliance_years(connection)
        query = due_claims(seen(), {}).order_by(DueClaimRow.sequence.desc(), DueClaimRow.ordinal)
        claims = _dicts(connection, query)
        cuts = _dicts(
            connection,
            reading.deductions(seen(), {}).order_by(
                DeductionRow.year.desc(), DeductionRow.enterprise
            ),
        )
    words.know(row["enterprise"] for row in (*claims, *cuts))
    return render_template(
        "authority/years.html",
        years=found,
        claims=claims,
        deductions=cuts,
        states=YEAR_STATES,
        following=_following(found),
    )


def _following(found: Iterable[Mapping[str, Any]]) -> int:
    """Return the year that would be opened next."""
    latest = max((row["year"] for row in found), default=None)
    return day_of(faces().gateway.now()).year if latest is None else int(latest) + 1


@authority.get("/authority/years/<int:year>")
def year(year: int) -> str:
    """Show one year: standings, closings with their sheets, penalties proposed, deductions."""
    asked: dict[str, Any] = {"year": year}
    if district := filter_of("district", most=20):
        asked["district"] = district
    with faces().read() as connection:
        opened = connection.execute(reading.years({"year": year})).mappings().first()
        if opened is None:
            raise NotFound
        rows, cursor = _standings(connection, asked)
        ids = [row["enterprise"] for row in rows]
        sheets = _sheets(connection, year, ids)
        found = {
            "progress": cockpit.progress_by_district(connection, seen(), year),
            "closings": _short_closings(connection, asked),
            "penalties": _dicts(connection, _penalties(asked)),
            "cuts": _dicts(
                connection,
                reading.deductions(seen(), {**asked, "year": year + 1}).order_by(
                    DeductionRow.enterprise
                ),
            ),
            "prices": _dicts(
                connection,
                reading.prices({"year": year}).order_by(MeanPriceRow.recorded_by.desc()),
            ),
        }
    words.know(
        row["enterprise"] for part in ("closings", "penalties", "cuts") for row in found[part]
    )
    words.know(ids)
    return render_template(
        "authority/year.html",
        year=opened,
        district=district,
        gap=filter_of("gap"),
        rows=rows,
        cursor=cursor,
        sheets=sheets,
        states=YEAR_STATES,
        meaning=meaning,
        **found,
    )


def _standings(connection: sa.Connection, asked: dict[str, Any]) -> tuple[list[Row], str | None]:
    query = reading.standings(seen(), asked)
    if filter_of("gap") == "yes":
        left = StandingRow.owed - StandingRow.surrendered - StandingRow.recovered
        query = query.where(left > 0)
    keys = [StandingRow.enterprise, StandingRow.measure]
    return listed(connection, query, keys, newest_first=False)


def _sheets(connection: sa.Connection, year: int, ids: list[str]) -> dict[tuple[str, str], Any]:
    """Return the steps of each obligation shown, with the command that computed it."""
    query = reading.obligations(seen(), {"year": year}).where(ObligationRow.enterprise.in_(ids))
    return {
        (row["enterprise"], row["measure"]): (
            sheet_of(row["sheet"], measure=row["measure"]),
            row["computed_by"],
        )
        for row in connection.execute(query).mappings()
    }


def _short_closings(connection: sa.Connection, asked: dict[str, Any]) -> list[Row]:
    """Return the closings that found something missing, with their steps."""
    query = (
        reading.closings(seen(), asked)
        .where(ClosingRow.missing > 0)
        .order_by(ClosingRow.enterprise, ClosingRow.measure)
    )
    return [
        {**row, "steps": sheet_of(row["sheet"], measure=row["measure"])}
        for row in _dicts(connection, query)
    ]


def _penalties(asked: dict[str, Any]) -> sa.Select[Any]:
    return reading.penalty_proposals(seen(), asked).order_by(
        PenaltyProposalRow.enterprise, PenaltyProposalRow.measure, PenaltyProposalRow.kind
    )


def _dicts(connection: sa.Connection, query: sa.Select[Any]) -> list[Row]:
    return [dict(row) for row in connection.execute(query.limit(SHOWN_MAX)).mappings()]
