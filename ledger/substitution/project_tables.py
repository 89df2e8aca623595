"""
Two-high lists and their register, and what becomes of a project beside its three first states.

No logic. A project that has no stage here is where its own row says.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey


class IndustryListRow(Base):
    """
    One version of a list of two-high industries, in force from *valid_from* to *valid_to*.

    *valid_to* is empty while no day is known on which it ends. *status* is that of a pack's value.
    """

    __tablename__ = "industry_lists"

    version: Mapped[WordsKey]
    name: Mapped[Words]
    name_en: Mapped[Words]
    valid_from: Mapped[Words]
    valid_to: Mapped[Words]
    document: Mapped[Words]
    status: Mapped[Words]
    adopted_by: Mapped[Whole]


class IndustryRow(Base):
    """
    One industry of a list; *link* is the link of the list (行业环节) that it belongs to.

    *product* and *process* are empty where the list does not narrow the industry to them.
    """

    __tablename__ = "two_high_industries"

    version: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("industry_lists.version"), primary_key=True
    )
    code: Mapped[WordsKey]
    link: Mapped[Words]
    name: Mapped[Words]
    name_en: Mapped[Words]
    product: Mapped[Words]
    process: Mapped[Words]
    category: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("category IN ('two_high', 'two_high_one_low')", "category"),
    )


class TwoHighRow(Base):
    """
    One line of the two-high register: a project or a plant, and how it is to be dealt with.

    *list_version*, *category*, *approval* and *guidance* are what the list and the packs said on
    the day of entry. *energy_kgce* is the use of a year. *disposition* is empty until classified.
    """

    __tablename__ = "two_high_register"

    id: Mapped[WordsKey]
    name: Mapped[Words]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    district: Mapped[str] = mapped_column(sa.ForeignKey("districts.code"))
    facility: Mapped[Words]
    project: Mapped[Words]
    list_version: Mapped[Words]
    industry: Mapped[Words]
    category: Mapped[Words]
    state: Mapped[Words]
    adds_capacity: Mapped[Words]
    energy_kgce: Mapped[Whole]
    approval: Mapped[Words]
    guidance: Mapped[Words]
    disposition: Mapped[Words]
    document: Mapped[Words]
    review_by: Mapped[Words]
    entered_by: Mapped[Whole]

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["list_version", "industry"],
            ["two_high_industries.version", "two_high_industries.code"],
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'under_construction', 'existing', 'removed')", "state"
        ),
        sa.CheckConstraint("adds_capacity IN ('yes', 'no')", "adds_capacity"),
        sa.CheckConstraint("approval IN ('local', 'province')", "approval"),
        sa.CheckConstraint("guidance IN ('yes', 'no')", "guidance"),
        sa.CheckConstraint("energy_kgce >= 0", "energy_kgce"),
        sa.Index(None, "district"),
        sa.Index(None, "enterprise"),
    )


class TwoHighStepRow(Base):
    """One step of a line of the register: entered, classified or moved on, by which document."""

    __tablename__ = "two_high_steps"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    entry: Mapped[str] = mapped_column(sa.ForeignKey("two_high_register.id"))
    step: Mapped[Words]
    before: Mapped[Words]
    after: Mapped[Words]
    document: Mapped[Words]
    review_by: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("step IN ('entered', 'classified', 'moved')", "step"),
        sa.Index(None, "entry"),
    )


class PlanTermsRow(Base):
    """
    What a substitution plan says beside its lines.

    *document* is by which the sources of other holders are assigned to the project; *retires_all*
    says that what is offered beyond the need is given up as well.
    """

    __tablename__ = "plan_terms"

    plan: Mapped[Key]
    project: Mapped[str] = mapped_column(sa.ForeignKey("projects.id"))
    document: Mapped[Words]
    retires_all: Mapped[Words]

    __table_args__ = (sa.CheckConstraint("retires_all IN ('yes', 'no')", "retires_all"),)


class ReservationRow(Base):
    """
    What one line of a plan reserved in ``source:<id>:reserved``, and what became of it.

    *retired* and *released* are parts of *amount*; the rest is reserved still.
    """

    __tablename__ = "source_reservations"

    plan: Mapped[Key]
    ordinal: Mapped[Key]
    project: Mapped[str] = mapped_column(sa.ForeignKey("projects.id"))
    source: Mapped[str] = mapped_column(sa.ForeignKey("freed_sources.id"))
    asset: Mapped[Words]
    carrier: Mapped[Words]
    amount: Mapped[Whole]
    retired: Mapped[Whole]
    released: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("amount > 0 AND retired >= 0 AND released >= 0", "amounts"),
        sa.CheckConstraint("retired + released <= amount", "parts"),
        sa.Index(None, "project"),
        sa.Index(None, "source"),
    )


class ProjectStageRow(Base):
    """
    Where a project stands beyond acceptance, or that it was withdrawn; one row a project.

    *commissioned_on* is empty for one that was withdrawn; *day* is that of the newest stage.
    """

    __tablename__ = "project_stages"

    project: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("projects.id"), primary_key=True)
    stage: Mapped[Words]
    day: Mapped[Words]
    commissioned_on: Mapped[Words]
    document: Mapped[Words]
    evidence: Mapped[Words]
    set_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("stage IN ('withdrawn', 'commissioned', 'closed')", "stage"),
    )


class AcceptanceRow(Base):
    """
    One acceptance since RIGHTS: its day, and the entry that retired and issued.

    Later commands of the same batch cannot read the log yet, so what they need of it stands here.
    *entry* is None where nothing moved.
    """

    __tablename__ = "project_acceptances"

    sequence: Mapped[Key]
    project: Mapped[str] = mapped_column(sa.ForeignKey("projects.id"))
    day: Mapped[Words]
    entry: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (sa.Index(None, "project"),)


class UndoingRow(Base):
    """One acceptance that was undone before commissioning; *accepted_by* is its command."""

    __tablename__ = "project_undoings"

    sequence: Mapped[Key]
    project: Mapped[str] = mapped_column(sa.ForeignKey("projects.id"))
    accepted_by: Mapped[Whole]
    document: Mapped[Words]

    __table_args__ = (sa.Index(None, "project"),)


class SettlementRow(Base):
    """What was retired of one source to settle a deficit of a project."""

    __tablename__ = "deficit_settlements"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    project: Mapped[str] = mapped_column(sa.ForeignKey("projects.id"))
    measure: Mapped[Words]
    source: Mapped[str] = mapped_column(sa.ForeignKey("freed_sources.id"))
    amount: Mapped[Whole]
    document: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("amount > 0", "amount"),
        sa.Index(None, "project"),
        sa.Index(None, "source"),
    )


class RectificationRow(Base):
    """
    An order to a project that misses a mandatory limit to put it right by *deadline*.

    *done_on* is empty until the authority has found it put right.
    """

    __tablename__ = "project_rectifications"

    id: Mapped[WordsKey]
    project: Mapped[str] = mapped_column(sa.ForeignKey("projects.id"))
    limit_name: Mapped[Words]
    allowed: Mapped[Words]
    found: Mapped[Words]
    deadline: Mapped[Words]
    document: Mapped[Words]
    ordered_by: Mapped[Whole]
    done_on: Mapped[Words]
    done_document: Mapped[Words]
    done_evidence: Mapped[Words]
    done_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (sa.Index(None, "project"),)
