"""Open the ledger, accounts and assets; set what falls due."""

from heapq import heappush
from typing import ClassVar, Literal

from ledger.asset import CNY, Asset
from ledger.chart import PURPOSES, SCHEME_ACCOUNTS, of_enterprise
from ledger.command import Payload
from ledger.errors import Refused
from ledger.memory import ASSET_BITS, Account, HeldAsset
from ledger.roles import Grant, grant_one
from ledger.subject import VERB_DECIDES, Handler, Result
from ledger.tables import LedgerRow
from ledger.work import Work

ASSETS_MAX = (1 << ASSET_BITS) - 1
"""How many assets have a number that fits the bits which a balance's key has for it."""


class LedgerAlreadyOpen(Refused):
    """The ledger was opened by its first command and cannot be opened again."""

    code = "ledger_already_open"
    rule = "REG-21"

    def __init__(self) -> None:
        super().__init__("this ledger is open already; a demonstration never becomes a live one")


class AccountAlreadyOpen(Refused):
    """An account of this address exists."""

    code = "account_already_open"
    rule = "REG-03"

    def __init__(self, address: str) -> None:
        super().__init__(f"{address} is open already", account=address)


class TooManyAssets(Refused):
    """The ledger knows as many assets as it can number."""

    code = "too_many_assets"
    rule = "REG-25"

    def __init__(self) -> None:
        super().__init__(
            f"this ledger has {ASSETS_MAX} assets and can number no more", largest=ASSETS_MAX
        )


class OpenLedger(Payload, frozen=True):
    """
    Begin a ledger: what it is called, whose it is, what it is for, and its first persons.

    *purpose* can never be changed afterwards.
    """

    kind: ClassVar[str] = "ledger.open"
    name: str
    jurisdiction: str
    purpose: Literal["live", "demonstration", "training"]
    grants: tuple[Grant, ...]


def open_ledger(work: Work, payload: OpenLedger) -> Result:
    """Write the ledger's one row, open the scheme's accounts and cash, grant the first roles."""
    if work.memory.accounts:
        raise LedgerAlreadyOpen
    work.session.add(
        LedgerRow(
            id=1,
            name=payload.name,
            jurisdiction=payload.jurisdiction,
            purpose=payload.purpose,
            opened_at=work.now,
        )
    )
    _begin(work)
    for address in SCHEME_ACCOUNTS:
        open_account(work, address)
    open_cash(work)
    for grant in payload.grants:
        grant_one(work, grant)
    return {"name": payload.name}


def _begin(work: Work) -> None:
    memory = work.memory
    memory.opened_at = work.now

    def undo() -> None:
        memory.opened_at = 0

    work.on_refusal(undo)


def open_account(work: Work, address: str) -> Account:
    """Open the account at *address*; its place in the chart decides what it may hold."""
    memory = work.memory
    if address in memory.accounts:
        raise AccountAlreadyOpen(address)
    account = Account(len(memory.accounts_by_id) + 1, address)
    memory.accounts[address] = account
    memory.accounts_by_id.append(account)

    def undo() -> None:
        del memory.accounts[address]
        memory.accounts_by_id.pop()

    work.on_refusal(undo)
    work.add("accounts", (account.id, address, "open", work.sequence))
    return account


def open_if_new(work: Work, address: str) -> Account:
    """Return the account at *address*, opened now if it was not open before."""
    return work.memory.accounts.get(address) or open_account(work, address)


def open_enterprise_accounts(work: Work, enterprise: str) -> None:
    """Open the accounts that every registered enterprise has."""
    for purpose in PURPOSES:
        open_account(work, of_enterprise(enterprise, purpose))


def open_asset(work: Work, asset: Asset) -> str:
    """Return the code of *asset*, opened now if it was not in use before."""
    return _open_code(work, asset.code)


def open_cash(work: Work) -> str:
    """Open cash, the one asset that is not a right to consume."""
    return _open_code(work, CNY)


def _open_code(work: Work, code: str) -> str:
    memory = work.memory
    if code in memory.assets:
        return code
    if len(memory.assets_by_id) >= ASSETS_MAX:
        raise TooManyAssets
    held = HeldAsset(len(memory.assets_by_id) + 1, code)
    memory.assets[code] = held
    memory.assets_by_id.append(held)

    def undo() -> None:
        del memory.assets[code]
        memory.assets_by_id.pop()

    work.on_refusal(undo)
    work.add("assets", (held.id, code, work.sequence))
    return code


def set_due(work: Work, *, at: int, kind: str, key: str) -> None:
    """
    Let *kind* fall due at microsecond *at* for *key*; its verb runs before any later command.

    Setting the same thing twice is one thing.
    """
    memory = work.memory
    item = (at, kind, key)
    if item in memory.due:
        return
    heappush(memory.due, item)

    def undo() -> None:
        memory.due.remove(item)
        memory.due.sort()

    work.on_refusal(undo)
    work.put("due", item, (at, kind, key, None))


def _admit_opening(work: Work, _payload: OpenLedger) -> None:
    """Refuse everybody once the ledger is open; before that nobody has a role. Rule: REG-21."""
    if work.memory.accounts:
        raise LedgerAlreadyOpen


REGISTER_HANDLERS = (Handler(OpenLedger, open_ledger, makers=VERB_DECIDES, admit=_admit_opening),)
