"""
Facilities: the plants and lines of enterprises.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read import parties
from api.read.narrow import narrow
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.parties.enroll import RegisterFacilities
from ledger.parties.tables import FacilityRow

facilities = Resource("facilities", __name__, "Facilities: plants and lines of enterprises")

Facility = item_of(FacilityRow)


@facilities.get("/facilities")
@facilities.lists(Facility, enterprise=Words, sector=Words, state=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List facilities."""
    names = {name: getattr(FacilityRow, name) for name in ("enterprise", "sector", "state")}
    return page(narrow(parties.facilities(seen()), asked, **names), asked, [FacilityRow.id])


@facilities.get("/facilities/<facility>")
@facilities.shows(Facility)
def show(facility: str) -> Any:
    """Show one facility."""
    return one(parties.facilities(seen()).where(FacilityRow.id == facility))


@facilities.post("/facilities")
@facilities.takes(RegisterFacilities)
def register(document: Mapping[str, Any]) -> Any:
    """Register facilities as running, every row or none."""
    return submit(RegisterFacilities, document)
