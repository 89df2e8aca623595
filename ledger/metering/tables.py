"""Factor editions, meters, readings, reports and opinions on them. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey


class FactorEditionRow(Base):
    """An edition adopted for a year on a basis; the newest adoption is the one in force."""

    __tablename__ = "factor_editions"

    year: Mapped[Key]
    basis: Mapped[WordsKey]
    edition: Mapped[WordsKey]
    adopted_by: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("basis IN ('equivalent', 'calorific')", "basis"),)


class FactorRow(Base):
    """What one unit of a carrier counts in an edition; both numbers are exact decimal text."""

    __tablename__ = "factors"

    year: Mapped[Key]
    basis: Mapped[WordsKey]
    edition: Mapped[WordsKey]
    carrier: Mapped[WordsKey]
    name_zh: Mapped[Words]
    unit: Mapped[Words]
    kind: Mapped[Words]
    kgce_per_unit: Mapped[Words]
    coal_kg_per_unit: Mapped[Words]
    status: Mapped[Words]
    source: Mapped[Words]

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["year", "basis", "edition"],
            ["factor_editions.year", "factor_editions.basis", "factor_editions.edition"],
        ),
    )


class MeterRow(Base):
    """
    A cumulative meter. *multiplier* is decimal text.

    *first_month* is the month at whose end it was first read, *closed_month* that of its last
    reading, None while it is in use.
    """

    __tablename__ = "meters"

    id: Mapped[WordsKey]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), index=True)
    facility: Mapped[str | None] = mapped_column(sa.ForeignKey("facilities.id"))
    carrier: Mapped[Words]
    unit: Mapped[Words]
    multiplier: Mapped[Words]
    use: Mapped[Words]
    first_month: Mapped[Words]
    closed_month: Mapped[str | None] = mapped_column(sa.Text())
    registered_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint(
            "use IN ('consumed', 'own_renewable', 'feedstock', 'conversion_out', 'sold')", "use"
        ),
        sa.CheckConstraint("closed_month >= first_month", "closed_after_first"),
    )


class ReadingRow(Base):
    """
    The index of a meter at the end of a month ("2025-03"), as decimal text in the meter's unit.

    No foreign key: readings come by the thousand, the single writer knows every meter, and a
    look-up a row would cost more than the row.
    """

    __tablename__ = "readings"

    meter: Mapped[WordsKey]
    month: Mapped[WordsKey]
    value: Mapped[Words]
    replaced_at_value: Mapped[str | None] = mapped_column(sa.Text())
    restarted_at_value: Mapped[str | None] = mapped_column(sa.Text())
    evidence: Mapped[Words]
    recorded_by: Mapped[Whole]
    corrected_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint(
            "(replaced_at_value IS NULL) = (restarted_at_value IS NULL)", "changeover_whole"
        ),
        {"sqlite_with_rowid": False},
    )


class ReportRow(Base):
    """
    One version of an enterprise's energy report for a year.

    *content* is canonical JSON: lines, figures, policy, sheet, and from submission the outputs.
    *report_hash* is its SHA-256 in hex, None until it is submitted.
    """

    __tablename__ = "reports"

    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    year: Mapped[Key]
    version: Mapped[Key]
    state: Mapped[Words]
    basis: Mapped[Words]
    edition: Mapped[Words]
    energy_kgce: Mapped[Whole]
    coal_kg: Mapped[Whole]
    content: Mapped[Words]
    report_hash: Mapped[str | None] = mapped_column(sa.Text())
    drafted_by: Mapped[Whole]
    submitted_by: Mapped[int | None] = mapped_column(WHOLE)
    decided_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'verified', 'returned', 'final')", "state"
        ),
        sa.CheckConstraint("(state = 'draft') = (report_hash IS NULL)", "hash_when_submitted"),
        sa.CheckConstraint("energy_kgce >= 0 AND coal_kg >= 0", "not_negative"),
        sa.Index("ix_reports_year_state", "year", "state"),
    )


class ReportVerifierRow(Base):
    """A person whom the authority has assigned to verify an enterprise's report of a year."""

    __tablename__ = "report_verifiers"

    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    year: Mapped[Key]
    person: Mapped[WordsKey]
    assigned_by: Mapped[Whole]


class OpinionRow(Base):
    """
    The verifiers' opinion on exactly one version of a report, named by its hash.

    *opinion_hash* is the SHA-256 in hex of the signed document; *team* is a canonical JSON list of
    persons, the two signers among them.
    """

    __tablename__ = "opinions"

    enterprise: Mapped[WordsKey]
    year: Mapped[Key]
    version: Mapped[Key]
    report_hash: Mapped[Words]
    verdict: Mapped[Words]
    opinion_hash: Mapped[Words]
    first_signer: Mapped[Words]
    second_signer: Mapped[Words]
    team: Mapped[Words]
    recorded_by: Mapped[Whole]

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["enterprise", "year", "version"],
            ["reports.enterprise", "reports.year", "reports.version"],
        ),
        sa.CheckConstraint("verdict IN ('accept', 'return')", "verdict"),
        sa.CheckConstraint("first_signer <> second_signer", "two_persons"),
    )
