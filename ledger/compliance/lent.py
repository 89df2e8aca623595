"""
Units that others have a right in and the pack lets an enterprise surrender: leased or frozen ones.
"""

from collections.abc import Iterator

from ledger.adopt import Policy
from ledger.chart import of_enterprise
from ledger.compliance.units_accepted import Unit, free_units
from ledger.days import day_of
from ledger.errors import Refused
from ledger.memory import Memory
from ledger.parties.party import Parties
from ledger.policy import as_switch, as_text
from ledger.versions import RIGHTS
from ledger.work import Work


class LeasedUnitsOut(Refused):
    """The enterprise's year is to close while it still has leased units of it."""

    code = "leased_units_out"
    rule = "LIE-07"

    def __init__(self, enterprise: str, asset: str, *, amount: int) -> None:
        super().__init__(
            f"{enterprise} still has {amount} of {asset} on lease: let both sides end the lease, "
            "or call it back",
            enterprise=enterprise,
            asset=asset,
            available=amount,
        )


def lent_units(work: Work, enterprise: str) -> list[Unit]:
    """
    Return the leased and frozen units that may be surrendered today.

    A pack that says nothing of what an enterprise has is a refusal. Rule: LIE-04, LIE-34.
    """
    if not work.is_since(RIGHTS):
        return []
    addresses = list(_usable(work, enterprise))
    return free_units(work.memory.holdings(addresses))


def _usable(work: Work, enterprise: str) -> Iterator[str]:
    parties, memory = work.memory.cache(Parties), work.memory
    pack = parties.district(parties.enterprise(enterprise).district).pack
    policy, today = memory.cache(Policy), day_of(work.now)
    leased, frozen = (of_enterprise(enterprise, each) for each in ("leased", "frozen"))
    if memory.holdings([leased]):
        used_part = as_text(policy.find(pack, "lease.used_part", today))
        allowed = as_switch(policy.find(pack, "lease.surrender_allowed", today))
        if allowed and used_part == "return_equal_vintage":
            yield leased
    if memory.holdings([frozen]) and as_switch(
        policy.find(pack, "freeze.surrender_allowed", today)
    ):
        yield frozen


def require_leases_over(memory: Memory, enterprise: str, *, compliance_year: int) -> None:
    """Refuse to close a year over units of it that are on lease. Rule: LIE-07."""
    for unit in free_units(memory.holdings([of_enterprise(enterprise, "leased")])):
        if unit.asset.kind.value == "flow" and unit.asset.vintage <= compliance_year:
            raise LeasedUnitsOut(enterprise, unit.asset.code, amount=unit.amount)
