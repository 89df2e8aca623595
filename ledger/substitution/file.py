"""
File a claim of freed quota: what every method has in common before an opinion is asked for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ledger.command import canonical
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.party import Parties, require_id
from ledger.post import AmountNotPositive
from ledger.rows import RowsEmpty
from ledger.subject import Result
from ledger.substitution.evidence import require_evidence, require_measure, require_term
from ledger.substitution.freed import Claim, Freed, Method, require_unclaimed
from ledger.substitution.holders import require_new_source
from ledger.substitution.reserve_tables import RevocationRow
from ledger.substitution.tables import FreedClaimRow, FreedMeasureRow
from ledger.work import Work


class FreedClaimExists(Refused):
    """A claim of this id was filed already."""

    code = "freed_claim_exists"
    rule = "FRQ-50"

    def __init__(self, claim: str) -> None:
        super().__init__(f"claim {claim} was filed already; a new one takes a new id", claim=claim)


class MeasureTwice(Refused):
    """One measure stands in two lines."""

    code = "measure_twice"
    rule = "FRQ-07"

    def __init__(self, reference: str, measure: str) -> None:
        super().__init__(
            f"{measure} stands twice in {reference}; one line for each measure is accepted",
            reference=reference,
            measure=measure,
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """What one measure of a claim rests on and gives."""

    measure: str
    statistics: int
    approved: int | None
    freed: Freed


def file_claim(work: Work, row: FreedClaimRow, figures: Sequence[Figure]) -> Result:
    """
    Keep a claim and its measures, or refuse it.

    Checks in this order: a new id, evidence, a term that is not over, at least one measure; then
    for each measure its name, its source id, an amount above zero, and no other claim.

    Rule: FRQ-07, FRQ-50, FRQ-55.
    """
    require_id(row.id)
    if work.session.get(FreedClaimRow, row.id) is not None:
        raise FreedClaimExists(row.id)
    require_evidence(row.evidence)
    require_term(row.last_year, today=day_of(work.now))
    if not figures:
        raise RowsEmpty
    _require_each_once(row.id, figures)
    for figure in figures:
        _require_claimable(work, row, figure)
    work.session.add(row)
    # No relationship tells the session that measures refer to the claim, so it is written first.
    work.session.flush()
    work.session.add_all(_measure_row(row.id, figure) for figure in figures)
    return {
        "claim": row.id,
        "amounts": {figure.measure: figure.freed.amount for figure in figures},
    }


def source_of(claim: str, measure: str) -> str:
    """Return the id of the source that one measure of a claim becomes: S12-ENERGY. FRQ-55."""
    return f"{claim}-{measure.upper()}"


def _require_each_once(claim: str, figures: Sequence[Figure]) -> None:
    seen: set[str] = set()
    for figure in figures:
        if figure.measure in seen:
            raise MeasureTwice(claim, figure.measure)
        seen.add(figure.measure)


def _require_claimable(work: Work, row: FreedClaimRow, figure: Figure) -> None:
    area = work.memory.cache(Parties).enterprise(row.enterprise).district
    require_measure(figure.measure, last_year=row.last_year, area=area)
    require_id(source_of(row.id, figure.measure))
    require_new_source(work, source_of(row.id, figure.measure))
    if figure.freed.amount <= 0:
        raise AmountNotPositive(figure.freed.amount)
    require_unclaimed(_claim(row, figure.measure), _others(work, row, figure.measure))


def _others(work: Work, row: FreedClaimRow, measure: str) -> Iterator[Claim]:
    """Yield the claims that stand and take days of the same facility and measure."""
    rows = work.session.scalars(
        sa.select(FreedClaimRow)
        .join(FreedMeasureRow, FreedMeasureRow.claim == FreedClaimRow.id)
        .where(
            FreedClaimRow.facility == row.facility,
            FreedClaimRow.state != "rejected",
            FreedMeasureRow.measure == measure,
            FreedClaimRow.id.not_in(sa.select(RevocationRow.claim)),
        )
        .order_by(FreedClaimRow.claimed_by)
    )
    return (_claim(other, measure) for other in rows)


def _claim(row: FreedClaimRow, measure: str) -> Claim:
    return Claim(
        reference=row.id,
        facility=row.facility,
        measure=measure,
        first_day=date.fromisoformat(row.first_day),
        last_day=date.fromisoformat(row.last_day),
        method=Method(row.method),
    )


def _measure_row(claim: str, figure: Figure) -> FreedMeasureRow:
    return FreedMeasureRow(
        claim=claim,
        measure=figure.measure,
        statistics=figure.statistics,
        approved=figure.approved,
        amount=figure.freed.amount,
        sheet=canonical(figure.freed.sheet.plain()).decode(),
    )
