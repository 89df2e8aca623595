"""Past energy use, entitlements, allocations, cuts and due claims of enterprises. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey

_MEASURES = "measure IN ('energy', 'coal')"


class HistoryRow(Base):
    """
    What an enterprise used and made in a past year, one row a product ("" for all it makes).

    *output* is in whole units of the product. The newest record of a year and product counts.
    """

    __tablename__ = "energy_history"

    enterprise: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("enterprises.id"), primary_key=True
    )
    year: Mapped[Key]
    product: Mapped[WordsKey]
    recorded_by: Mapped[Key]
    energy_kgce: Mapped[Whole]
    coal_kg: Mapped[Whole]
    output: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("energy_kgce >= 0 AND coal_kg >= 0 AND output >= 0", "amounts"),
    )


class EntitlementRow(Base):
    """
    One confirmed standing right; *remaining* is what has not been turned into freed quota.

    *facility* is empty where the right covers the whole enterprise.
    """

    __tablename__ = "entitlements"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    enterprise: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("enterprises.id"))
    measure: Mapped[Words]
    amount: Mapped[Whole]
    remaining: Mapped[Whole]
    last_year: Mapped[Whole]
    facility: Mapped[Words]
    document: Mapped[Words]
    asset: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint(_MEASURES, "measure"),
        sa.CheckConstraint("remaining >= 0 AND remaining <= amount", "remaining"),
        sa.UniqueConstraint("enterprise", "measure", "document"),
    )


class AllocationRow(Base):
    """
    What one enterprise is granted for a year, by product: planned, then issued, then final.

    Amounts are kgce or kg. *requested* is what the method gives, *granted* what the budget allows
    of it, *pre_issued* the part that goes out before verification, *saleable* the part of that
    which may be sold. *issued* is what counts as given so far and *cut* what a closure took from
    it. *terms* and the sheets are JSON; *output* is in whole units of the product.
    """

    __tablename__ = "allocations"

    year: Mapped[Key]
    measure: Mapped[WordsKey]
    enterprise: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("enterprises.id"), primary_key=True
    )
    product: Mapped[WordsKey]
    district: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    state: Mapped[Words]
    method: Mapped[Words]
    terms: Mapped[Words]
    output: Mapped[Whole]
    requested: Mapped[Whole]
    granted: Mapped[Whole]
    pre_issued: Mapped[Whole]
    saleable: Mapped[Whole]
    issued: Mapped[Whole]
    cut: Mapped[Whole]
    pack_version: Mapped[Words]
    sheet: Mapped[Words]
    planned_by: Mapped[Whole]
    issued_by: Mapped[int | None] = mapped_column(WHOLE)
    final_output: Mapped[int | None] = mapped_column(WHOLE)
    final_sheet: Mapped[Words]
    report_hash: Mapped[Words]
    final_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint(_MEASURES, "measure"),
        sa.CheckConstraint("state IN ('planned', 'issued', 'final')", "state"),
        sa.CheckConstraint(
            "saleable >= 0 AND saleable <= pre_issued AND pre_issued <= granted", "parts"
        ),
        sa.CheckConstraint("granted <= requested AND output >= 0", "granted"),
        sa.CheckConstraint("issued >= 0 AND cut >= 0", "issued"),
        sa.Index("ix_allocations_district_year_measure", "district", "year", "measure"),
    )


class AllocationCutRow(Base):
    """What an enterprise gave up as freed quota, taken off later allocations by past totals."""

    __tablename__ = "allocation_cuts"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    enterprise: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("enterprises.id"))
    measure: Mapped[Words]
    from_year: Mapped[Whole]
    amount: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint(_MEASURES, "measure"),
        sa.CheckConstraint("amount > 0", "amount"),
    )


class DueClaimRow(Base):
    """What an enterprise owes its district's budget because it was no longer there to take."""

    __tablename__ = "due_claims"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    enterprise: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("enterprises.id"))
    asset: Mapped[Words]
    amount: Mapped[Whole]
    settled: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("amount > 0 AND settled >= 0 AND settled <= amount", "amounts"),
    )
