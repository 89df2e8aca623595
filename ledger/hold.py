"""
Hold units: set them aside, then capture, release or let them expire, once.

A hold is a posting to the holder's held account and a row that says how much of it is left.
"""

from heapq import heappush

from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.memory import Account, HeldAsset, Hold, balance_key
from ledger.post import AmountNotPositive, post
from ledger.work import Work


class HoldClosed(Refused):
    """The hold was captured, released or has expired, or never was."""

    code = "hold_closed"
    rule = "REG-15"

    def __init__(self, hold_id: int) -> None:
        super().__init__(f"hold {hold_id} is not open", hold=hold_id)


class HoldExceeded(Refused):
    """More was asked of a hold than it has left."""

    code = "hold_exceeded"
    rule = "REG-15"

    def __init__(self, hold_id: int, *, needed: int, available: int) -> None:
        super().__init__(
            f"hold {hold_id} has {available} left, not {needed}",
            hold=hold_id,
            needed=needed,
            available=available,
        )


class ExpiryPassed(Refused):
    """A hold was to expire at a time that has already gone."""

    code = "expiry_passed"
    rule = "REG-15"

    def __init__(self, expires_at: int, *, now: int) -> None:
        super().__init__(
            f"a hold cannot expire at {expires_at}, before now, {now}",
            expires_at=expires_at,
            now=now,
        )


def place(
    work: Work,
    *,
    account: str,
    held: str,
    asset: str,
    amount: int,
    purpose: str,
    expires_at: int | None = None,
) -> Hold:
    """
    Move *amount* from *account* to *held* and return the hold that stands for it.

    *expires_at* is the microsecond from which it lapses; None means it lasts until it is used.

    Rule: REG-15.
    """
    if expires_at is not None and expires_at <= work.now:
        raise ExpiryPassed(expires_at, now=work.now)
    memory = work.memory
    entry = post(work, Entry(EntryCode.HOLD, "REG-15", (Posting(account, held, asset, amount),)))
    hold = Hold(
        entry,
        account=memory.accounts[account],
        held=memory.accounts[held],
        asset=memory.assets[asset],
        amount=amount,
        remaining=amount,
        expires_at=expires_at,
        purpose=purpose,
    )
    memory.holds[entry] = hold
    work.on_refusal(lambda: memory.holds.pop(entry))
    _count_aside(work, hold.account, hold.asset, amount)
    if expires_at is not None:
        heappush(memory.expiries, (expires_at, entry))
    work.put("holds", hold.id, hold.row())
    return hold


def open_hold(work: Work, hold_id: int) -> Hold:
    """Return the open hold of this id, or refuse."""
    hold = work.memory.holds.get(hold_id)
    if hold is None:
        raise HoldClosed(hold_id)
    return hold


def take(work: Work, hold: Hold, amount: int) -> None:
    """
    Count *amount* of the hold as captured; the caller posts it from the held account.

    What is left stays held. Rule: REG-15.
    """
    _reduce(work, hold, amount, state_at_end="captured")


def release(work: Work, hold: Hold, amount: int | None = None) -> int:
    """Give back *amount* of the hold, or all that is left, and return the entry's sequence."""
    return _give_back(work, hold, hold.remaining if amount is None else amount, "released")


def expire(work: Work, hold: Hold) -> int:
    """Give back all that is left of a hold whose time has come; return the entry's sequence."""
    assert hold.expires_at is not None
    assert hold.expires_at <= work.now
    return _give_back(work, hold, hold.remaining, "expired")


def _give_back(work: Work, hold: Hold, amount: int, state_at_end: str) -> int:
    _reduce(work, hold, amount, state_at_end=state_at_end)
    posting = Posting(hold.held.address, hold.account.address, hold.asset.code, amount)
    return post(work, Entry(EntryCode.RELEASE, "REG-15", (posting,)))


def _reduce(work: Work, hold: Hold, amount: int, *, state_at_end: str) -> None:
    if hold.state != "open":
        raise HoldClosed(hold.id)
    if amount <= 0:
        raise AmountNotPositive(amount)
    if amount > hold.remaining:
        raise HoldExceeded(hold.id, needed=amount, available=hold.remaining)
    memory = work.memory
    remaining = hold.remaining

    def undo() -> None:
        hold.remaining = remaining
        hold.state = "open"
        memory.holds[hold.id] = hold

    work.on_refusal(undo)
    hold.remaining = remaining - amount
    if hold.remaining == 0:
        hold.state = state_at_end
        del memory.holds[hold.id]
    _count_aside(work, hold.account, hold.asset, -amount)
    work.put("holds", hold.id, hold.row())


def _count_aside(work: Work, account: Account, asset: HeldAsset, change: int) -> None:
    """Count what may come back to an account under its ceiling. Rule: REG-43."""
    if not account.limited:
        return
    limit = work.memory.limits.get(balance_key(account, asset))
    if limit is not None:
        limit.set_aside += change

        def undo() -> None:
            limit.set_aside -= change

        work.on_refusal(undo)
