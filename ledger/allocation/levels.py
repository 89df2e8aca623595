"""
Two methods that do not follow this year's output, and the part of a grant that is paid for.

The leader level (领跑者) looks at what was made in past years, the entitlement at the standing
rights that are held. Amounts are kgce, or kg where coal is measured.
"""

from collections.abc import Sequence
from fractions import Fraction

from ledger.allocation.methods import Granted, require_years
from ledger.calculation import DOWN_TO_LOT, HALF_UP, Sheet, as_text, step
from ledger.errors import Refused
from ledger.units import KGCE_PER_TCE, round_half_up


class PaidShareOutOfRange(Refused):
    """A paid share is not between nothing and everything."""

    code = "paid_share_out_of_range"
    rule = "ALC-73"

    def __init__(self, share: Fraction) -> None:
        super().__init__(
            f"a paid share of {as_text(share)} is given, but 0 to 1 is accepted",
            share=as_text(share),
        )


def leader_level(
    base_outputs: Sequence[int],
    *,
    leader_kgce_per_unit: Fraction,
    capacity_cut: Fraction,
    sector_coefficient: Fraction,
    pack_version: str,
    needed_years: int = 1,
) -> Granted:
    """
    Return the mean of past outputs times the sector's leader level, less the capacity to be cut.

    *capacity_cut* is the part of capacity that a plan takes out, 0 where none does. Years without
    output count as such: a base year is missing only where nothing was recorded of it.

    Rule: ALC-70, ALC-02.
    """
    require_years(len(base_outputs), needed_years=needed_years)
    mean = Fraction(sum(base_outputs), len(base_outputs))
    amount = round_half_up(mean * leader_kgce_per_unit * (1 - capacity_cut) * sector_coefficient)
    quota = step(
        "quota by leader level",
        "mean(outputs) × leader_level × (1 − capacity_cut) × sector_coefficient",
        {
            "outputs": ", ".join(str(output) for output in base_outputs),
            "mean": mean,
            "leader_level": leader_kgce_per_unit,
            "capacity_cut": capacity_cut,
            "sector_coefficient": sector_coefficient,
        },
        result=amount,
        unit="kgce",
        rule="ALC-70",
        rounding=HALF_UP,
    )
    return Granted(amount, Sheet(pack_version).then(quota))


def by_entitlement(
    level_kgce: int, *, reduction: Fraction, sector_coefficient: Fraction, pack_version: str
) -> Granted:
    """
    Return the yearly flow that follows from the standing rights held, less *reduction*.

    Rule: ALC-71.
    """
    assert level_kgce >= 0
    amount = round_half_up(level_kgce * (1 - reduction) * sector_coefficient)
    quota = step(
        "quota by entitlement",
        "level × (1 − reduction) × sector_coefficient",
        {"level": level_kgce, "reduction": reduction, "sector_coefficient": sector_coefficient},
        result=amount,
        unit="kgce",
        rule="ALC-71",
        rounding=HALF_UP,
    )
    return Granted(amount, Sheet(pack_version).then(quota))


def paid_part(granted_kgce: int, *, share: Fraction, lot_kgce: int = KGCE_PER_TCE) -> Granted:
    """
    Return the part of a grant that goes out only against a usage fee, in whole lots, rounded down.

    Rule: ALC-73.
    """
    assert granted_kgce >= 0
    if not 0 <= share <= 1:
        raise PaidShareOutOfRange(share)
    amount = granted_kgce * share // lot_kgce * lot_kgce
    paid = step(
        "paid part",
        "⌊granted × share ÷ lot⌋ × lot",
        {"granted": granted_kgce, "share": share, "lot": lot_kgce},
        result=amount,
        unit="kgce",
        rule="ALC-73",
        rounding=DOWN_TO_LOT,
    )
    return Granted(amount, Sheet("").then(paid))
