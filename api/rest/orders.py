"""
Orders of the market: place, cancel, look at one's own.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa
from marshmallow import validate

import api.problem
from api.door import seen, visitor
from api.faces import faces
from api.read.preview import preview
from api.read.visible import visible
from api.rest.bulk import Many, submit_all
from api.rest.fields import Amount, Words
from api.rest.resource import Resource, columns, one, page, snapshot, submit
from api.rest.shapes import Problem, Strict, body_of, item_of
from ledger.command import read_payload
from market.cancel import CancelOrder
from market.place import PlaceOrder
from market.tables import OrderRow

orders = Resource("orders", __name__, "Orders: placed, resting, filled, cancelled")

BULK_MAX = 500

Order = item_of(OrderRow)


class Orders(Strict):
    """Up to 500 orders, placed in this order and in one commit."""

    items = ma.fields.List(
        ma.fields.Nested(body_of(PlaceOrder, ())),
        required=True,
        validate=validate.Length(1, BULK_MAX),
    )


class Previewed(ma.Schema):
    """What an order would do now; what does not apply is absent, `problem` where it is refused."""

    ok = ma.fields.Boolean(required=True)
    code = Words(required=True)
    phase = Words()
    tick_fen = Amount()
    lot_tce = Amount()
    quantity_min_tce = Amount()
    quantity_max_tce = Amount()
    low_limit_fen = Amount(allow_none=True)
    high_limit_fen = Amount(allow_none=True)
    is_on_tick = ma.fields.Boolean()
    is_in_band = ma.fields.Boolean()
    is_of_lots = ma.fields.Boolean()
    needed_fen = Amount()
    fee_fen = Amount()
    available_fen = Amount()
    needed_kgce = Amount()
    available_kgce = Amount()
    state = Words()
    filled_tce = Amount()
    average_price_fen = Amount(allow_none=True)
    consideration_fen = Amount()
    resting_tce = Amount()
    problem = ma.fields.Nested(Problem)


@orders.post("/orders")
@orders.takes(PlaceOrder)
def place(document: Mapping[str, Any]) -> Any:
    """Place an order; cover is held at once, and the answer has the fills."""
    return submit(PlaceOrder, document)


@orders.post("/orders/bulk")
@orders.tells(Many, body=Orders, is_keyed=True)
def place_many(document: Mapping[str, Any]) -> Any:
    """Place up to 500 orders in one commit; each has its own answer, as "<key>.<index>"."""
    return submit_all(PlaceOrder, document["items"])


@orders.post("/orders/preview")
@orders.tells(Previewed, body=body_of(PlaceOrder, ()))
def look_ahead(document: Mapping[str, Any]) -> Any:
    """Say what an order would do now, without placing it: cover, fills, or why it is refused."""
    order, asking = read_payload(PlaceOrder, document), visitor()
    assert isinstance(order, PlaceOrder)
    handler = faces().gateway.subjects.handlers[PlaceOrder.kind]
    with snapshot() as connection:
        found = preview(connection, handler, order, person=asking.person, grants=asking.grants)
    if found.refusal is None:
        return {"ok": True, "code": "ok", **found.figures}
    problem = api.problem.of_refusal(found.refusal).get_json()
    return {"ok": False, "code": found.refusal.code, "problem": problem, **found.figures}


@orders.get("/orders")
@orders.lists(Order, instrument=Words, enterprise=Words, state=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List orders, the newest first."""
    query = sa.select(*columns(OrderRow)).where(visible(seen(), enterprises=[OrderRow.enterprise]))
    for name in ("instrument", "enterprise", "state"):
        if name in asked:
            query = query.where(getattr(OrderRow, name) == asked[name])
    return page(query, asked, [OrderRow.id], newest_first=True)


@orders.get("/orders/<int:order>")
@orders.shows(Order)
def show(order: int) -> Any:
    """Show one order."""
    return one(_order(order))


@orders.delete("/orders/<int:order>")
@orders.acts()
def cancel(order: int) -> Any:
    """Cancel what is left of an order and release its cover."""
    row = one(_order(order))
    return submit(CancelOrder, {"enterprise": row["enterprise"], "order": order})


def _order(order: int) -> sa.Select[Any]:
    mine = visible(seen(), enterprises=[OrderRow.enterprise])
    return sa.select(*columns(OrderRow)).where(OrderRow.id == order, mine)
