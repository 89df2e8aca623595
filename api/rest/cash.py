"""
Cash in and out, through the settlement bank; what came of it is in the journal.
"""

from collections.abc import Mapping
from typing import Any

from api.rest.resource import Resource, submit
from ledger.cash import Deposit, Withdraw

cash = Resource("cash", __name__, "Cash: deposits and withdrawals")


@cash.post("/cash-deposits")
@cash.takes(Deposit)
def deposit(document: Mapping[str, Any]) -> Any:
    """Propose to credit cash against a line of the bank's statement, which counts once."""
    return submit(Deposit, document)


@cash.post("/cash-withdrawals")
@cash.takes(Withdraw)
def withdraw(document: Mapping[str, Any]) -> Any:
    """Propose to pay out free cash."""
    return submit(Withdraw, document)
