"""
Voluntary cancellations, and the certificates that anybody may check.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read import liens as reading
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.moves.cancel import CancelUnits
from ledger.moves.tables import CancellationRow

cancelled = Resource("cancellations", __name__, "Voluntary cancellations and their certificates")

Cancellation = item_of(CancellationRow)
Certificate = enlarged(Cancellation, "CancellationCertificate", enterprise_name=Words())


@cancelled.post("/cancellations")
@cancelled.takes(CancelUnits)
def cancel(document: Mapping[str, Any]) -> Any:
    """Propose to give units up for good, for a purpose."""
    return submit(CancelUnits, document)


@cancelled.get("/cancellations")
@cancelled.lists(Cancellation, enterprise=Words, asset=Words, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List cancellations with the check codes of their certificates."""
    return page(reading.cancellations(seen(), asked), asked, [CancellationRow.id])


@cancelled.get("/cancellation-certificates/<check_code>")
@cancelled.shows(Certificate)
def check(check_code: str) -> Any:
    """Show what the certificate of this check code says; whoever has the code may ask."""
    return one(reading.certificate(check_code))
