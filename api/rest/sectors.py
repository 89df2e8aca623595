"""
Sectors: the industries, and whether the city's list marks them as two-high.
"""

from collections.abc import Mapping
from typing import Any

from api.read import parties
from api.read.narrow import narrow
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.parties.enroll import RegisterSectors
from ledger.parties.tables import SectorRow

sectors = Resource("sectors", __name__, "Sectors: industries and their two-high mark")

Sector = item_of(SectorRow)


@sectors.get("/sectors")
@sectors.lists(Sector, two_high=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List sectors."""
    query = narrow(parties.sectors(), asked, two_high=SectorRow.two_high)
    return page(query, asked, [SectorRow.code])


@sectors.get("/sectors/<sector>")
@sectors.shows(Sector)
def show(sector: str) -> Any:
    """Show one sector."""
    return one(parties.sectors().where(SectorRow.code == sector))


@sectors.post("/sectors")
@sectors.takes(RegisterSectors)
def register(document: Mapping[str, Any]) -> Any:
    """Register sectors, every row or none."""
    return submit(RegisterSectors, document)
