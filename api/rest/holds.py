"""
Holds: units set aside, used or given back.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen, visitor
from api.read import ledger
from api.read.narrow import narrow
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.set_aside import CaptureHold, PlaceHold, ReleaseHold
from ledger.tables import AccountRow, HoldRow

holds = Resource("holds", __name__, "Holds: units set aside until used or given back")

Hold = enlarged(
    item_of(HoldRow, leave_out=("account_id", "held_id", "asset_id")),
    "Hold",
    account=Words(),
    asset=Words(),
)


@holds.get("/holds")
@holds.lists(Hold, account=Words, state=Words, purpose=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List holds, the newest first."""
    own = {"account": AccountRow.address, "state": HoldRow.state, "purpose": HoldRow.purpose}
    return page(narrow(_holds(), asked, **own), asked, [HoldRow.id], newest_first=True)


@holds.get("/holds/<int:hold>")
@holds.shows(Hold)
def show(hold: int) -> Any:
    """Show one hold."""
    return one(_holds().where(HoldRow.id == hold))


@holds.post("/holds")
@holds.takes(PlaceHold)
def place(document: Mapping[str, Any]) -> Any:
    """Set units of a holding aside."""
    return submit(PlaceHold, document)


@holds.post("/holds/<int:hold>/captures")
@holds.takes(CaptureHold, path=("hold",))
def capture(document: Mapping[str, Any], hold: int) -> Any:
    """Use part of a hold; what is left stays held."""
    return submit(CaptureHold, {**document, "hold": hold})


@holds.delete("/holds/<int:hold>")
@holds.acts()
def release(hold: int) -> Any:
    """Give back what a hold has left."""
    return submit(ReleaseHold, {"hold": hold})


def _holds() -> Any:
    return ledger.holds(seen(), only_cash=ledger.cash_only(visitor().grants))
