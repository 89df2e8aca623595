"""
Keep the book: change years and standings in memory and rows together, and load them at start.
"""

from dataclasses import replace
from datetime import date

import sqlalchemy as sa

from ledger.compliance.book import Book, Standing, Year, YearState, mean_price_fen
from ledger.compliance.tables import ClosingRow, ComplianceYearRow, MeanPriceRow, StandingRow
from ledger.memory import Memory
from ledger.work import Work


def put_year(work: Work, year: Year) -> None:
    """Write a new or changed year."""
    years = work.memory.cache(Book).years
    before = years.get(year.compliance_year)
    years[year.compliance_year] = year

    def undo() -> None:
        if before is None:
            del years[year.compliance_year]
        else:
            years[year.compliance_year] = before

    work.on_refusal(undo)
    work.put(
        "compliance_years",
        year.compliance_year,
        (
            year.compliance_year,
            year.deadline.isoformat(),
            " ".join(year.measures),
            year.state.value,
            year.waiver,
            year.waived,
            year.opened_by,
            year.closed_by,
        ),
    )


def put_standing(work: Work, standing: Standing) -> None:
    """Write a new or changed standing."""
    book = work.memory.cache(Book)
    of_year = book.standings.setdefault(standing.compliance_year, {})
    key = (standing.enterprise, standing.measure)
    before = of_year.get(key)
    of_year[key] = standing

    def undo() -> None:
        if before is None:
            del of_year[key]
        else:
            of_year[key] = before

    work.on_refusal(undo)
    work.put(
        "standings",
        (standing.compliance_year, *key),
        (
            standing.compliance_year,
            standing.enterprise,
            standing.measure,
            standing.owed,
            standing.surrendered,
            standing.recovered,
            "closed" if standing.is_closed else "due",
        ),
    )


def close_standings(work: Work, compliance_year: int, enterprise: str) -> None:
    """Mark an enterprise's year as done."""
    book = work.memory.cache(Book)
    closed = book.closed.setdefault(compliance_year, set())
    closed.add(enterprise)
    work.on_refusal(lambda: closed.discard(enterprise))
    for measure in book.year(compliance_year).measures:
        standing = book.standing(compliance_year, enterprise, measure)
        if standing is not None:
            put_standing(work, replace(standing, is_closed=True))


def load_book(connection: sa.Connection, _memory: Memory) -> Book:
    """Return the cache of years, standings, closed enterprises and prices from the database."""
    book = Book()
    for row in connection.execute(sa.select(ComplianceYearRow.__table__)):
        book.years[row.year] = Year(
            compliance_year=row.year,
            deadline=date.fromisoformat(row.deadline),
            measures=tuple(row.measures.split()),
            state=YearState(row.state),
            waiver=row.waiver,
            waived=row.waived,
            opened_by=row.opened_by,
            closed_by=row.closed_by,
        )
    for row in connection.execute(sa.select(StandingRow.__table__)):
        book.standings.setdefault(row.year, {})[row.enterprise, row.measure] = Standing(
            compliance_year=row.year,
            enterprise=row.enterprise,
            measure=row.measure,
            owed=row.owed,
            surrendered=row.surrendered,
            recovered=row.recovered,
            is_closed=row.state == "closed",
        )
    closings = sa.select(ClosingRow.year, ClosingRow.enterprise)
    for compliance_year, enterprise in connection.execute(closings):
        book.closed.setdefault(compliance_year, set()).add(enterprise)
    prices = sa.select(MeanPriceRow.__table__).order_by(MeanPriceRow.recorded_by)
    for row in connection.execute(prices):
        book.prices[row.year, row.measure] = mean_price_fen(
            turnover_fen=row.turnover_fen, volume=row.volume
        )
    return book
