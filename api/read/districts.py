"""
Budgets with their headroom, published figures, and where a district stands in a year.

The formulas are the ledger's own; here they get what was published and what was reported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from api.matrix import Reach
from api.read.narrow import Asked, narrow
from api.read.policy import policy_of
from api.read.visible import visible
from ledger.calculation import as_text
from ledger.districts.intensity import annual_reduction, intensity, progress_target
from ledger.districts.position import WarningScheme, assess, warning_level
from ledger.districts.read import read_budgets
from ledger.districts.tables import BudgetDecisionRow, BudgetRow, FigureRow
from ledger.errors import Refused
from ledger.metering.tables import ReportRow
from ledger.parties.tables import DistrictRow, EnterpriseRow
from ledger.policy import as_text as text_of
from ledger.units import KGCE_PER_TCE, round_half_up

Row = Mapping[str, Any]

PLAN_YEARS = 5
"""Targets are those of five-year plans, which end in 2025, 2030 …"""

SCHEMES = {
    "national_2021_h1": WarningScheme.FIRST_HALF_2021,
    "national_2021_q1": WarningScheme.FIRST_QUARTER_2021,
}
"""The schemes that packs name and the ledger can grade by."""

BASE_TARGET = "target_intensity_reduction"
INCENTIVE_TARGET = "target_intensity_reduction_incentive"
TOTAL_TARGET = "energy_total_target"

_TCE = {"tce": 1, "10k_tce": 10_000}
_TEN_THOUSAND_YUAN = {"100m_yuan": 10_000}


def budgets(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of budgets; filters: district, year, measure."""
    query = sa.select(*BudgetRow.__table__.columns).where(
        visible(reach, district=BudgetRow.district)
    )
    named = ("district", "year", "measure")
    return narrow(query, asked, **{name: getattr(BudgetRow, name) for name in named})


def with_headroom(connection: sa.Connection, rows: Sequence[Row]) -> list[Row]:
    """Return budgets with what is reserved, issued and left: cap less all that is promised."""
    positions = read_budgets(connection)
    found = ((row, positions[row["district"], row["year"], row["measure"]]) for row in rows)
    return [
        {**row, "reserved": at.reserved, "issued": at.issued, "headroom": at.headroom}
        for row, at in found
    ]


