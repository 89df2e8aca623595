"""
Postings and entries: the only way value is described.

A posting has two ends, so an unbalanced entry cannot be written down. These are hot values and
therefore named tuples.
"""

from enum import StrEnum
from typing import NamedTuple


class EntryCode(StrEnum):
    """What kind of event an entry records."""

    BUDGET = "budget"
    CONFIRMATION = "confirmation"
    ALLOCATION = "allocation"
    TRUE_UP = "true_up"
    CLAWBACK = "clawback"
    TRANSFER = "transfer"
    FREED_QUOTA = "freed_quota"
    SUBSTITUTION = "substitution"
    HOLD = "hold"
    RELEASE = "release"
    TRADE = "trade"
    RESALE = "resale"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    SURRENDER = "surrender"
    EXPIRY = "expiry"
    BANKING = "banking"
    CANCELLATION = "cancellation"
    USAGE_FEE = "usage_fee"
    CONVERSION = "conversion"
    SUCCESSION = "succession"
    COURT_ORDER = "court_order"
    LEASE = "lease"
    LEASE_RETURN = "lease_return"
    PLEDGE = "pledge"
    PLEDGE_RELEASE = "pledge_release"
    PLEDGE_SALE = "pledge_sale"
    FREEZE = "freeze"
    THAW = "thaw"
    RESERVATION = "reservation"
    COLLECTION = "collection"
    RESERVE_SALE = "reserve_sale"
    REVOCATION = "revocation"
    LISTING = "listing"
    REVERSAL = "reversal"


LIMITED = frozenset(
    {
        EntryCode.TRANSFER,
        EntryCode.HOLD,
        EntryCode.DEPOSIT,
        EntryCode.WITHDRAWAL,
        EntryCode.ALLOCATION,
        EntryCode.CONVERSION,
        EntryCode.LEASE,
        EntryCode.PLEDGE,
        EntryCode.RESERVATION,
        EntryCode.RESERVE_SALE,
        EntryCode.USAGE_FEE,
    }
)
"""
What floors and ceilings bind: moves that somebody decides on at that moment.

Everything else follows from what was decided before, and would leave a duty undone or break faith
with a counterparty if it were refused: budgets, confirmation, true-up, claw-back, surrender,
expiry, banking, substitution, cancellation, the settlement of trades, release and reversal.
"""

DECIDED = LIMITED | {EntryCode.RESALE}
"""What a frozen account neither gives nor takes; resale waits for a day on which it is open."""


class Posting(NamedTuple):
    """
    One move of *amount* minor units of *asset* from *source* to *destination*.

    Both ends are account addresses; the amount is whole and above zero.
    """

    source: str
    destination: str
    asset: str
    amount: int


class Entry(NamedTuple):
    """
    One event: its postings, applied in order, all or nothing.

    *rule* is the rule that makes the event lawful. *reference* is unique in the ledger where it is
    given. *effective_at* is the microsecond from which the event counts; None means when it is
    recorded. *reverses* is the sequence of the entry that this one undoes.
    """

    code: EntryCode
    rule: str
    postings: tuple[Posting, ...]
    reference: str | None = None
    effective_at: int | None = None
    reverses: int | None = None
