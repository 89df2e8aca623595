"""
Read what is on record of reductions: claims of freed quota, and claims made elsewhere.

Certificates of this ledger cannot be used twice here; they are compared with those that other
registers name.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from ledger.coordination.duplicate import Record, Scheme
from ledger.coordination.tables import (
    CertificateIssueRow,
    DispositionRow,
    FacilityMarkRow,
    OutsideClaimRow,
)
from ledger.parties.tables import EnterpriseRow, FacilityRow
from ledger.substitution.tables import FreedClaimRow, FreedMeasureRow

CLAIM, OUTSIDE, CERTIFICATE = "claim:", "outside:", "certificate:"
DEAD = ("rejected", "expired", "revoked", "withdrawn")
"""States in which a claim of freed quota counts no longer."""

Pair = tuple[str, str]


def all_records(connection: sa.Connection) -> list[Record]:
    """Return every reduction that counts somewhere, as far as this ledger knows. Rule: CRD-01."""
    return [
        *_freed(connection, sa.true()),
        *_outside(connection, sa.true()),
        *_certificates(connection),
    ]


def records_beside(connection: sa.Connection, claim: FreedClaimRow) -> list[Record]:
    """Return the records of *claim* and those that could match it exactly. Rule: CRD-01."""
    row, other = FreedClaimRow, OutsideClaimRow
    of_freed = [row.facility == claim.facility, row.evidence == claim.evidence]
    of_other = [other.facility == claim.facility, other.evidence == claim.evidence]
    for document in {claim.confirmation} - {""}:
        of_freed.append(row.confirmation == document)
        of_other.append(other.decision == document)
    return [
        *_freed(connection, sa.or_(row.id == claim.id, *of_freed)),
        *_outside(connection, sa.or_(*of_other)),
    ]


def findings(connection: sa.Connection, keys: Sequence[str] | None = None) -> dict[Pair, Any]:
    """Return the newest disposition of each pair; with *keys*, of pairs that have one of them."""
    row = DispositionRow
    query = sa.select(*row.__table__.columns).order_by(row.disposed_by)
    if keys is not None:
        query = query.where(sa.or_(row.first.in_(keys), row.second.in_(keys)))
    return {(each.first, each.second): each for each in connection.execute(query)}


def is_known(connection: sa.Connection, key: str) -> bool:
    """Return whether *key* names a claim, an outside claim or an issue of certificates."""
    if key.startswith(CLAIM):
        query = sa.select(FreedClaimRow.id).where(FreedClaimRow.id == key.removeprefix(CLAIM))
    elif key.startswith(OUTSIDE):
        name = key.removeprefix(OUTSIDE)
        query = sa.select(OutsideClaimRow.id).where(OutsideClaimRow.id == name)
    else:
        query = sa.select(CertificateIssueRow.series).where(_issue_key() == key)
    return connection.execute(query.limit(1)).first() is not None


def is_live(connection: sa.Connection, key: str) -> bool:
    """Return whether the record of this key still counts."""
    if key.startswith(CLAIM):
        query = sa.select(FreedClaimRow.state).where(FreedClaimRow.id == key.removeprefix(CLAIM))
    elif key.startswith(OUTSIDE):
        name = key.removeprefix(OUTSIDE)
        query = sa.select(OutsideClaimRow.state).where(OutsideClaimRow.id == name)
    else:
        return True
    return connection.execute(query).scalar_one_or_none() not in (None, *DEAD)


def freed_at(connection: sa.Connection, facility: str, days: Pair) -> list[str]:
    """Return the claims of freed quota that count of a facility on any of the days between."""
    row = FreedClaimRow
    query = (
        sa.select(row.id)
        .where(row.facility == facility, row.state.not_in(DEAD))
        .where(row.first_day <= days[1], row.last_day >= days[0])
        .order_by(row.id)
    )
    return list(connection.execute(query).scalars())


def district_of(connection: sa.Connection, key: str) -> str:
    """Return the district in which a record lies, "" where none of this ledger's does."""
    enterprise: sa.Select[str]
    if key.startswith(CLAIM):
        row = FreedClaimRow
        enterprise = sa.select(row.enterprise).where(row.id == key.removeprefix(CLAIM))
    elif key.startswith(OUTSIDE):
        enterprise = (
            sa.select(FacilityRow.enterprise)
            .join(OutsideClaimRow, OutsideClaimRow.facility == FacilityRow.id)
            .where(OutsideClaimRow.id == key.removeprefix(OUTSIDE))
        )
    else:
        enterprise = sa.select(CertificateIssueRow.holder).where(_issue_key() == key)
    place = sa.select(EnterpriseRow.district).where(EnterpriseRow.id.in_(enterprise))
    return connection.execute(place).scalar_one_or_none() or ""


