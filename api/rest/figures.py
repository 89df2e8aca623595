"""
Published figures of districts, where a district stands, and where allowances flow.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from api.door import seen
from api.read.districts import district, figures, position
from api.read.flow_totals import shown_end, totals
from api.read.flows import flows
from api.read.ledger import asset_fields
from api.rest.accounts import ASSET
from api.rest.asked import NeededMeasure, NeededYear
from api.rest.fields import Amount, Count, Flag, Words
from api.rest.resource import QueryWhole, Resource, one, page, reached, snapshot, submit
from api.rest.shapes import add_to_pages, item_of
from ledger.districts.record import RecordFigures
from ledger.districts.tables import FigureRow
from ledger.follow import position_of
from ledger.lineage.flows import FLOWS
from ledger.lineage.tables import FlowRow
from ledger.tables import AssetRow

standing = Resource("figures", __name__, "Districts: published figures, positions and flows")

Figure = item_of(FigureRow)


class WarningGrade(ma.Schema):
    """A warning level: its meaning, and the label that its scheme publishes."""

    severity = Words(required=True)
    label = Words(required=True)


class AssessmentGrade(ma.Schema):
    """How a district is assessed: intensity by the base target; total exempt, within or over."""

    is_intensity_met = Flag(required=True)
    total = Words(required=True)
    is_passed = Flag(required=True)


class BudgetLeft(ma.Schema):
    """What one budget of a district has left, in kgce or kg."""

    measure = Words(required=True)
    cap = Amount(required=True)
    reserved = Amount(required=True)
    committed = Amount(required=True)
    issued = Amount(required=True)
    headroom = Amount(required=True)


class DistrictPosition(ma.Schema):
    """Where a district stands in a year; what was not published is null, and so is its level."""

    district = Words(required=True)
    name = Words(required=True)
    name_en = Words(required=True)
    year = Count(required=True)
    total_kgce = Amount(required=True, allow_none=True)
    total_status = Words(required=True, allow_none=True)
    reported_kgce = Amount(required=True)
    reports_count = Count(required=True)
    intensity_kgce_per_10k_yuan = Words(required=True, allow_none=True)
    base_year = Count(required=True)
    reduction_percent = Words(required=True, allow_none=True)
    target_percent = Words(required=True, allow_none=True)
    due_percent = Words(required=True, allow_none=True)
    warning = ma.fields.Nested(WarningGrade, required=True, allow_none=True)
    warning_scheme = Words(required=True, allow_none=True)
    assessment = ma.fields.Nested(AssessmentGrade, required=True, allow_none=True)
    budgets = ma.fields.List(ma.fields.Nested(BudgetLeft), required=True)


class Flow(ma.Schema):
    """One edge of the flow chart: how much went from an origin to a use."""

    kind = Words(required=True)
    origin = Words(required=True)
    use = Words(required=True)
    amount = Amount(required=True)


class Flows(ma.Schema):
    """
    The edges of one year and measure, in kgce or kg; those of groups all, of enterprises a page.

    They stand through entry *through_entry*; *next_after* is asked for as *after*.
    """

    items = ma.fields.List(ma.fields.Nested(Flow), required=True)
    sequence = Count(required=True)
    through_entry = Count(required=True)
    next_after = Words(required=True, allow_none=True)


FlowTotal = ma.Schema.from_dict(
    {
        "month": Words(metadata={"description": "the month of recording, such as 2026-05"}),
        "how": Words(),
        "giver": Words(),
        "taker": Words(),
        **ASSET,
        "amount": Amount(),
    },
    name="FlowTotal",
)
add_to_pages(FlowTotal, through_entry=Count())


class Grouping(Words):
    """How owners are put together."""

    def __init__(self, **kwargs: Any) -> None:
        kinds = ma.validate.OneOf(("district", "sector", "enterprise"))
        super().__init__(validate=kinds, load_default="district", **kwargs)


@standing.post("/figures")
@standing.takes(RecordFigures)
def record(document: Mapping[str, Any]) -> Any:
    """Record published figures of districts, each with its source."""
    return submit(RecordFigures, document)


@standing.get("/figures")
@standing.lists(Figure, district=Words, year=QueryWhole, figure=Words, status=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List published figures, each as it was recorded last."""
    return page(figures(asked), asked, [FigureRow.district, FigureRow.year, FigureRow.figure])


@standing.get("/districts/<code>/position")
@standing.shows(DistrictPosition, year=NeededYear)
def show_position(asked: Mapping[str, Any], code: str) -> Any:
    """Show a district's total, intensity, headroom and warning level of a year."""
    return one(
        district(seen(), code),
        complete=lambda connection, rows: [position(connection, rows[0], asked["year"])],
    )


@standing.get("/flows")
@standing.shows(
    Flows, year=NeededYear, measure=NeededMeasure, by=Grouping, district=Words, after=Words
)
def show_flows(asked: Mapping[str, Any]) -> Any:
    """Show where a year's allowances came from and what became of them."""
    names = ("year", "measure", "by", "district", "after")
    wanted = {name: asked[name] for name in names if name in asked}
    with snapshot() as connection:
        found = flows(connection, seen(), **wanted)
        return {
            "items": found.edges,
            "sequence": reached(connection),
            "through_entry": found.through,
            "next_after": found.next_after,
        }


@standing.get("/flows/totals")
@standing.lists(FlowTotal, asset=Words)
def list_flow_totals(asked: Mapping[str, Any]) -> Any:
    """List what moved in all, by asset, month and groups of enterprises: district and sector."""
    query = totals(seen())
    if "asset" in asked:
        query = query.where(AssetRow.code == asked["asset"])
    stands: dict[str, int] = {}

    def complete(connection: sa.Connection, rows: list[Mapping[str, Any]]) -> Any:
        stands["through_entry"] = position_of(connection, FLOWS).entry
        return [_total(row) for row in rows]

    keys = [FlowRow.asset, FlowRow.month, FlowRow.how, FlowRow.giver, FlowRow.taker]
    body, status, headers = page(query, asked, keys, complete=complete)
    return {**body, **stands}, status, headers


def _total(row: Mapping[str, Any]) -> dict[str, Any]:
    year, month = divmod(row["month"], 100)
    return {
        **asset_fields(row["code"]),
        "month": f"{year:04}-{month:02}",
        "how": row["how"],
        "giver": shown_end(row["giver"], seen()),
        "taker": shown_end(row["taker"], seen()),
        "amount": row["amount"],
    }