def budget_decisions(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of decisions on budgets; filters: district, year, measure, step."""
    query = sa.select(*BudgetDecisionRow.__table__.columns).where(
        visible(reach, district=BudgetDecisionRow.district)
    )
    named = ("district", "year", "measure", "step")
    return narrow(query, asked, **{name: getattr(BudgetDecisionRow, name) for name in named})


def figures(asked: Asked) -> sa.Select[Any]:
    """
    Return the query of published figures, each as it was recorded last.

    Filters: district, year, figure, status.
    """
    later = aliased(FigureRow)
    same = [getattr(later, name) == getattr(FigureRow, name) for name in _FIGURE_KEY]
    newer = sa.exists().where(*same, later.recorded_by > FigureRow.recorded_by)
    query = sa.select(*FigureRow.__table__.columns).where(~newer)
    named = (*_FIGURE_KEY, "status")
    return narrow(query, asked, **{name: getattr(FigureRow, name) for name in named})


_FIGURE_KEY = ("district", "year", "figure")


def district(reach: Reach, code: str) -> sa.Select[Any]:
    """Return the query of one district's names, for whoever sees its position."""
    named: list[Any] = [DistrictRow.code.label("district"), DistrictRow.name, DistrictRow.name_en]
    mine = visible(reach, district=DistrictRow.code)
    return sa.select(*named, DistrictRow.pack).where(DistrictRow.code == code, mine)


@dataclass(frozen=True, slots=True)
class Published:
    """The figures of one district by (year, name): value, unit and status."""

    rows: Mapping[tuple[int, str], Row]

    def number(self, year: int, figure: str, units: Mapping[str, int]) -> Fraction | None:
        """Return a figure in the unit that *units* scale it to, None where it is unknown."""
        row = self.rows.get((year, figure))
        if row is None or row["unit"] not in units:
            return None
        return Fraction(Decimal(row["value"])) * units[row["unit"]]

    def total_kgce(self, year: int, *, figure: str = "energy_total") -> int | None:
        """Return the district's total of a year in kgce, or its target."""
        tce = self.number(year, figure, _TCE)
        return None if tce is None else round_half_up(tce * KGCE_PER_TCE)

    def due(self, year: int, figure: str) -> Fraction | None:
        """Return what of a five-year target is due by the end of *year*, as a part of one."""
        last = year + -year % PLAN_YEARS
        target = self.number(last, figure, {"percent": 1})
        if target is None or not 0 < target < 100:
            return None
        passed = year - last + PLAN_YEARS
        return Fraction(progress_target(target / 100, years_passed=passed, years=PLAN_YEARS))

    def intensity(self, year: int) -> Fraction | None:
        """Return kgce per 10,000 yuan: as published, or from total and GDP. Rule: DST-01."""
        published = self.number(year, "energy_intensity", {"tce_per_10k_yuan": KGCE_PER_TCE})
        gdp = self.number(year, "gdp", _TEN_THOUSAND_YUAN)
        total = self.total_kgce(year)
        if published is not None or gdp is None or gdp < 1 or total is None:
            return published
        return intensity(energy_kgce=total, gdp_ten_thousand_yuan=round_half_up(gdp))


def position(connection: sa.Connection, here: Row, year: int) -> Row:
    """
    Return where a district, a row of `district`, stands in *year*.

    Total and intensity are what was published, *reported_kgce* what accepted reports sum to. The
    fall of intensity since the last year of the plan before is graded against the progress due;
    without figures there is no level, which is not the same as green.

    Rule: DST-01, DST-02, DST-06, DST-13 to DST-17.
    """
    published = _published(connection, here["district"])
    reported = connection.execute(
        sa.select(sa.func.count(), sa.func.sum(ReportRow.energy_kgce))
        .join(EnterpriseRow, EnterpriseRow.id == ReportRow.enterprise)
        .where(
            EnterpriseRow.district == here["district"],
            ReportRow.year == year,
            ReportRow.state == "final",
        )
    ).one()
    now = published.intensity(year)
    return {
        **here,
        "year": year,
        "total_kgce": published.total_kgce(year),
        "total_status": _status(published, year, "energy_total"),
        "reported_kgce": int(reported[1] or 0),
        "reports_count": reported[0],
        "intensity_kgce_per_10k_yuan": None if now is None else _decimal(now, decimals=3),
        **progress(connection, here, published, year),
        "assessment": assessment(published, year),
        "budgets": _budgets(connection, here["district"], year),
    }


def _published(connection: sa.Connection, code: str) -> Published:
    rows = connection.execute(figures({"district": code})).mappings()
    return Published({(row["year"], row["figure"]): dict(row) for row in rows})


def _status(published: Published, year: int, figure: str) -> str | None:
    row = published.rows.get((year, figure))
    return None if row is None else str(row["status"])


def progress(connection: sa.Connection, here: Row, published: Published, year: int) -> Row:
    """Return how far intensity has fallen in the plan, what was due by now, and the level."""
    last = year + -year % PLAN_YEARS
    base = last - PLAN_YEARS
    fallen = _fallen(published, year)
    target = published.number(last, BASE_TARGET, {"percent": 1})
    due = published.due(year, BASE_TARGET)
    scheme = _scheme(connection, str(here["pack"]), date(year, 12, 31))
    level = warning_level(fallen, target=due, scheme=scheme) if due and scheme else None
    return {
        "base_year": base,
        "reduction_percent": None if fallen is None else _decimal(fallen * 100, decimals=2),
        "target_percent": None if target is None else as_text(target),
        "due_percent": None if due is None else _decimal(due * 100, decimals=2),
        "warning": level and {"severity": str(level.severity), "label": level.label},
        "warning_scheme": None if scheme is None else str(scheme),
    }


def _fallen(published: Published, year: int) -> Fraction | None:
    """Return the fall of intensity since the last year of the plan before."""
    before = published.intensity(year + -year % PLAN_YEARS - PLAN_YEARS)
    now = published.intensity(year)
    if before is None or before <= 0 or now is None:
        return None
    return annual_reduction(before=before, now=now)


def assessment(published: Published, year: int) -> Row | None:
    """
    Return how a district is assessed by its two targets, None where a figure it needs is unknown.

    Compared is what base and incentive target ask by the end of *year*; the total is compared with
    `energy_total_target` of the year. Rule: DST-14, DST-15.
    """
    fallen, base = _fallen(published, year), published.due(year, BASE_TARGET)
    total, cap = published.total_kgce(year), published.total_kgce(year, figure=TOTAL_TARGET)
    if fallen is None or base is None or total is None or cap is None:
        return None
    incentive = published.due(year, INCENTIVE_TARGET)
    found = assess(
        fallen, base_target=base, incentive_target=incentive, energy_kgce=total, cap_kgce=cap
    )
    return {
        "is_intensity_met": found.is_intensity_met,
        "total": str(found.total),
        "is_passed": found.is_passed,
    }


def _scheme(connection: sa.Connection, pack: str, on: date) -> WarningScheme | None:
    """Return the scheme a district is graded by, None where no pack names one that is known."""
    try:
        found = policy_of(connection).find(pack, "district.warning_scheme", on)
        return SCHEMES.get(text_of(found))
    except Refused:
        return None


def _budgets(connection: sa.Connection, code: str, year: int) -> list[Row]:
    found = read_budgets(connection, district=code, year=year)
    return [
        {
            "measure": measure,
            "cap": at.cap,
            "reserved": at.reserved,
            "committed": at.committed,
            "issued": at.issued,
            "headroom": at.headroom,
        }
        for (_, _, measure), at in found.items()
    ]


def _decimal(value: Fraction, *, decimals: int) -> str:
    """Return *value* as decimal text, halves away from zero."""
    return str(Decimal(round_half_up(value * 10**decimals)).scaleb(-decimals))
