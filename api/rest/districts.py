"""
Districts: the administrative areas, and the policy pack that governs each.
"""

from collections.abc import Mapping
from typing import Any

from api.read import parties
from api.read.narrow import narrow
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.parties.enroll import RegisterDistricts
from ledger.parties.tables import DistrictRow

districts = Resource("districts", __name__, "Districts: areas by their GB/T 2260 code")

District = item_of(DistrictRow)


@districts.get("/districts")
@districts.lists(District, parent=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List districts."""
    query = narrow(parties.districts(), asked, parent=DistrictRow.parent)
    return page(query, asked, [DistrictRow.code])


@districts.get("/districts/<district>")
@districts.shows(District)
def show(district: str) -> Any:
    """Show one district."""
    return one(parties.districts().where(DistrictRow.code == district))


@districts.post("/districts")
@districts.takes(RegisterDistricts)
def register(document: Mapping[str, Any]) -> Any:
    """Register districts, parents before their children, every row or none."""
    return submit(RegisterDistricts, document)
