"""
Split a source among lots of one holder, or transfer a part of it to another, without a price.
"""

from typing import ClassVar

import msgspec

from ledger.command import Payload
from ledger.entry import EntryCode
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.rows import each_row
from ledger.subject import Result
from ledger.substitution.holders import holder_of, is_in_reserve
from ledger.substitution.parting import Parting, part
from ledger.work import Work


class SourceInReserve(Refused):
    """A source in a reserve is moved by hand; it leaves by a release alone."""

    code = "source_in_reserve"
    rule = "FRQ-71"

    def __init__(self, source: str, *, holder: str) -> None:
        super().__init__(
            f"source {source} is in the reserve {holder}; it leaves by a release",
            source=source,
            holder=holder,
        )


class TransferToHolder(Refused):
    """A source is transferred to the enterprise that holds it."""

    code = "transfer_to_holder"
    rule = "FRQ-71"

    def __init__(self, source: str, *, holder: str) -> None:
        super().__init__(
            f"{holder} holds source {source} already; name another enterprise, or split it",
            source=source,
            holder=holder,
        )


class PartLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One new source and its amount, in minor units of the measure."""

    target: str
    amount: int


class TransferLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """*amount* of *source* to enterprise *to*, which holds it as the new source *target*."""

    source: str
    target: str
    to: str
    amount: int
    document: str


class SplitSource(Payload, frozen=True):
    """Split parts off a source; its holder keeps them all."""

    kind: ClassVar[str] = "sources.split"
    source: str
    document: str
    parts: tuple[PartLine, ...]


class TransferSources(Payload, frozen=True):
    """Transfer parts of sources to other enterprises, without a price."""

    kind: ClassVar[str] = "sources.transfer"
    rows: tuple[TransferLine, ...]


def split_source(work: Work, payload: SplitSource) -> Result:
    """Give each part a source of its own; what is left stays. Rule: FRQ-79."""
    holder = holder_of(work, payload.source)

    def split(line: PartLine) -> None:
        parting = Parting(
            payload.source, line.target, line.amount, holder, "split", payload.document
        )
        part(work, parting, EntryCode.TRANSFER, "FRQ-79")

    each_row(payload.parts, split)
    return {"source": payload.source, "parts": len(payload.parts)}


def transfer_sources(work: Work, payload: TransferSources) -> Result:
    """
    Give each part to its new holder, as a source that keeps its class, term and place.

    Refusals of a line in this order: its source, a reserve's, the enterprise, the holder itself,
    then those of `parting`. Rule: FRQ-71, FRQ-79.
    """
    each_row(payload.rows, lambda line: _transfer(work, line))
    return {"transfers": len(payload.rows)}


def _transfer(work: Work, line: TransferLine) -> None:
    holder = holder_of(work, line.source)
    if is_in_reserve(holder):
        raise SourceInReserve(line.source, holder=holder)
    work.memory.cache(Parties).enterprise(line.to)
    if line.to == holder:
        raise TransferToHolder(line.source, holder=holder)
    parting = Parting(line.source, line.target, line.amount, line.to, "transfer", line.document)
    part(work, parting, EntryCode.TRANSFER, "FRQ-79")
