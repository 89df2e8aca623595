"""
Draw on a district's budget: never beyond its headroom, never below zero.
"""

from sqlalchemy.orm import object_session

from ledger.districts.budget import BudgetPosition, budget_account, flow_of, reserve_account
from ledger.districts.tables import BudgetRow
from ledger.districts.use_tables import BudgetUseRow
from ledger.entry import Entry
from ledger.errors import Refused
from ledger.memory import Memory
from ledger.parties.party import Parties
from ledger.post import InsufficientBalance, post
from ledger.work import Work


class BudgetNotSet(Refused):
    """No budget was decided for this district, year and measure."""

    code = "budget_not_set"
    rule = "DST-50"

    def __init__(self, district: str, *, year: int, measure: str) -> None:
        super().__init__(
            f"{district} has no {measure} budget for {year}: set one first",
            district=district,
            year=year,
            measure=measure,
        )


class BudgetExceeded(Refused):
    """More is asked of a budget than its headroom."""

    code = "budget_exceeded"
    rule = "DST-52"

    def __init__(
        self, district: str, *, year: int, measure: str, needed: int, available: int
    ) -> None:
        super().__init__(
            f"{needed} of the {measure} budget of {district} for {year} is needed, "
            f"but at most {available} is left uncommitted",
            district=district,
            year=year,
            measure=measure,
            needed=needed,
            available=available,
        )


def open_budget(work: Work, district: str, *, year: int, measure: str) -> BudgetRow:
    """Return the budget of a district, or refuse where none was decided. Rule: DST-50."""
    row = work.session.get(BudgetRow, (district, year, measure))
    if row is None:
        work.memory.cache(Parties).district(district)
        raise BudgetNotSet(district, year=year, measure=measure)
    return row


def position_of(memory: Memory, row: BudgetRow) -> BudgetPosition:
    """Return where a budget stands, by its balances as the writer knows them."""
    code = flow_of(row.district, year=row.year, measure=row.measure).code
    reserved = memory.balance(reserve_account(row.district), code)
    left = memory.balance(budget_account(row.district), code)
    session = object_session(row)
    assert session is not None, "a budget is read in the session of its command"
    use = session.get(BudgetUseRow, (row.district, row.year, row.measure))
    return BudgetPosition(
        cap=row.cap,
        reserved=reserved,
        committed=row.committed,
        issued=row.cap - reserved - left,
        uncovered=0 if use is None else use.uncovered,
        freed=0 if use is None else use.freed,
        listed=0 if use is None else use.listed,
        split=0 if use is None else use.split,
    )


def require_headroom(memory: Memory, row: BudgetRow, needed: int) -> None:
    """Refuse to go beyond what a budget has left uncommitted. Rule: DST-52."""
    available = position_of(memory, row).headroom
    if needed > available:
        raise _exceeded(row, needed=needed, available=available)


def draw(work: Work, row: BudgetRow, entry: Entry) -> int:
    """Post *entry*, whose units leave the budget of *row*, which never goes below zero."""
    try:
        return post(work, entry)
    except InsufficientBalance as refusal:
        needed, available = int(refusal.facts["needed"]), int(refusal.facts["available"])
        raise _exceeded(row, needed=needed, available=available) from refusal


def _exceeded(row: BudgetRow, *, needed: int, available: int) -> BudgetExceeded:
    return BudgetExceeded(
        row.district, year=row.year, measure=row.measure, needed=needed, available=available
    )
