"""
Deficits: what an accepted project lacks again, because quota that it used up was revoked or undone.

History is not rewritten. The project keeps what it was given, and owes a further reduction.
"""

import sqlalchemy as sa

from ledger.substitution.reserve_tables import DeficitRow
from ledger.work import Work


def open_deficit(work: Work, *, project: str, measure: str, amount: int, cause: str) -> DeficitRow:
    """
    Record that *project* owes *amount* minor units of *measure*, and why; nothing is posted.

    Rule: FRQ-84.
    """
    assert amount > 0
    opened_here = sa.select(sa.func.count()).where(DeficitRow.opened_by == work.sequence)
    row = DeficitRow(
        opened_by=work.sequence,
        ordinal=int(work.session.scalar(opened_here) or 0),
        project=project,
        measure=measure,
        amount=amount,
        settled=0,
        cause=cause,
    )
    work.session.add(row)
    work.session.flush()
    return row


def deficits_of(work: Work, project: str, *, measure: str = "") -> list[DeficitRow]:
    """Return the deficits of *project* that are not settled in full, oldest first."""
    rows = work.session.scalars(
        sa.select(DeficitRow)
        .where(DeficitRow.project == project, DeficitRow.settled < DeficitRow.amount)
        .order_by(DeficitRow.opened_by, DeficitRow.ordinal)
    )
    return [row for row in rows if measure in ("", row.measure)]
