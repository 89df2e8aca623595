"""
Who may send the commands about freed quota beyond closures and retrofits, sources and the reserve.
"""

from ledger.parties.party import Parties
from ledger.subject import ANYWHERE, Handler, Role
from ledger.substitution.buy_back import BuyBack, buy_back
from ledger.substitution.claim_ways import (
    ClaimManagement,
    ClaimRemoval,
    ClaimRenewable,
    claim_management,
    claim_removal,
    claim_renewable,
)
from ledger.substitution.collect import (
    DecideBatch,
    PlanBatch,
    ReviewBatch,
    decide_batch,
    plan_batch,
    review_batch,
)
from ledger.substitution.holders import holder_of, is_in_reserve
from ledger.substitution.project_handlers import APPLICANT, CITY, DISTRICT, applicant
from ledger.substitution.release_reserve import ReleaseQuota, release_quota
from ledger.substitution.renew import DeductRenewables, deduct_renewables, enterprise_of_place
from ledger.substitution.reserve_tables import ReserveBatchRow
from ledger.substitution.revoke import RevokeFreed, revoke_freed
from ledger.substitution.share import ShareFreed, share_freed
from ledger.substitution.split import (
    SplitSource,
    TransferSources,
    split_source,
    transfer_sources,
)
from ledger.substitution.tables import FreedClaimRow, FreedSourceRow
from ledger.work import Work

_VERIFIER = frozenset({Role.VERIFIER})
_OWNER = frozenset({Role.ENTERPRISE_ADMIN})


def _of_claim(work: Work, claim: str) -> str:
    """Return the scope of whoever may apply for *claim*."""
    row = work.session.get(FreedClaimRow, claim)
    return ANYWHERE if row is None else applicant(work, row.enterprise)


def _district_of_claim(work: Work, claim: str) -> str:
    """Return the district whose regulator revokes *claim*."""
    row = work.session.get(FreedClaimRow, claim)
    return ANYWHERE if row is None else _district_of(work, row.enterprise)


def _district_of(work: Work, enterprise: str) -> str:
    party = work.memory.cache(Parties).enterprises.get(enterprise)
    return ANYWHERE if party is None else f"district:{party.district}"


def _of_holder(work: Work, source: str) -> str:
    """Return the scope of whoever may move *source*: its holder's, or its reserve's."""
    if work.session.get(FreedSourceRow, source) is None:
        return ANYWHERE
    holder = holder_of(work, source)
    return holder if is_in_reserve(holder) else applicant(work, holder)


def _holder_scope(work: Work, payload: TransferSources) -> str:
    """Return the one holder of all sources named; several, or an unknown one, are nobody's."""
    holders = set()
    for line in payload.rows:
        if work.session.get(FreedSourceRow, line.source) is None:
            return ANYWHERE
        holders.add(holder_of(work, line.source))
    holder = holders.pop() if len(holders) == 1 else ""
    if not holder:
        return ANYWHERE
    return holder if is_in_reserve(holder) else f"enterprise:{holder}"


def _reserve_of(work: Work, batch: str) -> str:
    """Return the district whose reserve a batch is for."""
    row = work.session.get(ReserveBatchRow, batch)
    return ANYWHERE if row is None else f"district:{row.reserve}"


RESERVE_HANDLERS = (
    *(
        Handler(
            payload,
            verb,
            makers=APPLICANT,
            scope=lambda work, payload: applicant(work, payload.enterprise),
        )
        for payload, verb in (
            (ClaimRemoval, claim_removal),
            (ClaimManagement, claim_management),
            (ClaimRenewable, claim_renewable),
        )
    ),
    Handler(
        ShareFreed,
        share_freed,
        makers=APPLICANT,
        scope=lambda work, payload: _of_claim(work, payload.claim),
    ),
    Handler(
        DeductRenewables,
        deduct_renewables,
        makers=DISTRICT | CITY,
        scope=lambda work, payload: _district_of(work, enterprise_of_place(work, payload.place)),
    ),
    Handler(
        SplitSource,
        split_source,
        makers=APPLICANT,
        scope=lambda work, payload: _of_holder(work, payload.source),
    ),
    Handler(
        TransferSources,
        transfer_sources,
        makers=_OWNER,
        checkers=CITY,
        scope=_holder_scope,
    ),
    Handler(
        PlanBatch,
        plan_batch,
        makers=DISTRICT | CITY,
        scope=lambda work, payload: f"district:{payload.reserve}",
    ),
    Handler(
        ReviewBatch,
        review_batch,
        makers=_VERIFIER,
        checkers=_VERIFIER,
        scope=lambda work, payload: _reserve_of(work, payload.batch),
    ),
    Handler(
        DecideBatch,
        decide_batch,
        makers=CITY,
        checkers=CITY,
        scope=lambda work, payload: _reserve_of(work, payload.batch),
    ),
    *(
        Handler(
            payload,
            verb,
            makers=_OWNER,
            checkers=CITY,
            scope=lambda work, payload: f"enterprise:{payload.enterprise}",
        )
        for payload, verb in ((ReleaseQuota, release_quota), (BuyBack, buy_back))
    ),
    Handler(
        RevokeFreed,
        revoke_freed,
        makers=DISTRICT,
        checkers=CITY,
        scope=lambda work, payload: _district_of_claim(work, payload.claim),
    ),
)
