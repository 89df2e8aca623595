"""
What may bind an account beside its cover: its state, and a floor and a ceiling by asset.

Which moves they bind is said once, in `ledger.entry`: LIMITED for limits, DECIDED for the state.
"""

from collections.abc import Mapping

from ledger.entry import DECIDED, LIMITED, EntryCode
from ledger.errors import Refused
from ledger.memory import CLOSED, Account, HeldAsset, Limit


class AccountNotOpen(Refused):
    """The account is frozen or closed."""

    code = "account_not_open"
    rule = "REG-12"

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address} is not open; units can neither leave nor enter", account=address
        )


class BelowFloor(Refused):
    """The source would be left with less than its floor."""

    code = "below_floor"
    rule = "REG-43"

    def __init__(
        self, address: str, asset: str, *, floor: int, needed: int, available: int
    ) -> None:
        super().__init__(
            f"{address} must keep {floor} of {asset} and can give {available}, not {needed}; take "
            "less, or have the floor changed",
            account=address,
            asset=asset,
            floor=floor,
            needed=needed,
            available=available,
        )


class AboveCeiling(Refused):
    """The destination would have more than its ceiling, counting what may come back to it."""

    code = "above_ceiling"
    rule = "REG-43"

    def __init__(self, address: str, asset: str, *, ceiling: int, needed: int, room: int) -> None:
        super().__init__(
            f"{address} may have {ceiling} of {asset}, holds included, and has room for {room}, "
            f"not {needed}; send less, or have the ceiling changed",
            account=address,
            asset=asset,
            ceiling=ceiling,
            needed=needed,
            room=room,
        )


NO_LIMITS: Mapping[int, Limit] = {}


def require_free(code: EntryCode, source: Account, destination: Account) -> None:
    """
    Refuse a move from or to an account whose state forbids it.

    A closed account takes part in nothing, a frozen one in nothing that is newly decided.

    Rule: REG-12, REG-44.
    """
    for account in (source, destination):
        if not account.is_open and (account.state == CLOSED or code in DECIDED):
            raise AccountNotOpen(account.address)


def limits_for(code: EntryCode, limits: Mapping[int, Limit]) -> Mapping[int, Limit]:
    """Return those of *limits* that bind a move of this code: all of them, or none."""
    return limits if code in LIMITED else NO_LIMITS


def spare(limit: Limit, available: int) -> int:
    """Return how much can leave where *available* is, so that the floor remains."""
    return available if limit.floor is None else max(0, available - limit.floor)


def room(limit: Limit, there: int) -> int | None:
    """Return how much can still come where *there* is; None where there is no ceiling."""
    if limit.ceiling is None:
        return None
    return max(0, limit.ceiling - there - limit.set_aside)


def require_floor(
    limit: Limit, account: Account, asset: HeldAsset, *, amount: int, available: int
) -> None:
    """Refuse what would leave less than the floor; holds have left already. Rule: REG-43."""
    if limit.floor is not None and available - amount < limit.floor:
        left = spare(limit, available)
        raise BelowFloor(
            account.address, asset.code, floor=limit.floor, needed=amount, available=left
        )


def require_ceiling(
    limit: Limit, account: Account, asset: HeldAsset, *, amount: int, there: int
) -> None:
    """Refuse what would come to more than the ceiling, holds included. Rule: REG-43."""
    left = room(limit, there)
    if left is not None and amount > left:
        assert limit.ceiling is not None
        raise AboveCeiling(
            account.address, asset.code, ceiling=limit.ceiling, needed=amount, room=left
        )
