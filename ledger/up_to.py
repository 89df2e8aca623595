"""
Balancing postings: how much of what was asked can move.
"""

from ledger.entry import EntryCode, Posting
from ledger.memory import Memory, balance_key
from ledger.post import ends, require_allowed
from ledger.restraint import room, spare
from ledger.work import Work


def as_much_as_may(work: Work, code: EntryCode, posting: Posting) -> int:
    """
    Return the part of the posting's amount that cover, floor and ceiling let move, maybe none.

    Refused is what no smaller amount would mend: those of `ledger.post` before cover.

    Rule: REG-49.
    """
    memory: Memory = work.memory
    source, destination, asset = ends(memory, posting)
    limits = require_allowed(memory, code, source, destination, asset)
    amount = posting.amount
    key = balance_key(source, asset)
    available = memory.balances.get(key, 0)
    floor = limits.get(key)
    if not source.overdraws:
        amount = min(amount, available)
    if floor is not None and floor.floor is not None:
        amount = min(amount, spare(floor, available))
    key = balance_key(destination, asset)
    ceiling = limits.get(key)
    if ceiling is not None:
        left = room(ceiling, memory.balances.get(key, 0))
        amount = amount if left is None else min(amount, left)
    return max(0, amount)
