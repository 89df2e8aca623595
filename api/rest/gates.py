"""
Project gates: verdicts, asks in the order of the budget, listed quota, regional assessments.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import seen
from api.read import gates as reading
from api.read.districts import district
from api.rest.asked import NeededYear
from api.rest.fields import Amount, Count, Flag, Words
from api.rest.resource import QueryWhole, Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.allocation.listed import HandOverListing
from ledger.districts.assess import AssessGate
from ledger.districts.gate_tables import GateVerdictRow, ListingRow, RegionProjectRow, RegionRow
from ledger.districts.listing import ApplyForListing, DecideListing
from ledger.districts.region import AssessRegion, LinkProject

gated = Resource("gates", __name__, "Project gates: verdicts, listed quota, assessed areas")

GateVerdict = item_of(GateVerdictRow, documents=("sheet",))
Listing = item_of(ListingRow)
Region = item_of(RegionRow, documents=("negative_list",))
RegionProject = item_of(RegionProjectRow, documents=("sheet",))
Ask = enlarged(GateVerdict, "Ask", left=Amount(), fits=Flag())
Asks = ma.Schema.from_dict(
    {
        "district": Words(),
        "year": Count(),
        "headroom": Amount(allow_none=True),
        "asks": ma.fields.List(ma.fields.Nested(Ask)),
        "left": Amount(),
    },
    name="Asks",
)
ASKS_MAX = 1_000


@gated.post("/gate-verdicts")
@gated.takes(AssessGate)
def assess(document: Mapping[str, Any]) -> Any:
    """Assess a project at the gate of its district."""
    return submit(AssessGate, document)


@gated.get("/gate-verdicts")
@gated.lists(GateVerdict, project=Words, district=Words, year=QueryWhole, verdict=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List verdicts, the newest first."""
    query = reading.verdicts(seen(), asked)
    return page(query, asked, [GateVerdictRow.assessed_by], newest_first=True)


@gated.get("/districts/<code>/asks")
@gated.shows(Asks, year=NeededYear)
def show_asks(asked: Mapping[str, Any], code: str) -> Any:
    """Show what assessed projects ask of a district, in order, and how far its headroom goes."""
    year = asked["year"]
    query = reading.asks(seen(), district=code, year=year).order_by(
        GateVerdictRow.place, GateVerdictRow.assessed_by
    )

    def complete(connection: Any, rows: Any) -> Any:
        found = [dict(row) for row in connection.execute(query.limit(ASKS_MAX)).mappings()]
        served = reading.served(connection, found, district=code, year=year)
        return [{"district": rows[0]["district"], "year": year, **served}]

    return one(district(seen(), code), complete=complete)


@gated.post("/listings")
@gated.takes(ApplyForListing)
def apply_for(document: Mapping[str, Any]) -> Any:
    """Apply for quota that the city lists for one project."""
    return submit(ApplyForListing, document)


@gated.get("/listings")
@gated.lists(Listing, project=Words, district=Words, state=Words)
def listings(asked: Mapping[str, Any]) -> Any:
    """List quota asked and granted for single projects."""
    return page(reading.listings(seen(), asked), asked, [ListingRow.project])


@gated.post("/listings/<project>/decisions")
@gated.takes(DecideListing, path=("project",))
def decide(document: Mapping[str, Any], project: str) -> Any:
    """Propose to grant or refuse listed quota."""
    return submit(DecideListing, {**document, "project": project})


@gated.post("/listings/<project>/hand-overs")
@gated.takes(HandOverListing, path=("project",))
def hand_over(document: Mapping[str, Any], project: str) -> Any:
    """Propose to hand granted quota to the project's enterprise."""
    return submit(HandOverListing, {**document, "project": project})


@gated.post("/regions")
@gated.takes(AssessRegion)
def assess_region(document: Mapping[str, Any]) -> Any:
    """Propose a regional energy assessment."""
    return submit(AssessRegion, document)


@gated.get("/regions")
@gated.lists(Region, district=Words)
def regions(asked: Mapping[str, Any]) -> Any:
    """List regional assessments with what each area has left."""
    return page(reading.regions(seen(), asked), asked, [RegionRow.id])


@gated.post("/regions/<region>/projects")
@gated.takes(LinkProject, path=("region",))
def link(document: Mapping[str, Any], region: str) -> Any:
    """Propose to bring a project under its area's assessment."""
    return submit(LinkProject, {**document, "region": region})


@gated.get("/region-projects")
@gated.lists(RegionProject, region=Words, enterprise=Words)
def region_projects(asked: Mapping[str, Any]) -> Any:
    """List projects that need no review of their own, by area."""
    return page(reading.region_projects(seen(), asked), asked, [RegionProjectRow.project])
