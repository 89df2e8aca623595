"""
Where an enterprise stands: status, what is missing, and the gap that is left to cover.

Readers ask the database; the writer and forecasts ask the book. Amounts are whole minor units.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ledger.compliance.book import Book, Year, amounts
from ledger.compliance.lookup import claim_of, terms_of, units_of
from ledger.compliance.obligation import Amounts, ComplianceStatus, compliance_status, shortfall
from ledger.compliance.tables import ComplianceYearRow, StandingRow
from ledger.compliance.units_accepted import accepted_units
from ledger.memory import Memory


@dataclass(frozen=True, slots=True)
class Status:
    """
    One enterprise's standing for one compliance year.

    *owed* is None until the obligation is computed. What was deducted by force does not count as
    surrendered, so a firm that had to be made to comply stays short.
    """

    enterprise: str
    compliance_year: int
    deadline: date
    status: ComplianceStatus
    owed: Amounts | None
    surrendered: Amounts
    missing: Amounts


@dataclass(frozen=True, slots=True)
class Gap:
    """
    What is outstanding of one measure and what the enterprise has free that may answer for it.

    *short* is what it still has to find, *spare* what it could sell; one of them is zero.
    """

    outstanding: int
    available: int

    @property
    def short(self) -> int:
        """Return what is still to be found."""
        return max(self.outstanding - self.available, 0)

    @property
    def spare(self) -> int:
        """Return what is left once all that is outstanding is surrendered."""
        return max(self.available - self.outstanding, 0)


def read_status(
    connection: sa.Connection, enterprise: str, *, compliance_year: int, today: date
) -> Status | None:
    """
    Return one enterprise's status from the database, None where the year was never opened.

    Rule: CMP-03, CMP-04.
    """
    deadline = connection.execute(
        sa.select(ComplianceYearRow.deadline).where(ComplianceYearRow.year == compliance_year)
    ).scalar_one_or_none()
    if deadline is None:
        return None
    rows = connection.execute(
        sa.select(StandingRow.measure, StandingRow.owed, StandingRow.surrendered).where(
            StandingRow.enterprise == enterprise, StandingRow.year == compliance_year
        )
    )
    return _status(
        enterprise,
        compliance_year=compliance_year,
        deadline=date.fromisoformat(deadline),
        by_measure={row.measure: (row.owed, row.surrendered) for row in rows},
        today=today,
    )


def read_statuses(connection: sa.Connection, *, compliance_year: int, today: date) -> list[Status]:
    """Return the status of every enterprise with an obligation of the year, by id."""
    deadline = connection.execute(
        sa.select(ComplianceYearRow.deadline).where(ComplianceYearRow.year == compliance_year)
    ).scalar_one_or_none()
    if deadline is None:
        return []
    rows = connection.execute(
        sa.select(
            StandingRow.enterprise, StandingRow.measure, StandingRow.owed, StandingRow.surrendered
        ).where(StandingRow.year == compliance_year)
    )
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for row in rows:
        found.setdefault(row.enterprise, {})[row.measure] = (row.owed, row.surrendered)
    return [
        _status(
            enterprise,
            compliance_year=compliance_year,
            deadline=date.fromisoformat(deadline),
            by_measure=found[enterprise],
            today=today,
        )
        for enterprise in sorted(found)
    ]


def gap_of(memory: Memory, enterprise: str, *, compliance_year: int, measure: str) -> Gap | None:
    """
    Return the gap of one measure, None before the obligation is computed.

    Rule: CMP-69.
    """
    book = memory.cache(Book)
    standing = book.standing(compliance_year, enterprise, measure)
    if standing is None:
        return None
    year = book.year(compliance_year)
    return Gap(
        outstanding=standing.outstanding,
        available=_available(memory, year, enterprise=enterprise, measure=measure),
    )


def _available(memory: Memory, year: Year, *, enterprise: str, measure: str) -> int:
    found = terms_of(memory, enterprise, on=year.deadline)
    claim = claim_of(memory, year, enterprise=enterprise, measure=measure, found=found)
    vintages = range(claim.oldest_vintage, year.compliance_year + 1)
    return sum(
        unit.amount
        for unit in accepted_units(units_of(memory, enterprise), claim)
        if unit.asset.vintage in vintages
    )


def _status(
    enterprise: str,
    *,
    compliance_year: int,
    deadline: date,
    by_measure: Mapping[str, tuple[int, int]],
    today: date,
) -> Status:
    owed = amounts((measure, pair[0]) for measure, pair in by_measure.items())
    surrendered = amounts((measure, pair[1]) for measure, pair in by_measure.items())
    known = owed if by_measure else None
    return Status(
        enterprise=enterprise,
        compliance_year=compliance_year,
        deadline=deadline,
        status=compliance_status(
            obligation=known, surrendered=surrendered, deadline=deadline, today=today
        ),
        owed=known,
        surrendered=surrendered,
        missing=shortfall(obligation=owed, surrendered=surrendered),
    )
