"""
Split a budget down: what districts below are given is out of the budget above.
"""

import sqlalchemy as sa

from ledger.districts.draw import position_of
from ledger.districts.tables import BudgetRow
from ledger.districts.use_tables import BudgetUseRow
from ledger.districts.uses import use_of, write_line
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.work import Work


class BudgetSplitExceeded(Refused):
    """The caps of the districts below come to more than the budget above has for them."""

    code = "budget_split_exceeded"
    rule = "DST-60"

    def __init__(
        self, parent: str, *, district: str, year: int, measure: str, needed: int, available: int
    ) -> None:
        super().__init__(
            f"{needed} of the {measure} budget of {parent} for {year} is needed for {district}, "
            f"but at most {available} is left there: raise that budget first",
            parent=parent,
            district=district,
            year=year,
            measure=measure,
            needed=needed,
            available=available,
        )


def count_split(work: Work, row: BudgetRow, *, document: str) -> int:
    """Count the caps right below into a budget, a line of its book, and return their sum."""
    parties = work.memory.cache(Parties)
    below = [one.code for one in parties.districts.values() if one.parent == row.district]
    work.session.flush()
    total = work.session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(BudgetRow.cap), 0)).where(
            BudgetRow.district.in_(below),
            BudgetRow.year == row.year,
            BudgetRow.measure == row.measure,
        )
    )
    given = int(total or 0)
    known = work.session.get(BudgetUseRow, (row.district, row.year, row.measure))
    change = given - (0 if known is None else known.split)
    if change:
        use = use_of(work, row.district, year=row.year, measure=row.measure)
        use.split = given
        write_line(work, use, line="split_down", amount=-change, document=document)
    return given


def require_split(work: Work, row: BudgetRow, *, rise: int, document: str) -> None:
    """
    Refuse a cap that its district cannot split down further, or that the one above cannot give.

    *rise* is by how much the cap was raised just now. Where nothing was decided above, nothing is
    asked there.

    Rule: DST-60.
    """
    given = count_split(work, row, document=document)
    left = position_of(work.memory, row).headroom
    if given and left < 0:
        raise _exceeded(row, row.district, needed=given, available=given + left)
    parent = work.memory.cache(Parties).district(row.district).parent
    above = work.session.get(BudgetRow, (parent, row.year, row.measure)) if parent else None
    if above is None:
        return
    count_split(work, above, document=document)
    left = position_of(work.memory, above).headroom
    if rise > 0 and left < 0:
        raise _exceeded(above, row.district, needed=rise, available=rise + left)


def _exceeded(
    above: BudgetRow, district: str, *, needed: int, available: int
) -> BudgetSplitExceeded:
    return BudgetSplitExceeded(
        above.district,
        district=district,
        year=above.year,
        measure=above.measure,
        needed=needed,
        available=available,
    )
