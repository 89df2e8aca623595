"""
Renew a judicial freeze, lift it wholly or in part, and carry out a court's transfer (司法划转).
"""

from datetime import date
from typing import ClassVar

from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.liens.freeze import (
    DUE_FREEZE,
    FreezeEndPassed,
    LiftExceeded,
    end,
    fill,
    free_places,
    freeze_of,
    let_go,
    reconcile,
    standing_freezes,
    use_up,
)
from ledger.liens.tables import CourtOrderRow
from ledger.moves.home import after, home_of, quota_of, require_amount, require_text, require_two
from ledger.parties.party import require_id
from ledger.post import post
from ledger.register import set_due
from ledger.subject import Result
from ledger.work import Work


class CourtOrderExists(Refused):
    """A court order of this id was carried out before."""

    code = "court_order_exists"
    rule = "LIE-35"

    def __init__(self, order: str) -> None:
        super().__init__(
            f"court order {order} was carried out before; give a new one a new id",
            court_order=order,
        )


class CourtOrderShort(Refused):
    """There is less than the court moves."""

    code = "court_order_short"
    rule = "LIE-35"

    def __init__(self, enterprise: str, *, needed: int, available: int, frozen: int) -> None:
        super().__init__(
            f"{enterprise} has {available}, of which {frozen} frozen by this court, not {needed}; "
            "freeze first what is on order, and tell the court what there is",
            enterprise=enterprise,
            needed=needed,
            available=available,
            frozen=frozen,
        )


class RenewFreeze(Payload, frozen=True):
    """Let a freeze last until the end of *ends_on*; it takes what has come free meanwhile."""

    kind: ClassVar[str] = "freezes.renew"
    freeze: str
    ends_on: date
    document: str


class LiftFreeze(Payload, frozen=True):
    """Lift *amount* minor units of a freeze, or all of it, by the court's *document*."""

    kind: ClassVar[str] = "freezes.lift"
    freeze: str
    document: str
    amount: int | None = None


class CarryOutOrder(Payload, frozen=True):
    """Move units of *enterprise* to *partner* because a court orders it."""

    kind: ClassVar[str] = "court_orders.make"
    court_order: str
    enterprise: str
    partner: str
    asset: str
    amount: int
    court: str
    document: str


def renew_freeze(work: Work, payload: RenewFreeze) -> Result:
    """
    Renew a freeze before it ends; its place among those who wait stays.

    Refusals in this order: unknown or ended, document, an end that is not later. Rule: LIE-32.
    """
    row = freeze_of(work, payload.freeze)
    require_text("the document", payload.document)
    if payload.ends_on < date.fromisoformat(row.ends_on):
        raise FreezeEndPassed(payload.ends_on, earliest=date.fromisoformat(row.ends_on))
    row.ends_on, row.document = payload.ends_on.isoformat(), payload.document
    set_due(work, at=after(payload.ends_on), kind=DUE_FREEZE, key=row.id)
    fill(work, row.enterprise, row.asset)
    return {"freeze": row.id, "frozen": row.frozen, "ends_on": row.ends_on}


def lift_freeze(work: Work, payload: LiftFreeze) -> Result:
    """
    Lift part of a freeze, or end it.

    Refusals in this order: unknown or ended, document, amount, more than it has. Rule: LIE-33.
    """
    row = freeze_of(work, payload.freeze)
    require_text("the document", payload.document)
    if payload.amount is None:
        end(work, row)
        return {"freeze": row.id, "state": row.state, "frozen": row.frozen}
    require_amount(payload.amount)
    if payload.amount > row.frozen:
        raise LiftExceeded(row.id, needed=payload.amount, available=row.frozen)
    # What is lifted is wanted no more, or the freeze would take it back at once.
    row.wanted = row.frozen if row.wanted is None else row.wanted
    row.wanted -= payload.amount
    let_go(work, row, payload.amount)
    if not row.wanted:
        end(work, row)
    return {"freeze": row.id, "state": row.state, "frozen": row.frozen}


def carry_out_order(work: Work, payload: CarryOutOrder) -> Result:
    """
    Move units by a court's order: what the same court froze first, then what is free.

    Refusals in this order: id, known before, two parties, asset, amount, court and document, short.
    Rule: LIE-35.
    """
    require_id(payload.court_order)
    if work.session.get(CourtOrderRow, payload.court_order) is not None:
        raise CourtOrderExists(payload.court_order)
    require_two(work.memory, payload.enterprise, payload.partner)
    asset = quota_of(work.memory, payload.asset)
    require_amount(payload.amount)
    require_text("the court", payload.court)
    require_text("the document", payload.document)
    to = home_of(payload.partner, asset)
    from_frozen = _take_frozen(work, payload)
    postings = []
    if from_frozen:
        frozen = of_enterprise(payload.enterprise, "frozen")
        postings.append(Posting(frozen, to, payload.asset, from_frozen))
    postings += _free_part(work, payload, to, payload.amount - from_frozen)
    entry = post(work, Entry(EntryCode.COURT_ORDER, "LIE-35", tuple(postings)))
    work.session.add(
        CourtOrderRow(
            id=payload.court_order,
            enterprise=payload.enterprise,
            partner=payload.partner,
            asset=payload.asset,
            amount=payload.amount,
            from_frozen=from_frozen,
            court=payload.court,
            document=payload.document,
            entry=entry,
            decided_by=work.sequence,
        )
    )
    fill(work, payload.partner, payload.asset)
    return {"court_order": payload.court_order, "entry": entry, "from_frozen": from_frozen}


def _take_frozen(work: Work, payload: CarryOutOrder) -> int:
    """Count off what the ordering court's own freezes give, the oldest first."""
    reconcile(work, payload.enterprise, payload.asset)
    left = payload.amount
    for row in standing_freezes(work, payload.enterprise, payload.asset):
        if row.court == payload.court and left:
            taken = min(left, row.frozen)
            use_up(work, row, taken)
            left -= taken
    work.session.flush()
    return payload.amount - left


def _free_part(work: Work, payload: CarryOutOrder, to: str, needed: int) -> list[Posting]:
    left, postings = needed, []
    for place in free_places(payload.enterprise, payload.asset):
        amount = min(left, work.memory.balance(place, payload.asset))
        if amount:
            postings.append(Posting(place, to, payload.asset, amount))
            left -= amount
    if left:
        frozen = payload.amount - needed
        raise CourtOrderShort(
            payload.enterprise,
            needed=payload.amount,
            available=payload.amount - left,
            frozen=frozen,
        )
    return postings
