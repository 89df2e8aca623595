"""What enterprises yield per unit of energy and land, their scores, and districts' ratings."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import Base, Key, Whole, Words


class EvaluationInputRow(Base):
    """
    What one enterprise made of its energy and land in a year; the newest record counts.

    *land_m2* is in square metres, since a mu is two thirds of a thousand of them.
    """

    __tablename__ = "evaluation_inputs"

    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    year: Mapped[Key]
    recorded_by: Mapped[Key]
    value_added_fen: Mapped[Whole]
    tax_fen: Mapped[Whole]
    energy_kgce: Mapped[Whole]
    land_m2: Mapped[Whole]
    document: Mapped[Words]

    __table_args__ = (sa.CheckConstraint("energy_kgce > 0 AND land_m2 > 0", "divisors"),)


class EvaluationScoreRow(Base):
    """One enterprise's score of a year in hundredths of a point; the newest scoring counts."""

    __tablename__ = "evaluation_scores"

    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"), primary_key=True)
    year: Mapped[Key]
    scored_by: Mapped[Key]
    district: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    score: Mapped[Whole]
    band: Mapped[Words]
    rank: Mapped[Whole]
    sheet: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("band IN ('a', 'b', 'c', 'd')", "band"),
        sa.CheckConstraint("score >= 0 AND rank > 0", "amounts"),
        sa.Index(None, "district", "year"),
    )


class DistrictRatingRow(Base):
    """A district's rating on energy productivity, A to D, as published; the newest counts."""

    __tablename__ = "district_ratings"

    district: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("districts.code"), primary_key=True
    )
    year: Mapped[Key]
    recorded_by: Mapped[Key]
    rating: Mapped[Words]
    document: Mapped[Words]

    __table_args__ = (sa.CheckConstraint("rating IN ('a', 'b', 'c', 'd')", "rating"),)
