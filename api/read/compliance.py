"""
Compliance years, what is owed and surrendered, how years closed, and what one enterprise lacks.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.narrow import Asked, in_district, narrow
from api.read.policy import policy_of
from api.read.visible import visible
from ledger.chart import of_enterprise
from ledger.compliance.book import MEASURES, Book, Year, YearState
from ledger.compliance.lookup import claim_of, terms_of
from ledger.compliance.tables import (
    ClosingRow,
    ComplianceYearRow,
    DeductionRow,
    MeanPriceRow,
    ObligationRow,
    PenaltyProposalRow,
    StandingRow,
    SurrenderRow,
)
from ledger.compliance.units_accepted import FREE_PURPOSES, Unit, accepted_units, free_units
from ledger.errors import Refused
from ledger.memory import Memory
from ledger.parties.party import District, Enterprise, Parties
from ledger.parties.tables import DistrictRow, EnterpriseRow, SectorRow
from ledger.tables import AccountRow, AssetRow, BalanceRow

Row = Mapping[str, Any]

ENCUMBERED = ("held", "pledged", "frozen")
"""Accounts whose units are the enterprise's but may not be surrendered from."""


def years(asked: Asked) -> sa.Select[Any]:
    """Return the query of compliance years; filters: year, state."""
    query = sa.select(*ComplianceYearRow.__table__.columns)
    return narrow(query, asked, year=ComplianceYearRow.year, state=ComplianceYearRow.state)


def prices(asked: Asked) -> sa.Select[Any]:
    """Return the query of recorded mean prices, the newest of a year and measure counts."""
    query = sa.select(*MeanPriceRow.__table__.columns)
    return narrow(query, asked, year=MeanPriceRow.year, measure=MeanPriceRow.measure)


