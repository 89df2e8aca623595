"""
Allocations of annual allowances: planned, issued, trued up, each with its calculation sheet.
"""

from collections.abc import Mapping
from typing import Any, cast

import marshmallow as ma
from flask import Response

from api.door import NotFound, seen
from api.read.rights import allocations
from api.rest.asked import Measure
from api.rest.fields import Words
from api.rest.resource import QueryWhole, Resource, one, page, snapshot, submit
from api.rest.shapes import item_of
from api.sheet_files import XLSX, write_sheet
from api.table_check import workbook_of
from ledger.allocation.allocate import IssueAllocations
from ledger.allocation.prepare import PlanAllocations
from ledger.allocation.sheet import canonical_document, sheet_document
from ledger.allocation.tables import AllocationRow
from ledger.allocation.true_up import TrueUp

allocated = Resource("allocations", __name__, "Allocations: annual allowances and their sheets")

Allocation = item_of(AllocationRow, documents=("terms", "sheet", "final_sheet"))
BUDGET = ("district", "year", "measure")
SheetDocument = ma.Schema.from_dict(
    {
        "form": Words(),
        "stage": Words(),
        "allocation": ma.fields.Dict(),
        "figures": ma.fields.Dict(),
        "earlier": ma.fields.Dict(),
        "terms": ma.fields.Dict(),
        "output": Words(),
        "sheet": ma.fields.Dict(),
        "report_hash": Words(),
        "check_code": Words(metadata={"description": "SHA-256 of all else in canonical JSON"}),
    },
    name="SheetDocument",
)
SheetQuery = ma.Schema.from_dict(
    {
        "product": Words(load_default=""),
        "form": Words(load_default="json", validate=ma.validate.OneOf(("json", "xlsx"))),
        "lang": Words(load_default="zh", validate=ma.validate.OneOf(("zh", "en"))),
    },
    name="SheetQuery",
)


@allocated.post("/allocations")
@allocated.takes(PlanAllocations)
def plan(document: Mapping[str, Any]) -> Any:
    """Plan allocations of a district's budget; the answer has the plan's hash."""
    return submit(PlanAllocations, document)


@allocated.post("/allocations/<district>/<int:year>/<measure>/issuances")
@allocated.takes(IssueAllocations, path=BUDGET)
def issue(document: Mapping[str, Any], **budget: Any) -> Any:
    """Propose to issue what was planned, by the plan's hash."""
    return submit(IssueAllocations, {**document, **budget})


@allocated.post("/allocations/<district>/<int:year>/<measure>/true-ups")
@allocated.takes(TrueUp, path=BUDGET)
def true_up(document: Mapping[str, Any], **budget: Any) -> Any:
    """Propose to settle what was issued by final reports."""
    return submit(TrueUp, {**document, **budget})


@allocated.get("/allocations")
@allocated.lists(
    Allocation,
    year=QueryWhole,
    measure=Measure,
    enterprise=Words,
    product=Words,
    district=Words,
    state=Words,
    method=Words,
)
def index(asked: Mapping[str, Any]) -> Any:
    """List allocations by year, measure, enterprise and product."""
    row = AllocationRow
    keys = [row.year, row.measure, row.enterprise, row.product]
    return page(allocations(seen(), asked), asked, keys)


@allocated.get("/allocations/<enterprise>/<int:year>/<measure>/sheets/<stage>")
@allocated.tells(SheetDocument, query=SheetQuery)
def sheet(asked: Mapping[str, Any], stage: str, **path: Any) -> Any:
    """Give the sheet of a planned or final figure as a file with its check code."""
    query = allocations(seen(), {"product": asked["product"], **path})
    with snapshot() as connection:
        row = connection.execute(query).first()
    document = None if row is None else sheet_document(cast(AllocationRow, row), stage)
    if document is None:
        raise NotFound
    if asked["form"] == "xlsx":
        raw = workbook_of(lambda file: write_sheet(file, document, language=asked["lang"]))
        return Response(raw, mimetype=XLSX)
    return Response(canonical_document(document), mimetype="application/json")


@allocated.get("/allocations/<enterprise>/<int:year>/<measure>")
@allocated.shows(Allocation, product=Words)
def show(asked: Mapping[str, Any], **path: Any) -> Any:
    """Show one allocation; without a product, the one for all that the enterprise makes."""
    return one(allocations(seen(), {"product": asked.get("product", ""), **path}))
