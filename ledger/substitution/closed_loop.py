"""
The closed loop of a project: what it said it adds, against what its enterprise uses more.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class YearOfUse:
    """
    One year of a running project in one measure, in its minor units.

    *more* is what the enterprise used above the year before commissioning, None where one of the
    two years has no verified figure; *beyond* is that less what the project said it adds.
    """

    year: int
    used: int
    more: int | None
    beyond: int | None


def years_of_use(
    *, added: int, used: Mapping[int, int], commissioned: int
) -> tuple[YearOfUse, ...]:
    """
    Return each year from *commissioned* on that has a verified figure in *used*, oldest first.

    A negative *beyond* is use below the promise. Rule: SUB-78.
    """
    before = used.get(commissioned - 1)
    found = []
    for year in sorted(year for year in used if year >= commissioned):
        more = None if before is None else used[year] - before
        beyond = None if more is None else more - added
        found.append(YearOfUse(year, used[year], more, beyond))
    return tuple(found)
