"""
Read where budgets stand, from the database, for pages and reports.
"""

import sqlalchemy as sa

from ledger.districts.budget import BudgetPosition, budget_account, flow_of, reserve_account
from ledger.districts.tables import BudgetRow
from ledger.districts.use_tables import BudgetUseRow
from ledger.tables import AccountRow, AssetRow, BalanceRow

BudgetKey = tuple[str, int, str]

_USES = ("uncovered", "freed", "listed", "split")


def read_budgets(
    connection: sa.Connection, *, district: str | None = None, year: int | None = None
) -> dict[BudgetKey, BudgetPosition]:
    """
    Return the positions of all budgets by (district, year, measure), or of one district or year.

    Rule: DST-13.
    """
    rows = sa.select(
        BudgetRow.__table__,
        *(sa.func.coalesce(getattr(BudgetUseRow, name), 0).label(name) for name in _USES),
    ).outerjoin(
        BudgetUseRow,
        (BudgetUseRow.district == BudgetRow.district)
        & (BudgetUseRow.year == BudgetRow.year)
        & (BudgetUseRow.measure == BudgetRow.measure),
    )
    if district is not None:
        rows = rows.where(BudgetRow.district == district)
    if year is not None:
        rows = rows.where(BudgetRow.year == year)
    balances = _balances(connection)
    return {
        (row.district, row.year, row.measure): _position(row, balances)
        for row in connection.execute(
            rows.order_by(BudgetRow.district, BudgetRow.year, BudgetRow.measure)
        )
    }


def _position(
    row: sa.Row[tuple[object, ...]], balances: dict[tuple[str, str], int]
) -> BudgetPosition:
    code = flow_of(row.district, year=row.year, measure=row.measure).code
    reserved = balances.get((reserve_account(row.district), code), 0)
    left = balances.get((budget_account(row.district), code), 0)
    return BudgetPosition(
        cap=row.cap,
        reserved=reserved,
        committed=row.committed,
        issued=row.cap - reserved - left,
        **{name: getattr(row, name) for name in _USES},
    )


def _balances(connection: sa.Connection) -> dict[tuple[str, str], int]:
    rows = connection.execute(
        sa.select(AccountRow.address, AssetRow.code, BalanceRow.amount)
        .join(AccountRow, AccountRow.id == BalanceRow.account_id)
        .join(AssetRow, AssetRow.id == BalanceRow.asset_id)
        .where(AccountRow.address.like("district:%"))
    )
    return {(address, code): amount for address, code, amount in rows}
