"""
Let standing rights and freed quota go at the end of their term.

On the last day of its last year a right still serves; when the next day begins, what is free of it
goes to scheme:expired. What is reserved, pledged, frozen, leased or on offer then goes when it has
come free and the authority sweeps up.
"""

import re
from datetime import date
from typing import ClassVar

import sqlalchemy as sa

from ledger.allocation.tables import EntitlementRow
from ledger.asset import CNY, Kind, parse_asset
from ledger.chart import owner_of
from ledger.command import Payload
from ledger.days import day_of, end_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.memory import ASSET_BITS, Memory
from ledger.post import post
from ledger.register import set_due
from ledger.subject import Handler, Result, Role
from ledger.versions import RIGHTS
from ledger.work import Work

DUE_TERM = "rights.expire"
EXPIRED_AT_ONCE_MAX = 500
"""How many balances one run takes, so that it never keeps the writer for long."""

LAST_YEAR = 9_998
"""The last year with a day after it; a right to the end of 9999 has no end to wait for."""

_FREE = re.compile(
    r"enterprise:[^:]+:entitlement|source:[^:]+|district:[0-9]{6}:(budget|reserve|stored|listed)",
    re.ASCII,
)
_ASSET_MASK = (1 << ASSET_BITS) - 1


class TermRunning(Refused):
    """The term of the rights that are to expire is not over."""

    code = "term_running"
    rule = "ALC-79"

    def __init__(self, last_year: int, *, this_year: int) -> None:
        super().__init__(
            f"rights to the end of {last_year} still run in {this_year}: they can be swept up "
            f"from {last_year + 1} on",
            last_year=last_year,
            this_year=this_year,
        )


class ExpireRights(Payload, frozen=True):
    """Sweep up what has come free, since they ended, of rights that ran to the end of a year."""

    kind: ClassVar[str] = "rights.expire"
    last_year: int


def let_expire(work: Work, last_year: int) -> None:
    """Let what runs to the end of *last_year* go when the next day begins. Rule: ALC-79."""
    if work.is_since(RIGHTS) and last_year <= LAST_YEAR:
        at = end_of(date(last_year, 12, 31))
        set_due(work, at=at, kind=DUE_TERM, key=str(last_year))


def expire_term(work: Work, key: str) -> None:
    """Expire what is free of one term, in runs of 500 balances. Rule: ALC-79."""
    last_year = int(key.partition(":")[0])
    _, left = _expire(work, last_year)
    if left:
        set_due(work, at=work.now, kind=DUE_TERM, key=f"{last_year}:{work.sequence}")


def expire_rights(work: Work, payload: ExpireRights) -> Result:
    """Expire what is free of a term that is over; *left* says how much awaits. Rule: ALC-79."""
    this_year = day_of(work.now).year
    if payload.last_year >= this_year:
        raise TermRunning(payload.last_year, this_year=this_year)
    expired, left = _expire(work, payload.last_year)
    return {"last_year": payload.last_year, "balances": expired, "left": left}


def _expire(work: Work, last_year: int) -> tuple[int, int]:
    """Expire the first balances of a term, each account in an entry; return how many, and left."""
    memory = work.memory
    keys = _free_balances(memory, last_year)
    by_account: dict[str, list[Posting]] = {}
    for key in keys[:EXPIRED_AT_ONCE_MAX]:
        address = memory.accounts_by_id[(key >> ASSET_BITS) - 1].address
        code = memory.assets_by_id[(key & _ASSET_MASK) - 1].code
        posting = Posting(address, "scheme:expired", code, memory.balances[key])
        by_account.setdefault(address, []).append(posting)
    for postings in by_account.values():
        post(work, Entry(EntryCode.EXPIRY, "ALC-79", tuple(postings)))
    _use_up(work, last_year, by_account)
    taken = min(len(keys), EXPIRED_AT_ONCE_MAX)
    if taken:
        work.publish("rights", {"last_year": last_year, "expired": taken})
    return taken, len(keys) - taken


def _free_balances(memory: Memory, last_year: int) -> list[int]:
    """Return the keys of free balances of a term, in order of account, then asset."""
    assets = {
        asset.id
        for asset in memory.assets_by_id
        if asset.code != CNY and _ends_in(asset.code, last_year)
    }
    return sorted(
        key
        for key, amount in memory.balances.items()
        if amount > 0
        and key & _ASSET_MASK in assets
        and _FREE.fullmatch(memory.accounts_by_id[(key >> ASSET_BITS) - 1].address)
    )


def _ends_in(code: str, last_year: int) -> bool:
    asset = parse_asset(code)
    return asset.kind is Kind.STANDING and asset.vintage == last_year


def _use_up(work: Work, last_year: int, addresses: dict[str, list[Posting]]) -> None:
    """Leave nothing of the rights that are over for anyone to give up as freed quota."""
    holders = [
        owner_of(address).partition(":")[2]
        for address in addresses
        if address.startswith("enterprise:")
    ]
    rows = work.session.scalars(
        sa.select(EntitlementRow).where(
            EntitlementRow.enterprise.in_(holders),
            EntitlementRow.last_year == last_year,
            EntitlementRow.remaining > 0,
        )
    )
    for row in rows:
        row.remaining = 0


EXPIRE_HANDLERS = (Handler(ExpireRights, expire_rights, makers=frozenset({Role.CITY_REGULATOR})),)
EXPIRE_DUE = {DUE_TERM: expire_term}
