"""Tables of limits, sealed periods and metadata. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey


class AccountLimitRow(Base):
    """The least and the most that an account may have of an asset, as last set."""

    __tablename__ = "account_limits"

    account_id: Mapped[Key]
    asset_id: Mapped[Key]
    floor: Mapped[int | None] = mapped_column(WHOLE)
    ceiling: Mapped[int | None] = mapped_column(WHOLE)
    set_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("floor >= 0", "floor"),
        sa.CheckConstraint("ceiling >= 0", "ceiling"),
        sa.CheckConstraint("floor <= ceiling", "room"),
    )


class PeriodSealRow(Base):
    """Up to the end of which day nothing can count any more; append-only, each later."""

    __tablename__ = "period_seals"

    sealed_by: Mapped[Key]
    through: Mapped[Words]


class MetadataRow(Base):
    """What was noted about something, under a key; append-only, the newest counts."""

    __tablename__ = "metadata"

    target: Mapped[WordsKey]
    key: Mapped[WordsKey]
    set_by: Mapped[Key]
    value: Mapped[Words]
