"""
Entitlements: the standing rights that were confirmed.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read.rights import entitlements
from api.rest.asked import Measure
from api.rest.fields import Words
from api.rest.resource import Resource, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.allocation.confirm import ConfirmEntitlements
from ledger.allocation.tables import EntitlementRow

entitled = Resource("entitlements", __name__, "Entitlements: confirmed standing rights")

Entitlement = enlarged(item_of(EntitlementRow), "Entitlement", certificate=Words())


@entitled.post("/entitlements")
@entitled.takes(ConfirmEntitlements)
def confirm(document: Mapping[str, Any]) -> Any:
    """Propose to confirm standing rights of enterprises."""
    return submit(ConfirmEntitlements, document)


@entitled.get("/entitlements")
@entitled.lists(Entitlement, enterprise=Words, measure=Measure, facility=Words, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List entitlements in order of confirmation; `remaining` is not yet given up."""
    keys = [EntitlementRow.sequence, EntitlementRow.ordinal]
    return page(entitlements(seen(), asked), asked, keys)
