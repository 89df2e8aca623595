"""
Claims made elsewhere, carbon market and green certificates, as far as somebody sees.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.narrow import Asked, in_district, narrow
from api.read.visible import visible
from ledger.compliance.tables import ObligationRow
from ledger.coordination.records import CERTIFICATE, CLAIM, OUTSIDE
from ledger.coordination.tables import (
    CarbonMembershipRow,
    CarbonOffsetRow,
    CertificateHoldingRow,
    CertificateIssueRow,
    CertificateMoveRow,
    DispositionRow,
    FacilityMarkRow,
    OutsideClaimRow,
)
from ledger.parties.tables import FacilityRow
from ledger.substitution.tables import FreedClaimRow
from ledger.tables import AccountRow, AssetRow, BalanceRow

Row = Mapping[str, Any]


def outside_claims(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of claims made elsewhere; filters: scheme, state, facility.

    Those of facilities within *reach*; those of unknown facilities only for who sees everything.
    """
    row = OutsideClaimRow
    query = sa.select(*row.__table__.columns)
    if not reach.everything:
        query = query.join(FacilityRow, FacilityRow.id == row.facility).where(
            visible(reach, enterprises=[FacilityRow.enterprise])
        )
    return narrow(query, asked, scheme=row.scheme, state=row.state, facility=row.facility)


def marks(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of addresses and equipment of facilities; filter: facility."""
    row = FacilityMarkRow
    query = (
        sa.select(*row.__table__.columns)
        .join(FacilityRow, FacilityRow.id == row.facility)
        .where(visible(reach, enterprises=[FacilityRow.enterprise]))
    )
    return narrow(query, asked, facility=row.facility)


def dispositions(reach: Reach) -> sa.Select[Any]:
    """Return the query of findings of which one record is within *reach*."""
    row = DispositionRow
    query = sa.select(*row.__table__.columns)
    if reach.everything:
        return query
    claims = sa.select(CLAIM + FreedClaimRow.id).where(
        visible(reach, enterprises=[FreedClaimRow.enterprise])
    )
    outside = (
        sa.select(OUTSIDE + OutsideClaimRow.id)
        .join(FacilityRow, FacilityRow.id == OutsideClaimRow.facility)
        .where(visible(reach, enterprises=[FacilityRow.enterprise]))
    )
    issue = CertificateIssueRow
    serial = sa.cast(issue.first_serial, sa.Text())
    issued = sa.select(CERTIFICATE + issue.series + "/" + serial).where(
        visible(reach, enterprises=[issue.holder])
    )
    sides = [
        side.in_(keys) for side in (row.first, row.second) for keys in (claims, outside, issued)
    ]
    return query.where(sa.or_(*sides))


def memberships(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of carbon-market members; filters: enterprise, year, district."""
    row = CarbonMembershipRow
    query = sa.select(*row.__table__.columns).where(visible(reach, enterprises=[row.enterprise]))
    query = narrow(query, asked, enterprise=row.enterprise, year=row.year)
    return in_district(query, asked, row.enterprise)


def with_positions(connection: sa.Connection, rows: Sequence[Row]) -> list[Row]:
    """Return members with their free quota and their obligation of the year, for reference."""
    names = sorted({row["enterprise"] for row in rows})
    account = sa.literal("enterprise:") + CarbonMembershipRow.enterprise + ":holding"
    vintage = sa.literal("energy.flow.%.") + sa.cast(CarbonMembershipRow.year, sa.Text()) + ".%"
    member = CarbonMembershipRow
    free = (
        sa.select(member.enterprise, member.year, sa.func.sum(BalanceRow.amount))
        .join(AccountRow, AccountRow.address == account)
        .join(BalanceRow, BalanceRow.account_id == AccountRow.id)
        .join(AssetRow, AssetRow.id == BalanceRow.asset_id)
        .where(member.enterprise.in_(names), AssetRow.code.like(vintage))
        .group_by(member.enterprise, member.year)
    )
    quota = {(name, year): int(amount) for name, year, amount in connection.execute(free)}
    duty = ObligationRow
    owed = {
        (one.enterprise, one.year): one.owed
        for one in connection.execute(
            sa.select(duty.enterprise, duty.year, duty.owed).where(
                duty.enterprise.in_(names), duty.measure == "energy"
            )
        )
    }
    return [
        {
            **row,
            "quota_kgce": quota.get((row["enterprise"], row["year"]), 0),
            "owed_kgce": owed.get((row["enterprise"], row["year"])),
        }
        for row in rows
    ]


def offsets(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of reductions that count in both markets; filter: claim."""
    row = CarbonOffsetRow
    query = (
        sa.select(*row.__table__.columns)
        .join(FreedClaimRow, FreedClaimRow.id == row.claim)
        .where(visible(reach, enterprises=[FreedClaimRow.enterprise]))
    )
    return narrow(query, asked, claim=row.claim)


def certificates(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """
    Return the query of ranges of certificates with route, year of generation and count.

    Filters: holder, state, purpose, beneficiary, year, district.
    """
    row, issue = CertificateHoldingRow, CertificateIssueRow
    query: sa.Select[Any] = (
        sa.select(
            *row.__table__.columns,
            issue.route,
            issue.year.label("generated_year"),
            (row.last_serial - row.first_serial + 1).label("count"),
        )
        .join(issue, sa.and_(issue.series == row.series, issue.first_serial == row.issued_from))
        .where(visible(reach, enterprises=[row.holder], district=row.beneficiary))
    )
    named = ("holder", "state", "purpose", "beneficiary", "year")
    query = narrow(query, asked, **{name: getattr(row, name) for name in named})
    return in_district(query, asked, row.holder)


def moves(reach: Reach, asked: Asked) -> sa.Select[Any]:
    """Return the query of transfers, seen by both sides; filter: series."""
    row = CertificateMoveRow
    query = sa.select(*row.__table__.columns).where(
        visible(reach, enterprises=[row.source, row.destination])
    )
    return narrow(query, asked, series=row.series)
