"""The table of waivers of parameters that no source confirms. No logic."""

from sqlalchemy.orm import Mapped

from ledger.db import Base, Key, Words, WordsKey


class WaiverRow(Base):
    """
    One value that may be used from *first_day* to *last_day* though no source confirms it.

    *valid_from* and *value* (JSON) say which value of the key it is; the command says who gave the
    waiver and when. Append-only.
    """

    __tablename__ = "waivers"

    waived_by: Mapped[Key]
    pack: Mapped[WordsKey]
    key: Mapped[WordsKey]
    valid_from: Mapped[WordsKey]
    first_day: Mapped[WordsKey]
    last_day: Mapped[WordsKey]
    value: Mapped[Words]
    reason: Mapped[Words]
