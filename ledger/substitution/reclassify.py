"""
Turn what an enterprise is entitled to into freed quota: the right goes, so that it counts once.
"""

from ledger.allocation.cut import EntitlementCut, cut_entitlement
from ledger.allocation.cut import entitled as entitled_in_use
from ledger.asset import parse_asset
from ledger.chart import of_enterprise
from ledger.entry import Entry, EntryCode, Posting
from ledger.post import post
from ledger.substitution.look_up import RECORDED
from ledger.substitution.tables import FreedClaimRow
from ledger.work import Work


def entitled(work: Work, *, enterprise: str, measure: str, facility: str) -> int:
    """
    Return what an enterprise may still give up of its rights in a measure for a facility.

    Rights to energy and coal are kept by allocation; the others come from accepted projects and
    are what the account holds.
    """
    if measure not in RECORDED:
        return sum(cut.amount for cut in _held(work, enterprise, measure))
    return entitled_in_use(work, enterprise, measure=measure, facility=facility)


def reclassify(
    work: Work, row: FreedClaimRow, *, measure: str, amount: int
) -> tuple[EntitlementCut, ...]:
    """
    Move *amount* of the claimant's rights to scheme:converted; return what went, with its term.

    Empty where it was never given a right of the measure. Allocations of energy and coal after
    the year in which the use ended are cut either way.

    Rule: FRQ-57.
    """
    if measure in RECORDED:
        return cut_entitlement(
            work,
            row.enterprise,
            measure=measure,
            amount=amount,
            closure_year=row.freed_year,
            facility=row.facility,
            rule="FRQ-57",
        )
    cuts = _taken(_held(work, row.enterprise, measure), amount)
    if cuts:
        account = of_enterprise(row.enterprise, "entitlement")
        postings = tuple(
            Posting(account, "scheme:converted", cut.asset, cut.amount) for cut in cuts
        )
        post(work, Entry(EntryCode.FREED_QUOTA, "FRQ-57", postings))
    return cuts


def _held(work: Work, enterprise: str, measure: str) -> tuple[EntitlementCut, ...]:
    """Return the rights in a measure, those that end first in front."""
    held = work.memory.holdings([of_enterprise(enterprise, "entitlement")])
    rights = [
        EntitlementCut(code, parse_asset(code).vintage, amount)
        for (_, code), amount in held.items()
        if parse_asset(code).measure == measure
    ]
    return tuple(sorted(rights, key=lambda right: (right.last_year, right.asset)))


def _taken(rights: tuple[EntitlementCut, ...], amount: int) -> tuple[EntitlementCut, ...]:
    cuts, left = [], amount
    for right in rights:
        part = min(left, right.amount)
        left -= part
        if part:
            cuts.append(EntitlementCut(right.asset, right.last_year, part))
    return tuple(cuts)
