"""
Judicial freezes (司法冻结): what a court holds fast, and who waits for it.

    waiting → active → ended, or at once active; a freeze may be active and still lack some

A freeze takes what is free: the holding (or entitlement), then what was bought. It never takes what
is pledged or leased out, nor what is pre-issued; it waits for that, in the order of arrival, and
gets it when it comes free. This is about units of one owner; freezing an account is another thing
(`ledger.terms.state`). Orders to sell are cancelled first by `market.court_freeze`.
"""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from ledger.asset import Kind, parse_asset
from ledger.chart import of_enterprise
from ledger.days import day_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.liens.tables import FreezeRow
from ledger.memory import CLOSED
from ledger.moves.home import after, home_of, place_for
from ledger.post import post
from ledger.register import set_due
from ledger.units import AMOUNT_MAX
from ledger.work import Work

DUE_FREEZE = "freeze.end"


class FreezeUnknown(Refused):
    """There is no such freeze."""

    code = "freeze_unknown"
    rule = "LIE-30"

    def __init__(self, freeze: str) -> None:
        super().__init__(f"there is no freeze {freeze[:40]}", freeze=freeze[:40])


class FreezeEnded(Refused):
    """The freeze has ended."""

    code = "freeze_ended"
    rule = "LIE-30"

    def __init__(self, freeze: str) -> None:
        super().__init__(
            f"freeze {freeze} has ended; the court orders a new one where one is needed",
            freeze=freeze,
        )


class FreezeEndPassed(Refused):
    """A freeze would end before today, or before the end that it has."""

    code = "freeze_end_passed"
    rule = "LIE-32"

    def __init__(self, ends_on: date, *, earliest: date) -> None:
        super().__init__(
            f"a freeze cannot end on {ends_on}; {earliest} or later is accepted",
            ends_on=ends_on.isoformat(),
            earliest=earliest.isoformat(),
        )


class LiftExceeded(Refused):
    """More is to be lifted than the freeze holds."""

    code = "freeze_lift_exceeded"
    rule = "LIE-33"

    def __init__(self, freeze: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"freeze {freeze} holds {available}, so {needed} cannot be lifted; lift less, or all",
            freeze=freeze,
            needed=needed,
            available=available,
        )


def standing_freezes(work: Work, enterprise: str, asset: str) -> Sequence[FreezeRow]:
    """Return the freezes on one asset of an enterprise that have not ended, by arrival."""
    return work.session.scalars(
        sa.select(FreezeRow)
        .where(
            FreezeRow.enterprise == enterprise,
            FreezeRow.asset == asset,
            FreezeRow.state != "ended",
        )
        .order_by(FreezeRow.arrived_by)
    ).all()


def freeze_of(work: Work, freeze: str) -> FreezeRow:
    """Return a freeze that has not ended, or refuse. Rule: LIE-30."""
    row = work.session.get(FreezeRow, freeze)
    if row is None:
        raise FreezeUnknown(freeze)
    reconcile(work, row.enterprise, row.asset)
    if row.state == "ended":
        raise FreezeEnded(freeze)
    return row


def lacking(row: FreezeRow) -> int:
    """Return what a freeze still waits for; of one on all, more than anybody has."""
    return AMOUNT_MAX if row.wanted is None else row.wanted - row.frozen


def begin(work: Work, row: FreezeRow) -> int:
    """Let a new freeze take what is free now, and return how much. Rule: LIE-30, LIE-31."""
    reconcile(work, row.enterprise, row.asset)
    work.session.add(row)
    work.session.flush()
    set_due(work, at=after(date.fromisoformat(row.ends_on)), kind=DUE_FREEZE, key=row.id)
    fill(work, row.enterprise, row.asset)  # those who came before still come first
    return row.frozen


def take_free(work: Work, row: FreezeRow) -> None:
    """
    Move what is free into the freeze, as far as it lacks any.

    Where the account for frozen units was closed the freeze goes on waiting: what falls due calls
    this too, and must not be refused. Rule: LIE-31.
    """
    frozen = of_enterprise(row.enterprise, "frozen")
    if work.memory.accounts[frozen].state == CLOSED:
        return
    postings, needed = [], lacking(row)
    for source in free_places(row.enterprise, row.asset):
        amount = min(needed, work.memory.balance(source, row.asset))
        if amount > 0:
            postings.append(Posting(source, frozen, row.asset, amount))
            needed -= amount
    if postings:
        post(work, Entry(EntryCode.FREEZE, "LIE-31", tuple(postings)))
        row.frozen += sum(posting.amount for posting in postings)
        row.state = "active"


def free_places(enterprise: str, asset: str) -> list[str]:
    """Return the accounts that hold an enterprise's own units freely, first to be taken first."""
    home = home_of(enterprise, parse_asset(asset))
    if parse_asset(asset).kind is Kind.STANDING:
        return [home]
    return [home, of_enterprise(enterprise, "bought")]


def fill(work: Work, enterprise: str, asset: str) -> None:
    """Let those who wait take what has come free, in the order of arrival. Rule: LIE-31."""
    for row in standing_freezes(work, enterprise, asset):
        if lacking(row):
            take_free(work, row)


def let_go(work: Work, row: FreezeRow, amount: int) -> None:
    """
    Take *amount* out of a freeze: to those who wait for it, the rest home.

    Rule: LIE-31, LIE-33.
    """
    row.frozen -= amount
    left = amount
    for other in standing_freezes(work, row.enterprise, row.asset):
        if other is not row and left and lacking(other):
            passed = min(left, lacking(other))
            other.frozen += passed
            other.state = "active"
            left -= passed
    if left:
        frozen = of_enterprise(row.enterprise, "frozen")
        home = place_for(work.memory, home_of(row.enterprise, parse_asset(row.asset)))
        posting = Posting(frozen, home, row.asset, left)
        post(work, Entry(EntryCode.THAW, "LIE-33", (posting,)))


def end(work: Work, row: FreezeRow) -> None:
    """End a freeze; what it had goes to those who wait, then home. Rule: LIE-32."""
    row.state, row.ended_by = "ended", work.sequence
    work.session.flush()
    let_go(work, row, row.frozen)
    work.publish("freezes", {"freeze": row.id, "enterprise": row.enterprise, "state": "ended"})


def end_in_time(work: Work, freeze: str) -> None:
    """End a freeze after its last day, unless it was renewed or lifted before. Rule: LIE-32."""
    row = work.session.get_one(FreezeRow, freeze)
    if row.state == "ended" or day_of(work.now) <= date.fromisoformat(row.ends_on):
        return
    reconcile(work, row.enterprise, row.asset)
    end(work, row)


def reconcile(work: Work, enterprise: str, asset: str) -> None:
    """
    Count off what was surrendered out of frozen units, from the freeze that came last.

    Only where the pack lets frozen units be surrendered can there be less than the freezes have.
    Rule: LIE-34.
    """
    rows = standing_freezes(work, enterprise, asset)
    there = work.memory.balance(of_enterprise(enterprise, "frozen"), asset)
    gone = sum(row.frozen for row in rows) - there
    for row in reversed(rows):
        if gone <= 0:
            break
        off = min(gone, row.frozen)
        use_up(work, row, off)
        gone -= off
    work.session.flush()


def use_up(work: Work, row: FreezeRow, amount: int) -> None:
    """Count *amount* off a freeze for good; one that wants nothing any more has ended."""
    row.frozen -= amount
    if row.wanted is not None:
        row.wanted -= amount
    if row.wanted == 0:
        row.state, row.ended_by = "ended", work.sequence
    elif not row.frozen:
        row.state = "waiting"
