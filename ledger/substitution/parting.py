"""
Part a source: what leaves it becomes a source of its own, with the same right and all it is.

The asset goes with the units, so measure, basis, origin, term and area are inherited by every lot,
however many hands it passes through; what it may serve is decided when it is used.
"""

from dataclasses import dataclass

from ledger.asset import parse_asset
from ledger.days import day_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.parties.party import require_id
from ledger.post import AmountNotPositive, post
from ledger.register import open_account
from ledger.substitution.evidence import require_document, require_term
from ledger.substitution.holders import require_new_source, source_named
from ledger.substitution.reserve_tables import SourceHolderRow
from ledger.substitution.tables import FreedSourceRow
from ledger.work import Work


class SourceShort(Refused):
    """A source has less than is to leave it."""

    code = "freed_source_short"
    rule = "FRQ-79"

    def __init__(self, source: str, *, needed: int, available: int) -> None:
        super().__init__(
            f"{needed} is to leave source {source}, which has {available} that is neither reserved "
            "nor used, in minor units of the measure",
            source=source,
            needed=needed,
            available=available,
        )


@dataclass(frozen=True, slots=True)
class Parting:
    """What leaves which source, as what, to whom, why and by which document."""

    source: str
    target: str
    amount: int
    holder: str
    cause: str
    document: str


def require_partable(work: Work, parting: Parting) -> FreedSourceRow:
    """
    Refuse what cannot leave its source, and return the source.

    Refusals in this order: source, new id, document, amount, term, what the source has.

    Rule: FRQ-70, FRQ-79, FRQ-52.
    """
    row = source_named(work, parting.source)
    require_id(parting.target)
    require_new_source(work, parting.target)
    require_document("the move of a source", parting.document)
    if parting.amount <= 0:
        raise AmountNotPositive(parting.amount)
    require_term(parse_asset(row.asset).vintage, today=day_of(work.now))
    available = available_of(work, row)
    if parting.amount > available:
        raise SourceShort(row.id, needed=parting.amount, available=available)
    return row


def part(
    work: Work, parting: Parting, code: EntryCode, rule: str, *, paid: tuple[Posting, ...] = ()
) -> FreedSourceRow:
    """
    Move units of one source into a new one and return it; *paid* moves in the same entry.

    Rule: FRQ-79.
    """
    row = require_partable(work, parting)
    open_account(work, f"source:{parting.target}")
    units = Posting(f"source:{row.id}", f"source:{parting.target}", row.asset, parting.amount)
    post(work, Entry(code, rule, (*paid, units), reference=f"freed:{parting.target}"))
    child = FreedSourceRow(
        id=parting.target,
        claim=row.claim,
        measure=row.measure,
        asset=row.asset,
        amount=parting.amount,
        against=row.against,
        sheet=row.sheet,
    )
    work.session.add(child)
    work.session.flush()
    work.session.add(
        SourceHolderRow(
            source=child.id,
            holder=parting.holder,
            parent=row.id,
            cause=parting.cause,
            document=parting.document,
            opened_by=work.sequence,
        )
    )
    work.session.flush()
    return child


def available_of(work: Work, row: FreedSourceRow) -> int:
    """Return what a source has that is neither reserved nor used."""
    return work.memory.balance(f"source:{row.id}", row.asset)
