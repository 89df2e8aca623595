"""What weighs on a budget without a posting, and budgets moved between districts. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey


class BudgetUseRow(Base):
    """
    What takes room in one budget though no unit of it was issued, in kgce or kg.

    *uncovered* is use of those who hold no quota, as decided last and less what was released
    since; it is below zero where use was released before any was decided. *freed* was issued as
    freed quota against released use, *listed* was given to single projects, and *split* is the sum
    of the caps of the districts below, as it was when one of them was set last.
    """

    __tablename__ = "budget_uses"

    district: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("districts.code"), primary_key=True
    )
    year: Mapped[Key]
    measure: Mapped[WordsKey]
    uncovered: Mapped[Whole]
    freed: Mapped[Whole]
    listed: Mapped[Whole]
    split: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("freed >= 0 AND listed >= 0 AND split >= 0", "amounts"),)


class BudgetLineRow(Base):
    """
    One line of the indicator ledger (能耗指标台账) that no entry shows.

    *amount* is above zero where room came in and below zero where it went out.
    """

    __tablename__ = "budget_lines"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    district: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    year: Mapped[Whole]
    measure: Mapped[Words]
    line: Mapped[Words]
    amount: Mapped[Whole]
    document: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("amount <> 0", "amount"),
        sa.Index(None, "district", "year", "measure"),
    )


class BudgetMoveRow(Base):
    """
    Budget that one district gave another of the same city, for good or until it is given back.
    """

    __tablename__ = "budget_moves"

    sequence: Mapped[Key]
    giver: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    taker: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    year: Mapped[Whole]
    measure: Mapped[Words]
    amount: Mapped[Whole]
    document: Mapped[str] = mapped_column(sa.Text(), unique=True)
    state: Mapped[Words]
    returned_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("amount > 0", "amount"),
        sa.CheckConstraint("state IN ('moved', 'lent', 'returned')", "state"),
    )
