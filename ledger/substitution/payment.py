"""
Pay for quota of a reserve: the posting that goes into the entry of the units.
"""

from ledger.asset import CNY
from ledger.entry import Posting
from ledger.errors import Refused
from ledger.work import Work


class ReserveCashShort(Refused):
    """Whoever pays for quota of a reserve has less cash than it costs."""

    code = "reserve_cash_short"
    rule = "FRQ-83"

    def __init__(self, payer: str, *, needed_fen: int, available_fen: int) -> None:
        super().__init__(
            f"{payer} is to pay {needed_fen} fen but has {available_fen} that is free",
            payer=payer,
            needed_fen=needed_fen,
            available_fen=available_fen,
        )


def payment(work: Work, payer: str, payee: str, amount_fen: int) -> tuple[Posting, ...]:
    """Return the posting that pays, none where nothing is due, or refuse. Rule: FRQ-83."""
    available = work.memory.balance(payer, CNY)
    if amount_fen > available:
        raise ReserveCashShort(payer, needed_fen=amount_fen, available_fen=available)
    return (Posting(payer, payee, CNY, amount_fen),) if amount_fen else ()
