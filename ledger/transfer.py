"""
Plain commands on accounts: bulk entries, holds, reversal, and cash in and out.
"""

from collections import Counter
from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger import hold as holds
from ledger.asset import CNY, parse_asset
from ledger.chart import of_enterprise, owner_of
from ledger.command import Payload
from ledger.db import require_key_text
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.memory import Hold
from ledger.post import AccountUnknown, post, post_plain, reversing
from ledger.register import open_account, open_asset
from ledger.roles import require_role
from ledger.store import first_known_reference
from ledger.subject import VERB_DECIDES, Handler, Result, Role
from ledger.tables import EntryRow, PostingRow
from ledger.work import Work

ENTRIES_MAX = 8_192
REVERSIBLE = frozenset({EntryCode.TRANSFER, EntryCode.DEPOSIT, EntryCode.WITHDRAWAL})
"""What no subject keeps a book of its own about; everything else is corrected by its subject."""

OF_SUBJECT = ":"
"""In the purpose of holds that a subject placed, such as ``market:order``."""

OF_SUBJECTS = ("allocation:", "bank:", "freed:", "substitution:")
"""How references begin that subjects give; a plain line that took one first would block them."""

HELD_PURPOSES = (":held", ":cash_held")


class EntryExists(Refused):
    """An entry of this reference was written before."""

    code = "entry_exists"
    rule = "REG-06"

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"entry {reference} was written before; a new one needs a new reference",
            reference=reference,
        )


class ReferenceEmpty(Refused):
    """A line of a bulk command has no reference of its own."""

    code = "reference_empty"
    rule = "REG-06"

    def __init__(self) -> None:
        super().__init__("every line needs a reference of its own, so that it is written once")


class ReferenceReserved(Refused):
    """A line bears a reference of the form that a subject gives its own entries."""

    code = "reference_reserved"
    rule = "REG-06"

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"{reference[:80]} is a reference for entries of a subject of its own; choose one that "
            f"begins with none of {', '.join(OF_SUBJECTS)}",
            reference=reference[:80],
        )


class HeldUnits(Refused):
    """A plain entry would move units that stand behind open holds."""

    code = "held_units"
    rule = "REG-15"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address} stands behind holds; capture or release the hold instead", account=address
        )


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


class TooManyEntries(Refused):
    """A bulk command holds more entries than one commit may."""

    code = "too_many_entries"
    rule = "REG-17"

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} entries in one command; at most {ENTRIES_MAX}",
            count=count,
            largest=ENTRIES_MAX,
        )


class NotReversible(Refused):
    """The entry is unknown, is itself a reversal, was reversed before, or is final by its kind."""

    code = "not_reversible"
    rule = "REG-18"

    def __init__(self, entry: int, reason: str) -> None:
        super().__init__(f"entry {entry} cannot be reversed: {reason}", entry=entry, reason=reason)


