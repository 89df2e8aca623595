"""
Obligations, and where enterprises stand: owed, surrendered, still lacking.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import seen
from api.read.compliance import enterprise as enterprise_seen
from api.read.compliance import obligations, position, standings
from api.rest.asked import Measure, NeededYear
from api.rest.fields import Amount, Count, Words
from api.rest.resource import QueryWhole, Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.compliance.assess import ComputeObligations
from ledger.compliance.tables import ObligationRow, StandingRow

obliged = Resource("obligations", __name__, "Obligations: what is owed, and what is still lacking")

Obligation = item_of(ObligationRow, documents=("sheet",))
Standing = enlarged(item_of(StandingRow), "Standing", gap=Amount())


class MeasurePosition(ma.Schema):
    """
    One measure of an enterprise's position, in kgce or kg.

    `gap` is owed less surrendered, recovered and usable: above zero it is still to be found, below
    zero it could be sold. `owed` is null before it is computed, `usable` where no policy says
    which units answer.
    """

    measure = Words(required=True)
    owed = Amount(required=True, allow_none=True)
    surrendered = Amount(required=True)
    recovered = Amount(required=True)
    usable = Amount(required=True, allow_none=True)
    restricted = Amount(required=True)
    encumbered = Amount(required=True)
    gap = Amount(required=True, allow_none=True)


class EnterprisePosition(ma.Schema):
    """Where an enterprise stands for a compliance year."""

    enterprise = Words(required=True)
    district = Words(required=True)
    sector = Words(required=True)
    year = Count(required=True)
    items = ma.fields.List(ma.fields.Nested(MeasurePosition), required=True)


@obliged.post("/obligations")
@obliged.takes(ComputeObligations)
def compute(document: Mapping[str, Any]) -> Any:
    """Compute obligations from final reports."""
    return submit(ComputeObligations, document)


@obliged.get("/obligations")
@obliged.lists(Obligation, year=QueryWhole, enterprise=Words, measure=Measure, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List obligations with their sheets."""
    row = ObligationRow
    return page(obligations(seen(), asked), asked, [row.year, row.enterprise, row.measure])


@obliged.get("/obligations/<enterprise>/<int:year>/<measure>")
@obliged.shows(Obligation)
def show(**path: Any) -> Any:
    """Show one obligation with its sheet."""
    return one(obligations(seen(), path))


@obliged.get("/standings")
@obliged.lists(
    Standing, year=QueryWhole, enterprise=Words, measure=Measure, district=Words, state=Words
)
def index_standings(asked: Mapping[str, Any]) -> Any:
    """List what is owed, surrendered and lacking."""
    row = StandingRow
    return page(standings(seen(), asked), asked, [row.year, row.enterprise, row.measure])


@obliged.get("/enterprises/<code>/position")
@obliged.shows(EnterprisePosition, year=NeededYear)
def show_position(asked: Mapping[str, Any], code: str) -> Any:
    """Show what an enterprise owes for a year, what it has for it, and what it lacks."""
    year = asked["year"]
    return one(
        enterprise_seen(seen(), code),
        complete=lambda connection, rows: [
            {**rows[0], "year": year, "items": position(connection, code, year)}
        ],
    )
