"""
In which order asks for room in a budget are served, where there is less room than asks.
"""

from collections.abc import Sequence
from datetime import date

from ledger.adopt import Policy
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.policy import as_texts
from ledger.work import Work


class PriorityUnknown(Refused):
    """A priority class is not one that the pack lists."""

    code = "priority_unknown"
    rule = "DST-82"

    def __init__(self, priority: str, *, accepted: Sequence[str]) -> None:
        super().__init__(
            f"{priority[:40]!r} is no class of the budget's order; {', '.join(accepted)} are, and "
            "an empty one comes last",
            priority=priority[:40],
            accepted=", ".join(accepted),
        )


def priority_of(work: Work, district: str, priority: str, *, on: date) -> int:
    """
    Return the place of a priority class in the pack's order, 0 first; "" comes after all of them.

    Rule: DST-82.
    """
    if not priority:
        return _LAST
    pack = work.memory.cache(Parties).district(district).pack
    order = as_texts(work.memory.cache(Policy).find(pack, "budget.priority", on=on))
    if priority not in order:
        raise PriorityUnknown(priority, accepted=order)
    return order.index(priority)


_LAST = 1_000_000
"""After every class of any pack."""
