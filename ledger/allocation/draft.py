"""
A planned row before it is written, and how rows are written many at a time.

A plan may have a thousand rows, so none of them becomes an object of the database's mapper: that
alone would cost more than all that is reckoned.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.allocation.tables import AllocationRow


class Draft:
    """One row of an allocation as a plan makes it; its fields are those of the table."""

    __slots__ = (
        "district",
        "enterprise",
        "granted",
        "issued",
        "measure",
        "method",
        "output",
        "pack_version",
        "planned_by",
        "pre_issued",
        "product",
        "requested",
        "saleable",
        "sheet",
        "state",
        "terms",
        "year",
    )

    def __init__(
        self, *, year: int, measure: str, enterprise: str, product: str, district: str
    ) -> None:
        self.year = year
        self.measure = measure
        self.enterprise = enterprise
        self.product = product
        self.district = district
        self.state = "planned"
        self.method = ""
        self.terms = ""
        self.output = 0
        self.requested = 0
        self.granted = 0
        self.pre_issued = 0
        self.saleable = 0
        self.issued = 0
        self.pack_version = ""
        self.sheet = ""
        self.planned_by = 0

    def values(self) -> dict[str, object]:
        """Return the row by column; what comes after the plan is empty."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {**values, "cut": 0, "final_sheet": "", "report_hash": ""}


Staged = AllocationRow | Draft
"""A planned row, written before or not yet."""


def write_drafts(session: Session, drafts: Sequence[Draft]) -> None:
    """Write new rows."""
    if drafts:
        session.execute(
            sa.insert(AllocationRow.__table__),  # type: ignore[arg-type]
            [draft.values() for draft in drafts],
        )


def mark_issued(session: Session, rows: Sequence[AllocationRow], sequence: int) -> None:
    """Let *rows* be issued by the command *sequence*, each with what goes out beforehand."""
    table = AllocationRow.__table__
    key = [table.c[name] == sa.bindparam(f"k_{name}") for name in _KEY]
    session.flush()
    session.execute(
        sa.update(table)  # type: ignore[arg-type]
        .where(*key)
        .values(state="issued", issued_by=sequence, issued=sa.bindparam("v_issued")),
        [
            {**{f"k_{name}": getattr(row, name) for name in _KEY}, "v_issued": row.pre_issued}
            for row in rows
        ],
    )
    # Objects that an earlier command of the same batch has read would not know of it.
    for each in session.identity_map.values():
        if isinstance(each, AllocationRow):
            session.expire(each)


_KEY = ("year", "measure", "enterprise", "product")
