"""
The calculation sheet: every step from inputs to a figure, so that a firm can replay it.

A *step* states its formula, its inputs, its result and its rounding as text. A *sheet* is the steps
of one figure with the version of the policy pack they used. Both turn into plain data and back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TypedDict

Value = int | Decimal | Fraction | str

_WHOLE_EXACT = 10**28
"""Whole numbers below this are written alike by decimals of the usual precision."""

EXACT = "none"
HALF_UP = "half up to a whole unit"
UP = "up to a whole unit"
DOWN_TO_LOT = "down to a whole lot"
LARGEST_REMAINDER = "largest remainder, ties by enterprise code"


class PlainStep(TypedDict):
    """One step as JSON-able data."""

    name: str
    formula: str
    inputs: dict[str, str]
    result: str
    unit: str
    rounding: str
    rule: str


class PlainSheet(TypedDict):
    """One sheet as JSON-able data."""

    pack_version: str
    steps: list[PlainStep]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a calculation; *inputs* are pairs of the formula's symbol and its value."""

    name: str
    formula: str
    inputs: tuple[tuple[str, str], ...]
    result: str
    unit: str
    rounding: str
    rule: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The steps of one figure, in order, under one version of the policy pack."""

    pack_version: str
    steps: tuple[Step, ...] = ()

    def then(self, *steps: Step) -> "Sheet":
        """Return this sheet with *steps* after its own."""
        return Sheet(pack_version=self.pack_version, steps=self.steps + steps)

    def plain(self) -> PlainSheet:
        """Return the sheet as data that any JSON writer accepts."""
        return {"pack_version": self.pack_version, "steps": [_plain(step) for step in self.steps]}


def step(
    name: str,
    formula: str,
    inputs: Mapping[str, Value],
    *,
    result: Value,
    unit: str,
    rule: str,
    rounding: str = EXACT,
) -> Step:
    """Return one step with its values written as exact text."""
    return Step(
        name=name,
        formula=formula,
        inputs=tuple((symbol, as_text(value)) for symbol, value in inputs.items()),
        result=as_text(result),
        unit=unit,
        rounding=rounding,
        rule=rule,
    )


def as_text(value: Value) -> str:
    """Return *value* as exact text: a fraction as a decimal where it ends, else as n/d."""
    if type(value) is int or type(value) is str:
        return str(value)
    if isinstance(value, Fraction):
        if value.denominator == 1 and abs(value.numerator) < _WHOLE_EXACT:
            return str(value.numerator)
        return _fraction_text(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def sheet_from_plain(plain: PlainSheet) -> Sheet:
    """Return the sheet that `Sheet.plain` wrote."""
    return Sheet(
        pack_version=plain["pack_version"],
        steps=tuple(_step_from_plain(one) for one in plain["steps"]),
    )


def _plain(one: Step) -> PlainStep:
    return {
        "name": one.name,
        "formula": one.formula,
        "inputs": dict(one.inputs),
        "result": one.result,
        "unit": one.unit,
        "rounding": one.rounding,
        "rule": one.rule,
    }


def _step_from_plain(plain: PlainStep) -> Step:
    return Step(
        name=plain["name"],
        formula=plain["formula"],
        inputs=tuple(plain["inputs"].items()),
        result=plain["result"],
        unit=plain["unit"],
        rounding=plain["rounding"],
        rule=plain["rule"],
    )


@lru_cache(maxsize=4_096)
def _fraction_text(value: Fraction) -> str:
    decimal = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(decimal) == value:
        return format(decimal.normalize(), "f")
    return f"{value.numerator}/{value.denominator}"
