"""
Set units aside by a plain command, and use or give back what was set aside.

Holds that a subject placed, such as the cover of an order, are ended by that subject alone.
"""

from typing import ClassVar

from ledger import hold as holds
from ledger.chart import of_enterprise, owner_of
from ledger.command import Payload
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.left import with_balances
from ledger.memory import Hold
from ledger.post import AccountUnknown, post
from ledger.roles import has_role_anywhere, require_role
from ledger.subject import VERB_DECIDES, Handler, Result, Role
from ledger.transfer import require_plain
from ledger.work import Work

OF_SUBJECT = ":"
"""In the purpose of holds that a subject placed, such as ``market:order``."""


class HoldOfSubject(Refused):
    """The hold stands behind something of a subject, such as an order, which alone may end it."""

    code = "hold_of_subject"
    rule = "REG-15"

    def __init__(self, hold_id: int, purpose: str) -> None:
        super().__init__(
            f"hold {hold_id} stands behind {purpose}; cancel or settle that instead",
            hold=hold_id,
            purpose=purpose,
        )


class PlaceHold(Payload, frozen=True):
    """Set units of a holding aside until *expires_at* (microseconds) at the latest."""

    kind: ClassVar[str] = "hold.place"
    enterprise: str
    asset: str
    amount: int
    purpose: str
    expires_at: int | None = None


class CaptureHold(Payload, frozen=True):
    """Use part of a hold: move it from the held account to *destination*."""

    kind: ClassVar[str] = "hold.capture"
    hold: int
    amount: int
    destination: str


class ReleaseHold(Payload, frozen=True):
    """Give back what a hold has left."""

    kind: ClassVar[str] = "hold.release"
    hold: int


def place_hold(work: Work, payload: PlaceHold) -> Result:
    """Set units aside. Rule: REG-15."""
    if OF_SUBJECT in payload.purpose:
        raise HoldOfSubject(0, payload.purpose)
    placed = holds.place(
        work,
        account=of_enterprise(payload.enterprise, "holding"),
        held=of_enterprise(payload.enterprise, "held"),
        asset=payload.asset,
        amount=payload.amount,
        purpose=payload.purpose,
        expires_at=payload.expires_at,
    )
    return with_balances(work, {"hold": placed.id}, owner=owner_of(placed.account.address))


def capture_hold(work: Work, payload: CaptureHold) -> Result:
    """Use part of a hold, for an account without holds; what is left stays held. Rule: REG-15."""
    hold = _plain_hold(work, payload.hold)
    require_plain(work, payload.destination)
    if payload.destination not in work.memory.accounts:
        raise AccountUnknown(payload.destination)
    holds.take(work, hold, payload.amount)
    posting = Posting(hold.held.address, payload.destination, hold.asset.code, payload.amount)
    entry = post(work, Entry(EntryCode.TRANSFER, "REG-15", (posting,)))
    result = {"entry": entry, "remaining": hold.remaining}
    return with_balances(work, result, owner=owner_of(hold.account.address))


def release_hold(work: Work, payload: ReleaseHold) -> Result:
    """Give back what is left of a hold. Rule: REG-15."""
    hold = _plain_hold(work, payload.hold)
    scope = owner_of(hold.account.address)
    require_role(work.memory, work.actor, kind=payload.kind, roles=_OWNER, scope=scope)
    return with_balances(work, {"entry": holds.release(work, hold)}, owner=scope)


def _plain_hold(work: Work, hold_id: int) -> Hold:
    """Return an open hold that was placed by a command of its own, or refuse."""
    hold = holds.open_hold(work, hold_id)
    if OF_SUBJECT in hold.purpose:
        raise HoldOfSubject(hold.id, hold.purpose)
    return hold


def _admit_release(work: Work, payload: ReleaseHold) -> None:
    """Refuse who holds nothing here; of a hold that is not open, who acts for no holder at all."""
    hold = work.memory.holds.get(payload.hold)
    if hold is None:
        if not has_role_anywhere(work.memory, work.actor, _OWNER):
            raise holds.HoldClosed(payload.hold)
        return
    scope = owner_of(hold.account.address)
    require_role(work.memory, work.actor, kind=payload.kind, roles=_OWNER, scope=scope)


def _enterprise(_work: Work, payload: PlaceHold) -> str:
    return f"enterprise:{payload.enterprise}"


_CLEARING = frozenset({Role.CLEARING_OPERATOR})
_OWNER = frozenset({Role.ENTERPRISE_ADMIN, Role.ENTERPRISE_TRADER})

SET_ASIDE_HANDLERS = (
    Handler(PlaceHold, place_hold, makers=_OWNER, scope=_enterprise, cold=False),
    Handler(CaptureHold, capture_hold, makers=_CLEARING, cold=False),
    Handler(ReleaseHold, release_hold, makers=VERB_DECIDES, cold=False, admit=_admit_release),
)
