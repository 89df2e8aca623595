"""
Prices: what a new project must buy, and what that costs; nothing is written.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import marshmallow as ma

from api.read.new_use import place_of, quote_in
from api.rest.fields import Amount, Day, Flag, Words
from api.rest.resource import QueryWhole, Resource, snapshot
from ledger.allocation.price import Project
from ledger.allocation.quota import number
from ledger.allocation.quote import Quote

priced = Resource("prices", __name__, "Prices: what a new project must buy, and what it costs")


class PriceQuery(ma.Schema):
    """A new project: quantities in whole kgce, intensities and coefficients as decimal text."""

    district = Words(required=True)
    on = Day(required=True)
    added_kgce = QueryWhole(required=True)
    coal_kgce = QueryWhole(load_default=0)
    intensity = Words(required=True)
    sector = Words(load_default="")
    use = Words(load_default="")
    two_high = Words(load_default="no", validate=ma.validate.OneOf(("yes", "no")))
    coefficient = Words(load_default="")
    share = Words(load_default="")
    lang = Words(validate=ma.validate.OneOf(("zh", "en")))


class ProjectPrice(ma.Schema):
    """What must be bought and paid; a price is absent where the market makes it."""

    district = Words(required=True)
    pack = Words(required=True)
    on = Day(required=True)
    amount_kgce = Amount(required=True)
    reason = Words(required=True)
    is_above_added = Flag(required=True)
    price_fen = Amount(required=True, allow_none=True)
    fee_fen = Amount(required=True, allow_none=True)
    sheet = ma.fields.Dict(required=True)


@priced.get("/prices/project")
@priced.tells(ProjectPrice, query=PriceQuery)
def show(asked: Mapping[str, Any]) -> Any:
    """Tell what a new project must buy and what that costs, with every step of it."""
    project = project_of(asked)
    with snapshot() as connection:
        place = place_of(connection, asked["district"], date.fromisoformat(asked["on"]))
        found = quote_in(connection, project, place)
    return {"district": place.district, "pack": place.pack, "on": asked["on"], **told(found)}


def project_of(asked: Mapping[str, Any]) -> Project:
    """Return the project that a query or form describes; "" is what it does not say."""
    return Project(
        added_kgce=asked["added_kgce"],
        coal_kgce=asked["coal_kgce"],
        intensity=number("intensity", asked["intensity"]),
        sector=asked["sector"],
        use=asked["use"],
        is_two_high=asked["two_high"] == "yes",
        coefficient=number("coefficient", asked["coefficient"]) if asked["coefficient"] else None,
        share=number("share", asked["share"]) if asked["share"] else None,
    )


def told(found: Quote) -> dict[str, Any]:
    """Return a quote as the API tells it."""
    return {
        "amount_kgce": found.duty.amount_kgce,
        "reason": found.duty.reason,
        "is_above_added": found.duty.is_above_added,
        "price_fen": found.price.unit_fen,
        "fee_fen": found.price.fee_fen,
        "sheet": found.sheet.plain(),
    }
