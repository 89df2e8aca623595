"""
Accounts, balances, statements and holds, as far as somebody sees.

An address tells whose account it is, so what is in reach is a condition on addresses. The journal
is in `api.read.journal`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.matrix import Reach
from api.paging import Asked
from ledger.asset import CNY, parse_asset
from ledger.balances import address_range
from ledger.chart import PURPOSES, of_enterprise
from ledger.parties.tables import EnterpriseRow
from ledger.statement import moves, running_before
from ledger.subject import Role
from ledger.substitution.tables import FreedClaimRow, FreedSourceRow
from ledger.tables import (
    AccountRow,
    AssetRow,
    BalanceRow,
    CommandRow,
    EntryRow,
    HoldRow,
)

Row = Mapping[str, Any]

OF_DISTRICT = ("budget", "reserve", "held")
CASH_ACCOUNTS = ("bank:settlement", "venue:fees", "treasury:usage_fees", "treasury:sales")
UNITS = {"energy": "kgce", "coal": "kg", "carbon": "kg", "cash": "fen"}
"""The minor unit that amounts of a measure are counted in; other measures name none."""


def cash_only(grants: Iterable[tuple[str, str]]) -> bool:
    """Return whether the roles in *grants* see cash alone: the clearing house's do."""
    return {role for role, _ in grants} == {str(Role.CLEARING_OPERATOR)}


def visible_account(reach: Reach, *, only_cash: bool = False) -> sa.ColumnElement[bool]:
    """Return the condition that an account is within *reach*, and holds cash if *only_cash*."""
    seen = sa.true() if reach.everything else sa.or_(*_owned(reach))
    return sa.and_(seen, _holds_cash()) if only_cash else seen


def _owned(reach: Reach) -> list[sa.ColumnElement[bool]]:
    """Return one condition for each way in which *reach* owns an account; equality uses indexes."""
    address = AccountRow.address
    own = [
        of_enterprise(each, purpose) for each in sorted(reach.enterprises) for purpose in PURPOSES
    ]
    own += [f"district:{code}:{kind}" for code in sorted(reach.districts) for kind in OF_DISTRICT]
    conditions: list[sa.ColumnElement[bool]] = [address.in_(own)]
    if reach.districts:
        party = EnterpriseRow.district.in_(sorted(reach.districts))
        each = [
            sa.select("enterprise:" + EnterpriseRow.id + f":{purpose}").where(party)
            for purpose in PURPOSES
        ]
        conditions.append(address.in_(sa.union_all(*each)))
    if reach.enterprises or reach.districts:
        conditions.append(address.in_(_sources(reach)))
    return conditions


def _sources(reach: Reach) -> sa.Select[str]:
    """Return the addresses of the freed quota of enterprises in *reach*."""
    joined = sa.join(FreedSourceRow, FreedClaimRow, FreedClaimRow.id == FreedSourceRow.claim)
    joined = joined.join(EnterpriseRow, EnterpriseRow.id == FreedClaimRow.enterprise)
    within = sa.or_(
        EnterpriseRow.id.in_(sorted(reach.enterprises)),
        EnterpriseRow.district.in_(sorted(reach.districts)),
    )
    return sa.select("source:" + FreedSourceRow.id).select_from(joined).where(within)


def _holds_cash() -> sa.ColumnElement[bool]:
    address = AccountRow.address
    return sa.or_(
        address.like("enterprise:%:cash"),
        address.like(r"enterprise:%:cash\_held", escape="\\"),
        address.in_(CASH_ACCOUNTS),
    )


def accounts(reach: Reach, *, prefix: str = "", only_cash: bool = False) -> sa.Select[Any]:
    """Return the query of accounts in *reach* whose address begins with *prefix*."""
    query = sa.select(*AccountRow.__table__.columns).where(
        visible_account(reach, only_cash=only_cash)
    )
    return query.where(address_range(prefix))


def asset_fields(code: str) -> dict[str, Any]:
    """Return what an asset code says, field by field, with the unit its amounts are in."""
    if code == CNY:
        return {"asset": code, "measure": "cash", "kind": "cash", "unit": UNITS["cash"]}
    asset = parse_asset(code)
    return {
        "asset": code,
        "measure": asset.measure,
        "kind": str(asset.kind),
        "origin": str(asset.origin),
        "vintage_year": asset.vintage,
        "basis": asset.basis,
        "area": asset.area,
        "unit": UNITS.get(asset.measure, ""),
    }


def account_balances(connection: sa.Connection, addresses: Iterable[str]) -> dict[str, list[Row]]:
    """Return by address the balances that are not zero: asset fields and *amount*."""
    query = (
        sa.select(AccountRow.address, AssetRow.code, BalanceRow.amount)
        .join(BalanceRow, BalanceRow.account_id == AccountRow.id)
        .join(AssetRow, AssetRow.id == BalanceRow.asset_id)
        .where(AccountRow.address.in_(list(addresses)), BalanceRow.amount != 0)
        .order_by(AssetRow.code)
    )
    found: dict[str, list[Row]] = {}
    for address, code, amount in connection.execute(query):
        found.setdefault(address, []).append(asset_fields(code) | {"amount": amount})
    return found


