"""
When a class of quota opens: coal before all energy, the increment before the stock.

The order of the texts (先煤炭后其他、先增量后存量) is one of opening days, one for each of coal and
other, increment and stock. It is no order of matching or surrender.
"""

from datetime import date
from typing import Literal

from ledger.adopt import Policy
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.policy import as_date
from ledger.versions import RIGHTS
from ledger.work import Work

Space = Literal["increment", "stock"]
"""What new capacity adds, and what existing capacity uses."""


class ClassNotOpen(Refused):
    """A class of quota is allocated before the day on which the pack opens it."""

    code = "class_not_open"
    rule = "ALC-77"

    def __init__(self, district: str, *, quota_class: str, opens_on: date, today: date) -> None:
        super().__init__(
            f"{quota_class} of {district} opens on {opens_on}; today, {today}, nothing of that "
            "class can be allocated",
            district=district,
            quota_class=quota_class,
            opens_on=opens_on.isoformat(),
            today=today.isoformat(),
        )


def require_class_open(work: Work, district: str, *, measure: str, space: Space) -> None:
    """
    Refuse a class before its opening day; on that day it is open.

    Rule: ALC-77.
    """
    if not work.is_since(RIGHTS):
        return
    today = day_of(work.now)
    quota_class = f"{'coal' if measure == 'coal' else 'other'}_{space}"
    pack = work.memory.cache(Parties).district(district).pack
    found = work.memory.cache(Policy).find(pack, f"rollout.opens.{quota_class}", on=today)
    opens_on = as_date(found)
    if today < opens_on:
        raise ClassNotOpen(district, quota_class=quota_class, opens_on=opens_on, today=today)
