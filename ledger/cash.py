"""
Cash in and out of the ledger, through the settlement bank.
"""

from typing import ClassVar

from ledger.asset import CNY
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.entry import Entry, EntryCode, Posting
from ledger.left import with_balances
from ledger.post import post
from ledger.references import require_new
from ledger.subject import Handler, Result, Role
from ledger.work import Work


class Deposit(Payload, frozen=True):
    """Credit an enterprise's cash against a line of the settlement bank's statement."""

    kind: ClassVar[str] = "cash.deposit"
    enterprise: str
    amount_fen: int
    statement_line: str


class Withdraw(Payload, frozen=True):
    """Pay an enterprise's free cash out through the settlement bank."""

    kind: ClassVar[str] = "cash.withdraw"
    enterprise: str
    amount_fen: int


def deposit(work: Work, payload: Deposit) -> Result:
    """
    Credit cash once a bank statement line; the same line never counts twice.

    Rule: SET-20.
    """
    reference = f"bank:{payload.statement_line}"
    require_new(work, [reference])
    posting = Posting(
        "bank:settlement", of_enterprise(payload.enterprise, "cash"), CNY, payload.amount_fen
    )
    entry = post(work, Entry(EntryCode.DEPOSIT, "SET-20", (posting,), reference))
    return with_balances(work, {"entry": entry}, owner=f"enterprise:{payload.enterprise}")


def withdraw(work: Work, payload: Withdraw) -> Result:
    """Pay out free cash; what is held for orders stays. Rule: SET-21."""
    posting = Posting(
        of_enterprise(payload.enterprise, "cash"), "bank:settlement", CNY, payload.amount_fen
    )
    entry = post(work, Entry(EntryCode.WITHDRAWAL, "SET-21", (posting,)))
    return with_balances(work, {"entry": entry}, owner=f"enterprise:{payload.enterprise}")


def _enterprise(_work: Work, payload: Withdraw) -> str:
    return f"enterprise:{payload.enterprise}"


_CLEARING = frozenset({Role.CLEARING_OPERATOR})

CASH_HANDLERS = (
    Handler(Deposit, deposit, makers=_CLEARING, checkers=_CLEARING),
    Handler(
        Withdraw,
        withdraw,
        makers=frozenset({Role.ENTERPRISE_ADMIN}),
        checkers=_CLEARING,
        scope=_enterprise,
    ),
)
