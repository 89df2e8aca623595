"""
Merge an enterprise into another (合并): the successor takes over what it had and what it owed.
"""

from typing import ClassVar

import sqlalchemy as sa

from ledger.allocation.allocate import require_document
from ledger.allocation.change_tables import EnterpriseChangeRow
from ledger.allocation.ended import ENDING, EnterpriseEnded, require_lasting
from ledger.allocation.tables import AllocationCutRow, DueClaimRow, EntitlementRow
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.compliance.tables import DeductionRow
from ledger.entry import Entry, EntryCode, Posting
from ledger.liens.change import (
    TAKEN,
    ChangePartyUnfit,
    add_history,
    add_standing,
    drop_plans,
    empty_standing,
    keep_change,
    newest_history,
    require_free,
    standings_of,
)
from ledger.parties.party import Parties
from ledger.parties.tables import FacilityRow
from ledger.post import post
from ledger.subject import Result
from ledger.work import Work


class MergeEnterprises(Payload, frozen=True):
    """
    Let *successor* take over from *enterprise*, by the decision *document*.

    Given again for the same two it takes over what has come since: true-up, a later obligation.
    """

    kind: ClassVar[str] = "enterprises.merge"
    enterprise: str
    successor: str
    document: str


def merge_enterprises(work: Work, payload: MergeEnterprises) -> Result:
    """
    Move free units, rights, cash and debts to the successor, and end the enterprise.

    Pre-issued units stay until true-up. Checks in this order: document, both parties, free of
    orders and liens, obligations that can be added. Rule: CHG-01 to CHG-05.
    """
    require_document(payload.document)
    is_first = _require_parties(work, payload)
    require_free(work, payload.enterprise)
    moved = _move(work, payload)
    standings = standings_of(work, payload.enterprise)
    for standing in standings:
        add_standing(
            work,
            standing,
            payload.successor,
            owed=standing.owed,
            surrendered=standing.surrendered,
            recovered=standing.recovered,
        )
        empty_standing(work, standing)
    _follow(work, payload)
    if is_first:
        history = newest_history(work, payload.enterprise)
        parts = {key: (row.energy_kgce, row.coal_kg, row.output) for key, row in history.items()}
        add_history(work, payload.successor, parts)
    result = {
        "enterprise": payload.enterprise,
        "successor": payload.successor,
        "postings_count": moved,
        "standings_count": len(standings),
        "plans_dropped_count": drop_plans(work, payload.enterprise),
    }
    keep_change(
        work, "merge", payload.enterprise, other=payload.successor, document=payload.document
    )
    work.publish("enterprises.merged", {"document": payload.document, **result})
    return result


def _require_parties(work: Work, payload: MergeEnterprises) -> bool:
    """Refuse parties that cannot merge; return whether this is their first time. Rule: CHG-03."""
    parties = work.memory.cache(Parties)
    ends, lasts = parties.enterprise(payload.enterprise), parties.enterprise(payload.successor)
    problem = ""
    if ends == lasts:
        problem = "it is the same enterprise"
    elif ends.district != lasts.district:
        problem = f"it lies in {lasts.district}, not in {ends.district}: relocate one first"
    if problem:
        raise ChangePartyUnfit(ends.id, lasts.id, problem=problem)
    require_lasting(work, lasts.id)
    before = work.session.scalars(
        sa.select(EnterpriseChangeRow).where(
            EnterpriseChangeRow.enterprise == ends.id, EnterpriseChangeRow.step.in_(ENDING)
        )
    ).all()
    for row in before:
        if (row.step, row.other) != ("merge", lasts.id):
            raise EnterpriseEnded(ends.id, step=row.step, document=row.document)
    return not before


def _move(work: Work, payload: MergeEnterprises) -> int:
    postings = tuple(
        Posting(address, of_enterprise(payload.successor, purpose), asset, amount)
        for purpose in TAKEN
        for (address, asset), amount in work.memory.holdings(
            [of_enterprise(payload.enterprise, purpose)]
        ).items()
    )
    if postings:
        post(work, Entry(EntryCode.SUCCESSION, "CHG-05", postings))
    return len(postings)


def _follow(work: Work, payload: MergeEnterprises) -> None:
    """Let rights, plants, due claims, cuts and deductions name the successor from now on."""
    _rights(work, payload)
    for table in (FacilityRow, DueClaimRow, AllocationCutRow):
        work.session.execute(
            sa.update(table)
            .where(table.enterprise == payload.enterprise)
            .values(enterprise=payload.successor)
        )
    _deductions(work, payload)


def _rights(work: Work, payload: MergeEnterprises) -> None:
    query = sa.select(EntitlementRow).where(
        EntitlementRow.enterprise.in_((payload.enterprise, payload.successor))
    )
    rows = work.session.scalars(query).all()
    own = {(row.measure, row.document) for row in rows if row.enterprise == payload.successor}
    for row in rows:
        if row.enterprise == payload.enterprise:
            if (row.measure, row.document) in own:
                row.document = f"{row.document} ({payload.enterprise})"
            row.enterprise = payload.successor


def _deductions(work: Work, payload: MergeEnterprises) -> None:
    """Add deductions that wait to those of the successor. Rule: CMP-63."""
    waiting = work.session.scalars(
        sa.select(DeductionRow).where(
            DeductionRow.enterprise == payload.enterprise, DeductionRow.applied_by.is_(None)
        )
    ).all()
    for row in waiting:
        own = work.session.get(DeductionRow, (row.year, payload.successor, row.measure))
        if own is None:
            row.enterprise = payload.successor
        elif own.applied_by is None:
            own.amount += row.amount
            work.session.delete(row)
        # One that the successor has met already leaves the other's to be met on its own.
