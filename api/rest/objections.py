"""
Objections: notices of figures, objections to them, their review and decision.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read.rights import notices, objections
from api.rest.asked import Measure
from api.rest.fields import Words
from api.rest.resource import QueryWhole, Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.allocation.decide import DecideObjection
from ledger.allocation.notify import NotifyFigures
from ledger.allocation.objection import FileObjection, ReviewObjection
from ledger.allocation.objection_tables import AllocationNoticeRow, ObjectionRow

objected = Resource("objections", __name__, "Objections to figures, and notices of figures")

Notice = item_of(AllocationNoticeRow)
Objection = item_of(ObjectionRow)
BUDGET = ("district", "year", "measure")


@objected.post("/allocations/<district>/<int:year>/<measure>/notices")
@objected.takes(NotifyFigures, path=BUDGET)
def notify(document: Mapping[str, Any], **budget: Any) -> Any:
    """Notify planned or final figures; the time for objections runs from this day."""
    return submit(NotifyFigures, {**document, **budget})


@objected.get("/allocation-notices")
@objected.lists(Notice, district=Words, year=QueryWhole, measure=Measure, stage=Words)
def index_notices(asked: Mapping[str, Any]) -> Any:
    """List notices of figures with the last day for objections, the newest first."""
    query = notices(seen(), asked)
    return page(query, asked, [AllocationNoticeRow.sequence], newest_first=True)


@objected.post("/objections")
@objected.takes(FileObjection)
def file(document: Mapping[str, Any]) -> Any:
    """Object to a figure, naming the check code of its sheet; the sequence is its number."""
    return submit(FileObjection, document)


@objected.post("/objections/<int:objection>/reviews")
@objected.takes(ReviewObjection, path=("objection",))
def review(document: Mapping[str, Any], objection: int) -> Any:
    """Take an objection up for review."""
    return submit(ReviewObjection, {**document, "objection": objection})


@objected.post("/objections/<int:objection>/decisions")
@objected.takes(DecideObjection, path=("objection",))
def decide(document: Mapping[str, Any], objection: int) -> Any:
    """Propose the answer to an objection: the figure stands, or is made anew."""
    return submit(DecideObjection, {**document, "objection": objection})


@objected.get("/objections")
@objected.lists(
    Objection,
    enterprise=Words,
    district=Words,
    year=QueryWhole,
    measure=Measure,
    stage=Words,
    state=Words,
)
def index(asked: Mapping[str, Any]) -> Any:
    """List objections, the newest first."""
    return page(objections(seen(), asked), asked, [ObjectionRow.sequence], newest_first=True)


@objected.get("/objections/<int:objection>")
@objected.shows(Objection)
def show(objection: int) -> Any:
    """Show one objection with its answer."""
    return one(objections(seen(), {}).where(ObjectionRow.sequence == objection))
