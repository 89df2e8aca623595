"""
Open accounts and assets outside any registration: those of the scheme, and more of a known party.

The accounts of an enterprise, a district or a source open when it is registered or confirmed. Who
opened one before would take the address, which is opened once, from its owner for ever.
"""

from typing import ClassVar

from ledger.asset import parse_asset
from ledger.chart import owner_of, place_of
from ledger.command import Payload
from ledger.errors import Refused
from ledger.memory import Memory
from ledger.register import AccountAlreadyOpen, open_account, open_asset
from ledger.subject import Handler, Result, Role
from ledger.versions import NEARER
from ledger.work import Work

ADDRESSES_MAX = 1_000
"""How many accounts, and how many assets, one command opens."""

FIRST_PURPOSES = {"enterprise": "holding", "district": "budget", "source": None}
"""By the kind of owner, what its registration opens first; a source has one account and no more."""


class TooManyAddresses(Refused):
    """A command opens more accounts or assets than one commit may."""

    code = "too_many_addresses"
    rule = "REG-25"

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} accounts or assets in one command; at most {ADDRESSES_MAX}",
            count=count,
            largest=ADDRESSES_MAX,
        )


class OwnerNotRegistered(Refused):
    """An address belongs to somebody who is not registered, and so to nobody yet."""

    code = "owner_not_registered"
    rule = "REG-25"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address} opens when {owner_of(address)} is registered or confirmed; do that instead",
            account=address,
            owner=owner_of(address),
        )


class OpenAccounts(Payload, frozen=True):
    """Open accounts and assets by address and code, outside any registration."""

    kind: ClassVar[str] = "accounts.open"
    addresses: tuple[str, ...]
    assets: tuple[str, ...] = ()


def open_accounts(work: Work, payload: OpenAccounts) -> Result:
    """Open each account and asset, all or none. Rule: REG-03, REG-25."""
    if work.is_since(NEARER):
        count = max(len(payload.addresses), len(payload.assets))
        if count > ADDRESSES_MAX:
            raise TooManyAddresses(count)
    for address in payload.addresses:
        if work.is_since(NEARER):
            _require_registered(work.memory, address)
        open_account(work, address)
    for code in payload.assets:
        open_asset(work, parse_asset(code))
    return {"accounts": len(payload.addresses), "assets": len(payload.assets)}


def _require_registered(memory: Memory, address: str) -> None:
    """Refuse an account of a party that its registration has given no account yet."""
    place_of(address)
    if address in memory.accounts:
        raise AccountAlreadyOpen(address)
    owner = owner_of(address)
    kind = owner.partition(":")[0]
    if kind in FIRST_PURPOSES and f"{owner}:{FIRST_PURPOSES[kind]}" not in memory.accounts:
        raise OwnerNotRegistered(address)


_MAKERS = frozenset({Role.CITY_REGULATOR, Role.EXCHANGE_OPERATOR})

OPEN_HANDLERS = (Handler(OpenAccounts, open_accounts, makers=_MAKERS),)
