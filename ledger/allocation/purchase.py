"""
What a new two-high project must buy before it may add consumption (Henan formula).

The result may exceed what the project adds: the text sets no cap, so the figure is flagged for an
officer and never clipped.
"""

from dataclasses import dataclass
from fractions import Fraction

from ledger.calculation import HALF_UP, Sheet, as_text, step
from ledger.errors import Refused
from ledger.units import round_half_up

COEFFICIENT_MIN = Fraction(3, 10)
COEFFICIENT_MAX = Fraction(1)


class PurchaseCoefficientOutOfRange(Refused):
    """Coefficient B is outside the range that the province allows."""

    code = "purchase_coefficient_out_of_range"
    rule = "ALC-12"

    def __init__(self, coefficient: Fraction, *, lowest: Fraction, highest: Fraction) -> None:
        super().__init__(
            f"coefficient B is {as_text(coefficient)}, but {as_text(lowest)} to {as_text(highest)} "
            "is accepted",
            coefficient=as_text(coefficient),
            lowest=as_text(lowest),
            highest=as_text(highest),
        )


@dataclass(frozen=True, slots=True)
class Purchase:
    """What must be bought, and whether that is more than the project adds."""

    amount_kgce: int
    is_above_added: bool
    sheet: Sheet


def two_high_purchase(
    *,
    added_kgce: int,
    added_coal_kgce: int,
    coefficient: Fraction,
    project_intensity: Fraction,
    average_intensity: Fraction,
    pack_version: str,
    lowest: Fraction = COEFFICIENT_MIN,
    highest: Fraction = COEFFICIENT_MAX,
) -> Purchase:
    """
    Return Q = A × B × C ÷ average for a new two-high project.

    A is *added_kgce*, without coal; *added_coal_kgce* is shown, not counted. B is *coefficient*. C
    and the average are energy per value added, in one unit.

    Rule: ALC-11, ALC-12.
    """
    assert added_kgce >= 0
    assert average_intensity > 0
    _require_in_range(coefficient, lowest=lowest, highest=highest)
    amount = round_half_up(added_kgce * coefficient * project_intensity / average_intensity)
    bought = step(
        "purchase of a new two-high project",
        "A × B × C ÷ average",
        {
            "A": added_kgce,
            "coal_left_out": added_coal_kgce,
            "B": coefficient,
            "C": project_intensity,
            "average": average_intensity,
        },
        result=amount,
        unit="kgce",
        rule="ALC-11",
        rounding=HALF_UP,
    )
    return Purchase(
        amount_kgce=amount,
        is_above_added=amount > added_kgce,
        sheet=Sheet(pack_version).then(bought),
    )


def _require_in_range(coefficient: Fraction, *, lowest: Fraction, highest: Fraction) -> None:
    if not lowest <= coefficient <= highest:
        raise PurchaseCoefficientOutOfRange(coefficient, lowest=lowest, highest=highest)
