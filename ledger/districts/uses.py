"""
What weighs on a district's budget though no unit of it was issued.

That is uncovered use, freed quota that rests on released use, and quota listed for one project.
Each change is a line of the district's indicator ledger (能耗指标台账).
"""

import sqlalchemy as sa

from ledger.districts.budget import UNITS
from ledger.districts.use_tables import BudgetLineRow, BudgetUseRow
from ledger.parties.party import Parties
from ledger.post import AmountNotPositive
from ledger.work import Work


def use_of(work: Work, district: str, *, year: int, measure: str) -> BudgetUseRow:
    """Return what weighs on a budget, a new row of zeros where nothing did so far."""
    row = work.session.get(BudgetUseRow, (district, year, measure))
    if row is None:
        work.memory.cache(Parties).district(district)
        row = BudgetUseRow(
            district=district,
            year=year,
            measure=measure,
            uncovered=0,
            freed=0,
            listed=0,
            split=0,
        )
        work.session.add(row)
        work.session.flush()  # the next call of this command must find it
    return row


def released(
    work: Work,
    district: str,
    year: int,
    measure: str,
    amount: int,
    document: str,
    *,
    method: str = "closure",
) -> None:
    """
    Enter use that ended without an entitlement, and the freed quota that was issued against it.

    The district's uncovered use falls by *amount*, and the same *amount* is out as freed quota, so
    its headroom stays as it was. *year* is the year in which the use ended; *method* says how
    (closure, retrofit, renewable, management). Nothing is posted: the caller issues the quota.
    Measures that no budget is kept in are not entered.

    Rule: DST-61.
    """
    if amount <= 0:
        raise AmountNotPositive(amount)
    if measure not in UNITS:
        return
    row = use_of(work, district, year=year, measure=measure)
    row.uncovered -= amount
    row.freed += amount
    write_line(work, row, line=f"released_{method}", amount=amount, document=document)
    write_line(work, row, line="freed_quota", amount=-amount, document=document)


def write_line(work: Work, row: BudgetUseRow, *, line: str, amount: int, document: str) -> None:
    """Write one line of the indicator ledger: above zero is intake, below zero outlay."""
    work.session.add(
        BudgetLineRow(
            sequence=work.sequence,
            ordinal=_next_ordinal(work),
            district=row.district,
            year=row.year,
            measure=row.measure,
            line=line,
            amount=amount,
            document=document,
        )
    )
    work.session.flush()


def _next_ordinal(work: Work) -> int:
    """Return the next free number among this command's lines."""
    last = work.session.scalar(
        sa.select(sa.func.max(BudgetLineRow.ordinal)).where(BudgetLineRow.sequence == work.sequence)
    )
    return 0 if last is None else last + 1
