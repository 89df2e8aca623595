"""Rebuild from the database what binds accounts and periods."""

from collections.abc import Collection
from datetime import date

import sqlalchemy as sa

from ledger.days import end_of
from ledger.memory import ASSET_BITS, Limit, Memory
from ledger.tables import HoldRow, LedgerRow
from ledger.terms.tables import AccountLimitRow, PeriodSealRow


def load_terms(connection: sa.Connection, memory: Memory) -> None:
    """Fill *memory* with limits, the opening of the ledger and its newest seal."""
    load_limits(connection, memory)
    opened = connection.execute(sa.select(LedgerRow.opened_at)).scalar_one_or_none()
    memory.opened_at = opened or 0
    through = connection.execute(sa.select(sa.func.max(PeriodSealRow.through))).scalar_one()
    memory.sealed_until = end_of(date.fromisoformat(through)) if through else 0


def load_limits(
    connection: sa.Connection, memory: Memory, *, only: Collection[int] | None = None
) -> None:
    """
    Give the accounts in *memory* their limits; with *only*, those of these ids and no others.

    What holds have set aside is summed in the database, since memory may not have every hold.
    """
    row = AccountLimitRow
    query = sa.select(row.account_id, row.asset_id, row.floor, row.ceiling).where(
        sa.or_(row.floor.is_not(None), row.ceiling.is_not(None))
    )
    if only is not None:
        query = query.where(row.account_id.in_(sorted(only)))
    found = connection.execute(query).all()
    if not found:
        return
    accounts = {account.id: account for account in memory.accounts.values()}
    aside = _set_aside(connection)
    for account_id, asset_id, floor, ceiling in found:
        place = account_id << ASSET_BITS | asset_id
        memory.limits[place] = Limit(floor, ceiling, aside.get((account_id, asset_id), 0))
        accounts[account_id].count_limits(1)


def _set_aside(connection: sa.Connection) -> dict[tuple[int, int], int]:
    limited = sa.select(AccountLimitRow.account_id)
    rows = connection.execute(
        sa.select(HoldRow.account_id, HoldRow.asset_id, sa.func.sum(HoldRow.remaining))
        .where(HoldRow.state == "open", HoldRow.account_id.in_(limited))
        .group_by(HoldRow.account_id, HoldRow.asset_id)
    )
    return {(account, asset): int(amount) for account, asset, amount in rows}
