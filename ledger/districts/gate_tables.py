"""Verdicts of project gates, listed quota, and regional energy assessments. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey


class GateVerdictRow(Base):
    """
    One verdict of a project gate, with its sheet; the newest of a project counts.

    *gate* is the kind of gate that was in force, "none" where the packs have no gate. *asks* is
    the use a year in kgce for which the project wants room; *priority* is its class and *place*
    where that stands in the pack's order, 0 first.
    """

    __tablename__ = "gate_verdicts"

    assessed_by: Mapped[Key]
    project: Mapped[Words]
    enterprise: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("enterprises.id"))
    district: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    year: Mapped[Whole]
    gate: Mapped[Words]
    verdict: Mapped[Words]
    priority: Mapped[Words]
    place: Mapped[Whole]
    asks: Mapped[Whole]
    document: Mapped[Words]
    sheet: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("asks > 0", "asks"),
        sa.Index(None, "project"),
        sa.Index(None, "district", "year"),
    )


class ListingRow(Base):
    """
    Quota listed for one project (能耗单列): asked for by the district, decided by the city.

    *asset* names the project in its area; it is empty until the quota is granted. *budget* is the
    district whose budget bears it, *year* the year of that budget. Amounts are kgce.
    """

    __tablename__ = "quota_listings"

    project: Mapped[WordsKey]
    enterprise: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("enterprises.id"))
    district: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    budget: Mapped[Words]
    year: Mapped[Whole]
    asked: Mapped[Whole]
    granted: Mapped[Whole]
    last_year: Mapped[Whole]
    state: Mapped[Words]
    document: Mapped[Words]
    decision: Mapped[Words]
    asset: Mapped[Words]
    applied_by: Mapped[Whole]
    decided_by: Mapped[int | None] = mapped_column(WHOLE)
    handed_over_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("state IN ('applied', 'granted', 'refused', 'handed_over')", "state"),
        sa.CheckConstraint("asked > 0 AND granted >= 0 AND granted <= asked", "amounts"),
    )


class RegionRow(Base):
    """
    A regional energy assessment (区域能评): how much an area may use, how well, and what not.

    *intensity* is the most a project may use, tce per 10,000 yuan, as decimal text;
    *negative_list* the sectors barred, as JSON. Amounts are kgce.
    """

    __tablename__ = "regional_assessments"

    id: Mapped[WordsKey]
    district: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    name: Mapped[Words]
    total: Mapped[Whole]
    remaining: Mapped[Whole]
    intensity: Mapped[Words]
    negative_list: Mapped[Words]
    standard: Mapped[Words]
    last_year: Mapped[Whole]
    document: Mapped[Words]
    registered_by: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("remaining >= 0 AND remaining <= total", "remaining"),)


class RegionProjectRow(Base):
    """A project that met its area's assessment and needs no review of its own."""

    __tablename__ = "region_projects"

    project: Mapped[WordsKey]
    region: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("regional_assessments.id"))
    enterprise: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("enterprises.id"))
    sector: Mapped[Words]
    energy: Mapped[Whole]
    document: Mapped[Words]
    sheet: Mapped[Words]
    linked_by: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("energy > 0", "energy"),)
