"""
Whether a district's budget has room for the standing rights confirmed in it.

Rights are levels a year, a budget is a year's: each budget that was decided, from this year on,
must cover every right of the district that still runs in its year.
"""

import sqlalchemy as sa

from ledger.asset import Kind, parse_asset
from ledger.days import day_of
from ledger.districts.tables import BudgetRow
from ledger.districts.use_tables import BudgetUseRow
from ledger.errors import Refused
from ledger.memory import Memory
from ledger.work import Work


class RightsExceedBudget(Refused):
    """The standing rights of a district come to more than its budget of a year covers."""

    code = "rights_exceed_budget"
    rule = "DST-66"

    def __init__(
        self, district: str, *, year: int, measure: str, needed: int, available: int
    ) -> None:
        super().__init__(
            f"the {measure} rights of {district} that run in {year} would come to {needed}, but "
            f"its budget covers at most {available}: confirm less, or raise the budget first",
            district=district,
            year=year,
            measure=measure,
            needed=needed,
            available=available,
        )


def require_room_for_rights(work: Work, district: str, measure: str) -> None:
    """
    Refuse what was just issued where the rights of *district* come to more than a budget covers.

    Call it once after the rights of a command are issued. Where no budget was decided for a year
    nothing is asked of that year. Quota listed for one project is the city's and does not count.

    Rule: DST-66.
    """
    work.session.flush()
    budgets = work.session.execute(
        sa.select(BudgetRow, BudgetUseRow)
        .outerjoin(
            BudgetUseRow,
            (BudgetUseRow.district == BudgetRow.district)
            & (BudgetUseRow.year == BudgetRow.year)
            & (BudgetUseRow.measure == BudgetRow.measure),
        )
        .where(
            BudgetRow.district == district,
            BudgetRow.measure == measure,
            BudgetRow.year >= day_of(work.now).year,
        )
        .order_by(BudgetRow.year)
    )
    for budget, use in budgets:
        available = budget.cap - (0 if use is None else use.uncovered + use.listed + use.split)
        needed = rights_in(work.memory, district, measure=measure, year=budget.year)
        if needed > available:
            raise RightsExceedBudget(
                district,
                year=budget.year,
                measure=measure,
                needed=needed,
                available=available,
            )


def rights_in(memory: Memory, district: str, *, measure: str, year: int) -> int:
    """Return the standing rights of a district that run in *year*: issued and not undone."""
    gone = [address for address in memory.accounts if _is_end(address)]
    total = 0
    for held in memory.assets_by_id:
        if not held.code.startswith(f"{measure}.standing."):
            continue
        asset = parse_asset(held.code)
        if asset.kind is Kind.STANDING and asset.area == district and asset.vintage >= year:
            total -= memory.balance("scheme:issuance", held.code)
            total -= sum(memory.balance(address, held.code) for address in gone)
    return total


def _is_end(address: str) -> bool:
    return address.startswith("scheme:") and address != "scheme:issuance"
