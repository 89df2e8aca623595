"""
Who holds a source of freed quota, and what it was parted from.

A holder is an enterprise such as E001, or a reserve such as district:370000.
"""

from collections.abc import Iterator

import sqlalchemy as sa

from ledger.errors import Refused
from ledger.substitution.reserve_tables import SourceHolderRow
from ledger.substitution.tables import FreedClaimRow, FreedSourceRow
from ledger.work import Work

RESERVE = "district:"


class FreedSourceUnknown(Refused):
    """There is no source of this id."""

    code = "freed_source_unknown"
    rule = "FRQ-70"

    def __init__(self, source: str) -> None:
        super().__init__(
            f"there is no source {source[:60]}; name one that a confirmation gave, such as "
            "S12-ENERGY",
            source=source[:60],
        )


class SourceNotHeld(Refused):
    """A source is offered by somebody who does not hold it."""

    code = "source_not_held"
    rule = "FRQ-71"

    def __init__(self, source: str, *, holder: str, offered_by: str) -> None:
        super().__init__(
            f"source {source} is held by {holder}, not by {offered_by}: let its holder transfer it "
            "first",
            source=source,
            holder=holder,
            offered_by=offered_by,
        )


class SourceExists(Refused):
    """A source of this id is there already."""

    code = "freed_source_exists"
    rule = "FRQ-70"

    def __init__(self, source: str) -> None:
        super().__init__(f"source {source} is there already; choose another id", source=source)


def require_new_source(work: Work, source: str) -> None:
    """Refuse an id that a source, or a party of a contract that waits, has. Rule: FRQ-70."""
    if work.session.get(FreedSourceRow, source) is not None:
        raise SourceExists(source)


def source_named(work: Work, source: str) -> FreedSourceRow:
    """Return a source, or refuse a name that none has. Rule: FRQ-70."""
    row = work.session.get(FreedSourceRow, source)
    if row is None:
        raise FreedSourceUnknown(source)
    return row


def holder_of(work: Work, source: str) -> str:
    """Return who holds *source*: an enterprise (E001) or a reserve (district:370000). FRQ-70."""
    row = source_named(work, source)
    held = work.session.get(SourceHolderRow, source)
    return held.holder if held else work.session.get_one(FreedClaimRow, row.claim).enterprise


def parent_of(work: Work, source: str) -> str:
    """Return the source that *source* was parted from, or "" where a confirmation gave it."""
    held = work.session.get(SourceHolderRow, source)
    return held.parent if held else ""


def children_of(work: Work, source: str) -> list[str]:
    """Return the sources that were parted from *source*, by id."""
    found = work.session.scalars(
        sa.select(SourceHolderRow.source).where(SourceHolderRow.parent == source)
    )
    return sorted(found)


def family_of_source(work: Work, source: str) -> Iterator[str]:
    """Yield *source* and all that was ever parted from it, parents before children."""
    yield source
    for child in children_of(work, source):
        yield from family_of_source(work, child)


def is_in_reserve(holder: str) -> bool:
    """Return whether a holder is a reserve, which sells and is not offered in plans."""
    return holder.startswith(RESERVE)


def require_holder(work: Work, source: str, enterprise: str) -> None:
    """Refuse a source that *enterprise* does not hold, a reserve's included. Rule: FRQ-71."""
    holder = holder_of(work, source)
    if holder != enterprise:
        raise SourceNotHeld(source, holder=holder, offered_by=enterprise)
