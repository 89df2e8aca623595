"""
How owners are put together in a flow chart, and what moved between the groups.
"""

from dataclasses import dataclass, field
from typing import Literal

from api.matrix import Reach

By = Literal["district", "sector", "enterprise"]


@dataclass(slots=True)
class Groups:
    """
    Enterprises in groups: by district, by sector, or the enterprises of one page by themselves.

    An enterprise beyond the *district* or the reach, or not on the page, is only a counterparty,
    under its district's name. *scope* are the groups that were named for what is inside.
    """

    reach: Reach
    by: By
    district: str
    page: frozenset[str] = frozenset()
    scope: set[str] = field(default_factory=set)

    def node(self, district: str, sector: str, enterprise: str = "") -> str:
        """Return the group of an enterprise."""
        inside = self.district in ("", district) and self.reach.sees(district=district)
        if not inside or (self.by == "enterprise" and enterprise not in self.page):
            return f"district:{district}"
        names = {"district": district, "sector": sector, "enterprise": enterprise}
        node = f"{self.by}:{names[self.by]}"
        self.scope.add(node)
        return node


@dataclass(frozen=True, slots=True)
class Move:
    """
    What moved in all from one end to another; *how* is the code of the entries, or a method.

    Each end is a group, as `Groups` names it, or the address of an account that is nobody's.
    """

    giver: str
    taker: str
    how: str
    amount: int
