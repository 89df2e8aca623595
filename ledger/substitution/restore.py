"""
Give back the rights that a confirmation turned into freed quota, where a revocation says so.
"""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from ledger.allocation.tables import EntitlementRow
from ledger.asset import parse_asset
from ledger.chart import of_enterprise
from ledger.entry import Entry, EntryCode, Posting
from ledger.post import post
from ledger.substitution.look_up import RECORDED
from ledger.substitution.tables import FreedClaimRow
from ledger.tables import AccountRow, AssetRow, EntryRow, PostingRow
from ledger.work import Work


def give_back(work: Work, row: FreedClaimRow, *, measure: str, amount: int) -> int:
    """
    Move up to *amount* of what confirmation reclassified back to the claimant's entitlement.

    What was taken last comes back first. Allocations that were cut stay so: a new decision of the
    authority corrects them. Rule: FRQ-85.
    """
    account = of_enterprise(row.enterprise, "entitlement")
    left, postings = amount, []
    for asset, taken in reversed(_reclassified(work, row, measure)):
        part = min(left, taken)
        if part:
            left -= part
            postings.append(Posting("scheme:converted", account, asset, part))
            _raise_rights(work, row, asset=asset, measure=measure, amount=part)
    if postings:
        post(work, Entry(EntryCode.REVOCATION, "FRQ-85", tuple(postings)))
    return amount - left


def _reclassified(work: Work, row: FreedClaimRow, measure: str) -> list[tuple[str, int]]:
    """Return what the claim's confirmation moved out of the entitlement, in order."""
    converted = work.memory.accounts["scheme:converted"].id
    source = aliased(AccountRow)
    found = work.session.execute(
        sa.select(AssetRow.code, PostingRow.amount)
        .join(EntryRow, EntryRow.sequence == PostingRow.entry)
        .join(AssetRow, AssetRow.id == PostingRow.asset_id)
        .join(source, source.id == PostingRow.source_id)
        .where(
            EntryRow.command_sequence == row.confirmed_by,
            PostingRow.destination_id == converted,
            source.address == of_enterprise(row.enterprise, "entitlement"),
        )
        .order_by(PostingRow.entry, PostingRow.ordinal)
    )
    return [(code, amount) for code, amount in found if parse_asset(code).measure == measure]


def _raise_rights(work: Work, row: FreedClaimRow, *, asset: str, measure: str, amount: int) -> None:
    """Tell allocation that rights to energy or coal are there again, the oldest first."""
    if measure not in RECORDED:
        return
    rights = work.session.scalars(
        sa.select(EntitlementRow)
        .where(EntitlementRow.enterprise == row.enterprise, EntitlementRow.asset == asset)
        .order_by(EntitlementRow.sequence, EntitlementRow.ordinal)
    )
    for right in rights:
        room = min(amount, right.amount - right.remaining)
        right.remaining += room
        amount -= room
    assert amount == 0
