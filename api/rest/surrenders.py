"""
Surrenders of allowances against obligations.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read.compliance import surrenders
from api.rest.asked import Measure
from api.rest.fields import Words
from api.rest.resource import QueryWhole, Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.compliance.surrender import Surrender
from ledger.compliance.tables import SurrenderRow

given_up = Resource("surrenders", __name__, "Surrenders: allowances handed over for good")

SurrenderItem = item_of(SurrenderRow)


@given_up.post("/surrenders")
@given_up.takes(Surrender)
def make(document: Mapping[str, Any]) -> Any:
    """Propose to surrender allowances; without choices the order of surrender decides."""
    return submit(Surrender, document)


@given_up.get("/surrenders")
@given_up.lists(SurrenderItem, year=QueryWhole, enterprise=Words, measure=Measure, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List surrenders, the newest first."""
    keys = [SurrenderRow.sequence]
    return page(surrenders(seen(), asked), asked, keys, newest_first=True)


@given_up.get("/surrenders/<int:sequence>")
@given_up.shows(SurrenderItem)
def show(sequence: int) -> Any:
    """Show one surrender."""
    return one(surrenders(seen(), {}).where(SurrenderRow.sequence == sequence))
