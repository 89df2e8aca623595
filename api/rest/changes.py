"""
Changes of enterprises: closing, merging, splitting, moving; and what was netted from issues.
"""

from collections.abc import Mapping
from typing import Any

from api.door import seen
from api.read.rights import changes, nettings
from api.rest.asked import Measure
from api.rest.fields import Words
from api.rest.resource import QueryWhole, Resource, page, submit
from api.rest.shapes import item_of
from ledger.allocation.change_tables import EnterpriseChangeRow
from ledger.allocation.objection_tables import NettingRow
from ledger.liens.cease import CeaseEnterprise
from ledger.liens.merge import MergeEnterprises
from ledger.liens.relocate import RelocateEnterprise
from ledger.liens.split import SplitEnterprise

changed = Resource("changes", __name__, "Changes of enterprises, and debts netted from issues")

Change = item_of(EnterpriseChangeRow)
Netting = item_of(NettingRow, documents=("sheet",))


@changed.post("/enterprises/<enterprise>/closure")
@changed.takes(CeaseEnterprise, path=("enterprise",))
def cease(document: Mapping[str, Any], enterprise: str) -> Any:
    """Propose to close an enterprise: what it has not used of open years flows back."""
    return submit(CeaseEnterprise, {**document, "enterprise": enterprise})


@changed.post("/enterprises/<enterprise>/merger")
@changed.takes(MergeEnterprises, path=("enterprise",))
def merge(document: Mapping[str, Any], enterprise: str) -> Any:
    """Propose that a successor takes over what an enterprise has and owes."""
    return submit(MergeEnterprises, {**document, "enterprise": enterprise})


@changed.post("/enterprises/<enterprise>/split")
@changed.takes(SplitEnterprise, path=("enterprise",))
def split(document: Mapping[str, Any], enterprise: str) -> Any:
    """Propose to divide an enterprise among successors by declared shares."""
    return submit(SplitEnterprise, {**document, "enterprise": enterprise})


@changed.post("/enterprises/<enterprise>/relocation")
@changed.takes(RelocateEnterprise, path=("enterprise",))
def relocate(document: Mapping[str, Any], enterprise: str) -> Any:
    """Propose to move an enterprise to another district, converting its standing rights."""
    return submit(RelocateEnterprise, {**document, "enterprise": enterprise})


@changed.get("/enterprise-changes")
@changed.lists(Change, enterprise=Words, step=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List changes of enterprises in order."""
    keys = [EnterpriseChangeRow.sequence, EnterpriseChangeRow.ordinal]
    return page(changes(seen(), asked), asked, keys)


@changed.get("/allocation-nettings")
@changed.lists(Netting, enterprise=Words, year=QueryWhole, measure=Measure)
def index_nettings(asked: Mapping[str, Any]) -> Any:
    """List what issues kept back for debts of earlier vintages, with the sheet of each."""
    return page(nettings(seen(), asked), asked, [NettingRow.sequence, NettingRow.ordinal])
