"""
Where a district's budget stands: what was decided, set aside, promised, issued, and what is left.
"""

from dataclasses import dataclass
from typing import Literal

from ledger.asset import Asset, flow
from ledger.districts.position import headroom_kgce

Measure = Literal["energy", "coal"]
"""What budgets are kept in: all energy, and coal apart."""

UNITS = {"energy": "kgce", "coal": "kg"}


@dataclass(frozen=True, slots=True)
class BudgetPosition:
    """
    One budget in kgce (or kg of coal); *issued* is net of what came back.

    *uncovered* is use of those who hold no quota, *freed* is out as freed quota against released
    use, *listed* as quota of single projects; *split* is what the districts below were given.
    """

    cap: int
    reserved: int
    committed: int
    issued: int
    uncovered: int = 0
    freed: int = 0
    listed: int = 0
    split: int = 0

    @property
    def headroom(self) -> int:
        """Return what may still be planned, set aside or taken off. Rule: DST-13, DST-62."""
        return headroom_kgce(
            allocated_kgce=self.cap,
            reserved_kgce=self.reserved,
            committed_kgce=self.committed,
            used_kgce=self.issued + self.uncovered + self.freed + self.listed + self.split,
        )

    @property
    def balance(self) -> int:
        """Return what the indicator ledger has left: headroom and what plans may still ask."""
        return self.headroom + self.committed


def flow_of(district: str, *, year: int, measure: str) -> Asset:
    """Return the flow that a budget is counted in and that its allocations are made of."""
    return flow(measure=measure, vintage=year, area=district)


def budget_account(district: str) -> str:
    """Return the address of a district's budget."""
    return f"district:{district}:budget"


def reserve_account(district: str) -> str:
    """Return the address of a district's reserve."""
    return f"district:{district}:reserve"
