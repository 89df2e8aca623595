"""
Compliance years: opened, priced, closed.
"""

from collections.abc import Mapping
from typing import Any

from api.read.compliance import prices, years
from api.rest.asked import Measure
from api.rest.fields import Words
from api.rest.resource import QueryWhole, Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.compliance.close import CloseEnterprise
from ledger.compliance.close_year import CloseYear
from ledger.compliance.deduct import ApplyDeductions
from ledger.compliance.lapse import ExpireVintages
from ledger.compliance.open_year import OpenYear, RecordPrice
from ledger.compliance.tables import ComplianceYearRow, MeanPriceRow

calendar = Resource("years", __name__, "Compliance years: deadlines, mean prices, closing")

ComplianceYear = item_of(ComplianceYearRow)
MeanPrice = item_of(MeanPriceRow)
YEAR = ("year",)


@calendar.post("/years")
@calendar.takes(OpenYear)
def open_year(document: Mapping[str, Any]) -> Any:
    """Propose to open a compliance year."""
    return submit(OpenYear, document)


@calendar.get("/years")
@calendar.lists(ComplianceYear, year=QueryWhole, state=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List compliance years, the newest first."""
    return page(years(asked), asked, [ComplianceYearRow.year], newest_first=True)


@calendar.get("/years/<int:year>")
@calendar.shows(ComplianceYear)
def show(year: int) -> Any:
    """Show one compliance year."""
    return one(years({"year": year}))


@calendar.post("/years/<int:year>/prices")
@calendar.takes(RecordPrice, path=YEAR)
def record_price(document: Mapping[str, Any], year: int) -> Any:
    """Propose the turnover and volume behind a year's mean price."""
    return submit(RecordPrice, {**document, "year": year})


@calendar.get("/years/<int:year>/prices")
@calendar.lists(MeanPrice, measure=Measure)
def index_prices(asked: Mapping[str, Any], year: int) -> Any:
    """List recorded mean prices, the newest first."""
    keys = [MeanPriceRow.recorded_by, MeanPriceRow.measure]
    return page(prices({**asked, "year": year}), asked, keys, newest_first=True)


@calendar.post("/years/<int:year>/closing")
@calendar.takes(CloseYear, path=YEAR)
def close_year(document: Mapping[str, Any], year: int) -> Any:
    """Propose to close a year whose every enterprise is closed."""
    return submit(CloseYear, {**document, "year": year})


@calendar.post("/years/<int:year>/closings")
@calendar.takes(CloseEnterprise, path=YEAR)
def close_enterprise(document: Mapping[str, Any], year: int) -> Any:
    """Close the year of one enterprise: what lacks, what is banked, what expires."""
    return submit(CloseEnterprise, {**document, "year": year})


@calendar.post("/years/<int:year>/deductions")
@calendar.takes(ApplyDeductions, path=YEAR)
def apply_deductions(document: Mapping[str, Any], year: int) -> Any:
    """Apply what is to be cut from a year's allocations for last year's shortfall."""
    return submit(ApplyDeductions, {**document, "year": year})


@calendar.post("/years/<int:year>/expiries")
@calendar.takes(ExpireVintages, path=YEAR)
def expire_vintages(document: Mapping[str, Any], year: int) -> Any:
    """Let past vintages of enterprises without an obligation expire."""
    return submit(ExpireVintages, {**document, "year": year})
