"""What became of enterprises: closed, merged, split, moved to another district. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import Base, Key, Words


class EnterpriseChangeRow(Base):
    """
    One change of an enterprise, by the number of its command; a split has a row a successor.

    *other* is the successor's id, or the code of the new district, or empty. *share* is a
    successor's part of a split as a fraction. *effective_on* is an ISO day.
    """

    __tablename__ = "enterprise_changes"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    step: Mapped[Words]
    enterprise: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("enterprises.id"))
    other: Mapped[Words]
    share: Mapped[Words]
    effective_on: Mapped[Words]
    document: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("step IN ('cease', 'merge', 'split', 'relocate')", "step"),
        sa.Index("ix_enterprise_changes_enterprise", "enterprise"),
        sa.Index("ix_enterprise_changes_other", "other"),
    )
