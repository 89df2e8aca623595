"""Marks of facilities, claims made elsewhere, what was found twice, carbon, certificates."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey


class FacilityMarkRow(Base):
    """By what a facility is known whatever its id: its *address* and its *equipment* number."""

    __tablename__ = "facility_marks"

    facility: Mapped[str] = mapped_column(sa.ForeignKey("facilities.id"), primary_key=True)
    address: Mapped[Words]
    equipment: Mapped[Words]
    recorded_by: Mapped[Whole]


class OutsideClaimRow(Base):
    """
    A reduction that counts in another register.

    *facility* is an id of this ledger, or empty where it is not known here. Certificates name a
    *series* and serial numbers. Amounts are minor units of *measure*.
    """

    __tablename__ = "outside_claims"

    id: Mapped[WordsKey]
    scheme: Mapped[Words]
    register: Mapped[Words]
    reference: Mapped[Words]
    holder: Mapped[Words]
    credit_code: Mapped[Words]
    facility: Mapped[Words]
    facility_name: Mapped[Words]
    address: Mapped[Words]
    equipment: Mapped[Words]
    measure: Mapped[Words]
    amount: Mapped[Whole]
    first_day: Mapped[Words]
    last_day: Mapped[Words]
    evidence: Mapped[Words]
    decision: Mapped[Words]
    series: Mapped[Words]
    first_serial: Mapped[int | None] = mapped_column(WHOLE)
    last_serial: Mapped[int | None] = mapped_column(WHOLE)
    state: Mapped[Words]
    withdrawal: Mapped[Words]
    recorded_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("amount > 0", "amount"),
        sa.CheckConstraint("first_day <= last_day", "days"),
        sa.CheckConstraint("state IN ('standing', 'withdrawn')", "state"),
        sa.Index(None, "facility"),
        sa.Index(None, "evidence"),
    )


class DispositionRow(Base):
    """What an officer found of two records that look like one; the newest finding counts."""

    __tablename__ = "duplicate_dispositions"

    first: Mapped[WordsKey]
    second: Mapped[WordsKey]
    disposed_by: Mapped[Key]
    finding: Mapped[Words]
    reason: Mapped[Words]

    __table_args__ = (sa.CheckConstraint("finding IN ('same', 'different')", "finding"),)


class CarbonMembershipRow(Base):
    """
    An enterprise's place in a carbon market in one year.

    Allowance and verified emission are that market's own figures, in kg CO2, for reference.
    """

    __tablename__ = "carbon_memberships"

    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    year: Mapped[Key]
    market: Mapped[Words]
    power_sector: Mapped[Words]
    allowance_kg: Mapped[int | None] = mapped_column(WHOLE)
    emission_kg: Mapped[int | None] = mapped_column(WHOLE)
    document: Mapped[Words]
    recorded_by: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("power_sector IN ('yes', 'no')", "power_sector"),)


class CarbonOffsetRow(Base):
    """One reduction that counts in both markets: what of it the carbon side stands for."""

    __tablename__ = "carbon_offsets"

    claim: Mapped[str] = mapped_column(sa.ForeignKey("freed_claims.id"), primary_key=True)
    outside: Mapped[str] = mapped_column(sa.ForeignKey("outside_claims.id"), primary_key=True)
    energy_kgce: Mapped[Whole]
    converted_kg: Mapped[Whole]
    document: Mapped[Words]
    sheet: Mapped[Words]
    recorded_by: Mapped[Whole]


class CertificateIssueRow(Base):
    """
    Green certificates as they were issued: serial numbers *first* to *last* of one series.

    *meter* is that of an own renewable plant of the holder, or empty. *route* says how they came.
    """

    __tablename__ = "certificate_issues"

    series: Mapped[WordsKey]
    first_serial: Mapped[Key]
    last_serial: Mapped[Whole]
    holder: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    meter: Mapped[Words]
    plant: Mapped[Words]
    route: Mapped[Words]
    year: Mapped[Whole]
    evidence: Mapped[Words]
    recorded_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("first_serial > 0 AND first_serial <= last_serial", "serials"),
        sa.CheckConstraint(
            "route IN ('intra_province', 'cross_province_deal', 'stand_alone')", "route"
        ),
    )


class CertificateHoldingRow(Base):
    """
    Where serial numbers are now: with whom, and once retired for which one purpose.

    *issued_from* is the first serial of the issue they belong to; *year* is nought until retired.
    """

    __tablename__ = "certificate_holdings"

    series: Mapped[WordsKey]
    first_serial: Mapped[Key]
    last_serial: Mapped[Whole]
    issued_from: Mapped[Whole]
    holder: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), index=True)
    state: Mapped[Words]
    purpose: Mapped[Words]
    year: Mapped[Whole]
    beneficiary: Mapped[Words]
    amount_kgce: Mapped[Whole]
    document: Mapped[Words]
    changed_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("state IN ('issued', 'held', 'retired')", "state"),
        sa.Index(None, "beneficiary"),
    )


class CertificateMoveRow(Base):
    """One transfer of serial numbers from one enterprise to another."""

    __tablename__ = "certificate_moves"

    moved_by: Mapped[Key]
    series: Mapped[Words]
    first_serial: Mapped[Whole]
    last_serial: Mapped[Whole]
    source: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    destination: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    document: Mapped[Words]
