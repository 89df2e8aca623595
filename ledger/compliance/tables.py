"""Compliance years, obligations, surrenders, closings and what follows from them. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey

_MEASURE = "measure IN ('energy', 'coal')"


class ComplianceYearRow(Base):
    """
    One compliance year. *deadline* is the last day in time; *measures* is a list of measures.

    *waived* lists the parameters in use, as ``pack:key``, that no source confirms and *waiver*
    covers.
    """

    __tablename__ = "compliance_years"

    year: Mapped[Key]
    deadline: Mapped[Words]
    measures: Mapped[Words]
    state: Mapped[Words]
    waiver: Mapped[Words]
    waived: Mapped[Words]
    opened_by: Mapped[Whole]
    closed_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("state IN ('open', 'closing', 'closed')", "state"),
        sa.CheckConstraint("(state = 'closed') = (closed_by IS NOT NULL)", "closed_by"),
    )


class ObligationRow(Base):
    """
    What an enterprise's final report obliges it to surrender, with the sheet behind the figure.

    *owed* is in minor units of the measure: kgce of energy, kg of coal.
    """

    __tablename__ = "obligations"

    year: Mapped[int] = mapped_column(
        WHOLE, sa.ForeignKey("compliance_years.year"), primary_key=True, autoincrement=False
    )
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    measure: Mapped[WordsKey]
    owed: Mapped[Whole]
    basis: Mapped[Words]
    edition: Mapped[Words]
    report_hash: Mapped[Words]
    sheet: Mapped[Words]
    computed_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint(_MEASURE, "measure"),
        sa.CheckConstraint("owed >= 0", "owed"),
    )


class StandingRow(Base):
    """
    Where an enterprise stands for one year and measure.

    *surrendered* was handed over, *recovered* was deducted by force.
    """

    __tablename__ = "standings"

    year: Mapped[int] = mapped_column(
        WHOLE, sa.ForeignKey("compliance_years.year"), primary_key=True, autoincrement=False
    )
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    measure: Mapped[WordsKey]
    owed: Mapped[Whole]
    surrendered: Mapped[Whole]
    recovered: Mapped[Whole]
    state: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint(_MEASURE, "measure"),
        sa.CheckConstraint("owed >= 0 AND surrendered >= 0 AND recovered >= 0", "amounts"),
        sa.CheckConstraint("state IN ('due', 'closed')", "state"),
        sa.Index("ix_standings_enterprise_year", "enterprise", "year"),
    )


class SurrenderRow(Base):
    """One surrender, by the number of its command; *entry* moved the units."""

    __tablename__ = "surrenders"

    sequence: Mapped[Key]
    year: Mapped[int] = mapped_column(WHOLE, sa.ForeignKey("compliance_years.year"))
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    measure: Mapped[Words]
    amount: Mapped[Whole]
    entry: Mapped[Whole]
    maker: Mapped[Words]
    checker: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("amount > 0", "amount"),
        sa.Index("ix_surrenders_enterprise_year", "enterprise", "year"),
    )


class MeanPriceRow(Base):
    """The turnover behind the mean price of a year's fine proposals, newest record last."""

    __tablename__ = "mean_prices"

    year: Mapped[int] = mapped_column(
        WHOLE, sa.ForeignKey("compliance_years.year"), primary_key=True, autoincrement=False
    )
    measure: Mapped[WordsKey]
    recorded_by: Mapped[Key]
    turnover_fen: Mapped[Whole]
    volume: Mapped[Whole]
    source: Mapped[Words]

    __table_args__ = (sa.CheckConstraint("turnover_fen > 0 AND volume > 0", "amounts"),)


class ClosingRow(Base):
    """
    What closing an enterprise's year found and did, for one measure, with its sheet.

    *missing* is what lacked at the end of grace, *recovered* what was deducted by force,
    *deducted_next* what next year is cut by; *banked* and *expired* are the fate of what was left.
    """

    __tablename__ = "closings"

    year: Mapped[int] = mapped_column(
        WHOLE, sa.ForeignKey("compliance_years.year"), primary_key=True, autoincrement=False
    )
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    measure: Mapped[WordsKey]
    owed: Mapped[Whole]
    surrendered: Mapped[Whole]
    missing: Mapped[Whole]
    recovered: Mapped[Whole]
    deducted_next: Mapped[Whole]
    banked: Mapped[Whole]
    expired: Mapped[Whole]
    sheet: Mapped[Words]
    closed_by: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint(_MEASURE, "measure"),)


class DeductionRow(Base):
    """
    What is to be cut from the allocation of *year* because the year before fell short.

    Once applied, *taken* was there to take back and *claimed* is due from later credits.
    """

    __tablename__ = "deductions"

    year: Mapped[Key]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    measure: Mapped[WordsKey]
    amount: Mapped[Whole]
    taken: Mapped[Whole]
    claimed: Mapped[Whole]
    decided_by: Mapped[Whole]
    applied_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("amount > 0", "amount"),
        sa.CheckConstraint(
            "taken + claimed = CASE WHEN applied_by IS NULL THEN 0 ELSE amount END", "applied"
        ),
    )


class PenaltyProposalRow(Base):
    """
    A proposal to an officer, never an entry: a fine in a range, or a credit record.

    *base* is the amount it rests on in minor units; a fine without any price has no range.
    """

    __tablename__ = "penalty_proposals"

    year: Mapped[int] = mapped_column(
        WHOLE, sa.ForeignKey("compliance_years.year"), primary_key=True, autoincrement=False
    )
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    measure: Mapped[WordsKey]
    kind: Mapped[WordsKey]
    base: Mapped[Whole]
    min_fen: Mapped[int | None] = mapped_column(WHOLE)
    max_fen: Mapped[int | None] = mapped_column(WHOLE)
    proposed_by: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("kind IN ('fine', 'credit_record')", "kind"),)
