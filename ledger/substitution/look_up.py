"""
What is on record of an enterprise and its facilities: the most that one of them can set free.
"""

import sqlalchemy as sa

from ledger.allocation.tables import HistoryRow
from ledger.metering.tables import ReportRow
from ledger.parties.tables import FacilityRow
from ledger.work import Work

RECORDED = frozenset({"energy", "coal"})
"""Measures that reports and history state; the others are the verifier's to check."""


def recorded_use(work: Work, *, enterprise: str, year: int, measure: str) -> int | None:
    """
    Return an enterprise's use in kgce or kg by its verified report, else by recorded history.

    None where neither speaks of the year. Rule: FRQ-59.
    """
    assert measure in RECORDED
    report = work.session.scalars(
        sa.select(ReportRow)
        .where(
            ReportRow.enterprise == enterprise,
            ReportRow.year == year,
            ReportRow.state.in_(("verified", "final")),
        )
        .order_by(ReportRow.version.desc())
        .limit(1)
    ).first()
    if report is not None:
        return report.energy_kgce if measure == "energy" else report.coal_kg
    return _history(work, enterprise=enterprise, year=year, measure=measure)


def registered_capacity(work: Work, *, facility: str, measure: str) -> int | None:
    """
    Return a facility's registered tonnes a year where *measure* is capacity of its own product.

    None for other measures, products and units. Rule: FRQ-59.
    """
    row = work.session.get_one(FacilityRow, facility)
    is_own = measure == f"capacity-{row.product}" and row.capacity_unit == "t"
    return row.capacity if is_own else None


def _history(work: Work, *, enterprise: str, year: int, measure: str) -> int | None:
    rows = work.session.scalars(
        sa.select(HistoryRow)
        .where(HistoryRow.enterprise == enterprise, HistoryRow.year == year)
        .order_by(HistoryRow.recorded_by)
    )
    newest = {row.product: row for row in rows}
    if not newest:
        return None
    # An empty product stands for all that the enterprise makes.
    counted = [newest[""]] if "" in newest else list(newest.values())
    return sum(row.energy_kgce if measure == "energy" else row.coal_kg for row in counted)
