"""
Plain entries: post them in bulk, and undo one by another.
"""

from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger.chart import is_held, is_kept
from ledger.command import Payload
from ledger.effective import EffectiveTooEarly, require_effective
from ledger.entry import EntryCode, Posting
from ledger.errors import Refused
from ledger.left import with_balances
from ledger.post import post, reversing
from ledger.post_bulk import post_plain
from ledger.references import read_postings, require_new, require_unreserved
from ledger.subject import Handler, Result, Role
from ledger.tables import EntryRow
from ledger.versions import RIGHTS
from ledger.work import Work

ENTRIES_MAX = 8_192

TOLD_MAX = 64
"""Up to so many lines an answer tells the balances they left."""

REVERSIBLE = frozenset({EntryCode.TRANSFER, EntryCode.DEPOSIT, EntryCode.WITHDRAWAL})
"""What no subject keeps a book of its own about; everything else is corrected by its subject."""


class HeldUnits(Refused):
    """A plain entry would move units that stand behind open holds."""

    code = "held_units"
    rule = "REG-15"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address} stands behind holds; capture or release the hold instead", account=address
        )


class KeptUnits(Refused):
    """A plain entry would move units that a subject keeps a book of its own about."""

    code = "kept_units"
    rule = "REG-70"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address} holds what is leased, pledged, frozen or freed; use the commands of that"
            " subject, which keep its book as well",
            account=address,
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


class ReverseEntry(Payload, frozen=True, omit_defaults=True):
    """
    Undo an entry by a new one with its ends swapped.

    It counts from *effective_at* (microseconds), or from when it is recorded.
    """

    kind: ClassVar[str] = "entries.reverse"
    entry: int
    reason: str
    effective_at: int | None = None


def post_lines(work: Work, payload: PostLines) -> Result:
    """
    Post every line as an entry of its own, in order, or none of them.

    Refusals in this order: too many lines; of all references those of `require_new`, then one that
    is reserved; an end that stands behind holds; then line by line those of `ledger.post`. Of few
    lines the answer tells the balances they left.

    Rule: REG-17.
    """
    if len(payload.lines) > ENTRIES_MAX:
        raise TooManyEntries(len(payload.lines))
    lines = payload.lines
    references = [line.reference for line in lines]
    require_new(work, references, lambda number: _posting(lines[number]))
    for reference in references:
        require_unreserved(reference)
    ends = {line.source for line in lines} | {line.destination for line in lines}
    require_plain(work, *sorted(end for end in ends if is_held(end) or is_kept(end)))
    first = work.memory.entry_sequence + 1
    count = post_plain(
        work,
        code=EntryCode.TRANSFER,
        rule=payload.rule,
        lines=map(msgspec.structs.astuple, lines),
    )
    result: Result = {"first_entry": first, "entries": count}
    return with_balances(work, result) if count <= TOLD_MAX else result


def _posting(line: Line) -> Posting:
    return Posting(line.source, line.destination, line.asset, line.amount)


def require_plain(work: Work, *addresses: str) -> None:
    """
    Refuse the first address that stands behind holds, or whose book a subject keeps.

    Rule: REG-15, REG-70.
    """
    for address in addresses:
        if is_held(address):
            raise HeldUnits(address)
        if is_kept(address) and work.is_since(RIGHTS):
            raise KeptUnits(address)


def reverse_entry(work: Work, payload: ReverseEntry) -> Result:
    """
    Undo an entry: transfers and cash only, once, and never a reversal.

    Refusals in this order: not reversible, an end that is no plain account, a time it cannot count
    from, then those of `ledger.post`. Floors, ceilings and a freeze do not bind it.

    Rule: REG-18, REG-45.
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
        require_plain(work, posting.source, posting.destination)
    effective_at = payload.effective_at
    if effective_at is not None:
        require_effective(work, effective_at)
        if effective_at < row.effective_at:
            raise EffectiveTooEarly(effective_at, earliest=row.effective_at)
    undoing = reversing(
        sequence=payload.entry, postings=postings, rule="REG-18", effective_at=effective_at
    )
    return with_balances(work, {"entry": post(work, undoing), "reason": payload.reason})


_CLEARING = frozenset({Role.CLEARING_OPERATOR})
_REGULATOR = frozenset({Role.CITY_REGULATOR})

TRANSFER_HANDLERS = (
    Handler(PostLines, post_lines, makers=_REGULATOR, checkers=_REGULATOR),
    Handler(ReverseEntry, reverse_entry, makers=_CLEARING, checkers=_REGULATOR),
)
