"""
Lease quota for a term (租赁): the lessor offers, the lessee accepts, and it comes back by itself.

    offered → running → returned, or short while something used is still owed, then returned
    offered → withdrawn

Leased units lie in the lessee's `leased` account, from which nothing is sold, pledged, transferred
or leased on. Whether they may be surrendered is the pack's to say.
"""

from datetime import date
from typing import ClassVar

from ledger.asset import CNY, Asset, Kind
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.compliance.book import Book
from ledger.compliance.lookup import last_day_of, terms_of
from ledger.compliance.terms import TermUnknown
from ledger.days import day_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.liens.tables import LeaseRow
from ledger.moves.home import (
    after,
    home_of,
    last_day_of_term,
    parameter,
    quota_of,
    require_amount,
    require_in_area,
    require_two,
    year_end,
)
from ledger.parties.party import require_id
from ledger.policy import as_switch, as_text
from ledger.post import AmountNotPositive, post
from ledger.register import open_if_new, set_due
from ledger.subject import Result
from ledger.work import Work

DUE_LEASE = "lease.return"
USED_PART = ("return_equal_vintage", "forbid_surrender")


class LeaseExists(Refused):
    """A lease of this id was offered before."""

    code = "lease_exists"
    rule = "LIE-01"

    def __init__(self, lease: str) -> None:
        super().__init__(f"lease {lease} was offered before; give a new one a new id", lease=lease)


class LeaseUnknown(Refused):
    """There is no such lease."""

    code = "lease_unknown"
    rule = "LIE-01"

    def __init__(self, lease: str) -> None:
        super().__init__(f"there is no lease {lease[:40]}", lease=lease[:40])


class LeaseNotReady(Refused):
    """The lease is not at the stage that this step follows."""

    code = "lease_not_ready"
    rule = "LIE-01"

    def __init__(self, lease: str, *, state: str, needed: str) -> None:
        super().__init__(
            f"lease {lease} is {state}, but this step takes one that is {needed}",
            lease=lease,
            state=state,
            needed=needed,
        )


class LeaseDay(Refused):
    """The day of return is not after today, or after the units end."""

    code = "lease_return_day"
    rule = "LIE-02"

    def __init__(self, return_on: date, *, first: date, last: date) -> None:
        super().__init__(
            f"a lease cannot end on {return_on}; accepted are {first} to {last}",
            return_on=return_on.isoformat(),
            first_day=first.isoformat(),
            last_day=last.isoformat(),
        )


class OfferLease(Payload, frozen=True):
    """
    Offer *lessee* units until the end of *return_on*, for *rent_fen* paid at the start.

    A rent of nothing is lawful.
    """

    kind: ClassVar[str] = "leases.offer"
    lease: str
    enterprise: str
    lessee: str
    asset: str
    amount: int
    return_on: date
    rent_fen: int = 0


class AcceptLease(Payload, frozen=True):
    """Accept a lease as its lessee: the units come, the rent goes, in one entry."""

    kind: ClassVar[str] = "leases.accept"
    lease: str


def offer_lease(work: Work, payload: OfferLease) -> Result:
    """
    Keep an offer; it moves nothing.

    Refusals in this order: id, known before, two parties, asset, amount, rent, area, day.
    Rule: LIE-01, LIE-02.
    """
    require_id(payload.lease)
    if work.session.get(LeaseRow, payload.lease) is not None:
        raise LeaseExists(payload.lease)
    require_two(work.memory, payload.enterprise, payload.lessee)
    asset = quota_of(work.memory, payload.asset)
    require_amount(payload.amount)
    if payload.rent_fen < 0:
        raise AmountNotPositive(payload.rent_fen)
    require_in_area(work.memory, asset, payload.lessee)
    _require_day(work, payload.enterprise, asset, payload.return_on)
    work.session.add(
        LeaseRow(
            id=payload.lease,
            lessor=payload.enterprise,
            lessee=payload.lessee,
            asset=payload.asset,
            amount=payload.amount,
            rent_fen=payload.rent_fen,
            return_on=payload.return_on.isoformat(),
            used_part="",
            owed=0,
            ending_asked_by="",
            state="offered",
            offered_by=work.sequence,
        )
    )
    return {"lease": payload.lease, "state": "offered"}


def accept_lease(work: Work, payload: AcceptLease) -> Result:
    """
    Bring the units to the lessee and the rent to the lessor, and let them return by themselves.

    Refusals in this order: unknown, not offered, day, what the pack does not say, cover of units,
    cover of rent. Rule: LIE-01 to LIE-03.
    """
    row = lease_of(work, payload.lease, "offered")
    asset = quota_of(work.memory, row.asset)
    return_on = date.fromisoformat(row.return_on)
    _require_day(work, row.lessor, asset, return_on)
    row.used_part = _used_part(work, row.lessee)
    leased = open_if_new(work, of_enterprise(row.lessee, "leased"))
    postings = [Posting(home_of(row.lessor, asset), leased.address, row.asset, row.amount)]
    if row.rent_fen:
        payer, payee = (of_enterprise(each, "cash") for each in (row.lessee, row.lessor))
        postings.append(Posting(payer, payee, CNY, row.rent_fen))
    entry = post(work, Entry(EntryCode.LEASE, "LIE-03", tuple(postings)))
    row.state, row.owed, row.accepted_by = "running", row.amount, work.sequence
    set_due(work, at=after(return_on), kind=DUE_LEASE, key=row.id)
    work.publish("leases", {"lease": row.id, "state": row.state})
    return {"lease": row.id, "entry": entry, "state": row.state}


def lease_of(work: Work, lease: str, *states: str) -> LeaseRow:
    """Return a lease in one of *states*, or refuse. Rule: LIE-01."""
    row = work.session.get(LeaseRow, lease)
    if row is None:
        raise LeaseUnknown(lease)
    if row.state not in states:
        raise LeaseNotReady(lease, state=row.state, needed=" or ".join(states))
    return row


def _used_part(work: Work, lessee: str) -> str:
    """Return the rule for what the lessee uses; surrender needs one too. LIE-04."""
    today = day_of(work.now)
    as_switch(parameter(work, lessee, "lease.surrender_allowed", on=today))
    rule = as_text(parameter(work, lessee, "lease.used_part", on=today))
    if rule not in USED_PART:
        raise TermUnknown("lease.used_part", value=rule, accepted=" or ".join(USED_PART))
    return rule


def _require_day(work: Work, lessor: str, asset: Asset, return_on: date) -> None:
    """Refuse a return before tomorrow, or after the units have ended. Rule: LIE-02."""
    today = day_of(work.now)
    last = _last_day(work, lessor, asset)
    if not today < return_on <= last:
        first = date.fromordinal(today.toordinal() + 1)
        raise LeaseDay(return_on, first=first, last=last)


def _last_day(work: Work, lessor: str, asset: Asset) -> date:
    """Return the end of a standing right, or of the surrender that an annual one is for."""
    if asset.kind is Kind.STANDING:
        return last_day_of_term(asset)
    year = work.memory.cache(Book).years.get(asset.vintage)
    if year is None:
        return year_end(asset.vintage + 1)
    return last_day_of(year, terms_of(work.memory, lessor, on=year.deadline))