class Line(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One plain entry of one posting: [reference, source, destination, asset, amount]."""

    reference: str
    source: str
    destination: str
    asset: str
    amount: int


class PostLines(Payload, frozen=True):
    """Move units between accounts without a price: every line or none."""

    kind: ClassVar[str] = "entries.post"
    rule: str
    lines: tuple[Line, ...]


class OpenAccounts(Payload, frozen=True):
    """Open accounts and assets by address and code, outside any registration."""

    kind: ClassVar[str] = "accounts.open"
    addresses: tuple[str, ...]
    assets: tuple[str, ...] = ()


class ReverseEntry(Payload, frozen=True):
    """Undo an entry by a new one with its ends swapped."""

    kind: ClassVar[str] = "entries.reverse"
    entry: int
    reason: str


class Deposit(Payload, frozen=True):
    """Credit an enterprise's cash against a line of the settlement bank's statement."""

    kind: ClassVar[str] = "cash.deposit"
    enterprise: str
    amount_fen: int
    statement_line: str


class Withdraw(Payload, frozen=True):
    """Pay an enterprise's free cash out through the settlement bank."""

    kind: ClassVar[str] = "cash.withdraw"
    enterprise: str
    amount_fen: int


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


def post_lines(work: Work, payload: PostLines) -> Result:
    """
    Post every line as an entry of its own, in order, or none of them.

    Rule: REG-17.
    """
    if len(payload.lines) > ENTRIES_MAX:
        raise TooManyEntries(len(payload.lines))
    references = [line.reference for line in payload.lines]
    _require_new(work, references)
    for reference in references:
        if reference.startswith(OF_SUBJECTS):
            raise ReferenceReserved(reference)
    ends = {line.source for line in payload.lines} | {line.destination for line in payload.lines}
    _require_not_held(*sorted(end for end in ends if end.endswith(HELD_PURPOSES)))
    first = work.memory.entry_sequence + 1
    count = post_plain(
        work,
        code=EntryCode.TRANSFER,
        rule=payload.rule,
        lines=map(msgspec.structs.astuple, payload.lines),
    )
    return {"first_entry": first, "entries": count}


def _require_not_held(*addresses: str) -> None:
    for address in addresses:
        if address.endswith(HELD_PURPOSES):
            raise HeldUnits(address)


def _require_new(work: Work, references: list[str]) -> None:
    if "" in references:
        raise ReferenceEmpty
    require_key_text(max(references, key=len, default=""))
    if len(set(references)) != len(references):
        counted = Counter(references)
        raise EntryExists(next(name for name in references if counted[name] > 1))
    known = first_known_reference(work.session.connection(), references)
    if known is not None:
        raise EntryExists(known)


def open_accounts(work: Work, payload: OpenAccounts) -> Result:
    """Open each account and asset. Rule: REG-03."""
    for address in payload.addresses:
        open_account(work, address)
    for code in payload.assets:
        open_asset(work, parse_asset(code))
    return {"accounts": len(payload.addresses), "assets": len(payload.assets)}


def reverse_entry(work: Work, payload: ReverseEntry) -> Result:
    """
    Undo an entry: transfers and cash only, once, and never a reversal.

    Rule: REG-18.
    """
    row = work.session.get(EntryRow, payload.entry)
    if row is None:
        raise NotReversible(payload.entry, "there is no such entry")
    if row.code != EntryCode.REVERSAL and row.code not in REVERSIBLE:
        raise NotReversible(payload.entry, f"a {row.code} is final or corrected by its own subject")
    if row.reverses is not None:
        raise NotReversible(payload.entry, "it is a reversal itself")
    undone = sa.select(EntryRow.sequence).where(EntryRow.reverses == payload.entry)
    if work.session.scalar(undone) is not None:
        raise NotReversible(payload.entry, "it was reversed before")
    postings = read_postings(work, payload.entry)
    for posting in postings:
        _require_not_held(posting.source, posting.destination)
    sequence = post(work, reversing(sequence=payload.entry, postings=postings, rule="REG-18"))
    return {"entry": sequence, "reason": payload.reason}


def read_postings(work: Work, entry: int) -> tuple[Posting, ...]:
    """Return the postings of one entry in their order."""
    memory = work.memory
    rows = work.session.scalars(
        sa.select(PostingRow).where(PostingRow.entry == entry).order_by(PostingRow.ordinal)
    )
    return tuple(
        Posting(
            memory.accounts_by_id[row.source_id - 1].address,
            memory.accounts_by_id[row.destination_id - 1].address,
            memory.assets_by_id[row.asset_id - 1].code,
            row.amount,
        )
        for row in rows
    )


def deposit(work: Work, payload: Deposit) -> Result:
    """
    Credit cash once a bank statement line; the same line never counts twice.

    Rule: SET-20.
    """
    reference = f"bank:{payload.statement_line}"
    _require_new(work, [reference])
    posting = Posting(
        "bank:settlement", of_enterprise(payload.enterprise, "cash"), CNY, payload.amount_fen
    )
    return {"entry": post(work, Entry(EntryCode.DEPOSIT, "SET-20", (posting,), reference))}


def withdraw(work: Work, payload: Withdraw) -> Result:
    """Pay out free cash; what is held for orders stays. Rule: SET-21."""
    posting = Posting(
        of_enterprise(payload.enterprise, "cash"), "bank:settlement", CNY, payload.amount_fen
    )
    return {"entry": post(work, Entry(EntryCode.WITHDRAWAL, "SET-21", (posting,)))}


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
    return {"hold": placed.id}


def capture_hold(work: Work, payload: CaptureHold) -> Result:
    """Use part of a hold, for an account without holds; what is left stays held. Rule: REG-15."""
    hold = _plain_hold(work, payload.hold)
    _require_not_held(payload.destination)
    if payload.destination not in work.memory.accounts:
        raise AccountUnknown(payload.destination)
    holds.take(work, hold, payload.amount)
    posting = Posting(hold.held.address, payload.destination, hold.asset.code, payload.amount)
    entry = post(work, Entry(EntryCode.TRANSFER, "REG-15", (posting,)))
    return {"entry": entry, "remaining": hold.remaining}


def release_hold(work: Work, payload: ReleaseHold) -> Result:
    """Give back what is left of a hold. Rule: REG-15."""
    hold = _plain_hold(work, payload.hold)
    scope = owner_of(hold.account.address)
    require_role(work.memory, work.actor, kind=payload.kind, roles=_OWNER, scope=scope)
    return {"entry": holds.release(work, hold)}


def _plain_hold(work: Work, hold_id: int) -> Hold:
    """Return an open hold that was placed by a command of its own, or refuse."""
    hold = holds.open_hold(work, hold_id)
    if OF_SUBJECT in hold.purpose:
        raise HoldOfSubject(hold.id, hold.purpose)
    return hold


def _enterprise(_work: Work, payload: Deposit | Withdraw | PlaceHold) -> str:
    return f"enterprise:{payload.enterprise}"


_CLEARING = frozenset({Role.CLEARING_OPERATOR})
_REGULATOR = frozenset({Role.CITY_REGULATOR})
_OWNER = frozenset({Role.ENTERPRISE_ADMIN, Role.ENTERPRISE_TRADER})

TRANSFER_HANDLERS = (
    Handler(PostLines, post_lines, makers=_REGULATOR, checkers=_REGULATOR),
    Handler(OpenAccounts, open_accounts, makers=_REGULATOR | {Role.EXCHANGE_OPERATOR}),
    Handler(ReverseEntry, reverse_entry, makers=_CLEARING, checkers=_REGULATOR),
    Handler(Deposit, deposit, makers=_CLEARING, checkers=_CLEARING),
    Handler(
        Withdraw,
        withdraw,
        makers=frozenset({Role.ENTERPRISE_ADMIN}),
        checkers=_CLEARING,
        scope=_enterprise,
    ),
    Handler(PlaceHold, place_hold, makers=_OWNER, scope=_enterprise, cold=False),
    Handler(CaptureHold, capture_hold, makers=_CLEARING, cold=False),
    Handler(ReleaseHold, release_hold, makers=VERB_DECIDES, cold=False),
)
