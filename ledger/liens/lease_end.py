"""
End a lease: on its day, early where both sides ask, by order of the authority, or never begun.
"""

from typing import ClassVar

from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.liens.freeze import fill, free_places
from ledger.liens.lease import lease_of
from ledger.liens.tables import LeaseRow
from ledger.moves.home import home_of, place_for, quota_of, require_amount, require_text
from ledger.post import post
from ledger.subject import Result
from ledger.work import Work


class NotOfThisLease(Refused):
    """The enterprise is neither lessor nor lessee, or not the one who may do this."""

    code = "lease_of_others"
    rule = "LIE-05"

    def __init__(self, enterprise: str, *, lease: str) -> None:
        super().__init__(
            f"{enterprise[:40]} is no side of lease {lease} that may do this",
            enterprise=enterprise[:40],
            lease=lease,
        )


class LeaseOwedExceeded(Refused):
    """More is to be given back than is owed."""

    code = "lease_owed_exceeded"
    rule = "LIE-06"

    def __init__(self, lease: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"of lease {lease} {available} is owed, not {needed}",
            lease=lease,
            needed=needed,
            available=available,
        )


class WithdrawLease(Payload, frozen=True):
    """Take an offer back, as its lessor, or decline it, as its lessee."""

    kind: ClassVar[str] = "leases.withdraw"
    lease: str
    enterprise: str


class EndLease(Payload, frozen=True):
    """Ask for the early end of a lease; when the other side has asked too, it ends."""

    kind: ClassVar[str] = "leases.end"
    lease: str
    enterprise: str


class CallBackLease(Payload, frozen=True):
    """End a running lease early by order of the authority."""

    kind: ClassVar[str] = "leases.call_back"
    lease: str
    document: str


class SettleLease(Payload, frozen=True):
    """Give back *amount* minor units of what a lessee has used and still owes."""

    kind: ClassVar[str] = "leases.settle"
    lease: str
    amount: int


def withdraw_lease(work: Work, payload: WithdrawLease) -> Result:
    """Let an offer end without effect. Rule: LIE-01."""
    row = _of_side(work, payload.lease, payload.enterprise, "offered")
    row.state = "withdrawn"
    return {"lease": row.id, "state": row.state}


def end_lease(work: Work, payload: EndLease) -> Result:
    """
    Note that one side wants the end; on the second side's word the units go back.

    Refusals in this order: unknown, not running, no side of it. Rule: LIE-05.
    """
    row = _of_side(work, payload.lease, payload.enterprise, "running")
    if row.ending_asked_by in ("", payload.enterprise):
        row.ending_asked_by = payload.enterprise
    else:
        give_back(work, row)
    return {"lease": row.id, "state": row.state, "owed": row.owed}


def call_back_lease(work: Work, payload: CallBackLease) -> Result:
    """End a running lease by decision, such as before the lessee's year closes. Rule: LIE-05."""
    row = lease_of(work, payload.lease, "running")
    require_text("the document", payload.document)
    give_back(work, row)
    return {"lease": row.id, "state": row.state, "owed": row.owed}


def return_in_time(work: Work, lease: str) -> None:
    """Return a lease at the end of its last day, unless it ended before. Rule: LIE-06."""
    row = work.session.get_one(LeaseRow, lease)
    if row.state == "running":
        give_back(work, row)


def give_back(work: Work, row: LeaseRow) -> None:
    """
    Move back what is there: leased units, then the lessee's own of the same asset.

    What was surrendered is answered for by equal units of the vintage; what lacks stays owed.
    With several leases of one asset, what was used counts against the one that returns last.

    Rule: LIE-06.
    """
    asset = quota_of(work.memory, row.asset)
    home = place_for(work.memory, home_of(row.lessor, asset))
    postings, owed = [], row.owed
    for place in (of_enterprise(row.lessee, "leased"), *free_places(row.lessee, row.asset)):
        amount = min(owed, work.memory.balance(place, row.asset))
        if amount:
            postings.append(Posting(place, home, row.asset, amount))
            owed -= amount
    if postings:
        post(work, Entry(EntryCode.LEASE_RETURN, "LIE-06", tuple(postings)))
    row.owed, row.ending_asked_by = owed, ""
    row.state = "short" if owed else "returned"
    row.returned_by = work.sequence
    work.session.flush()
    fill(work, row.lessor, row.asset)
    work.publish("leases", {"lease": row.id, "state": row.state, "owed": owed})


def settle_lease(work: Work, payload: SettleLease) -> Result:
    """
    Give back later what was short.

    Refusals in this order: unknown, not short, amount, more than owed, cover. Rule: LIE-06.
    """
    row = lease_of(work, payload.lease, "short")
    require_amount(payload.amount)
    if payload.amount > row.owed:
        raise LeaseOwedExceeded(row.id, needed=payload.amount, available=row.owed)
    asset = quota_of(work.memory, row.asset)
    source, home = home_of(row.lessee, asset), place_for(work.memory, home_of(row.lessor, asset))
    posting = Posting(source, home, row.asset, payload.amount)
    entry = post(work, Entry(EntryCode.LEASE_RETURN, "LIE-06", (posting,)))
    row.owed -= payload.amount
    row.state = "short" if row.owed else "returned"
    work.session.flush()
    fill(work, row.lessor, row.asset)
    return {"lease": row.id, "entry": entry, "owed": row.owed}


def _of_side(work: Work, lease: str, enterprise: str, state: str) -> LeaseRow:
    row = lease_of(work, lease, state)
    if enterprise not in (row.lessor, row.lessee):
        raise NotOfThisLease(enterprise, lease=row.id)
    return row
