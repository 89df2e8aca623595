"""
References: by which an entry is written once, and by which a second attempt is told what it is.

An entry that exists with the same content is a repeat that came by another command; one with
other content is a clash of references, and the answer names the first field that differs.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from ledger.db import require_key_text
from ledger.entry import Posting
from ledger.errors import Refused
from ledger.memory import Memory
from ledger.store import first_known_reference
from ledger.tables import EntryRow, PostingRow
from ledger.versions import TELLING
from ledger.work import Work

OF_SUBJECTS = ("allocation:", "bank:", "freed:", "substitution:")
"""How references begin that subjects give; a plain line that took one first would block them."""


class EntryExists(Refused):
    """An entry of this reference was written before."""

    code = "entry_exists"
    rule = "REG-06"

    def __init__(self, reference: str, *, entry: int = 0) -> None:
        facts = {"entry": entry} if entry else {}
        super().__init__(
            f"entry {reference} was written before; a new one needs a new reference",
            reference=reference,
            **facts,
        )


class EntryExistsWithDifferent(Refused):
    """An entry of this reference was written before, and it says something else."""

    code = "entry_exists_with_different"
    rule = "REG-41"

    def __init__(self, reference: str, *, entry: int, differs: str) -> None:
        super().__init__(
            f"entry {reference} was written before with another {differs}, as entry {entry}; a new "
            "one needs a new reference",
            reference=reference,
            entry=entry,
            differs=differs,
        )


class ReferenceRepeated(Refused):
    """Two lines of one command bear the same reference."""

    code = "reference_repeated"
    rule = "REG-41"

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"reference {reference[:80]} stands twice; give every line one of its own",
            reference=reference[:80],
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


class Written(NamedTuple):
    """What an entry that has a reference says: its number and its postings in their order."""

    entry: int
    postings: tuple[Posting, ...]


def require_new(
    work: Work, references: Sequence[str], asked: Callable[[int], Posting] | None = None
) -> None:
    """
    Refuse references that are empty, too long, there twice or written before, in that order.

    With *asked*, which gives the posting of each, one that was written before is compared with it.

    Rule: REG-06, REG-41.
    """
    if "" in references:
        raise ReferenceEmpty
    require_key_text(max(references, key=len, default=""))
    is_telling = work.is_since(TELLING)
    if len(set(references)) != len(references):
        counted = Counter(references)
        twice = next(name for name in references if counted[name] > 1)
        raise ReferenceRepeated(twice) if is_telling else EntryExists(twice)
    connection = work.session.connection()
    if not is_telling:
        known = first_known_reference(connection, references)
        if known is not None:
            raise EntryExists(known)
        return
    found = known_references(connection, references)
    if found:
        number, first = next(each for each in enumerate(references) if each[1] in found)
        written = read_written(work, first)
        if asked is not None:
            raise clash(first, written, asked(number))
        raise EntryExists(first, entry=written.entry)


def require_unreserved(reference: str) -> None:
    """Refuse a reference of the form that subjects give. Rule: REG-06."""
    if reference.startswith(OF_SUBJECTS):
        raise ReferenceReserved(reference)


def clash(reference: str, written: Written, asked: Posting, *, up_to: bool = False) -> Refused:
    """
    Return why *asked* cannot be written under a *reference* that an entry has.

    An entry that was to move *up_to* an amount may have moved less and still be the same.

    Rule: REG-41.
    """
    if len(written.postings) != 1:
        return EntryExistsWithDifferent(reference, entry=written.entry, differs="postings")
    posting = written.postings[0]
    if up_to and posting.amount < asked.amount:
        asked = asked._replace(amount=posting.amount)
    for name, old, new in zip(Posting._fields, posting, asked, strict=True):
        if old != new:
            return EntryExistsWithDifferent(reference, entry=written.entry, differs=name)
    return EntryExists(reference, entry=written.entry)


def known_references(connection: sa.Connection, references: Sequence[str]) -> frozenset[str]:
    """Return those of *references* that an entry already has; one parameter for them all."""
    several = (
        "SELECT value FROM json_each(:references)"
        if connection.dialect.name == "sqlite"
        else "SELECT json_array_elements_text(CAST(:references AS json))"
    )
    query = sa.text(f"SELECT reference FROM entries WHERE reference IN ({several})")
    encoded = msgspec.json.encode(references).decode()
    return frozenset(connection.execute(query, {"references": encoded}).scalars())


def read_written(work: Work, reference: str) -> Written:
    """Return what the entry of *reference*, which exists, says."""
    query = sa.select(EntryRow.sequence).where(EntryRow.reference == reference)
    entry = work.session.execute(query).scalar_one()
    return Written(entry, read_postings(work, entry))


def read_postings(work: Work, entry: int) -> tuple[Posting, ...]:
    """Return the postings of one entry in their order."""
    rows = work.session.scalars(
        sa.select(PostingRow).where(PostingRow.entry == entry).order_by(PostingRow.ordinal)
    )
    return tuple(_posting(work.memory, row) for row in rows)


def _posting(memory: Memory, row: PostingRow) -> Posting:
    return Posting(
        memory.accounts_by_id[row.source_id - 1].address,
        memory.accounts_by_id[row.destination_id - 1].address,
        memory.assets_by_id[row.asset_id - 1].code,
        row.amount,
    )
