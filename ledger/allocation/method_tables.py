"""
What methods, usage fees, new entrants, certificates and regional increments are kept in. No logic.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey

_MEASURES = "measure IN ('energy', 'coal')"


class HistoryBasisRow(Base):
    """The basis and factor edition on which one record of history says its figures are counted."""

    __tablename__ = "history_bases"

    enterprise: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("enterprises.id"), primary_key=True
    )
    year: Mapped[Key]
    product: Mapped[WordsKey]
    recorded_by: Mapped[Key]
    basis: Mapped[Words]
    edition: Mapped[Words]

    __table_args__ = (sa.CheckConstraint("basis IN ('', 'eq', 'cal')", "basis"),)


class PaidPartRow(Base):
    """
    The part of one allocation that goes out only against a usage fee.

    *amount* is kgce (kg), *price_fen* fen a tonne, *due_on* the last day on which it can be paid.
    """

    __tablename__ = "paid_parts"

    year: Mapped[Key]
    measure: Mapped[WordsKey]
    enterprise: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("enterprises.id"), primary_key=True
    )
    product: Mapped[WordsKey]
    district: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    amount: Mapped[Whole]
    price_fen: Mapped[Whole]
    fee_fen: Mapped[Whole]
    due_on: Mapped[Words]
    state: Mapped[Words]
    issued_by: Mapped[Whole]
    decided_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint(_MEASURES, "measure"),
        sa.CheckConstraint("amount > 0 AND price_fen > 0 AND fee_fen > 0", "amounts"),
        sa.CheckConstraint("state IN ('payable', 'paid', 'lapsed')", "state"),
        sa.Index(None, "issued_by"),
    )


class EntrantRow(Base):
    """
    What one new entrant was given of the reserve for a year, by the opinion that approved it.

    *facility* is empty where the whole enterprise is new. *used* is what its final report says,
    *returned* what came back of it and *due* what is owed because it was no longer there.
    """

    __tablename__ = "entrants"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    district: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    year: Mapped[Whole]
    measure: Mapped[Words]
    enterprise: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("enterprises.id"))
    facility: Mapped[Words]
    opinion: Mapped[Words]
    evidence: Mapped[Words]
    amount: Mapped[Whole]
    state: Mapped[Words]
    used: Mapped[int | None] = mapped_column(WHOLE)
    returned: Mapped[int | None] = mapped_column(WHOLE)
    due: Mapped[int | None] = mapped_column(WHOLE)
    sheet: Mapped[Words]
    settled_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint(_MEASURES, "measure"),
        sa.CheckConstraint("amount > 0", "amount"),
        sa.CheckConstraint("returned + due <= amount", "returned"),
        sa.CheckConstraint("state IN ('admitted', 'settled')", "state"),
        sa.UniqueConstraint("enterprise", "facility", "year", "measure"),
        sa.Index(None, "district", "year", "measure"),
    )


class CertificateRow(Base):
    """
    The certificate of one confirmed right that began as a pre-issued one.

    A right without such a row is formal. *acceptance* is the document of the built project's
    energy acceptance.
    """

    __tablename__ = "entitlement_certificates"

    sequence: Mapped[Key]
    ordinal: Mapped[Key]
    state: Mapped[Words]
    acceptance: Mapped[Words]
    evidence: Mapped[Words]
    formal_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (sa.CheckConstraint("state IN ('pre_issued', 'formal')", "state"),)


class IncrementRow(Base):
    """The increment of consumption that a district was granted for one year, in kgce or kg."""

    __tablename__ = "regional_increments"

    district: Mapped[str] = mapped_column(
        sa.Text(), sa.ForeignKey("districts.code"), primary_key=True
    )
    year: Mapped[Key]
    measure: Mapped[WordsKey]
    amount: Mapped[Whole]
    document: Mapped[Words]
    set_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint(_MEASURES, "measure"),
        sa.CheckConstraint("amount > 0", "amount"),
    )


class IncrementOfferRow(Base):
    """One sale of a district out of its increment; *reference* says which, such as tender:12."""

    __tablename__ = "increment_offers"

    reference: Mapped[WordsKey]
    district: Mapped[str] = mapped_column(sa.Text(), sa.ForeignKey("districts.code"))
    year: Mapped[Whole]
    measure: Mapped[Words]
    amount: Mapped[Whole]
    state: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("amount > 0", "amount"),
        sa.CheckConstraint("state IN ('offered', 'returned')", "state"),
        sa.Index(None, "district", "year", "measure"),
    )
