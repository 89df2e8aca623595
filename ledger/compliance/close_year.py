"""
Close a compliance year for good, once every enterprise of it is done.
"""

from dataclasses import replace
from typing import ClassVar

import sqlalchemy as sa

from ledger.allocation.tables import AllocationRow
from ledger.command import Payload
from ledger.compliance.book import Book, YearState, require_state
from ledger.compliance.keep import put_year
from ledger.errors import Refused
from ledger.metering.report_state import ReportState
from ledger.metering.tables import ReportRow
from ledger.subject import Result
from ledger.work import Work


class EnterprisesWaiting(Refused):
    """Some enterprise's year is not done, or its obligation was never computed."""

    code = "enterprises_waiting"
    rule = "CMP-66"

    def __init__(self, compliance_year: int, waiting: list[str]) -> None:
        super().__init__(
            f"{len(waiting)} enterprises of {compliance_year} are not closed, the first "
            f"{waiting[0]}: compute what they owe and close each of them first",
            compliance_year=compliance_year,
            waiting=len(waiting),
            first=waiting[0],
        )


class CloseYear(Payload, frozen=True):
    """Close a compliance year."""

    kind: ClassVar[str] = "years.close"
    year: int


def close_year(work: Work, payload: CloseYear) -> Result:
    """
    Close a year when every enterprise that owed, or was issued allowances, is done.

    Rule: CMP-66.
    """
    book = work.memory.cache(Book)
    year = book.year(payload.year)
    require_state(year, YearState.CLOSING)
    waiting = sorted({*book.waiting(payload.year), *_unaccounted(work, payload.year)})
    if waiting:
        raise EnterprisesWaiting(payload.year, waiting)
    put_year(work, replace(year, state=YearState.CLOSED, closed_by=work.sequence))
    work.publish("years", {"year": payload.year, "state": "closed"})
    return {"year": payload.year, "enterprises": len(book.closed.get(payload.year, ()))}


def _unaccounted(work: Work, compliance_year: int) -> set[str]:
    """Return who was issued allowances of the year, or has reported it, and has no obligation."""
    issued = work.session.scalars(
        sa.select(AllocationRow.enterprise)
        .where(AllocationRow.year == compliance_year, AllocationRow.state != "planned")
        .distinct()
    )
    reported = work.session.scalars(
        sa.select(ReportRow.enterprise).where(
            ReportRow.year == compliance_year, ReportRow.state == ReportState.FINAL.value
        )
    )
    standings = work.memory.cache(Book).standings.get(compliance_year, {})
    return {*issued, *reported} - {enterprise for enterprise, _ in standings}
