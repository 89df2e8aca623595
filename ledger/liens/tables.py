"""Leases, pledges and their sales, judicial freezes, court orders and successions. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Whole, Words, WordsKey


class LeaseRow(Base):
    """
    One lease, from its offer on. *owed* is what the lessee still has to give back.

    *used_part* is the rule of the day of acceptance; *ending_asked_by* the side that has asked for
    an early end.
    """

    __tablename__ = "leases"

    id: Mapped[WordsKey]
    lessor: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    lessee: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    asset: Mapped[Words]
    amount: Mapped[Whole]
    rent_fen: Mapped[Whole]
    return_on: Mapped[Words]
    used_part: Mapped[Words]
    owed: Mapped[Whole]
    ending_asked_by: Mapped[Words]
    state: Mapped[Words]
    offered_by: Mapped[Whole]
    accepted_by: Mapped[int | None] = mapped_column(WHOLE)
    returned_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("amount > 0 AND rent_fen >= 0", "amounts"),
        sa.CheckConstraint("owed >= 0 AND owed <= amount", "owed"),
        sa.CheckConstraint(
            "state IN ('offered', 'withdrawn', 'running', 'short', 'returned')", "state"
        ),
        sa.CheckConstraint("lessor <> lessee", "two"),
        sa.Index(None, "lessor"),
        sa.Index(None, "lessee"),
    )


class PledgeRow(Base):
    """
    One pledge. *lot* is the first pledge on the same units, *rank* its place behind it.

    *amount* of the lot's units secures *secured_fen*, of which *paid_fen* came from sales.
    """

    __tablename__ = "pledges"

    id: Mapped[WordsKey]
    lot: Mapped[Words]
    rank: Mapped[Whole]
    pledgor: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    pledgee: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    asset: Mapped[Words]
    amount: Mapped[Whole]
    secured_fen: Mapped[Whole]
    paid_fen: Mapped[Whole]
    matures_on: Mapped[Words]
    sheet: Mapped[Words]
    state: Mapped[Words]
    offered_by: Mapped[Whole]
    accepted_by: Mapped[int | None] = mapped_column(WHOLE)
    ended_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("amount >= 0 AND secured_fen > 0 AND rank > 0", "amounts"),
        sa.CheckConstraint("paid_fen >= 0 AND paid_fen <= secured_fen", "paid"),
        sa.CheckConstraint(
            "state IN ('offered', 'withdrawn', 'active', 'released', 'satisfied', 'enforced',"
            " 'lapsed')",
            "state",
        ),
        sa.CheckConstraint("pledgor <> pledgee", "two"),
        sa.Index(None, "pledgor"),
        sa.Index(None, "pledgee"),
        sa.Index(None, "lot"),
    )


class PledgeSaleRow(Base):
    """
    One sale of pledged units; *price_fen* is for all of them, *tender* the auction that sells them.
    """

    __tablename__ = "pledge_sales"

    id: Mapped[WordsKey]
    pledge: Mapped[str] = mapped_column(sa.ForeignKey("pledges.id"))
    lot: Mapped[Words]
    way: Mapped[Words]
    buyer: Mapped[Words]
    amount: Mapped[Whole]
    price_fen: Mapped[int | None] = mapped_column(WHOLE)
    document: Mapped[Words]
    tender: Mapped[int | None] = mapped_column(WHOLE)
    state: Mapped[Words]
    offered_by: Mapped[Whole]
    entry: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("amount > 0", "amount"),
        sa.CheckConstraint("way IN ('agreed', 'eligible_sale', 'auction')", "way"),
        sa.CheckConstraint(
            "state IN ('offered', 'consented', 'auctioned', 'sold', 'unsold', 'withdrawn')",
            "state",
        ),
        sa.Index(None, "lot"),
        sa.Index(None, "tender"),
    )


class FreezeRow(Base):
    """
    One judicial freeze. *wanted* is absent where all is wanted; *frozen* is what it has.

    What it lacks it waits for, in the order of *arrived_by*.
    """

    __tablename__ = "freezes"

    id: Mapped[WordsKey]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    asset: Mapped[Words]
    court: Mapped[Words]
    document: Mapped[Words]
    wanted: Mapped[int | None] = mapped_column(WHOLE)
    frozen: Mapped[Whole]
    starts_on: Mapped[Words]
    ends_on: Mapped[Words]
    state: Mapped[Words]
    arrived_by: Mapped[Whole]
    ended_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("frozen >= 0 AND (wanted IS NULL OR frozen <= wanted)", "frozen"),
        sa.CheckConstraint("state IN ('waiting', 'active', 'ended')", "state"),
        sa.Index(None, "enterprise"),
    )


class CourtOrderRow(Base):
    """Units that a court moved from one enterprise to another."""

    __tablename__ = "court_orders"

    id: Mapped[WordsKey]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    partner: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    asset: Mapped[Words]
    amount: Mapped[Whole]
    from_frozen: Mapped[Whole]
    court: Mapped[Words]
    document: Mapped[Words]
    entry: Mapped[Whole]
    decided_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("amount > 0", "amount"),
        sa.CheckConstraint("from_frozen >= 0 AND from_frozen <= amount", "from_frozen"),
        sa.Index(None, "enterprise"),
        sa.Index(None, "partner"),
    )


class SuccessionRow(Base):
    """What one enterprise took over from another, whole or named units, by a decision."""

    __tablename__ = "successions"

    id: Mapped[WordsKey]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    successor: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    extent: Mapped[Words]
    document: Mapped[Words]
    entry: Mapped[Whole]
    decided_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("extent IN ('whole', 'named')", "extent"),
        sa.Index(None, "enterprise"),
        sa.Index(None, "successor"),
    )
