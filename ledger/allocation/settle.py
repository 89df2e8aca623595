"""
Take back what was given too much, claim what is no longer there, and settle such claims.

No balance ever goes below zero for it: restricted units go first, then free ones, and the rest is
a due claim that later credits and the holder itself settle.
"""

from typing import ClassVar

import sqlalchemy as sa

from ledger.allocation.methods import ClawBack, claw_back
from ledger.allocation.tables import DueClaimRow
from ledger.asset import parse_asset
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.districts.budget import budget_account
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.post import AmountNotPositive, post
from ledger.subject import Handler, Result, Role
from ledger.work import Work


class ClaimExceeded(Refused):
    """More was offered to settle than is owed."""

    code = "claim_exceeded"
    rule = "ALC-60"

    def __init__(self, enterprise: str, *, asset: str, needed: int, available: int) -> None:
        super().__init__(
            f"{enterprise} owes {available} of {asset}, so {needed} cannot be settled",
            enterprise=enterprise,
            asset=asset,
            needed=needed,
            available=available,
        )


class SettleClaim(Payload, frozen=True):
    """Settle what an enterprise owes of *asset*, all or in part, from its holding."""

    kind: ClassVar[str] = "claims.settle"
    enterprise: str
    asset: str
    amount: int


def settle_claim(work: Work, payload: SettleClaim) -> Result:
    """Move units from the holding back to the budget they are owed to. Rule: ALC-60."""
    if payload.amount <= 0:
        raise AmountNotPositive(payload.amount)
    owed = owed_of(work, payload.enterprise, payload.asset)
    if payload.amount > owed:
        raise ClaimExceeded(
            payload.enterprise, asset=payload.asset, needed=payload.amount, available=owed
        )
    posting = Posting(
        of_enterprise(payload.enterprise, "holding"),
        _owner_of(payload.asset),
        payload.asset,
        payload.amount,
    )
    entry = post(work, Entry(EntryCode.CLAWBACK, "ALC-60", (posting,)))
    settle_due_claim(work, payload.enterprise, asset=payload.asset, amount=payload.amount)
    return {"entry": entry, "still_owed": owed - payload.amount}


def take_back(work: Work, enterprise: str, *, asset: str, amount: int, rule: str) -> ClawBack:
    """
    Return units of *asset* to their district's budget: restricted first, then holding.

    What is missing becomes a due claim. Rule: ALC-07.
    """
    memory = work.memory
    accounts = [of_enterprise(enterprise, purpose) for purpose in ("restricted", "holding")]
    there = [memory.balance(account, asset) for account in accounts]
    split = claw_back(available_kgce=sum(there), owed_kgce=amount)
    first = min(there[0], split.taken_kgce)
    postings = tuple(
        Posting(account, _owner_of(asset), asset, part)
        for account, part in zip(accounts, (first, split.taken_kgce - first), strict=True)
        if part
    )
    if postings:
        post(work, Entry(EntryCode.CLAWBACK, rule, postings))
    if split.due_claim_kgce:
        _claim(work, enterprise, asset=asset, amount=split.due_claim_kgce)
    return split


def owed_of(work: Work, enterprise: str, asset: str) -> int:
    """Return how much of *asset* an enterprise still owes."""
    return sum(row.amount - row.settled for row in _open_claims(work, enterprise, asset))


def settle_due_claim(work: Work, enterprise: str, *, asset: str, amount: int) -> int:
    """
    Count up to *amount* of *asset* as paid on the oldest claims; return how much was owed of it.

    Nothing is posted: the units came from the holding, or a credit was kept back. Rule: ALC-60.
    """
    left = amount
    for row in _open_claims(work, enterprise, asset):
        paid = min(left, row.amount - row.settled)
        row.settled += paid
        left -= paid
    return amount - left


def _open_claims(work: Work, enterprise: str, asset: str) -> list[DueClaimRow]:
    rows = work.session.scalars(
        sa.select(DueClaimRow)
        .where(
            DueClaimRow.enterprise == enterprise,
            DueClaimRow.asset == asset,
            DueClaimRow.settled < DueClaimRow.amount,
        )
        .order_by(DueClaimRow.sequence, DueClaimRow.ordinal)
    )
    return list(rows)


def _claim(work: Work, enterprise: str, *, asset: str, amount: int) -> None:
    made_here = sa.select(sa.func.count()).where(DueClaimRow.sequence == work.sequence)
    work.session.add(
        DueClaimRow(
            sequence=work.sequence,
            ordinal=work.session.scalar(made_here),
            enterprise=enterprise,
            asset=asset,
            amount=amount,
            settled=0,
        )
    )


def _owner_of(asset: str) -> str:
    return budget_account(parse_asset(asset).area)


def _scope(work: Work, payload: SettleClaim) -> str:
    return f"enterprise:{work.memory.cache(Parties).enterprise(payload.enterprise).id}"


SETTLE_HANDLERS = (
    Handler(
        SettleClaim,
        settle_claim,
        makers=frozenset({Role.ENTERPRISE_COMPLIANCE}),
        scope=_scope,
    ),
)
