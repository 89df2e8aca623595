"""
Transfers without a price, the partners trusted with them, own ceilings, and successions.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read import liens as reading
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.liens.succession import Succeed
from ledger.liens.tables import SuccessionRow
from ledger.moves.tables import TransferCeilingRow, TransferRow, TrustRow
from ledger.moves.transfer import MakeTransfers, RecallTransfer
from ledger.moves.trust import DistrustPartner, SetTransferCeiling, TrustPartner

moved = Resource("transfers", __name__, "Transfers without a price, trusted partners, successions")

Transfer = item_of(TransferRow)
Trusted = item_of(TrustRow)
Ceiling = item_of(TransferCeilingRow)
Succession = item_of(SuccessionRow)


@moved.post("/transfers")
@moved.takes(MakeTransfers, bulk=True)
def transfer(document: Mapping[str, Any]) -> Any:
    """Propose transfers to partners: at once to the trusted, later to others."""
    return submit(MakeTransfers, document)


@moved.post("/transfers/<transfer>/recall")
@moved.takes(RecallTransfer, path=("transfer",))
def recall(document: Mapping[str, Any], transfer: str) -> Any:
    """Take back a transfer that still waits."""
    return submit(RecallTransfer, {**document, "transfer": transfer})


@moved.get("/transfers")
@moved.lists(Transfer, enterprise=Words, partner=Words, state=Words, asset=Words, district=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List transfers, to both sides."""
    return page(reading.transfers(seen(), asked), asked, [TransferRow.id])


@moved.get("/transfers/<transfer>")
@moved.shows(Transfer)
def show(transfer: str) -> Any:
    """Show one transfer."""
    return one(reading.transfers(seen(), {}).where(TransferRow.id == transfer))


@moved.post("/trusted-partners")
@moved.takes(TrustPartner)
def trust(document: Mapping[str, Any]) -> Any:
    """Propose to trust a partner with transfers, from some working days later on."""
    return submit(TrustPartner, document)


@moved.post("/trusted-partners/removals")
@moved.takes(DistrustPartner)
def distrust(document: Mapping[str, Any]) -> Any:
    """Propose to take a partner off the list, at once."""
    return submit(DistrustPartner, document)


@moved.get("/trusted-partners")
@moved.lists(Trusted, enterprise=Words, partner=Words)
def index_trusted(asked: Mapping[str, Any]) -> Any:
    """List trusted partners, those taken off the list too."""
    keys = [TrustRow.enterprise, TrustRow.partner, TrustRow.added_by]
    return page(reading.trusted(seen(), asked), asked, keys)


@moved.post("/transfer-ceilings")
@moved.takes(SetTransferCeiling)
def limit(document: Mapping[str, Any]) -> Any:
    """Propose the most that one own transfer may move; none lifts the ceiling."""
    return submit(SetTransferCeiling, document)


@moved.get("/transfer-ceilings")
@moved.lists(Ceiling, enterprise=Words)
def index_ceilings(asked: Mapping[str, Any]) -> Any:
    """List the ceilings that enterprises have set themselves."""
    return page(reading.ceilings(seen(), asked), asked, [TransferCeilingRow.enterprise])


@moved.post("/successions")
@moved.takes(Succeed)
def succeed(document: Mapping[str, Any]) -> Any:
    """Propose that one enterprise takes over another's units, by a decision document."""
    return submit(Succeed, document)


@moved.get("/successions")
@moved.lists(Succession, enterprise=Words, successor=Words, district=Words)
def index_successions(asked: Mapping[str, Any]) -> Any:
    """List successions, to both sides."""
    return page(reading.successions(seen(), asked), asked, [SuccessionRow.id])
