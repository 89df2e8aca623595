"""
Set the least and the most that an account may have of an asset.

A floor counts what is in the account, for holds have left it; a ceiling counts besides what open
holds have taken from it, for they may come back. Both bind LIMITED moves (`ledger.entry`).
"""

from typing import ClassVar

from ledger.command import Payload
from ledger.errors import Refused
from ledger.memory import CLOSED, Account, HeldAsset, Limit, balance_key
from ledger.post import AccountUnknown, AssetNotHeldHere, AssetUnknown
from ledger.subject import Result
from ledger.terms.state import AccountClosed
from ledger.work import Work


class LimitMalformed(Refused):
    """A floor or ceiling is below zero, or the floor is above the ceiling."""

    code = "limit_malformed"
    rule = "REG-43"

    def __init__(self, *, floor: str, ceiling: str) -> None:
        super().__init__(
            f"a floor of {floor} and a ceiling of {ceiling} cannot be; neither is below zero, nor "
            "the floor above the ceiling",
            floor=floor,
            ceiling=ceiling,
        )


class LimitAlreadyBroken(Refused):
    """The account has less than the floor or more than the ceiling that was to be set."""

    code = "limit_already_broken"
    rule = "REG-43"

    def __init__(self, address: str, asset: str, *, limit: str, value: int, found: int) -> None:
        super().__init__(
            f"{address} has {found} of {asset} already, beyond a {limit} of {value}; choose a "
            f"{limit} that it keeps, or move units first",
            account=address,
            asset=asset,
            limit=limit,
            needed=value,
            available=found,
        )


class SetLimit(Payload, frozen=True):
    """
    Set floor and ceiling of *asset* in *account*, in minor units; null is none.

    Both replace what was set before.
    """

    kind: ClassVar[str] = "accounts.limit"
    account: str
    asset: str
    floor: int | None = None
    ceiling: int | None = None


def set_limit(work: Work, payload: SetLimit) -> Result:
    """
    Let floor and ceiling hold from now on; one that is already broken is refused.

    Refusals in this order: malformed, account unknown, asset unknown, closed, not held here, floor
    broken, ceiling broken. Rule: REG-43.
    """
    _require_formed(payload)
    account, asset = _place(work, payload)
    limit = Limit(payload.floor, payload.ceiling, _set_aside(work, account, asset))
    available = work.memory.balances.get(balance_key(account, asset), 0)
    _require_kept(payload, limit, available)
    _put(work, account, asset, limit)
    return {
        "account": account.address,
        "asset": asset.code,
        "balance": available,
        "set_aside": limit.set_aside,
    }


def _require_formed(payload: SetLimit) -> None:
    given = [each for each in (payload.floor, payload.ceiling) if each is not None]
    if any(each < 0 for each in given) or given != sorted(given):
        floor, ceiling = (
            "none" if each is None else str(each) for each in (payload.floor, payload.ceiling)
        )
        raise LimitMalformed(floor=floor, ceiling=ceiling)


def _place(work: Work, payload: SetLimit) -> tuple[Account, HeldAsset]:
    account = work.memory.accounts.get(payload.account)
    if account is None:
        raise AccountUnknown(payload.account)
    asset = work.memory.assets.get(payload.asset)
    if asset is None:
        raise AssetUnknown(payload.asset)
    if account.state == CLOSED:
        raise AccountClosed(account.address)
    if not account.kinds & asset.kind_bit:
        raise AssetNotHeldHere(account.address, asset.code)
    return account, asset


def _set_aside(work: Work, account: Account, asset: HeldAsset) -> int:
    holds = work.memory.holds.values()
    return sum(hold.remaining for hold in holds if hold.account is account and hold.asset is asset)


def _require_kept(payload: SetLimit, limit: Limit, available: int) -> None:
    """Refuse a limit that the account breaks as it stands."""
    place = (payload.account, payload.asset)
    if limit.floor is not None and available < limit.floor:
        raise LimitAlreadyBroken(*place, limit="floor", value=limit.floor, found=available)
    total = available + limit.set_aside
    if limit.ceiling is not None and total > limit.ceiling:
        raise LimitAlreadyBroken(*place, limit="ceiling", value=limit.ceiling, found=total)


def _put(work: Work, account: Account, asset: HeldAsset, limit: Limit) -> None:
    limits, key = work.memory.limits, balance_key(account, asset)
    before = limits.get(key)
    is_set = limit.floor is not None or limit.ceiling is not None
    change = int(is_set) - int(before is not None)

    def undo() -> None:
        _keep(limits, key, before)
        account.count_limits(-change)

    work.on_refusal(undo)
    _keep(limits, key, limit if is_set else None)
    account.count_limits(change)
    row = (account.id, asset.id, limit.floor, limit.ceiling, work.sequence)
    work.put("account_limits", row[:2], row)


def _keep(limits: dict[int, Limit], key: int, limit: Limit | None) -> None:
    if limit is None:
        limits.pop(key, None)
    else:
        limits[key] = limit
