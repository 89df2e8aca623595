"""
What an enterprise may pledge of an asset today: its forecast, looked up, and its other units.

The forecast is what it owes for the year where that is computed, else its last verified year,
scaled, else what it was allocated.
"""

from fractions import Fraction
from typing import NamedTuple

import sqlalchemy as sa

from ledger.allocation.tables import AllocationRow
from ledger.asset import Asset, Kind, parse_asset
from ledger.calculation import Sheet, Step
from ledger.chart import of_enterprise
from ledger.compliance.book import MEASURES, Book
from ledger.compliance.lookup import areas_of
from ledger.days import day_of
from ledger.errors import Refused
from ledger.liens.forecast import forecast_known, forecast_of_use, pledgeable
from ledger.metering.report_state import ReportState
from ledger.metering.tables import ReportRow
from ledger.moves.home import home_of, parameter
from ledger.policy import as_fraction
from ledger.work import Work


class ForecastMissing(Refused):
    """Nothing says what the enterprise will need."""

    code = "forecast_missing"
    rule = "LIE-11"

    def __init__(self, enterprise: str, *, year: int, measure: str) -> None:
        super().__init__(
            f"nothing says what {enterprise} will need of {measure} for {year}: no obligation, no "
            "verified report, no allocation",
            enterprise=enterprise,
            year=year,
            measure=measure,
        )


class Surplus(NamedTuple):
    """What may be pledged, what the enterprise is expected to need, and the sheet of both."""

    amount: int
    forecast: int
    sheet: Sheet


def surplus_of(work: Work, enterprise: str, asset: Asset) -> Surplus:
    """Return what *enterprise* may pledge of *asset*, or refuse without a forecast. LIE-10."""
    year = asset.vintage if asset.kind is Kind.FLOW else day_of(work.now).year
    found = parameter(work, enterprise, "pledge.forecast_scale", on=day_of(work.now))
    forecast, line = 0, None
    if asset.measure in MEASURES:
        forecast, line = _forecast(work, enterprise, asset.measure, year, as_fraction(found))
    held = work.memory.balance(home_of(enterprise, asset), asset.code)
    amount, last = pledgeable(held=held, others=_others(work, enterprise, asset), forecast=forecast)
    sheet = Sheet(f"{found.pack_id}@{found.version}").then(*([line] if line else []), last)
    return Surplus(amount, forecast, sheet)


def _forecast(
    work: Work, enterprise: str, measure: str, year: int, scale: Fraction
) -> tuple[int, Step]:
    standing = work.memory.cache(Book).standing(year, enterprise, measure)
    if standing is not None:
        return forecast_known("outstanding_obligation", standing.outstanding)
    used = _last_verified(work, enterprise, measure, before=year)
    if used is not None:
        return forecast_of_use(used, scale)
    allocated = work.session.scalar(
        sa.select(sa.func.sum(AllocationRow.issued)).where(
            AllocationRow.year == year,
            AllocationRow.enterprise == enterprise,
            AllocationRow.measure == measure,
            AllocationRow.state != "planned",
        )
    )
    if allocated is None:
        raise ForecastMissing(enterprise, year=year, measure=measure)
    return forecast_known("allocation", int(allocated))


def _last_verified(work: Work, enterprise: str, measure: str, *, before: int) -> int | None:
    column = ReportRow.energy_kgce if measure == "energy" else ReportRow.coal_kg
    return work.session.scalar(
        sa.select(column)
        .where(
            ReportRow.enterprise == enterprise,
            ReportRow.year < before,
            ReportRow.state == ReportState.FINAL.value,
        )
        .order_by(ReportRow.year.desc(), ReportRow.version.desc())
        .limit(1)
    )


def _others(work: Work, enterprise: str, asset: Asset) -> int:
    """
    Return the enterprise's other free units that would answer for the same year and measure.

    Of an annual allowance those of the same vintage, bought ones too; of a standing right the
    other entitlements. What is leased in counts for nothing: it goes back.
    """
    is_flow = asset.kind is Kind.FLOW
    purposes = ("holding", "bought") if is_flow else ("entitlement",)
    areas = areas_of(work.memory, enterprise)
    own, total = home_of(enterprise, asset), 0
    addresses = [of_enterprise(enterprise, purpose) for purpose in purposes]
    for (address, code), amount in work.memory.holdings(addresses).items():
        other = parse_asset(code)
        alike = (other.measure, other.kind, other.basis) == (
            asset.measure, asset.kind, asset.basis,
        )  # fmt: skip
        in_time = other.vintage == asset.vintage if is_flow else True
        if (address, code) != (own, asset.code) and alike and in_time and other.area in areas:
            total += amount
    return total
