"""
Lists of two-high industries, version by version.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.read.two_high import industry_list, industry_lists, with_industries
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.substitution.industry import AdoptIndustries
from ledger.substitution.project_tables import IndustryListRow, IndustryRow

catalogued = Resource("industries", __name__, "Lists of two-high industries")

IndustryList = enlarged(
    item_of(IndustryListRow),
    "IndustryList",
    industries=ma.fields.List(ma.fields.Nested(item_of(IndustryRow))),
)


@catalogued.post("/industry-lists")
@catalogued.takes(AdoptIndustries, bulk=True)
def adopt(document: Mapping[str, Any]) -> Any:
    """Propose to adopt one version of a list of two-high industries."""
    return submit(AdoptIndustries, document)


@catalogued.get("/industry-lists")
@catalogued.lists(IndustryList, status=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List adopted lists with the industries that they name."""
    return page(industry_lists(asked), asked, [IndustryListRow.version], complete=with_industries)


@catalogued.get("/industry-lists/<code>")
@catalogued.shows(IndustryList)
def show(code: str) -> Any:
    """Show one list with the industries that it names."""
    return one(industry_list(code), complete=with_industries)
