"""
Past energy use of enterprises, on which allocation by past totals rests.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read.rights import history
from api.rest.fields import Words
from api.rest.resource import QueryWhole, Resource, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.allocation.confirm import RecordHistory
from ledger.allocation.tables import HistoryRow

past = Resource("history", __name__, "History: what an enterprise used and made in past years")

History = enlarged(item_of(HistoryRow), "History", basis=Words(), edition=Words())


@past.post("/history")
@past.takes(RecordHistory)
def record(document: Mapping[str, Any]) -> Any:
    """Record what enterprises used and made in past years."""
    return submit(RecordHistory, document)


@past.get("/history")
@past.lists(History, enterprise=Words, year=QueryWhole, product=Words, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List past energy use, every record; of one year and product the newest counts."""
    keys = [HistoryRow.enterprise, HistoryRow.year, HistoryRow.product, HistoryRow.recorded_by]
    return page(history(seen(), asked), asked, keys)
