"""
Judicial freezes of units and transfers by order of a court.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read import liens as reading
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.liens.freeze_commands import CarryOutOrder, LiftFreeze, RenewFreeze
from ledger.liens.tables import CourtOrderRow, FreezeRow
from market.court_freeze import FreezeUnits

frozen = Resource("freezes", __name__, "Judicial freezes of units; court orders")

Freeze = item_of(FreezeRow)
CourtOrder = item_of(CourtOrderRow)


@frozen.post("/freezes")
@frozen.takes(FreezeUnits)
def freeze(document: Mapping[str, Any]) -> Any:
    """Propose to freeze units for a court; orders to sell give way, and what lacks waits."""
    return submit(FreezeUnits, document)


@frozen.post("/freezes/<freeze>/renewals")
@frozen.takes(RenewFreeze, path=("freeze",))
def renew(document: Mapping[str, Any], freeze: str) -> Any:
    """Propose a later end of a freeze."""
    return submit(RenewFreeze, {**document, "freeze": freeze})


@frozen.post("/freezes/<freeze>/lifts")
@frozen.takes(LiftFreeze, path=("freeze",))
def lift(document: Mapping[str, Any], freeze: str) -> Any:
    """Propose to lift a freeze wholly or in part."""
    return submit(LiftFreeze, {**document, "freeze": freeze})


@frozen.get("/freezes")
@frozen.lists(Freeze, enterprise=Words, state=Words, asset=Words, court=Words, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List freezes; those of one asset have their units in the order of `arrived_by`."""
    return page(reading.freezes(seen(), asked), asked, [FreezeRow.id])


@frozen.get("/freezes/<freeze>")
@frozen.shows(Freeze)
def show(freeze: str) -> Any:
    """Show one freeze."""
    return one(reading.freezes(seen(), {}).where(FreezeRow.id == freeze))


@frozen.post("/court-orders")
@frozen.takes(CarryOutOrder)
def carry_out(document: Mapping[str, Any]) -> Any:
    """Propose to move units by order of a court."""
    return submit(CarryOutOrder, document)


@frozen.get("/court-orders")
@frozen.lists(CourtOrder, enterprise=Words, partner=Words, asset=Words, district=Words)
def index_orders(asked: Mapping[str, Any]) -> Any:
    """List units moved by order of a court, to both sides."""
    return page(reading.court_orders(seen(), asked), asked, [CourtOrderRow.id])
