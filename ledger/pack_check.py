"""
What a version of a pack must hold beyond its form.

The two ends of a range fit one another, and the notice for later versions is one they can keep.
"""

from datetime import date
from fractions import Fraction

from ledger.errors import Refused
from ledger.pack import Pack, Parameter
from ledger.pack_schema import PackFieldMalformed
from ledger.pack_value import SHAPES, Shape

NOTICE = "packs.notice_days"
"""The parameter that says how many days after its adoption a version may begin to change."""
NOTICE_MAX = 366
"""More would put off the correction of the notice itself for ever."""

_ENDS = (("_min", "_max"), (".min", ".max"))


class PackRangeReversed(Refused):
    """The lower end of a range lies above its upper end on some day."""

    code = "pack_range_reversed"
    rule = "POL-13"

    def __init__(self, pack: str, *, key: str, lowest: str, highest: str, on: date) -> None:
        super().__init__(
            f"Pack {pack} gives {key} the value {lowest} on {on}, above its upper end {highest}:"
            " correct one of the two",
            pack=pack,
            key=key,
            lowest=lowest,
            highest=highest,
            on=on.isoformat(),
        )


def require_sound(pack: Pack) -> None:
    """Refuse a pack whose ranges are upside down or whose notice is none. Rule: POL-01, POL-13."""
    require_ranges(pack)
    for each in pack.parameters:
        if each.key == NOTICE and notice_of(each) is None:
            accepted = f"from 0 to {NOTICE_MAX}, in the unit day"
            raise PackFieldMalformed(pack.id, key=NOTICE, field="value", accepted=accepted)


def notice_of(parameter: Parameter) -> int | None:
    """Return a notice in days, or None where the value is none that can be kept."""
    value = parameter.value
    if parameter.unit != "day" or not isinstance(value, int):
        return None
    return value if value <= NOTICE_MAX else None


def require_ranges(pack: Pack) -> None:
    """Refuse a pack in which a ``…_min`` exceeds the ``…_max`` beside it. Rule: POL-13."""
    by_key: dict[str, list[Parameter]] = {}
    for each in pack.parameters:
        by_key.setdefault(each.key, []).append(each)
    for key, lower in by_key.items():
        for low, high in _ENDS:
            if key.endswith(low):
                upper = by_key.get(key.removesuffix(low) + high, [])
                _require_order(pack.id, lower, upper)


def _require_order(pack_id: str, lower: list[Parameter], upper: list[Parameter]) -> None:
    for low in lower:
        for high in upper:
            day = max(low.valid_from, high.valid_from)
            shares_a_day = low.is_in_force(day) and high.is_in_force(day)
            if shares_a_day and _number(low) > _number(high):
                lowest, highest = str(low.value), str(high.value)
                raise PackRangeReversed(
                    pack_id, key=low.key, lowest=lowest, highest=highest, on=day
                )


def _number(parameter: Parameter) -> Fraction:
    value = parameter.value
    is_number = SHAPES[parameter.unit] in {Shape.NUMBER, Shape.WHOLE}
    # What is no number has no order: the two ends of a list or a day are not compared.
    return Fraction(value) if is_number and isinstance(value, int | str) else Fraction(0)
