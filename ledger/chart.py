"""
The chart of accounts: which addresses exist, what each may hold, and which may go below zero.

An address reads from owner to purpose: ``enterprise:E001:holding``. Only issuance and the bank's
settlement account may go below zero; how far below is what exists.
"""

import re
from dataclasses import dataclass

from ledger.asset import Kind
from ledger.errors import Refused


class AccountMalformed(Refused):
    """An address is not in the chart of accounts."""

    code = "account_malformed"
    rule = "REG-03"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address[:80]!r} is not an account; one looks like enterprise:E001:holding",
            account=address[:80],
        )


@dataclass(frozen=True, slots=True)
class Place:
    """
    One line of the chart: an address pattern and what accounts of that shape may do.

    *kinds* are the kinds of asset an account there may hold; *overdraws* says whether its balance
    may go below zero.
    """

    pattern: re.Pattern[str]
    kinds: frozenset[Kind]
    overdraws: bool = False


_ID = "[A-Z][A-Z0-9_-]{0,31}"
_FLOW = frozenset({Kind.FLOW})
_STANDING = frozenset({Kind.STANDING})
_QUOTA = frozenset({Kind.FLOW, Kind.STANDING})
_CASH = frozenset({Kind.CASH})


def _place(pattern: str, kinds: frozenset[Kind], *, overdraws: bool = False) -> Place:
    return Place(re.compile(pattern, re.ASCII), kinds, overdraws)


CHART = (
    _place(rf"enterprise:{_ID}:(holding|held|bought|restricted)", _FLOW),
    _place(rf"enterprise:{_ID}:(pledged|frozen)", _QUOTA),
    _place(rf"enterprise:{_ID}:leased", _QUOTA),
    _place(rf"enterprise:{_ID}:entitlement", _STANDING),
    _place(rf"enterprise:{_ID}:(cash|cash_held)", _CASH),
    _place(rf"source:{_ID}(:reserved)?", _STANDING),
    _place(r"district:[0-9]{6}:(budget|reserve|held)", _QUOTA),
    _place(r"district:[0-9]{6}:(stored|listed)", _QUOTA),
    _place(r"scheme:issuance", _QUOTA, overdraws=True),
    _place(r"scheme:surrendered:[0-9]{4}", _FLOW),
    _place(rf"scheme:substituted:{_ID}", _STANDING),
    _place(r"scheme:(expired|cancelled|converted|revoked)", _QUOTA),
    _place(r"bank:settlement", _CASH, overdraws=True),
    _place(r"(venue:fees|treasury:usage_fees|treasury:sales)", _CASH),
)

SCHEME_ACCOUNTS = (
    "scheme:issuance",
    "scheme:expired",
    "scheme:cancelled",
    "scheme:converted",
    "bank:settlement",
    "venue:fees",
    "treasury:usage_fees",
    "treasury:sales",
)
"""Accounts that every ledger has from its first command."""

PURPOSES = (
    "holding",
    "held",
    "bought",
    "restricted",
    "pledged",
    "frozen",
    "entitlement",
    "cash",
    "cash_held",
)
"""The accounts that every registered enterprise has."""


HELD = (":held", ":cash_held")
"""How the addresses of accounts end that stand behind open holds, and hold nothing else."""


def place_of(address: str) -> Place:
    """
    Return the line of the chart that *address* belongs to.

    Rule: REG-03.
    """
    for place in CHART:
        if place.pattern.fullmatch(address):
            return place
    raise AccountMalformed(address)


def owner_of(address: str) -> str:
    """Return the owner's part of an address: ``enterprise:E001:cash`` → ``enterprise:E001``."""
    kind, _, rest = address.partition(":")
    return f"{kind}:{rest.split(':')[0]}"


def of_enterprise(enterprise: str, purpose: str) -> str:
    """Return the address of one of an enterprise's accounts."""
    return f"enterprise:{enterprise}:{purpose}"


def is_held(address: str) -> bool:
    """Return whether the account at *address* stands behind holds."""
    return address.endswith(HELD)


_KEPT = re.compile(r"enterprise:[^:]+:(?:leased|pledged|frozen)|source:.+", re.ASCII)


def is_kept(address: str) -> bool:
    """Return whether a subject keeps a book of its own about what the account at *address* has."""
    return _KEPT.fullmatch(address) is not None
