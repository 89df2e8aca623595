"""Districts, sectors, enterprises and facilities. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import Base, Whole, Words, WordsKey


class DistrictRow(Base):
    """An administrative area, by its GB/T 2260 code, and the policy pack that governs it."""

    __tablename__ = "districts"

    code: Mapped[WordsKey]
    name: Mapped[Words]
    name_en: Mapped[Words]
    parent: Mapped[Words]
    pack: Mapped[Words]
    registered_by: Mapped[Whole]


class SectorRow(Base):
    """An industry; *two_high* is "yes" where the city's list marks it."""

    __tablename__ = "sectors"

    code: Mapped[WordsKey]
    name: Mapped[Words]
    name_en: Mapped[Words]
    two_high: Mapped[Words]
    registered_by: Mapped[Whole]

    __table_args__ = (sa.CheckConstraint("two_high IN ('yes', 'no')", "two_high"),)


class EnterpriseRow(Base):
    """An energy user with accounts. *owner_group* is its beneficial owner, itself by default."""

    __tablename__ = "enterprises"

    id: Mapped[WordsKey]
    name: Mapped[Words]
    credit_code: Mapped[str] = mapped_column(sa.Text(), unique=True)
    district: Mapped[str] = mapped_column(sa.ForeignKey("districts.code"))
    sector: Mapped[str] = mapped_column(sa.ForeignKey("sectors.code"))
    owner_group: Mapped[Words]
    registered_by: Mapped[Whole]


class FacilityRow(Base):
    """A plant or line of an enterprise; *capacity* is whole *capacity_unit* a year."""

    __tablename__ = "facilities"

    id: Mapped[WordsKey]
    enterprise: Mapped[str] = mapped_column(sa.ForeignKey("enterprises.id"))
    name: Mapped[Words]
    sector: Mapped[str] = mapped_column(sa.ForeignKey("sectors.code"))
    product: Mapped[Words]
    capacity: Mapped[Whole]
    capacity_unit: Mapped[Words]
    state: Mapped[Words]
    registered_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("state IN ('running', 'closed')", "state"),
        sa.CheckConstraint("capacity >= 0", "capacity"),
    )
