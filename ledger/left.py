"""
The balances that a command left, for its answer.
"""

from ledger.chart import owner_of
from ledger.memory import ASSET_BITS
from ledger.subject import Result
from ledger.versions import TELLING
from ledger.work import Work


def with_balances(work: Work, result: Result, *, owner: str = "") -> Result:
    """
    Return *result* with the balance of every account and asset that the command has touched.

    They stand in the order in which accounts were opened, then assets. With *owner* only its
    accounts are told: whoever reads the answer of an enterprise's command learns nobody else's.

    Rule: REG-42.
    """
    if not work.is_since(TELLING):
        return result
    return {**result, "balances": _balances(work, owner)}


def _balances(work: Work, owner: str) -> list[list[object]]:
    """Return lists, not tuples: a repeated command's answer is read back from JSON."""
    memory = work.memory
    told: list[list[object]] = []
    for key in sorted(work.balances_before):
        address = memory.accounts_by_id[(key >> ASSET_BITS) - 1].address
        asset = memory.assets_by_id[(key & ((1 << ASSET_BITS) - 1)) - 1].code
        if not owner or owner_of(address) == owner:
            told.append([address, asset, memory.balances[key]])
    return told
