"""
Freeze an account, thaw it, close it for good; the journal of this is the commands themselves.

A freeze stops what is newly decided (DECIDED, `ledger.entry`). What was agreed before and what
falls due still happens, so that no counterparty and no deadline waits for it.
"""

from typing import ClassVar

import sqlalchemy as sa

from ledger.chart import owner_of
from ledger.command import Payload
from ledger.errors import Refused
from ledger.memory import ASSET_BITS, CLOSED, FROZEN, OPEN, Account, Memory
from ledger.post import AccountUnknown
from ledger.subject import Result
from ledger.tables import AccountRow
from ledger.work import Work

DOCUMENT_MAX = 500
"""Characters of the name of the document that a change of state rests on."""

NEVER_FROZEN = ("scheme", "bank", "venue", "treasury")
"""Owners without whose accounts nobody's rights could be issued, settled or used up."""


class AccountStateSame(Refused):
    """The account is in that state already."""

    code = "account_state_same"
    rule = "REG-44"

    def __init__(self, address: str, state: str) -> None:
        super().__init__(f"{address} is {state} already", account=address, state=state)


class AccountClosed(Refused):
    """The account was closed, which is for good."""

    code = "account_closed"
    rule = "REG-44"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address} was closed for good; its owner needs another account", account=address
        )


class AccountNeverFrozen(Refused):
    """The account belongs to the scheme itself and stays open."""

    code = "account_never_frozen"
    rule = "REG-44"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address} serves the whole scheme and stays open; freeze the accounts of the party "
            "instead",
            account=address,
        )


class AccountHasUnits(Refused):
    """An account that is to be closed still has something in it."""

    code = "account_has_units"
    rule = "REG-44"

    def __init__(self, address: str, asset: str, *, amount: int) -> None:
        super().__init__(
            f"{address} still has {amount} of {asset}; empty it first",
            account=address,
            asset=asset,
            available=amount,
        )


class AccountHasHolds(Refused):
    """An account is to be closed while something of its owner is set aside."""

    code = "account_has_holds"
    rule = "REG-44"

    def __init__(self, address: str, hold: int) -> None:
        super().__init__(
            f"{owner_of(address)} still has units set aside, by hold {hold}; end it before "
            f"{address} is closed",
            account=address,
            owner=owner_of(address),
            hold=hold,
        )


class DocumentUnfit(Refused):
    """The document that a change of state rests on is not named, or at too great length."""

    code = "document_unfit"
    rule = "REG-44"

    def __init__(self, length: int) -> None:
        super().__init__(
            f"name the document this rests on, in 1 to {DOCUMENT_MAX} characters, not {length}",
            length=length,
            largest=DOCUMENT_MAX,
        )


class FreezeAccount(Payload, frozen=True):
    """Let nothing newly decided enter or leave *account*, by the *document* that orders it."""

    kind: ClassVar[str] = "accounts.freeze"
    account: str
    document: str


class ThawAccount(Payload, frozen=True):
    """Open a frozen *account* again, by the *document* that says so."""

    kind: ClassVar[str] = "accounts.thaw"
    account: str
    document: str


class CloseAccount(Payload, frozen=True):
    """Close an empty *account* for good, by the *document* that says so."""

    kind: ClassVar[str] = "accounts.close"
    account: str
    document: str


def freeze_account(work: Work, payload: FreezeAccount) -> Result:
    """Freeze an account. Refusals as `_account` has them. Rule: REG-44."""
    return _turn(work, _account(work, payload.account, payload.document, FROZEN), FROZEN)


def thaw_account(work: Work, payload: ThawAccount) -> Result:
    """Open a frozen account again. Refusals as `_account` has them. Rule: REG-44."""
    return _turn(work, _account(work, payload.account, payload.document, OPEN), OPEN)


def close_account(work: Work, payload: CloseAccount) -> Result:
    """
    Close an account; a frozen one may be closed too.

    Refusals in this order: those of `_account`, units of any asset, holds of its owner.
    Rule: REG-44.
    """
    account = _account(work, payload.account, payload.document, CLOSED)
    _require_empty(work.memory, account)
    _require_no_holds(work.memory, account)
    return _turn(work, account, CLOSED)


def _account(work: Work, address: str, document: str, state: str) -> Account:
    """Return the account that is to be in *state*: known, not the scheme's, not so already."""
    if not document.strip() or len(document) > DOCUMENT_MAX:
        raise DocumentUnfit(len(document.strip()))
    account = work.memory.accounts.get(address)
    if account is None:
        raise AccountUnknown(address)
    if owner_of(address).partition(":")[0] in NEVER_FROZEN:
        raise AccountNeverFrozen(address)
    if account.state == state:
        raise AccountStateSame(address, state)
    if account.state == CLOSED:
        raise AccountClosed(address)
    return account


def _require_empty(memory: Memory, account: Account) -> None:
    for asset in memory.assets_by_id:
        amount = memory.balances.get(account.id << ASSET_BITS | asset.id, 0)
        if amount:
            raise AccountHasUnits(account.address, asset.code, amount=amount)


def _require_no_holds(memory: Memory, account: Account) -> None:
    """Refuse while an open hold, of whichever purpose, may still bring something here."""
    owner = owner_of(account.address)
    for hold in memory.holds.values():
        if owner_of(hold.account.address) == owner:
            raise AccountHasHolds(account.address, hold.id)


def _turn(work: Work, account: Account, state: str) -> Result:
    before = account.state
    work.on_refusal(lambda: account.turn(before))
    account.turn(state)
    row = sa.update(AccountRow).where(AccountRow.id == account.id)
    work.session.execute(row.values(state=state))
    return {"account": account.address, "state": state}
