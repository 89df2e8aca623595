"""
On what basis and factor edition past figures are counted, and that none is mixed with another.

An allocation that looks back must count the past as the obligation of its year will be counted:
the same basis, the same edition of factors. A record that states neither is taken as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from ledger.allocation.method_tables import HistoryBasisRow
from ledger.allocation.tables import HistoryRow
from ledger.errors import Refused
from ledger.metering.carriers import Basis
from ledger.metering.tables import FactorEditionRow
from ledger.work import Work

COUNTED = Basis.EQUIVALENT
"""The one basis on which allowances are counted."""


class HistoryBasisOther(Refused):
    """A past year is counted on another basis or edition than the year's obligation."""

    code = "history_basis_other"
    rule = "ALC-72"

    def __init__(self, row: HistoryRow, *, what: str, found: str, needed: str) -> None:
        super().__init__(
            f"the history of {row.enterprise} for {row.year} is counted on {what} {found}, but the "
            f"obligation of the year on {needed}: record it again on {needed}",
            enterprise=row.enterprise,
            year=row.year,
            product=row.product,
            what=what,
            found=found,
            needed=needed,
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """How records say they are counted, by record, and the vintage's own edition ("" if none)."""

    stated: Mapping[tuple[str, int, str, int], tuple[str, str]]
    edition: str


def counted(work: Work, enterprises: Iterable[str], *, vintage: int) -> Counted:
    """Read how the history of some enterprises is counted, and by which edition the vintage is."""
    rows = work.session.scalars(
        sa.select(HistoryBasisRow).where(HistoryBasisRow.enterprise.in_(list(enterprises)))
    )
    stated = {
        (row.enterprise, row.year, row.product, row.recorded_by): (row.basis, row.edition)
        for row in rows
    }
    return Counted(stated, _edition_in_force(work, vintage) if stated else "")


def _edition_in_force(work: Work, vintage: int) -> str:
    edition = work.session.scalar(
        sa.select(FactorEditionRow.edition)
        .where(FactorEditionRow.year == vintage, FactorEditionRow.basis == COUNTED.value)
        .order_by(FactorEditionRow.adopted_by.desc())
        .limit(1)
    )
    return edition or ""


def require_counted_alike(how: Counted, rows: Iterable[HistoryRow]) -> None:
    """
    Refuse *rows*, the base years of one allocation, where one is counted otherwise.

    The edition is the vintage's, or where none is adopted yet the first that a row states.

    Rule: ALC-72.
    """
    needed = how.edition
    for row in rows:
        key = (row.enterprise, row.year, row.product, row.recorded_by)
        basis, edition = how.stated.get(key, ("", ""))
        if basis and basis != COUNTED.short:
            raise HistoryBasisOther(row, what="basis", found=basis, needed=COUNTED.short)
        needed = needed or edition
        if edition and edition != needed:
            raise HistoryBasisOther(row, what="edition", found=edition, needed=needed)
