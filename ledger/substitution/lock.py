"""
What else must let a claim of freed quota be confirmed; a subject to the right says it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ledger.substitution.tables import FreedClaimRow
from ledger.versions import RIGHTS
from ledger.work import Work


@dataclass(frozen=True)
class ClaimLock:
    """The check that another subject keeps in memory; *require* refuses a claim."""

    require: Callable[[Work, FreedClaimRow], None]


def require_unlocked(work: Work, claim: FreedClaimRow) -> None:
    """Refuse what the lock refuses, where there is one; older logs knew none. Rule: CRD-04."""
    lock = work.memory.kept(ClaimLock)
    if lock is not None and work.is_since(RIGHTS):
        lock.require(work, claim)
