"""
What becomes of freed quota: its holders, shares, collections, sales, revocations. No logic.

A source that has no row here is held by the enterprise of its claim. Rows are only ever added, but
for what a deficit has had settled and the state of a batch.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey


class SourceHolderRow(Base):
    """
    Who holds a source, and what it was parted from.

    *holder* is an enterprise such as E001 or a reserve such as district:370000. *parent* is empty
    for a source that a confirmation gave. A source keeps its holder: what changes hands becomes a
    source of its own, so that each lot tells all the hands it passed through.
    """

    __tablename__ = "source_holders"

    source: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("freed_sources.id"), primary_key=True
    )
    holder: Mapped[Words]
    parent: Mapped[Words]
    cause: Mapped[Words]
    document: Mapped[Words]
    opened_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint(
            "cause IN ('share', 'pool', 'split', 'transfer', 'collection', 'release', 'buy_back')",
            "cause",
        ),
        sa.Index(None, "parent"),
        sa.Index(None, "holder"),
    )


class SourceEndingRow(Base):
    """A part of a source that was revoked unused."""

    __tablename__ = "source_endings"

    source: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("freed_sources.id"), primary_key=True
    )
    ended_by: Mapped[Key]
    amount: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("amount > 0", "amount"),)


class FreedWayRow(Base):
    """
    How a claim came free where the words closure and retrofit say too little.

    *meter* is the meter of a renewable increment, *document* the decision behind an elimination or
    a cut of overcapacity, *pool* the district whose pool is to hold what is freed; each may be
    empty.
    """

    __tablename__ = "freed_ways"

    claim: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("freed_claims.id"), primary_key=True
    )
    way: Mapped[Words]
    meter: Mapped[Words]
    document: Mapped[Words]
    pool: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint(
            "way IN ('elimination', 'overcapacity', 'management', 'renewable')", "way"
        ),
    )


class FreedShareRow(Base):
    """What one party of an energy-performance contract is to have of a claim, as n/d."""

    __tablename__ = "freed_shares"

    claim: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("freed_claims.id"), primary_key=True
    )
    ordinal: Mapped[Key]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    share: Mapped[Words]
    contract: Mapped[Words]

    __table_args__ = (sa.UniqueConstraint("claim", "enterprise"),)


class RenewableUseRow(Base):
    """
    What the renewables of one meter or facility were used for, in days inclusive.

    Either a claim of freed quota or a deduction in an assessment, never both. *reference* names it.
    """

    __tablename__ = "renewable_uses"

    place: Mapped[WordsKey]
    purpose: Mapped[WordsKey]
    reference: Mapped[WordsKey]
    first_day: Mapped[WordsKey]
    last_day: Mapped[Words]
    locked_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("purpose IN ('freed_claim', 'deduction')", "purpose"),
        sa.CheckConstraint("first_day <= last_day", "days"),
    )


class DeficitRow(Base):
    """
    What an accepted project lacks again because a source that it used up was taken from under it.

    *settled* is what was retired for it since, in minor units of *measure*.
    """

    __tablename__ = "project_deficits"

    opened_by: Mapped[Key]
    ordinal: Mapped[Key]
    project: Mapped[str] = mapped_column(sa.ForeignKey("projects.id"))
    measure: Mapped[Words]
    amount: Mapped[Whole]
    settled: Mapped[Whole]
    cause: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("amount > 0", "amount"),
        sa.CheckConstraint("settled >= 0 AND settled <= amount", "settled"),
        sa.Index(None, "project"),
    )


class RevocationRow(Base):
    """
    One revocation of a claim: what was unused and went, and what had been consumed.

    *returned* is what of the reclassified rights the decision gave back. *measure* is one line.
    """

    __tablename__ = "freed_revocations"

    claim: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("freed_claims.id"), primary_key=True
    )
    measure: Mapped[WordsKey]
    revoked: Mapped[Whole]
    consumed: Mapped[Whole]
    returned: Mapped[Whole]
    document: Mapped[Words]
    evidence: Mapped[Words]
    revoked_by: Mapped[Whole]


class ReserveBatchRow(Base):
    """
    One batch of lots to be collected into a reserve (收储): planned, reviewed, decided.

    *body* is who decides: the commission (DRC) or the provincial government.
    """

    __tablename__ = "reserve_batches"

    id: Mapped[WordsKey]
    reserve: Mapped[str] = mapped_column(sa.ForeignKey("districts.code"))
    state: Mapped[Words]
    body: Mapped[Words]
    document: Mapped[Words]
    opinion: Mapped[Words]
    opinion_evidence: Mapped[Words]
    decision: Mapped[Words]
    planned_by: Mapped[Whole]
    decided_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("state IN ('planned', 'reviewed', 'rejected', 'decided')", "state"),
        sa.CheckConstraint("body IN ('commission', 'government')", "body"),
    )


class ReserveLotRow(Base):
    """
    One lot of a batch: from where, of which kind, how much there is and how much is collected.

    *source* names a freed source, or is empty where budget flow of *district* and *year* is taken.
    *target* is the source that the reserve holds after the decision.
    """

    __tablename__ = "reserve_lots"

    batch: Mapped[str] = mapped_column(sa.ForeignKey("reserve_batches.id"), primary_key=True)
    ordinal: Mapped[Key]
    lot_kind: Mapped[Words]
    source: Mapped[Words]
    target: Mapped[Words]
    district: Mapped[Words]
    year: Mapped[Whole]
    measure: Mapped[Words]
    base: Mapped[Whole]
    collected: Mapped[Whole]
    sheet: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("base > 0 AND collected > 0 AND collected <= base", "amounts"),
    )


class ReserveSaleRow(Base):
    """
    Quota that a reserve sold to an enterprise, or bought back from one, at the pack's price.

    *source* gave and *target* received, both empty where the *asset* is annual flow from the store;
    *paid_fen* moved in the same entry.
    """

    __tablename__ = "reserve_sales"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    direction: Mapped[Words]
    reserve: Mapped[str] = mapped_column(sa.ForeignKey("districts.code"))
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    project: Mapped[Words]
    source: Mapped[Words]
    target: Mapped[Words]
    asset: Mapped[Words]
    measure: Mapped[Words]
    amount: Mapped[Whole]
    paid_fen: Mapped[Whole]
    document: Mapped[Words]
    sheet: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("direction IN ('release', 'buy_back')", "direction"),
        sa.CheckConstraint("amount > 0 AND paid_fen >= 0", "amounts"),
        sa.Index(None, "enterprise"),
    )
