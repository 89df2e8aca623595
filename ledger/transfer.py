"""
Plain entries: post them in bulk, and undo one by another.
"""

from collections import Counter
from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger.chart import is_held
from ledger.command import Payload
from ledger.db import require_key_text
from ledger.entry import EntryCode, Posting
from ledger.errors import Refused
from ledger.post import post, reversing
from ledger.post_bulk import post_plain
from ledger.store import first_known_reference
from ledger.subject import Handler, Result, Role
from ledger.tables import EntryRow, PostingRow
from ledger.work import Work

ENTRIES_MAX = 8_192
REVERSIBLE = frozenset({EntryCode.TRANSFER, EntryCode.DEPOSIT, EntryCode.WITHDRAWAL})
"""What no subject keeps a book of its own about; everything else is corrected by its subject."""

OF_SUBJECTS = ("allocation:", "bank:", "freed:", "substitution:")
"""How references begin that subjects give; a plain line that took one first would block them."""


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


class ReverseEntry(Payload, frozen=True):
    """Undo an entry by a new one with its ends swapped."""

    kind: ClassVar[str] = "entries.reverse"
    entry: int
    reason: str


def post_lines(work: Work, payload: PostLines) -> Result:
    """
    Post every line as an entry of its own, in order, or none of them.

    Rule: REG-17.
    """
    if len(payload.lines) > ENTRIES_MAX:
        raise TooManyEntries(len(payload.lines))
    references = [line.reference for line in payload.lines]
    require_new(work, references)
    for reference in references:
        if reference.startswith(OF_SUBJECTS):
            raise ReferenceReserved(reference)
    ends = {line.source for line in payload.lines} | {line.destination for line in payload.lines}
    require_not_held(*sorted(filter(is_held, ends)))
    first = work.memory.entry_sequence + 1
    count = post_plain(
        work,
        code=EntryCode.TRANSFER,
        rule=payload.rule,
        lines=map(msgspec.structs.astuple, payload.lines),
    )
    return {"first_entry": first, "entries": count}


def require_not_held(*addresses: str) -> None:
    """Refuse the first address that stands behind holds. Rule: REG-15."""
    for address in addresses:
        if is_held(address):
            raise HeldUnits(address)


def require_new(work: Work, references: list[str]) -> None:
    """Refuse references that are empty, too long, there twice or written before. Rule: REG-06."""
    if "" in references:
        raise ReferenceEmpty
    require_key_text(max(references, key=len, default=""))
    if len(set(references)) != len(references):
        counted = Counter(references)
        raise EntryExists(next(name for name in references if counted[name] > 1))
    known = first_known_reference(work.session.connection(), references)
    if known is not None:
        raise EntryExists(known)


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
        require_not_held(posting.source, posting.destination)
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


_CLEARING = frozenset({Role.CLEARING_OPERATOR})
_REGULATOR = frozenset({Role.CITY_REGULATOR})

TRANSFER_HANDLERS = (
    Handler(PostLines, post_lines, makers=_REGULATOR, checkers=_REGULATOR),
    Handler(ReverseEntry, reverse_entry, makers=_CLEARING, checkers=_REGULATOR),
)
