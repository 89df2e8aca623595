"""Claims of freed quota, the audits and sources behind them, and two-high projects. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey


class FreedClaimRow(Base):
    """
    One application to have freed quota confirmed.

    *first_day* to *last_day* are the days that no other claim of the facility may touch in the
    same measure. *works* names the retrofit; *closed_on* is empty where nothing closed.
    *freed_year* is the year in which the use ended.
    """

    __tablename__ = "freed_claims"

    id: Mapped[WordsKey]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    facility: Mapped[str] = mapped_column(sa.ForeignKey("facilities.id"))
    method: Mapped[Words]
    works: Mapped[Words]
    closed_on: Mapped[Words]
    freed_year: Mapped[Whole]
    first_day: Mapped[Words]
    last_day: Mapped[Words]
    last_year: Mapped[Whole]
    evidence: Mapped[Words]
    state: Mapped[Words]
    opinion: Mapped[Words]
    opinion_evidence: Mapped[Words]
    confirmation: Mapped[Words]
    claimed_by: Mapped[Whole]
    reviewed_by: Mapped[int | None] = mapped_column(WHOLE)
    confirmed_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("method IN ('closure', 'retrofit', 'renewable')", "method"),
        sa.CheckConstraint("state IN ('claimed', 'reviewed', 'rejected', 'confirmed')", "state"),
        sa.CheckConstraint("first_day <= last_day", "days"),
        sa.Index(None, "facility"),
    )


class FreedMeasureRow(Base):
    """
    One measure of a claim: the figures it rests on and the amount they give, with its sheet.

    *approved* is null where nothing was ever approved. Amounts are minor units of the measure.
    """

    __tablename__ = "freed_measures"

    claim: Mapped[str] = mapped_column(sa.ForeignKey("freed_claims.id"), primary_key=True)
    measure: Mapped[WordsKey]
    statistics: Mapped[Whole]
    approved: Mapped[int | None] = mapped_column(WHOLE)
    amount: Mapped[Whole]
    sheet: Mapped[Words]

    __table_args__ = (sa.CheckConstraint("amount > 0", "amount"),)


class FreedSourceRow(Base):
    """
    A lot: the account ``source:<id>`` was issued *amount* of *asset*, or was given it by another.

    One that a confirmation gave has no parent in `reserve_tables.SourceHolderRow`; one that was
    parted from another has, and *amount* is what it was parted with. *against* says what it rests
    on: a reclassified entitlement or use released in the district.
    """

    __tablename__ = "freed_sources"

    id: Mapped[WordsKey]
    claim: Mapped[str] = mapped_column(sa.ForeignKey("freed_claims.id"))
    measure: Mapped[Words]
    asset: Mapped[Words]
    amount: Mapped[Whole]
    against: Mapped[Words]
    sheet: Mapped[Words]

    __table_args__ = (
        sa.Index(None, "claim"),
        sa.CheckConstraint("amount > 0", "amount"),
        sa.CheckConstraint("against IN ('entitlement', 'released_use')", "against"),
    )


class FlowClawbackRow(Base):
    """Flow of the closure year asked back on a closure: what came, and what is still due."""

    __tablename__ = "flow_clawbacks"

    claim: Mapped[str] = mapped_column(sa.ForeignKey("freed_claims.id"), primary_key=True)
    measure: Mapped[WordsKey]
    unused: Mapped[Whole]
    taken: Mapped[Whole]
    due: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("taken >= 0 AND due >= 0 AND taken + due <= unused", "amounts"),
    )


class RetrofitAuditRow(Base):
    """
    A third party's audit of one facility in one measure, before or after its works.

    *output* is zero where it was not stated; *filed_on* is the ledger's own day of filing.
    """

    __tablename__ = "retrofit_audits"

    works: Mapped[WordsKey]
    measure: Mapped[WordsKey]
    stage: Mapped[WordsKey]
    facility: Mapped[str] = mapped_column(sa.ForeignKey("facilities.id"))
    consumed: Mapped[Whole]
    output: Mapped[Whole]
    audited_on: Mapped[Words]
    filed_on: Mapped[Words]
    evidence: Mapped[Words]
    filed_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("stage IN ('before', 'after')", "stage"),
        sa.CheckConstraint("consumed >= 0 AND output >= 0", "amounts"),
    )


class ProjectRow(Base):
    """
    A project that must substitute: whose it is, what was found about it, and where it stands.

    *plan* is the sequence of its newest substitution plan. *sheet* holds the steps of its
    acceptance.
    """

    __tablename__ = "projects"

    id: Mapped[WordsKey]
    name: Mapped[Words]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    district: Mapped[str] = mapped_column(sa.ForeignKey("districts.code"))
    sector: Mapped[str] = mapped_column(sa.ForeignKey("sectors.code"))
    industry: Mapped[Words]
    qualifying: Mapped[Words]
    planned_major: Mapped[Words]
    decision: Mapped[Words]
    pollutant_standard: Mapped[Words]
    last_year: Mapped[Whole]
    state: Mapped[Words]
    plan: Mapped[int | None] = mapped_column(WHOLE)
    sheet: Mapped[Words]
    registered_by: Mapped[Whole]
    accepted_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("qualifying IN ('yes', 'no')", "qualifying"),
        sa.CheckConstraint("planned_major IN ('yes', 'no')", "planned_major"),
        sa.CheckConstraint("pollutant_standard IN ('met', 'failed')", "pollutant_standard"),
        sa.CheckConstraint("state IN ('registered', 'planned', 'accepted')", "state"),
    )


class ProjectMeasureRow(Base):
    """
    What a project adds in one measure; once accepted, what was retired for it elsewhere.

    *net_reduction* is retired less added.
    """

    __tablename__ = "project_measures"

    project: Mapped[str] = mapped_column(sa.ForeignKey("projects.id"), primary_key=True)
    measure: Mapped[WordsKey]
    added: Mapped[Whole]
    retired: Mapped[int | None] = mapped_column(WHOLE)
    net_reduction: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (sa.CheckConstraint("added >= 0", "added"),)


class PlanLineRow(Base):
    """One offer of a substitution plan, in the order in which offers are used up."""

    __tablename__ = "plan_lines"

    plan: Mapped[Key]
    ordinal: Mapped[Key]
    project: Mapped[str] = mapped_column(sa.ForeignKey("projects.id"))
    source: Mapped[Words]
    asset: Mapped[Words]
    amount: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("amount > 0", "amount"),)


class RetirementRow(Base):
    """What one accepted project used up of one source."""

    __tablename__ = "source_retirements"

    project: Mapped[str] = mapped_column(sa.ForeignKey("projects.id"), primary_key=True)
    source: Mapped[str] = mapped_column(sa.ForeignKey("freed_sources.id"), primary_key=True)
    amount: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("amount > 0", "amount"),)
