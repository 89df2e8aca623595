"""
The terms that accounts, periods and records stand on, as far as somebody sees.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.read.ledger import visible_account
from ledger.tables import AccountRow, AssetRow, HoldRow
from ledger.terms.tables import AccountLimitRow, MetadataRow, PeriodSealRow


def limits(reach: Reach, address: str, *, only_cash: bool = False) -> sa.Select[Any]:
    """Return the query of floors and ceilings of one account within *reach*, by asset."""
    row = AccountLimitRow
    return (
        sa.select(AssetRow.code.label("asset"), *row.__table__.columns)
        .join(AssetRow, AssetRow.id == row.asset_id)
        .join(AccountRow, AccountRow.id == row.account_id)
        .where(AccountRow.address == address, visible_account(reach, only_cash=only_cash))
        .where(sa.or_(row.floor.is_not(None), row.ceiling.is_not(None)))
    )


def with_set_aside(
    connection: sa.Connection, rows: list[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return *rows* of `limits` with what open holds of the account may still bring back."""
    accounts = {row["account_id"] for row in rows}
    found = connection.execute(
        sa.select(HoldRow.asset_id, sa.func.sum(HoldRow.remaining))
        .where(HoldRow.state == "open", HoldRow.account_id.in_(accounts))
        .group_by(HoldRow.asset_id)
    )
    aside = {asset: int(amount) for asset, amount in found}
    return [{**row, "set_aside": aside.get(row["asset_id"], 0)} for row in rows]


def seals() -> sa.Select[Any]:
    """Return the query of sealed periods, which concern everybody."""
    return sa.select(*PeriodSealRow.__table__.columns)


def notes(reach: Reach, *, only_cash: bool = False) -> sa.Select[Any]:
    """
    Return the query of notes, replaced ones too: all of them, or those on accounts within *reach*.

    Who sees everything but accounts of *only_cash* is told nothing of notes on the others.
    """
    row = MetadataRow
    query = sa.select(*row.__table__.columns)
    if reach.everything and not only_cash:
        return query
    own = sa.select("account:" + AccountRow.address).where(
        visible_account(reach, only_cash=only_cash)
    )
    seen: sa.ColumnElement[bool] = row.target.in_(own)
    if reach.everything:
        seen = sa.or_(seen, sa.func.substr(row.target, 1, len("account:")) != "account:")
    return query.where(seen)
