"""
Cover: nobody offers what is not in the holding, or bids what is not in the cash account.

Each function refuses before anything has changed, or sets the cover aside and returns its hold.
"""

from ledger import hold as holds
from ledger.asset import CNY
from ledger.errors import Refused
from ledger.memory import ASSET_BITS, Account, HeldAsset, Hold
from ledger.restraint import AccountNotOpen
from ledger.units import KGCE_PER_TCE, format_tce, format_yuan
from ledger.work import Work
from market.venue import Seat


class InsufficientQuota(Refused):
    """What the seller holds free does not cover the offer."""

    code = "insufficient_quota"
    rule = "SET-31"

    def __init__(self, account: str, *, needed_kgce: int, available_kgce: int) -> None:
        super().__init__(
            f"{account} must have {format_tce(needed_kgce)} tce free to sell but has "
            f"{format_tce(available_kgce)} tce, accepted is an offer of at most that",
            account=account,
            needed_kgce=needed_kgce,
            available_kgce=available_kgce,
        )


class InsufficientCash(Refused):
    """The buyer's free cash does not cover price, quantity and fee."""

    code = "insufficient_cash"
    rule = "SET-32"

    def __init__(self, account: str, *, needed_fen: int, fee_fen: int, available_fen: int) -> None:
        super().__init__(
            f"{account} must have {format_yuan(needed_fen)} yuan free, {format_yuan(fee_fen)} yuan "
            f"of it for fees, but has {format_yuan(available_fen)} yuan, accepted is what costs at "
            "most that",
            account=account,
            needed_fen=needed_fen,
            fee_fen=fee_fen,
            available_fen=available_fen,
        )


def hold_quota(
    work: Work,
    *,
    account: Account,
    held: Account,
    asset: HeldAsset,
    quantity_tce: int,
    purpose: str,
) -> Hold:
    """Set aside what is offered, from the one account it may be offered from. Rule: SET-31."""
    require_open(account, held)
    needed_kgce = quantity_tce * KGCE_PER_TCE
    available_kgce = work.memory.balances.get(account.id << ASSET_BITS | asset.id, 0)
    if available_kgce < needed_kgce:
        raise InsufficientQuota(
            account.address, needed_kgce=needed_kgce, available_kgce=available_kgce
        )
    return holds.place(
        work,
        account=account.address,
        held=held.address,
        asset=asset.code,
        amount=needed_kgce,
        purpose=purpose,
    )


def hold_cash(work: Work, seat: Seat, *, needed_fen: int, fee_fen: int, purpose: str) -> Hold:
    """
    Set aside what a purchase can cost at most; *fee_fen* is the part of it for fees.

    Rule: SET-32.
    """
    memory = work.memory
    cash = seat.cash
    require_open(cash, seat.cash_held)
    available_fen = memory.balances.get(cash.id << ASSET_BITS | memory.assets[CNY].id, 0)
    if available_fen < needed_fen:
        raise InsufficientCash(
            cash.address, needed_fen=needed_fen, fee_fen=fee_fen, available_fen=available_fen
        )
    return holds.place(
        work,
        account=cash.address,
        held=seat.cash_held.address,
        asset=CNY,
        amount=needed_fen,
        purpose=purpose,
    )


def require_open(*accounts: Account) -> None:
    """Refuse an account that is frozen or closed, while nothing has changed yet."""
    for account in accounts:
        if not account.is_open:
            raise AccountNotOpen(account.address)
