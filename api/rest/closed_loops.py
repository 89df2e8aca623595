"""
The closed loop of accepted projects: promised, given, used, owed, ordered.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import marshmallow as ma

from api.door import seen
from api.faces import faces
from api.read import two_high as reading
from api.rest.fields import Amount, Count, Words
from api.rest.projects import Deficit, Project, Rectification
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.days import day_of
from ledger.substitution.rectify import FindRectified, OrderRectification
from ledger.substitution.settle_deficit import SettleDeficit
from ledger.substitution.tables import ProjectMeasureRow, ProjectRow

looped = Resource("closed-loops", __name__, "Closed loops: what projects promised and used")

Year = ma.Schema.from_dict(
    {
        "year": Count(),
        "used": Amount(),
        "more": Amount(allow_none=True),
        "beyond": Amount(allow_none=True),
    },
    name="YearOfUse",
)
Measure = enlarged(
    item_of(ProjectMeasureRow), "LoopMeasure", years=ma.fields.List(ma.fields.Nested(Year))
)
Loop = enlarged(
    Project,
    "ClosedLoop",
    measures=ma.fields.List(ma.fields.Nested(Measure)),
    deficits=ma.fields.List(ma.fields.Nested(Deficit)),
    rectifications=ma.fields.List(ma.fields.Nested(Rectification)),
    owed_count=Count(),
    open_count=Count(),
    overdue_count=Count(),
)


@looped.get("/closed-loops")
@looped.lists(Loop, enterprise=Words, district=Words, sector=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List accepted projects: what each promised, was given, used, owes and must put right."""
    return page(reading.loops(seen(), asked), asked, [ProjectRow.id], complete=_loops())


@looped.get("/closed-loops/<code>")
@looped.shows(Loop)
def show(code: str) -> Any:
    """Show the closed loop of one project."""
    return one(reading.loop(seen(), code), complete=_loops())


@looped.post("/projects/<code>/rectifications")
@looped.takes(OrderRectification, path=("project",))
def rectify(document: Mapping[str, Any], code: str) -> Any:
    """Order a project to meet a mandatory limit by a day."""
    return submit(OrderRectification, {**document, "project": code})


@looped.post("/projects/<code>/rectifications/<order>/completions")
@looped.takes(FindRectified, path=("project", "rectification"))
def rectified(document: Mapping[str, Any], code: str, order: str) -> Any:
    """Find that an order to put something right was carried out."""
    return submit(FindRectified, {**document, "project": code, "rectification": order})


@looped.post("/projects/<code>/settlements")
@looped.takes(SettleDeficit, path=("project",))
def settle(document: Mapping[str, Any], code: str) -> Any:
    """Propose to retire further sources for what a project owes."""
    return submit(SettleDeficit, {**document, "project": code})


def _loops() -> Any:
    return partial(reading.with_loops, today=day_of(faces().gateway.now()))
