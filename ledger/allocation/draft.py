"""
A planned row before it is written, and how rows are written many at a time.

A plan may have a thousand rows, so none of them becomes an object of the database's mapper: that
alone would cost more than all that is reckoned.
"""

from collections.abc import Sequence
from typing import Protocol, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ledger.allocation.tables import AllocationRow
from ledger.work import Work

_TABLE = cast(sa.Table, AllocationRow.__table__)
_KEY = ("year", "measure", "enterprise", "product")
_PLANNED = (
    "method",
    "terms",
    "output",
    "requested",
    "granted",
    "pre_issued",
    "saleable",
    "pack_version",
    "sheet",
    "planned_by",
)


class Draft:
    """
    One row of an allocation as a plan makes it; its fields are those of the table.

    *is_stored* says that an earlier plan has written it, so that it is there already.
    """

    __slots__ = (
        "district",
        "enterprise",
        "granted",
        "is_stored",
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
        self.is_stored = False

    def values(self) -> dict[str, object]:
        """Return the row by column; what comes after the plan is empty."""
        values = {name: getattr(self, name) for name in FIELDS}
        return {**values, "cut": 0, "final_sheet": "", "report_hash": ""}


FIELDS = tuple(name for name in Draft.__slots__ if name != "is_stored")
"""The columns that a plan reads and writes."""

Staged = AllocationRow | Draft
"""A planned row, to be read as it is stored, or as it is to be written."""


class Place(Protocol):
    """Whose rows are meant: a district's, of one year and measure."""

    @property
    def district(self) -> str:
        """Return the district's code."""

    @property
    def year(self) -> int:
        """Return the vintage."""

    @property
    def measure(self) -> str:
        """Return what is measured."""


def stored_rows(work: Work, place: Place, among: Sequence[str] | None) -> list[AllocationRow]:
    """
    Return a district's rows, of some enterprises or of all; to be read and not written.

    They are plain rows, which have the fields of the mapped ones at a tenth of the cost.
    """
    columns = _TABLE.c
    query = sa.select(*(columns[name] for name in FIELDS)).where(
        columns.district == place.district,
        columns.year == place.year,
        columns.measure == place.measure,
    )
    if among is not None:
        query = query.where(columns.enterprise.in_(among))
    if work.session.autoflush:  # whoever only tries a plan writes nothing
        work.session.flush()
    return cast(list[AllocationRow], work.session.execute(query).all())


def draft_of(row: Staged) -> Draft:
    """Return *row* as one that can be changed."""
    if isinstance(row, Draft):
        return row
    draft = Draft.__new__(Draft)
    for name in FIELDS:
        setattr(draft, name, getattr(row, name))
    draft.is_stored = True
    return draft


def write_drafts(session: Session, drafts: Sequence[Draft]) -> None:
    """Write new rows, and what of stored ones the plan has changed."""
    new = [draft.values() for draft in drafts if not draft.is_stored]
    if new:
        session.execute(sa.insert(_TABLE), new)
    changed = [draft for draft in drafts if draft.is_stored]
    if changed:
        session.execute(
            sa.update(_TABLE)
            .where(*(_TABLE.c[name] == sa.bindparam(f"k_{name}") for name in _KEY))
            .values({name: sa.bindparam(f"v_{name}") for name in _PLANNED}),
            [
                {
                    **{f"k_{name}": getattr(draft, name) for name in _KEY},
                    **{f"v_{name}": getattr(draft, name) for name in _PLANNED},
                }
                for draft in changed
            ],
        )
        _forget(session)


def _forget(session: Session) -> None:
    """Let objects that an earlier command of the same batch has read be read again."""
    for each in session.identity_map.values():
        if isinstance(each, AllocationRow):
            session.expire(each)


def mark_issued(session: Session, rows: Sequence[AllocationRow], sequence: int) -> None:
    """Let *rows* be issued by the command *sequence*, each with what goes out beforehand."""
    session.flush()
    session.execute(
        sa.update(_TABLE)
        .where(*(_TABLE.c[name] == sa.bindparam(f"k_{name}") for name in _KEY))
        .values(state="issued", issued_by=sequence, issued=sa.bindparam("v_issued")),
        [
            {**{f"k_{name}": getattr(row, name) for name in _KEY}, "v_issued": row.pre_issued}
            for row in rows
        ],
    )
    _forget(session)
