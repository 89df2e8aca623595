"""
How much an enterprise can do without: what it may pledge of one asset, as a noun with its steps.
"""

from fractions import Fraction
from math import ceil

from ledger.calculation import UP, Step, step

Steps = tuple[Step, ...]


def forecast_of_use(used: int, scale: Fraction) -> tuple[int, Step]:
    """
    Return what the last verified year, scaled, lets expect; parts of a unit count whole.

    Rule: LIE-11.
    """
    expected = ceil(used * scale)
    line = step(
        "forecast",
        "last_verified × scale",
        {"last_verified": used, "scale": scale},
        result=expected,
        unit="minor units",
        rule="LIE-11",
        rounding=UP,
    )
    return expected, line


def forecast_known(name: str, amount: int) -> tuple[int, Step]:
    """Return a forecast that another figure gives as it is: an obligation or an allocation."""
    line = step("forecast", name, {name: amount}, result=amount, unit="minor units", rule="LIE-11")
    return amount, line


def pledgeable(*, held: int, others: int, forecast: int) -> tuple[int, Step]:
    """
    Return what of *held* is surplus: what the forecast does not need once *others* have answered.

    All in minor units of one measure. Rule: LIE-10.
    """
    needed = max(forecast - others, 0)
    free = max(held - needed, 0)
    line = step(
        "pledgeable",
        "max(held − max(forecast − others, 0), 0)",
        {"held": held, "forecast": forecast, "others": others},
        result=free,
        unit="minor units",
        rule="LIE-10",
    )
    return free, line
