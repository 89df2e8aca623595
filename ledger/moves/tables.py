"""Trusted partners, ceilings, transfers, cancellations and conversions. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey


class TrustRow(Base):
    """One partner that an enterprise trusts with transfers, from *active_at* until removed."""

    __tablename__ = "trusted_partners"

    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    partner: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    added_by: Mapped[Key]
    active_at: Mapped[Whole]
    removed_by: Mapped[int | None] = mapped_column(WHOLE)


class TransferCeilingRow(Base):
    """The most that an enterprise lets one of its own transfers move, in minor units."""

    __tablename__ = "transfer_ceilings"

    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    ceiling: Mapped[int | None] = mapped_column(WHOLE)
    set_by: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("ceiling > 0", "ceiling"),)


class TransferRow(Base):
    """
    One transfer: made at once, or waiting under a hold until *settles_at*.

    *entry* moved the units to the partner, and is absent while they wait or after they came back.
    """

    __tablename__ = "transfers"

    id: Mapped[WordsKey]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    partner: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    asset: Mapped[Words]
    amount: Mapped[Whole]
    reason: Mapped[Words]
    state: Mapped[Words]
    hold_id: Mapped[int | None] = mapped_column(WHOLE)
    settles_at: Mapped[int | None] = mapped_column(WHOLE)
    made_by: Mapped[Whole]
    entry: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("amount > 0", "amount"),
        sa.CheckConstraint("state IN ('made', 'waiting', 'recalled', 'returned')", "state"),
        sa.CheckConstraint("(state = 'made') = (entry IS NOT NULL)", "entry"),
        sa.Index(None, "enterprise"),
        sa.Index(None, "partner"),
    )


class CancellationRow(Base):
    """Units given up for good, for a purpose; *check_code* finds the certificate."""

    __tablename__ = "cancellations"

    id: Mapped[WordsKey]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    asset: Mapped[Words]
    amount: Mapped[Whole]
    purpose: Mapped[Words]
    beneficiary: Mapped[Words]
    check_code: Mapped[str] = mapped_column(sa.Text(), unique=True)
    cancelled_on: Mapped[Words]
    cancelled_by: Mapped[Whole]
    entry: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("amount > 0", "amount"), sa.Index(None, "enterprise"))


class ConversionRow(Base):
    """
    A standing level used for *year* as flow; what came back of either, and where it stands.

    While it is open the level lies in scheme:converted, so that it serves that year once.
    """

    __tablename__ = "conversions"

    id: Mapped[WordsKey]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    year: Mapped[Whole]
    standing_asset: Mapped[Words]
    flow_asset: Mapped[Words]
    level_amount: Mapped[Whole]
    flow_amount: Mapped[Whole]
    level_back: Mapped[Whole]
    flow_back: Mapped[Whole]
    sheet: Mapped[Words]
    state: Mapped[Words]
    made_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("level_amount > 0 AND flow_amount > 0", "amounts"),
        sa.CheckConstraint("level_back >= 0 AND level_back <= level_amount", "level_back"),
        sa.CheckConstraint("flow_back >= 0 AND flow_back <= flow_amount", "flow_back"),
        sa.CheckConstraint("state IN ('open', 'over')", "state"),
        sa.Index(None, "enterprise"),
    )
