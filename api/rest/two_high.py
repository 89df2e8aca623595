"""
The two-high register: projects and plants, how each is dealt with, and where it stands.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import seen
from api.read import two_high as reading
from api.rest.fields import Day, Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.substitution.project_tables import TwoHighRow, TwoHighStepRow
from ledger.substitution.register import EnterTwoHigh
from ledger.substitution.register_steps import ClassifyTwoHigh, MoveTwoHigh

registered = Resource("two-high", __name__, "The two-high register: entries, classes, steps")

Entry = enlarged(
    item_of(TwoHighRow),
    "TwoHigh",
    steps=ma.fields.List(ma.fields.Nested(item_of(TwoHighStepRow))),
)


@registered.post("/two-high-entries")
@registered.takes(EnterTwoHigh, bulk=True)
def enter(document: Mapping[str, Any]) -> Any:
    """Enter two-high projects and plants of a district into the register."""
    return submit(EnterTwoHigh, document)


@registered.post("/two-high-entries/<code>/dispositions")
@registered.takes(ClassifyTwoHigh, path=("entry",))
def classify(document: Mapping[str, Any], code: str) -> Any:
    """Decide how a line of the register is dealt with."""
    return submit(ClassifyTwoHigh, {**document, "entry": code})


@registered.post("/two-high-entries/<code>/moves")
@registered.takes(MoveTwoHigh, path=("entry",))
def move(document: Mapping[str, Any], code: str) -> Any:
    """Move a line of the register on: under construction, existing or removed."""
    return submit(MoveTwoHigh, {**document, "entry": code})


@registered.get("/two-high-entries")
@registered.lists(
    Entry,
    enterprise=Words,
    district=Words,
    state=Words,
    industry=Words,
    disposition=Words,
    approval=Words,
    guidance=Words,
    adds_capacity=Words,
    category=Words,
    review_before=Day,
)
def index(asked: Mapping[str, Any]) -> Any:
    """List the register with the steps of each line."""
    query = reading.register(seen(), asked)
    return page(query, asked, [TwoHighRow.id], complete=reading.with_steps)


@registered.get("/two-high-entries/<code>")
@registered.shows(Entry)
def show(code: str) -> Any:
    """Show one line of the register with its steps."""
    return one(reading.entry(seen(), code), complete=reading.with_steps)