def _issue_key() -> sa.ColumnElement[str]:
    issue = CertificateIssueRow
    return sa.literal(CERTIFICATE) + issue.series + "/" + sa.cast(issue.first_serial, sa.Text())


def _freed(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Iterator[Record]:
    claim, measure, mark = FreedClaimRow, FreedMeasureRow, FacilityMarkRow
    query = (
        sa.select(
            *(claim.id, claim.facility, claim.first_day, claim.last_day, claim.evidence),
            *(claim.confirmation, measure.measure, measure.amount),
            *(EnterpriseRow.name.label("holder"), EnterpriseRow.credit_code),
            *(EnterpriseRow.district, FacilityRow.name.label("facility_name")),
            sa.func.coalesce(mark.address, "").label("address"),
            sa.func.coalesce(mark.equipment, "").label("equipment"),
        )
        .join(measure, measure.claim == claim.id)
        .join(EnterpriseRow, EnterpriseRow.id == claim.enterprise)
        .join(FacilityRow, FacilityRow.id == claim.facility)
        .outerjoin(mark, mark.facility == claim.facility)
        .where(claim.state.not_in(DEAD), condition)
        .order_by(claim.id, measure.measure)
    )
    for row in connection.execute(query):
        yield Record(
            key=CLAIM + row.id,
            scheme=Scheme.FREED,
            measure=row.measure,
            amount=row.amount,
            first_day=date.fromisoformat(row.first_day),
            last_day=date.fromisoformat(row.last_day),
            facility=row.facility,
            holder=row.holder,
            facility_name=row.facility_name,
            credit_code=row.credit_code,
            address=row.address,
            equipment=row.equipment,
            evidence=row.evidence,
            decision=row.confirmation,
            district=row.district,
        )


def _outside(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Iterator[Record]:
    row = OutsideClaimRow
    query = (
        sa.select(*row.__table__.columns, sa.func.coalesce(EnterpriseRow.district, "").label("at"))
        .outerjoin(FacilityRow, FacilityRow.id == row.facility)
        .outerjoin(EnterpriseRow, EnterpriseRow.id == FacilityRow.enterprise)
        .where(row.state == "standing", condition)
        .order_by(row.id)
    )
    for one in connection.execute(query):
        yield Record(
            key=OUTSIDE + one.id,
            scheme=Scheme(one.scheme),
            measure=one.measure,
            amount=one.amount,
            first_day=date.fromisoformat(one.first_day),
            last_day=date.fromisoformat(one.last_day),
            facility=one.facility,
            holder=one.holder,
            facility_name=one.facility_name,
            credit_code=one.credit_code,
            address=one.address,
            equipment=one.equipment,
            evidence=one.evidence,
            decision=one.decision,
            district=one.at,
            serials=(one.series, one.first_serial, one.last_serial) if one.series else None,
        )


def _certificates(connection: sa.Connection) -> Iterator[Record]:
    row = CertificateIssueRow
    query = sa.select(
        *row.__table__.columns,
        EnterpriseRow.name.label("name"),
        EnterpriseRow.credit_code,
        EnterpriseRow.district,
    ).join(EnterpriseRow, EnterpriseRow.id == row.holder)
    for one in connection.execute(query.order_by(row.series, row.first_serial)):
        yield Record(
            key=f"{CERTIFICATE}{one.series}/{one.first_serial}",
            scheme=Scheme.CERTIFICATE,
            measure="electricity",
            amount=(one.last_serial - one.first_serial + 1) * 1_000,
            first_day=date(one.year, 1, 1),
            last_day=date(one.year, 12, 31),
            holder=one.name,
            facility_name=one.plant,
            credit_code=one.credit_code,
            evidence=one.evidence,
            district=one.district,
            serials=(one.series, one.first_serial, one.last_serial),
        )
