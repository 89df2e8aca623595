"""
Deficits: what accepted projects owe again, because a source they used up was revoked.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read.sources import deficits
from api.rest.fields import Words
from api.rest.resource import Resource, page
from api.rest.shapes import enlarged, item_of
from ledger.substitution.reserve_tables import DeficitRow

owed = Resource("deficits", __name__, "Deficits: what accepted projects owe again")

Deficit = enlarged(item_of(DeficitRow), "DeficitOfEnterprise", enterprise=Words())


@owed.get("/deficits")
@owed.lists(Deficit, project=Words, enterprise=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List deficits with what was settled of each since."""
    return page(deficits(seen(), asked), asked, [DeficitRow.opened_by, DeficitRow.ordinal])
