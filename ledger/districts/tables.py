"""Budgets of districts, the decisions behind them, and published reference figures. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import Base, Key, Whole, Words, WordsKey


class BudgetRow(Base):
    """
    The budget of one district, year and measure (kgce of energy or kg of coal).

    *cap* is what was decided. *committed* is what issued plans may still ask of it; what the
    budget and reserve accounts hold is in balances.
    """

    __tablename__ = "budgets"

    district: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("districts.code"), primary_key=True
    )
    year: Mapped[Key]
    measure: Mapped[WordsKey]
    cap: Mapped[Whole]
    committed: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("measure IN ('energy', 'coal')", "measure"),
        sa.CheckConstraint("cap > 0", "cap"),
        sa.CheckConstraint("committed >= 0 AND committed <= cap", "committed"),
    )


class BudgetDecisionRow(Base):
    """
    One decision on a budget, with the document that records it.

    *amount* is the new cap where a cap was set, otherwise what was moved. *sheet* is the
    calculation as JSON, empty where the amount was given.
    """

    __tablename__ = "budget_decisions"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    district: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    year: Mapped[Whole]
    measure: Mapped[Words]
    step: Mapped[Words]
    amount: Mapped[Whole]
    document: Mapped[Words]
    sheet: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("step IN ('set', 'reserve', 'release')", "step"),
        sa.CheckConstraint("amount > 0", "amount"),
        sa.UniqueConstraint("district", "year", "measure", "step", "document"),
    )


class FigureRow(Base):
    """A published figure of a district: a reference with its source, never a balance."""

    __tablename__ = "district_figures"

    district: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("districts.code"), primary_key=True
    )
    year: Mapped[Key]
    figure: Mapped[WordsKey]
    recorded_by: Mapped[Key]
    value: Mapped[Words]
    unit: Mapped[Words]
    status: Mapped[Words]
    document: Mapped[Words]
    quote: Mapped[Words]
