"""
Meters: registered, looked at, closed.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read.metering import meter, meters
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.metering.enroll import CloseMeter, RegisterMeters
from ledger.metering.tables import MeterRow

installed = Resource("meters", __name__, "Meters: cumulative, each with its carrier and unit")

Meter = item_of(MeterRow)


@installed.post("/meters")
@installed.takes(RegisterMeters)
def register(document: Mapping[str, Any]) -> Any:
    """Register meters with their opening readings, all or none."""
    return submit(RegisterMeters, document)


@installed.get("/meters")
@installed.lists(Meter, enterprise=Words, facility=Words, carrier=Words, use=Words, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List meters by id."""
    return page(meters(seen(), asked), asked, [MeterRow.id])


@installed.get("/meters/<meter_id>")
@installed.shows(Meter)
def show(meter_id: str) -> Any:
    """Show one meter."""
    return one(meter(seen(), meter_id))


@installed.post("/meters/<meter_id>/closure")
@installed.takes(CloseMeter, path=("meter",))
def close(document: Mapping[str, Any], meter_id: str) -> Any:
    """Close a meter with its last reading."""
    return submit(CloseMeter, {**document, "meter": meter_id})