def balances(connection: sa.Connection, enterprise: str, *, only_cash: bool = False) -> list[Row]:
    """
    Return what *enterprise* has, a row for each asset with any: asset fields and each purpose.

    Purposes are those of `ledger.chart.PURPOSES`, 0 where there is nothing. That the enterprise is
    within reach is for the caller to check, with `api.read.parties.is_within`.
    """
    addresses = {of_enterprise(enterprise, purpose): purpose for purpose in PURPOSES}
    rows: dict[str, dict[str, Any]] = {}
    for address, held in account_balances(connection, addresses).items():
        for row in held:
            if only_cash and row["kind"] != "cash":
                continue
            fields = {name: value for name, value in row.items() if name != "amount"}
            nothing = dict.fromkeys(PURPOSES, 0)
            own = rows.setdefault(row["asset"], fields | nothing)
            own[addresses[address]] = row["amount"]
    return [rows[asset] for asset in sorted(rows)]


class Statement:
    """
    One account's moves: page through `query` in order of `keys`, then `fill` each page.

    *account* is a row of `accounts`; *first* and *last* bound the entries to those after *first*
    and up to *last*. Of the other end only its kind is told where it is another enterprise's
    outside *reach*.
    """

    keys: Sequence[Any] = (sa.column("entry"), sa.column("ordinal"))

    def __init__(
        self,
        account: Row,
        reach: Reach,
        *,
        asset: str = "",
        first: int = 0,
        last: int | None = None,
    ) -> None:
        self.account, self.reach, self.asset = account, reach, asset
        self.first, self.last = first, last

    def query(self, connection: sa.Connection, asked: Asked, newest_first: bool) -> Sequence[Row]:
        """Return the rows of the page that is asked for: a `Window`."""
        after = (int(asked.after[0]), int(asked.after[1])) if asked.after else None
        return moves(
            connection,
            self.account["id"],
            after=after,
            limit=asked.limit + 1,
            newest_first=newest_first,
            first=self.first,
            last=self.last,
            asset=self.asset,
        )

    def fill(self, connection: sa.Connection, rows: Sequence[Row]) -> list[Row]:
        """Return *rows* of `query` with entry, other end, asset and balance after each move."""
        if not rows:
            return []
        told = _told(connection, [row["entry"] for row in rows])
        others = shown_addresses(connection, {row["other_id"] for row in rows}, self.reach)
        assets = assets_by_id(connection, {row["asset_id"] for row in rows})
        begin = min((row["entry"], row["ordinal"]) for row in rows)
        running = running_before(connection, self.account["id"], begin)
        after: dict[tuple[int, int], int] = {}
        for row in sorted(rows, key=lambda each: (each["entry"], each["ordinal"])):
            running[row["asset_id"]] = running.get(row["asset_id"], 0) + row["change"]
            after[row["entry"], row["ordinal"]] = running[row["asset_id"]]
        return [
            {
                **told[row["entry"]],
                "ordinal": row["ordinal"],
                "other": others[row["other_id"]],
                **assets[row["asset_id"]],
                "change": row["change"],
                "balance": after[row["entry"], row["ordinal"]],
            }
            for row in rows
        ]


def _told(connection: sa.Connection, entries: Iterable[int]) -> dict[int, Row]:
    query = (
        sa.select(
            EntryRow.sequence.label("entry"),
            EntryRow.command_sequence,
            EntryRow.code,
            EntryRow.rule,
            EntryRow.reference,
            CommandRow.recorded_at,
        )
        .join(CommandRow, CommandRow.sequence == EntryRow.command_sequence)
        .where(EntryRow.sequence.in_(sorted(set(entries))))
    )
    return {row["entry"]: dict(row) for row in connection.execute(query).mappings()}


def assets_by_id(connection: sa.Connection, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return the fields of assets by their id."""
    query = sa.select(AssetRow.id, AssetRow.code).where(AssetRow.id.in_(sorted(ids)))
    return {row.id: asset_fields(row.code) for row in connection.execute(query)}


def shown_addresses(connection: sa.Connection, ids: Iterable[int], reach: Reach) -> dict[int, str]:
    """Return addresses by id; of another's account outside *reach* the owner is a star."""
    seen = visible_account(reach).label("seen")
    query = sa.select(AccountRow.id, AccountRow.address, seen).where(
        AccountRow.id.in_(sorted(set(ids)))
    )
    return {
        row.id: row.address if row.seen else _without_owner(row.address)
        for row in connection.execute(query)
    }


def _without_owner(address: str) -> str:
    kind, _, rest = address.partition(":")
    if kind == "enterprise":
        return f"enterprise:*:{rest.partition(':')[2]}"
    if kind == "source":
        return "source:*"
    if address.startswith("scheme:substituted:"):
        return "scheme:substituted:*"
    return address


def holds(reach: Reach, *, only_cash: bool = False) -> sa.Select[Any]:
    """Return the query of holds on accounts in *reach*, with account, asset and what is left."""
    its: list[Any] = [HoldRow.id, HoldRow.amount, HoldRow.remaining, HoldRow.state]
    its += [HoldRow.expires_at, HoldRow.purpose]
    return (
        sa.select(*its, AccountRow.address.label("account"), AssetRow.code.label("asset"))
        .join(AccountRow, AccountRow.id == HoldRow.account_id)
        .join(AssetRow, AssetRow.id == HoldRow.asset_id)
        .where(visible_account(reach, only_cash=only_cash))
    )
