"""Notices of figures, objections to them, and debts netted from an issue. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words

_MEASURES = "measure IN ('energy', 'coal')"
_STAGES = "stage IN ('planned', 'final')"


class AllocationNoticeRow(Base):
    """
    One notice of a district's figures, from which the time for objections runs.

    *notified_on* and *last_day* are ISO days, the last one included; *figures_hash* covers the
    check codes of the *sheets* that were notified.
    """

    __tablename__ = "allocation_notices"

    sequence: Mapped[Key]
    district: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    year: Mapped[Whole]
    measure: Mapped[Words]
    stage: Mapped[Words]
    notified_on: Mapped[Words]
    last_day: Mapped[Words]
    sheets: Mapped[Whole]
    figures_hash: Mapped[Words]
    document: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint(_MEASURES, "measure"),
        sa.CheckConstraint(_STAGES, "stage"),
        sa.Index("ix_allocation_notices_district_year", "district", "year"),
    )


class ObjectionRow(Base):
    """
    One objection to a figure, by the number of the command that filed it.

    *sheet_code* is the check code of the sheet objected to. *decided_by* is the command of the
    decision; *outcome* is empty until then.
    """

    __tablename__ = "objections"

    sequence: Mapped[Key]
    enterprise: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("enterprises.id"))
    district: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    year: Mapped[Whole]
    measure: Mapped[Words]
    product: Mapped[Words]
    stage: Mapped[Words]
    notice: Mapped[Whole]
    sheet_code: Mapped[Words]
    reasons: Mapped[Words]
    evidence_hash: Mapped[Words]
    filed_on: Mapped[Words]
    state: Mapped[Words]
    reviewer: Mapped[Words]
    reviewed_by: Mapped[int | None] = mapped_column(WHOLE)
    outcome: Mapped[Words]
    answer: Mapped[Words]
    document: Mapped[Words]
    corrected_code: Mapped[Words]
    decided_on: Mapped[Words]
    decided_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint(_MEASURES, "measure"),
        sa.CheckConstraint(_STAGES, "stage"),
        sa.CheckConstraint("state IN ('filed', 'under_review', 'decided')", "state"),
        sa.CheckConstraint("outcome IN ('', 'upheld', 'corrected')", "outcome"),
        sa.CheckConstraint("(state = 'decided') = (outcome <> '')", "decided"),
        sa.Index("ix_objections_enterprise_year", "enterprise", "year"),
        sa.Index("ix_objections_district_year_state", "district", "year", "state"),
    )


class NettingRow(Base):
    """
    What an issue kept back for a debt of an earlier vintage, with the sheet that shows it.

    *claim* and *claim_ordinal* name the due claim that it settled.
    """

    __tablename__ = "nettings"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    year: Mapped[Whole]
    measure: Mapped[Words]
    enterprise: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("enterprises.id"))
    product: Mapped[Words]
    claim: Mapped[Whole]
    claim_ordinal: Mapped[Whole]
    debt_asset: Mapped[Words]
    amount: Mapped[Whole]
    sheet: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint(_MEASURES, "measure"),
        sa.CheckConstraint("amount > 0", "amount"),
        sa.Index("ix_nettings_enterprise_year", "enterprise", "year"),
    )
