"""
Balances: what accounts have, had at a moment of the past, and what a period changed.

A moment is an instant in RFC 3339, or a date, which stands for the end of that day in Shanghai.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

from api.door import seen, visitor
from api.faces import faces
from api.read import balances as past
from api.read import ledger
from api.rest.accounts import ASSET, Balance
from api.rest.asked import Moment
from api.rest.fields import Amount, Count, Instant, Words
from api.rest.resource import QueryWhole, Resource, one, page
from ledger.tables import AccountRow

balances = Resource("balances", __name__, "Balances: now, in the past, and over a period")

Balances = ma.Schema.from_dict(
    {
        "account": Words(),
        "entry": Count(metadata={"description": "the last entry that is counted"}),
        "effective_at": Instant(allow_none=True),
        "items": ma.fields.List(ma.fields.Nested(Balance)),
    },
    name="AccountBalances",
)
Change = ma.Schema.from_dict(
    {**ASSET, "opening": Amount(), "received": Amount(), "given": Amount(), "closing": Amount()},
    name="AssetChange",
)
Difference = ma.Schema.from_dict(
    {
        "account": Words(),
        "from_entry": Count(metadata={"description": "the last entry before the period"}),
        "to_entry": Count(metadata={"description": "the last entry of the period"}),
        "items": ma.fields.List(ma.fields.Nested(Change)),
    },
    name="AccountDifference",
)
Total = ma.Schema.from_dict({**ASSET, "amount": Amount()}, name="Total")


@balances.get("/accounts/<address>/balances")
@balances.shows(Balances, as_of_entry=QueryWhole, as_of=Moment, effective=Moment)
def of_account(asked: Mapping[str, Any], address: str) -> Any:
    """Show what an account has, or had after an entry, at an instant, or by effective date."""
    return _of(address, past.at_moment, asked)


@balances.get("/accounts/<address>/difference")
@balances.shows(Difference, **{"from": Moment, "to": Moment})
def difference(asked: Mapping[str, Any], address: str) -> Any:
    """Show what a period changed on an account: opening, received, given, closing."""
    return _of(address, past.difference, asked)


@balances.get("/balances")
@balances.lists(Total, prefix=Words, as_of_entry=QueryWhole, as_of=Moment)
def index(asked: Mapping[str, Any]) -> Any:
    """List what all accounts together have whose address begins so: `district:370100:*`."""
    only_cash = ledger.cash_only(visitor().grants)
    window = past.totals(asked, seen(), only_cash=only_cash, now=faces().gateway.now())
    return page(window, asked, [sa.column("asset")])


def _of(address: str, read: Any, asked: Mapping[str, Any]) -> Any:
    only_cash = ledger.cash_only(visitor().grants)
    own = ledger.accounts(seen(), only_cash=only_cash).where(AccountRow.address == address)
    now = faces().gateway.now()
    return one(
        own,
        complete=lambda connection, rows: [read(connection, row, asked, now=now) for row in rows],
    )
