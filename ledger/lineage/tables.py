"""Lots, their pieces and moves, and kept totals of flows; all derived. No logic."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from ledger.db import Base, Key, Whole, Words, WordsKey


class OwnerRow(Base):
    """
    Whose account it is; *owner* is the first account of that owner that quota ever touched.

    *kind* and *party* are the two halves of the owner's name: "enterprise" and "E001".
    """

    __tablename__ = "derived_owners"

    account: Mapped[Key]
    owner: Mapped[Whole]
    kind: Mapped[Words]
    party: Mapped[Words]

    __table_args__ = (sa.Index("ix_derived_owners_kind_party", "kind", "party"),)


class LotRow(Base):
    """
    Units issued by one posting; *number* is its entry and ordinal, as `ledger.lineage.lots` has it.

    *owner* is the first holder, *amount* what was issued.
    """

    __tablename__ = "derived_lots"

    number: Mapped[Key]
    command: Mapped[Whole]
    asset: Mapped[Whole]
    owner: Mapped[Whole]
    amount: Mapped[Whole]

    __table_args__ = (sa.Index("ix_derived_lots_owner", "owner"),)


class PieceRow(Base):
    """What an owner has now of one asset, piece by piece in the order in which it will leave."""

    __tablename__ = "derived_pieces"

    owner: Mapped[Key]
    asset: Mapped[Key]
    position: Mapped[Key]
    lot: Mapped[Whole]
    amount: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("amount > 0", "amount"),
        sa.Index("ix_derived_pieces_lot_owner_amount", "lot", "owner", "amount"),
        {"sqlite_with_rowid": False},
    )


class LotMoveRow(Base):
    """
    A part of a lot that went from one owner to another; *number* is its entry and part.

    *taken_at* and *put_at* are positions in the queues of the two, 0 where nothing was taken.
    """

    __tablename__ = "derived_moves"

    number: Mapped[Key]
    lot: Mapped[Whole]
    amount: Mapped[Whole]
    giver: Mapped[Whole]
    taker: Mapped[Whole]
    taken_at: Mapped[Whole]
    put_at: Mapped[Whole]

    __table_args__ = (sa.Index("ix_derived_moves_lot_number", "lot", "number"),)


class AncestorRow(Base):
    """How much of an older lot was converted or retired to make a lot."""

    __tablename__ = "derived_ancestors"

    lot: Mapped[Key]
    made_of: Mapped[Key]
    amount: Mapped[Whole]

    __table_args__ = (
        sa.Index("ix_derived_ancestors_made_of", "made_of"),
        {"sqlite_with_rowid": False},
    )


class FlowRow(Base):
    """
    What moved in all of one asset in one month between two groups of owners.

    *month* is year × 100 + month. *how* is the code of the entries, for an allocation with its
    method. A group of enterprises is "enterprise:district:sector"; any other end is its address.
    """

    __tablename__ = "derived_flows"

    asset: Mapped[Key]
    month: Mapped[Key]
    how: Mapped[WordsKey]
    giver: Mapped[WordsKey]
    taker: Mapped[WordsKey]
    amount: Mapped[Whole]
