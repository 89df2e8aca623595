"""
Conversions of standing levels into the flow of one year, and back.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read import liens as reading
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.moves.convert import Convert, UndoConversion
from ledger.moves.tables import ConversionRow

levelled = Resource("conversions", __name__, "Conversions of standing levels into annual flow")

Conversion = item_of(ConversionRow, documents=("sheet",))


@levelled.post("/conversions")
@levelled.takes(Convert)
def convert(document: Mapping[str, Any]) -> Any:
    """Propose to use a standing level as flow of one year."""
    return submit(Convert, document)


@levelled.post("/conversions/<conversion>/undoings")
@levelled.takes(UndoConversion, path=("conversion",))
def undo(document: Mapping[str, Any], conversion: str) -> Any:
    """Propose to turn unused flow back into its level."""
    return submit(UndoConversion, {**document, "conversion": conversion})


@levelled.get("/conversions")
@levelled.lists(Conversion, enterprise=Words, state=Words, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List conversions with the sheets of their sums."""
    return page(reading.conversions(seen(), asked), asked, [ConversionRow.id])


@levelled.get("/conversions/<conversion>")
@levelled.shows(Conversion)
def show(conversion: str) -> Any:
    """Show one conversion."""
    return one(reading.conversions(seen(), {}).where(ConversionRow.id == conversion))
