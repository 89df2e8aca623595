"""
What an enterprise gave up as freed quota before, as far as a plan still has to take it off.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec
import sqlalchemy as sa

from ledger.allocation.draft import Staged
from ledger.allocation.quota import Method, PastYear, PlainTerms
from ledger.allocation.tables import AllocationCutRow
from ledger.units import round_half_up
from ledger.work import Work

Cut = tuple[int, int]
"""The first year that a cut is for, and its amount."""


def cuts_of(
    work: Work, enterprises: Sequence[str], *, measure: str, year: int
) -> dict[str, tuple[Cut, ...]]:
    """Return the cuts of each enterprise that count in *year*, in one question. Rule: ALC-61."""
    rows = work.session.execute(
        sa.select(
            AllocationCutRow.enterprise, AllocationCutRow.from_year, AllocationCutRow.amount
        ).where(
            AllocationCutRow.enterprise.in_(enterprises),
            AllocationCutRow.measure == measure,
            AllocationCutRow.from_year <= year,
        )
    )
    cuts: dict[str, tuple[Cut, ...]] = {}
    for enterprise, from_year, amount in rows:
        cuts[enterprise] = (*cuts.get(enterprise, ()), (from_year, amount))
    return cuts


def freed_in(base_years: tuple[PastYear, ...], cuts: tuple[Cut, ...]) -> int:
    """
    Return what was freed as far as the mean of *base_years* still holds it.

    A year from which a cut counts shows it already, so the cut falls out of the mean with it.

    Rule: ALC-61.
    """
    if not base_years:
        return 0
    held = sum(
        amount * sum(one.year < from_year for one in base_years) for from_year, amount in cuts
    )
    return round_half_up(Fraction(held, len(base_years)))


def left_by_others(
    rows: Mapping[tuple[str, str], Staged], enterprise: str, product: str, freed: int
) -> int:
    """
    Return what of a cut other products of a leader level leave to *product*. Rule: ALC-61.

    *rows* are by enterprise and product and hold all of the enterprise's.
    """
    others = sum(
        msgspec.json.decode(row.terms, type=PlainTerms)["freed"]
        for (owner, other), row in rows.items()
        if owner == enterprise and other != product and row.method == Method.LEADER_LEVEL
    )
    return max(freed - others, 0)
