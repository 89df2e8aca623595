"""
Meters, readings, factors, energy reports and the opinions on them, as far as somebody sees.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.narrow import Asked, in_district, narrow
from api.read.visible import Column, visible
from ledger.metering.tables import (
    FactorEditionRow,
    FactorRow,
    MeterRow,
    OpinionRow,
    ReadingRow,
    ReportRow,
    ReportVerifierRow,
)

METER_FILTERS = ("enterprise", "facility", "carrier", "use")
REPORT_FILTERS = ("enterprise", "year", "state")


def meters(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of meters; filters: enterprise, facility, carrier, use, district."""
    query = sa.select(*MeterRow.__table__.columns).where(
        visible(reach, enterprises=[MeterRow.enterprise])
    )
    query = narrow(query, asked, **{name: getattr(MeterRow, name) for name in METER_FILTERS})
    return in_district(query, asked, MeterRow.enterprise)


def meter(reach: Reach, code: str) -> sa.Select[Any]:
    """Return the query of one meter."""
    return meters(reach, {}).where(MeterRow.id == code)


def readings(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of readings with their meter's enterprise, carrier and unit.

    Filters: enterprise, meter, month, carrier, district.
    """
    query: sa.Select[Any] = (
        sa.select(
            *ReadingRow.__table__.columns, MeterRow.enterprise, MeterRow.carrier, MeterRow.unit
        )
        .join(MeterRow, MeterRow.id == ReadingRow.meter)
        .where(visible(reach, enterprises=[MeterRow.enterprise]))
    )
    query = narrow(
        query,
        asked,
        enterprise=MeterRow.enterprise,
        carrier=MeterRow.carrier,
        meter=ReadingRow.meter,
        month=ReadingRow.month,
    )
    return in_district(query, asked, MeterRow.enterprise)


def factors(asked: Asked) -> sa.Select[Any]:
    """
    Return the query of factors with their status and source; *adopted_by* dates their edition.

    Filters: year, basis, edition, carrier, status.
    """
    same = [
        getattr(FactorEditionRow, name) == getattr(FactorRow, name)
        for name in ("year", "basis", "edition")
    ]
    query = sa.select(*FactorRow.__table__.columns, FactorEditionRow.adopted_by).join(
        FactorEditionRow, sa.and_(*same)
    )
    named = ("year", "basis", "edition", "carrier", "status")
    return narrow(query, asked, **{name: getattr(FactorRow, name) for name in named})


def reports(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of report versions, without their content.

    Filters: enterprise, year, state, district.
    """
    query: sa.Select[Any] = sa.select(
        *(column for column in ReportRow.__table__.columns if column.name != "content")
    ).where(_reported(reach, ReportRow.enterprise, ReportRow.year))
    query = narrow(query, asked, **{name: getattr(ReportRow, name) for name in REPORT_FILTERS})
    return in_district(query, asked, ReportRow.enterprise)


def report(reach: Reach, enterprise: str, year: int, version: int) -> sa.Select[Any]:
    """Return the query of one version of a report, with its content."""
    return sa.select(*ReportRow.__table__.columns).where(
        ReportRow.enterprise == enterprise,
        ReportRow.year == year,
        ReportRow.version == version,
        _reported(reach, ReportRow.enterprise, ReportRow.year),
    )


def with_verifiers(
    connection: sa.Connection, rows: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return reports with the persons assigned to verify them, in order of their ids."""
    keys = sorted({(row["enterprise"], row["year"]) for row in rows})
    found = connection.execute(
        sa.select(ReportVerifierRow.enterprise, ReportVerifierRow.year, ReportVerifierRow.person)
        .where(sa.tuple_(ReportVerifierRow.enterprise, ReportVerifierRow.year).in_(keys))
        .order_by(ReportVerifierRow.person)
    ).all()
    assigned: dict[tuple[str, int], list[str]] = {}
    for enterprise, year, person in found:
        assigned.setdefault((enterprise, year), []).append(person)
    return [
        {**row, "verifiers": assigned.get((row["enterprise"], row["year"]), [])} for row in rows
    ]


def opinions(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of verifiers' opinions; filters: enterprise, year, verdict, district."""
    query = sa.select(*OpinionRow.__table__.columns).where(
        _reported(reach, OpinionRow.enterprise, OpinionRow.year)
    )
    named = ("enterprise", "year", "verdict")
    query = narrow(query, asked, **{name: getattr(OpinionRow, name) for name in named})
    return in_district(query, asked, OpinionRow.enterprise)


def _reported(reach: Reach, enterprise: Column, year: Column) -> sa.ColumnElement[bool]:
    """Return the condition that a report is within reach: a verifier sees the years assigned."""
    within = visible(replace(reach, engaged=""), enterprises=[enterprise])
    if not reach.engaged:
        return within
    assigned = sa.exists().where(
        ReportVerifierRow.enterprise == enterprise,
        ReportVerifierRow.year == year,
        ReportVerifierRow.person == reach.engaged,
    )
    return sa.or_(within, assigned)
