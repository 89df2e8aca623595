"""
Accounts: what is on them, and how it came there.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from api.door import NotFound, seen, visitor
from api.faces import faces
from api.moments import period_asked
from api.read import ledger, parties
from api.rest.asked import Moment
from api.rest.fields import Amount, Count, Instant, Words
from api.rest.resource import Resource, one, page, snapshot, submit
from api.rest.shapes import enlarged, item_of
from ledger.chart import PURPOSES
from ledger.open_accounts import OpenAccounts
from ledger.tables import AccountRow

accounts = Resource("accounts", __name__, "Accounts: balances and statements")

ASSET: dict[str, ma.fields.Field[Any]] = {
    "asset": Words(),
    "measure": Words(),
    "kind": Words(),
    "origin": Words(),
    "vintage_year": Count(),
    "basis": Words(),
    "area": Words(),
    "unit": Words(metadata={"description": "the minor unit that amounts are counted in"}),
}
Balance = ma.Schema.from_dict({**ASSET, "amount": Amount()}, name="Balance")
Position = ma.Schema.from_dict(
    {**ASSET, **{purpose: Amount() for purpose in PURPOSES}}, name="AssetPosition"
)
Positions = ma.Schema.from_dict(
    {"enterprise": Words(), "items": ma.fields.List(ma.fields.Nested(Position))},
    name="Positions",
)
Account = item_of(AccountRow)
AccountShown = enlarged(Account, "AccountShown", balances=ma.fields.List(ma.fields.Nested(Balance)))
StatementLine = ma.Schema.from_dict(
    {
        "entry": Count(),
        "ordinal": Count(),
        "command_sequence": Count(),
        "recorded_at": Instant(),
        "code": Words(),
        "rule": Words(),
        "reference": Words(allow_none=True),
        "other": Words(),
        **ASSET,
        "change": Amount(),
        "balance": Amount(),
    },
    name="StatementLine",
)


class Order(Words):
    """Whether a list begins with the newest row or the oldest."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=ma.validate.OneOf(("newest", "oldest")), **kwargs)


@accounts.get("/enterprises/<enterprise>/balances")
@accounts.shows(Positions)
def balances(enterprise: str) -> Any:
    """Show what an enterprise has: each asset, and how much of it on each of its accounts."""
    with snapshot() as connection:
        if not parties.is_within(connection, seen(), enterprise):
            raise NotFound
        rows = ledger.balances(connection, enterprise, only_cash=_only_cash())
    return {"enterprise": enterprise, "items": rows}


@accounts.get("/accounts")
@accounts.lists(Account, prefix=Words, state=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List accounts, by the beginning of their address if asked."""
    query = ledger.accounts(seen(), prefix=asked.get("prefix", ""), only_cash=_only_cash())
    if "state" in asked:
        query = query.where(AccountRow.state == asked["state"])
    return page(query, asked, [AccountRow.id])


@accounts.get("/accounts/<address>")
@accounts.shows(AccountShown)
def show(address: str) -> Any:
    """Show one account with its balances."""
    return one(_account(address), complete=_with_balances)


@accounts.get("/accounts/<address>/statement")
@accounts.lists(StatementLine, asset=Words, order=Order, **{"from": Moment, "to": Moment})
def statement(asked: Mapping[str, Any], address: str) -> Any:
    """List the moves of one account with its balance after each; `order` newest or oldest first."""
    account, bounds = one(_account(address)), {}
    if asked.keys() & {"from", "to"}:
        with snapshot() as connection:
            first, last = period_asked(connection, asked, now=faces().gateway.now())
        bounds = {"first": first, "last": last}
    told = ledger.Statement(account, seen(), asset=asked.get("asset", ""), **bounds)
    newest_first = asked.get("order", "newest") == "newest"
    return page(told.query, asked, told.keys, newest_first=newest_first, complete=told.fill)


@accounts.post("/accounts")
@accounts.takes(OpenAccounts)
def open_several(document: Mapping[str, Any]) -> Any:
    """Open accounts and assets outside any registration, all or none."""
    return submit(OpenAccounts, document)


def _account(address: str) -> sa.Select[Any]:
    return ledger.accounts(seen(), only_cash=_only_cash()).where(AccountRow.address == address)


def _with_balances(
    connection: sa.Connection, rows: list[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    held = ledger.account_balances(connection, [row["address"] for row in rows])
    return [{**row, "balances": held.get(row["address"], [])} for row in rows]


def _only_cash() -> bool:
    return ledger.cash_only(visitor().grants)
