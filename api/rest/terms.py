"""
Terms: limits of accounts, their freezing and closing, sealed periods, and notes on what there is.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import seen, visitor
from api.read import ledger
from api.read import terms as reading
from api.read.narrow import narrow
from api.rest.fields import Amount, Count, Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import item_of
from ledger.tables import AccountRow
from ledger.terms.limit import SetLimit
from ledger.terms.note import SetMetadata
from ledger.terms.seal import SealPeriod
from ledger.terms.state import CloseAccount, FreezeAccount, ThawAccount
from ledger.terms.tables import AccountLimitRow, MetadataRow, PeriodSealRow

terms = Resource("terms", __name__, "Terms: limits, freezes, closings, sealed periods, notes")

Limit = ma.Schema.from_dict(
    {
        "asset": Words(),
        "floor": Amount(allow_none=True),
        "ceiling": Amount(allow_none=True),
        "set_aside": Amount(metadata={"description": "in open holds, which the ceiling counts"}),
        "set_by": Count(metadata={"description": "the command that set both"}),
    },
    name="AccountLimit",
)
Seal = item_of(PeriodSealRow)
Note = item_of(MetadataRow)
AccountNote = ma.Schema.from_dict(
    {"key": Words(), "set_by": Count(), "value": Words()}, name="AccountNote"
)


@terms.get("/accounts/<address>/limits")
@terms.lists(Limit)
def limits(asked: Mapping[str, Any], address: str) -> Any:
    """List floors and ceilings of one account, in the order in which assets were opened."""
    _require_account(address)
    query = reading.limits(seen(), address, only_cash=_only_cash())
    return page(query, asked, [AccountLimitRow.asset_id], complete=reading.with_set_aside)


@terms.post("/accounts/<address>/limits")
@terms.takes(SetLimit, path=("account",))
def limit(document: Mapping[str, Any], address: str) -> Any:
    """Propose a floor and a ceiling for one asset in an account; none takes them away."""
    return submit(SetLimit, {**document, "account": address})


@terms.post("/accounts/<address>/freezes")
@terms.takes(FreezeAccount, path=("account",))
def freeze(document: Mapping[str, Any], address: str) -> Any:
    """Propose to freeze an account, by a document that orders it."""
    return submit(FreezeAccount, {**document, "account": address})


@terms.post("/accounts/<address>/thaws")
@terms.takes(ThawAccount, path=("account",))
def thaw(document: Mapping[str, Any], address: str) -> Any:
    """Propose to open a frozen account again, by a document that says so."""
    return submit(ThawAccount, {**document, "account": address})


@terms.post("/accounts/<address>/closings")
@terms.takes(CloseAccount, path=("account",))
def close(document: Mapping[str, Any], address: str) -> Any:
    """Propose to close an empty account for good, by a document that says so."""
    return submit(CloseAccount, {**document, "account": address})


@terms.get("/accounts/<address>/metadata")
@terms.lists(AccountNote, key=Words)
def account_notes(asked: Mapping[str, Any], address: str) -> Any:
    """List what was noted about one account, what was replaced too; the newest of a key counts."""
    _require_account(address)
    query = reading.notes(seen(), only_cash=_only_cash())
    about = query.where(MetadataRow.target == f"account:{address}")
    return page(narrow(about, asked, key=MetadataRow.key), asked, _NOTE_KEYS)


@terms.get("/metadata")
@terms.lists(Note, target=Words, key=Words)
def notes(asked: Mapping[str, Any]) -> Any:
    """List notes on what one sees, by what they are about and their key, the oldest first."""
    query = reading.notes(seen(), only_cash=_only_cash())
    own = {"target": MetadataRow.target, "key": MetadataRow.key}
    return page(narrow(query, asked, **own), asked, _NOTE_KEYS)


@terms.post("/metadata")
@terms.takes(SetMetadata)
def note(document: Mapping[str, Any]) -> Any:
    """Note something about an account, an asset, an entry or a command."""
    return submit(SetMetadata, document)


@terms.get("/period-seals")
@terms.lists(Seal)
def seals(asked: Mapping[str, Any]) -> Any:
    """List sealed periods, the newest first; nothing can be made to count in them."""
    return page(reading.seals(), asked, [PeriodSealRow.sealed_by], newest_first=True)


@terms.post("/period-seals")
@terms.takes(SealPeriod)
def seal(document: Mapping[str, Any]) -> Any:
    """Propose to seal the books through the end of a day that is over."""
    return submit(SealPeriod, document)


_NOTE_KEYS = [MetadataRow.target, MetadataRow.key, MetadataRow.set_by]


def _require_account(address: str) -> None:
    """Answer as for an account that does not exist where it is out of reach."""
    one(ledger.accounts(seen(), only_cash=_only_cash()).where(AccountRow.address == address))


def _only_cash() -> bool:
    return ledger.cash_only(visitor().grants)
