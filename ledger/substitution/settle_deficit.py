"""
Settle what a project came to owe: retire further named sources for it.
"""

from collections.abc import Sequence
from typing import ClassVar

from ledger.asset import parse_asset
from ledger.command import Payload
from ledger.days import day_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.post import AmountNotPositive, post
from ledger.rows import RowsEmpty
from ledger.subject import Result
from ledger.substitution.barrier import require_permitted
from ledger.substitution.deficit import deficits_of
from ledger.substitution.evidence import require_document
from ledger.substitution.issue import barrier_project
from ledger.substitution.offered import Offering, came_from_reserve, require_offered
from ledger.substitution.project import SourceLine, project_of, require_stage
from ledger.substitution.project_tables import SettlementRow
from ledger.substitution.read_terms import matrix_of, pool_of, reader_of
from ledger.substitution.requirement import Offer
from ledger.substitution.reserve_sources import SourceInsufficient, source_of_line
from ledger.substitution.reserve_tables import DeficitRow
from ledger.substitution.retirement import require_in_pool, require_in_term
from ledger.substitution.tables import FreedSourceRow, ProjectRow
from ledger.work import Work


class DeficitExceeded(Refused):
    """More is offered than a project owes, or nothing is owed at all."""

    code = "deficit_exceeded"
    rule = "SUB-74"

    def __init__(self, project: str, *, measure: str, owed: int, offered: int) -> None:
        super().__init__(
            f"{project} owes {owed} of {measure}, in minor units, but {offered} is offered; offer "
            "at most what it owes",
            project=project,
            measure=measure,
            owed=owed,
            offered=offered,
        )


class SettleDeficit(Payload, frozen=True):
    """
    Retire further sources for what a project owes in one measure, oldest deficit first.

    *document* decides it and assigns the sources of other holders.
    """

    kind: ClassVar[str] = "deficits.settle"
    project: str
    measure: str
    sources: tuple[SourceLine, ...]
    document: str


def settle_deficit(work: Work, payload: SettleDeficit) -> Result:
    """
    Retire what is offered, at most what is owed; a part settles a part.

    Sources must stand what those of a plan must: confirmed, held or assigned, of a lawful class,
    pooled, in term.

    Rule: SUB-74.
    """
    row = project_of(work, payload.project)
    require_stage(work, row, "accepted", "commissioned", "closed")
    require_document("the settlement", payload.document)
    if not payload.sources:
        raise RowsEmpty
    deficits = deficits_of(work, row.id, measure=payload.measure)
    owed = sum(one.amount - one.settled for one in deficits)
    offered = sum(line.amount for line in payload.sources)
    if offered > owed:
        raise DeficitExceeded(row.id, measure=payload.measure, owed=owed, offered=offered)
    postings = [_posting(work, row, payload, line) for line in payload.sources]
    reference = f"deficit:{row.id}:{work.sequence}"
    entry = Entry(EntryCode.SUBSTITUTION, "SUB-74", tuple(postings), reference=reference)
    post(work, entry)
    _keep(work, row, payload)
    _settle(deficits, offered)
    return {
        "project": row.id,
        "measure": payload.measure,
        "settled": offered,
        "owed": owed - offered,
    }


def _posting(work: Work, row: ProjectRow, payload: SettleDeficit, line: SourceLine) -> Posting:
    if line.amount <= 0:
        raise AmountNotPositive(line.amount)
    source = source_of_line(work, row, source=line.source, asset=line.asset)
    if source.measure != payload.measure:
        raise DeficitExceeded(row.id, measure=source.measure, owed=0, offered=line.amount)
    require_offered(work, row, source, Offering(payload.document, {line.source: line.carrier}))
    _require_lawful(work, row, source, line.amount)
    available = work.memory.balance(f"source:{source.id}", source.asset)
    if line.amount > available:
        raise SourceInsufficient(row.id, source=source.id, needed=line.amount, available=available)
    return Posting(f"source:{source.id}", f"scheme:substituted:{row.id}", source.asset, line.amount)


def _require_lawful(work: Work, row: ProjectRow, source: FreedSourceRow, amount: int) -> None:
    reader = reader_of(work, row)
    asset = parse_asset(source.asset)
    require_permitted(
        barrier_project(work, row),
        source=source.id,
        measure=asset.measure,
        origin=asset.origin,
        matrix=matrix_of(reader),
    )
    offer = Offer(source.id, asset, amount)
    if not came_from_reserve(work, source.id):
        require_in_pool(row.id, offer, district=row.district, pool=pool_of(reader))
    require_in_term(row.id, offer, this_year=day_of(work.now).year)


def _keep(work: Work, row: ProjectRow, payload: SettleDeficit) -> None:
    for ordinal, line in enumerate(payload.sources):
        work.session.add(
            SettlementRow(
                sequence=work.sequence,
                ordinal=ordinal,
                project=row.id,
                measure=payload.measure,
                source=line.source,
                amount=line.amount,
                document=payload.document,
            )
        )


def _settle(deficits: Sequence[DeficitRow], amount: int) -> None:
    for deficit in deficits:
        part = min(amount, deficit.amount - deficit.settled)
        deficit.settled += part
        amount -= part
