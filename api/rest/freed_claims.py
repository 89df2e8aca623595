"""
Freed quota: claims on closures and retrofits, opinions, confirmation, and the sources they give.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import seen
from api.read.substitution import freed_claim, freed_claims, with_grounds
from api.rest.fields import Amount, Words
from api.rest.resource import Resource, one, page, submit
from api.rest.retrofits import Audit
from api.rest.shapes import enlarged, item_of
from ledger.substitution.claim import ClaimClosure, ClaimRetrofit
from ledger.substitution.claim_ways import ClaimManagement, ClaimRemoval, ClaimRenewable
from ledger.substitution.confirm import ConfirmFreed, GiveOpinion
from ledger.substitution.reserve_tables import FreedShareRow, FreedWayRow, RevocationRow
from ledger.substitution.revoke import RevokeFreed
from ledger.substitution.share import ShareFreed
from ledger.substitution.tables import (
    FlowClawbackRow,
    FreedClaimRow,
    FreedMeasureRow,
    FreedSourceRow,
)

freed = Resource("freed-claims", __name__, "Freed quota: claims, opinions, confirmed sources")

FreedMeasure = item_of(FreedMeasureRow, documents=("sheet",))
FlowClawback = item_of(FlowClawbackRow)
FreedSource = enlarged(
    item_of(FreedSourceRow, documents=("sheet",)), "FreedSource", remaining=Amount()
)
DeclaredShare = enlarged(item_of(FreedShareRow), "DeclaredShare")
FreedClaim = enlarged(
    item_of(FreedClaimRow),
    "FreedClaim",
    measures=ma.fields.List(ma.fields.Nested(FreedMeasure)),
    sources=ma.fields.List(ma.fields.Nested(FreedSource)),
    clawbacks=ma.fields.List(ma.fields.Nested(FlowClawback)),
    audits=ma.fields.List(ma.fields.Nested(Audit)),
    ways=ma.fields.List(ma.fields.Nested(item_of(FreedWayRow))),
    shares=ma.fields.List(ma.fields.Nested(DeclaredShare)),
    revocations=ma.fields.List(ma.fields.Nested(item_of(RevocationRow))),
)


@freed.post("/freed-claims/closures")
@freed.takes(ClaimClosure)
def claim_closure(document: Mapping[str, Any]) -> Any:
    """Claim the quota freed by closing a facility."""
    return submit(ClaimClosure, document)


@freed.post("/freed-claims/retrofits")
@freed.takes(ClaimRetrofit)
def claim_retrofit(document: Mapping[str, Any]) -> Any:
    """Claim the quota freed by audited works."""
    return submit(ClaimRetrofit, document)


@freed.post("/freed-claims/removals")
@freed.takes(ClaimRemoval)
def claim_removal(document: Mapping[str, Any]) -> Any:
    """Claim the quota freed by an elimination or a cut of overcapacity."""
    return submit(ClaimRemoval, document)


@freed.post("/freed-claims/managements")
@freed.takes(ClaimManagement)
def claim_management(document: Mapping[str, Any]) -> Any:
    """Claim the quota freed by better management that was audited."""
    return submit(ClaimManagement, document)


@freed.post("/freed-claims/renewables")
@freed.takes(ClaimRenewable)
def claim_renewable(document: Mapping[str, Any]) -> Any:
    """Claim the quota freed by a proven increment of renewables."""
    return submit(ClaimRenewable, document)


@freed.post("/freed-claims/<claim>/shares")
@freed.takes(ShareFreed, path=("claim",))
def share(document: Mapping[str, Any], claim: str) -> Any:
    """Declare how the parties of an energy-performance contract share what a claim frees."""
    return submit(ShareFreed, {**document, "claim": claim})


@freed.post("/freed-claims/<claim>/revocation")
@freed.takes(RevokeFreed, path=("claim",))
def revoke(document: Mapping[str, Any], claim: str) -> Any:
    """Propose to revoke a confirmed claim with all that was parted from its sources."""
    return submit(RevokeFreed, {**document, "claim": claim})


@freed.post("/freed-claims/<claim>/opinions")
@freed.takes(GiveOpinion, path=("claim",))
def give_opinion(document: Mapping[str, Any], claim: str) -> Any:
    """Propose a third party's opinion on a claim, for the second verifier to sign."""
    return submit(GiveOpinion, {**document, "claim": claim})


@freed.post("/freed-claims/<claim>/confirmation")
@freed.takes(ConfirmFreed, path=("claim",))
def confirm(document: Mapping[str, Any], claim: str) -> Any:
    """Propose to confirm a claim, which issues its sources."""
    return submit(ConfirmFreed, {**document, "claim": claim})


@freed.get("/freed-claims")
@freed.lists(
    FreedClaim, enterprise=Words, facility=Words, method=Words, state=Words, district=Words
)
def index(asked: Mapping[str, Any]) -> Any:
    """List claims with their measures, sources and audits."""
    return page(freed_claims(seen(), asked), asked, [FreedClaimRow.id], complete=with_grounds)


@freed.get("/freed-claims/<claim>")
@freed.shows(FreedClaim)
def show(claim: str) -> Any:
    """Show one claim with its measures, sources and audits."""
    return one(freed_claim(seen(), claim), complete=with_grounds)