def obligations(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of obligations with their sheets; filters: `OF_ENTERPRISE`."""
    return _of_enterprises(ObligationRow, reach, asked)


def standings(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of standings; *gap* is what is owed and neither surrendered nor recovered.

    Filters: `OF_ENTERPRISE`, state.
    """
    left = StandingRow.owed - StandingRow.surrendered - StandingRow.recovered
    gap = sa.case((left > 0, left), else_=0).label("gap")
    query = _of_enterprises(StandingRow, reach, asked).add_columns(gap)
    return narrow(query, asked, state=StandingRow.state)


def surrenders(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of surrenders; filters: `OF_ENTERPRISE`."""
    return _of_enterprises(SurrenderRow, reach, asked)


def closings(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of closed years of enterprises with their sheets; `OF_ENTERPRISE`."""
    return _of_enterprises(ClosingRow, reach, asked)


def deductions(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of deductions from the year after a shortfall; `OF_ENTERPRISE`."""
    return _of_enterprises(DeductionRow, reach, asked)


def penalty_proposals(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of proposed fines and credit records; `OF_ENTERPRISE`, kind."""
    query = _of_enterprises(PenaltyProposalRow, reach, asked)
    return narrow(query, asked, kind=PenaltyProposalRow.kind)


OF_ENTERPRISE = ("year", "enterprise", "measure")
"""Filters of everything that is one enterprise's, beside district."""


def _of_enterprises(table: Any, reach: Reach, asked: Asked) -> sa.Select[Any]:
    query = sa.select(*table.__table__.columns).where(
        visible(reach, enterprises=[table.enterprise])
    )
    query = narrow(query, asked, **{name: getattr(table, name) for name in OF_ENTERPRISE})
    return in_district(query, asked, table.enterprise)


def enterprise(reach: Reach, code: str) -> sa.Select[Any]:
    """Return the query of one enterprise, for whoever sees its position."""
    named: list[Any] = [EnterpriseRow.id.label("enterprise"), EnterpriseRow.district]
    mine = visible(reach, enterprises=[EnterpriseRow.id])
    return sa.select(*named, EnterpriseRow.sector).where(EnterpriseRow.id == code, mine)


def position(connection: sa.Connection, code: str, compliance_year: int) -> list[Row]:
    """
    Return where an enterprise stands for a year, by measure, in kgce or kg.

    *owed* is None before it is computed; *usable* may be surrendered, *restricted* not before
    true-up, *encumbered* is on order, pledged or frozen. *gap* is what is still to be found, below
    zero what could be sold. Without the policy that says which units answer, *usable* is None.

    Rule: CMP-69.
    """
    standing = _standings(connection, code, compliance_year)
    year = _year(connection, compliance_year)
    memory = _memory(connection, code)
    units = free_units(_holdings(connection, code))
    rows: list[Row] = []
    for measure in MEASURES if year is None else year.measures:
        owed, surrendered, recovered = standing.get(measure, (None, 0, 0))
        found = _answering(memory, year or _unopened(compliance_year), code, measure, units)
        usable = None if found is None else _amount(found, FREE_PURPOSES)
        gap = None if owed is None or usable is None else owed - surrendered - recovered - usable
        rows.append(
            {
                "measure": measure,
                "owed": owed,
                "surrendered": surrendered,
                "recovered": recovered,
                "usable": usable,
                "restricted": _amount(found or (), ("restricted",)),
                "encumbered": _amount(found or (), ENCUMBERED),
                "gap": gap,
            }
        )
    return rows


def _answering(
    memory: Memory, year: Year, code: str, measure: str, units: list[Unit]
) -> list[Unit] | None:
    """Return the units that answer for the year, in any account; None where no policy says so."""
    try:
        found = terms_of(memory, code, on=year.deadline)
        claim = claim_of(memory, year, enterprise=code, measure=measure, found=found)
    except Refused:
        return None
    vintages = range(claim.oldest_vintage, year.compliance_year + 1)
    return [unit for unit in accepted_units(units, claim) if unit.asset.vintage in vintages]


def _amount(units: Any, purposes: tuple[str, ...]) -> int:
    return sum(unit.amount for unit in units if unit.address.rsplit(":", 1)[1] in purposes)


def _standings(
    connection: sa.Connection, code: str, compliance_year: int
) -> dict[str, tuple[int, int, int]]:
    rows = connection.execute(
        sa.select(
            StandingRow.measure, StandingRow.owed, StandingRow.surrendered, StandingRow.recovered
        ).where(StandingRow.enterprise == code, StandingRow.year == compliance_year)
    )
    return {row.measure: (row.owed, row.surrendered, row.recovered) for row in rows}


def _holdings(connection: sa.Connection, code: str) -> dict[tuple[str, str], int]:
    purposes = (*FREE_PURPOSES, "restricted", *ENCUMBERED)
    addresses = [of_enterprise(code, purpose) for purpose in purposes]
    rows = connection.execute(
        sa.select(AccountRow.address, AssetRow.code, BalanceRow.amount)
        .join(BalanceRow, BalanceRow.account_id == AccountRow.id)
        .join(AssetRow, AssetRow.id == BalanceRow.asset_id)
        .where(AccountRow.address.in_(addresses))
    )
    return {(row.address, row.code): row.amount for row in rows}


def _year(connection: sa.Connection, compliance_year: int) -> Year | None:
    row = connection.execute(years({"year": compliance_year})).first()
    if row is None:
        return None
    return Year(
        compliance_year=row.year,
        deadline=date.fromisoformat(row.deadline),
        measures=tuple(row.measures.split()),
        state=YearState(row.state),
        waiver=row.waiver,
        waived=row.waived,
        opened_by=row.opened_by,
        closed_by=row.closed_by,
    )


def _unopened(compliance_year: int) -> Year:
    """Return the year as far as it can be known before it is opened: by its own last day."""
    end = date(compliance_year, 12, 31)
    return Year(compliance_year, end, MEASURES, YearState.OPEN, "", "", opened_by=0)


def _memory(connection: sa.Connection, code: str) -> Memory:
    """Return a memory that knows of one enterprise what the rules of surrender ask for."""
    parties = Parties()
    for each in connection.execute(sa.select(DistrictRow.__table__)):
        parties.districts[each.code] = District(each.code, each.parent, each.pack)
    row = connection.execute(
        sa.select(EnterpriseRow.__table__, (SectorRow.two_high == "yes").label("is_two_high"))
        .join(SectorRow, SectorRow.code == EnterpriseRow.sector)
        .where(EnterpriseRow.id == code)
    ).one()
    parties.enterprises[code] = Enterprise(
        code, row.district, row.sector, bool(row.is_two_high), row.owner_group
    )
    memory = Memory()
    memory.keep(parties)
    memory.keep(policy_of(connection))
    memory.keep(Book())
    return memory
