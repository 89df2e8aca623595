"""
Read the formulas of calculation sheets and reckon them anew, exactly.

A formula is written as people write it: ``mean(totals) × (1 − reduction)``, ``⌊quota × share ÷ lot⌋
× lot``. Names stand for the inputs of the step, each a number or a list of numbers. Nothing but the
standard library is needed, and nothing of a formula is ever run as a program.
"""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil, floor

Numbers = tuple[Fraction, ...]

MEAN_OF = {"energy ÷ output": "intensities"}
"""What a mean is said to be taken over, and the input that lists it."""

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([^\W\d]\w*)|(.))", re.DOTALL)
_DECIMAL = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?|-?\d{1,40}/[1-9]\d{0,39}", re.ASCII)
_SAME = str.maketrans({"−": "-", "–": "-", "*": "×", "/": "÷"})
_DEPTH_MAX = 20


class FormulaUnreadable(ValueError):
    """A formula or an input is not of the kind that sheets are written in."""


def numbers_of(text: str) -> Numbers:
    """Return the numbers that *text* lists, decimals or fractions, at least one."""
    parts = text.split(", ")
    if not all(_DECIMAL.fullmatch(part) for part in parts):
        raise FormulaUnreadable(f"{text[:40]!r} is not a number, nor a list of numbers")
    return tuple(Fraction(part) for part in parts)


def value_of(formula: str, inputs: Mapping[str, str]) -> Fraction:
    """Return what *formula* gives for *inputs*, exactly."""
    reader = _Reader(formula, inputs)
    try:
        value = reader.sum()
    except ZeroDivisionError:
        raise FormulaUnreadable("it divides by zero") from None
    if reader.next:
        raise FormulaUnreadable(f"{reader.next!r} is not expected there")
    return value


class _Reader:
    """One formula being read from left to right."""

    def __init__(self, formula: str, inputs: Mapping[str, str]) -> None:
        self._tokens = [match[0].strip() for match in _TOKEN.finditer(formula.translate(_SAME))]
        self._tokens = [token for token in self._tokens if token]
        self._inputs = inputs
        self._place = 0
        self._depth = 0

    @property
    def next(self) -> str:
        """The token that comes next, "" at the end."""
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def sum(self) -> Fraction:
        value = self._product()
        while self.next in ("+", "-"):
            sign = 1 if self._take() == "+" else -1
            value += sign * self._product()
        return value

    def _product(self) -> Fraction:
        value = self._single()
        while self.next in ("×", "÷"):
            if self._take() == "×":
                value *= self._single()
            else:
                value /= self._single()
        return value

    def _single(self) -> Fraction:
        token = self._take()
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise FormulaUnreadable("it is nested too deeply")
        value = self._named(token)
        self._depth -= 1
        return value

    def _named(self, token: str) -> Fraction:
        if token == "-":
            return -self._single()
        if token in _BRACKETS:
            closing, rounded = _BRACKETS[token]
            value = rounded(self.sum())
            self._require(closing)
            return value
        if token[:1].isdigit():
            return Fraction(token)
        if self.next == "(" and token in _FUNCTIONS:
            return self._call(token)
        found = numbers_of(self._input(token))
        if len(found) > 1:
            raise FormulaUnreadable(f"{token} is a list where one number is needed")
        return found[0]

    def _call(self, name: str) -> Fraction:
        self._require("(")
        whole = self._listed()
        if whole is None:
            whole = (self.sum(),)
            while self.next == ",":
                self._take()
                whole += (self.sum(),)
        self._require(")")
        return _FUNCTIONS[name](whole)

    def _listed(self) -> Numbers | None:
        """Return the list that stands alone between two brackets, if one does."""
        end = self._place
        while end < len(self._tokens) and self._tokens[end] not in ("(", ")", ","):
            end += 1
        inside = " ".join(self._tokens[self._place : end])
        name = MEAN_OF.get(inside, inside)
        if self._tokens[end : end + 1] != [")"] or name not in self._inputs:
            return None
        self._place = end
        return numbers_of(self._inputs[name])

    def _input(self, name: str) -> str:
        if name not in self._inputs:
            raise FormulaUnreadable(f"{name[:40]!r} is not among the inputs")
        return self._inputs[name]

    def _take(self) -> str:
        token = self.next
        if not token:
            raise FormulaUnreadable("it ends too early")
        self._place += 1
        return token

    def _require(self, token: str) -> None:
        if self._take() != token:
            raise FormulaUnreadable(f"{token!r} is missing")


def _mean(numbers: Numbers) -> Fraction:
    return sum(numbers, start=Fraction(0)) / len(numbers)


def _total(numbers: Numbers) -> Fraction:
    return sum(numbers, start=Fraction(0))


_FUNCTIONS: Mapping[str, Callable[[Numbers], Fraction]] = {
    "mean": _mean,
    "sum": _total,
    "min": min,
    "max": max,
}
_BRACKETS: Mapping[str, tuple[str, Callable[[Fraction], Fraction]]] = {
    "(": (")", Fraction),
    "⌊": ("⌋", lambda value: Fraction(floor(value))),
    "⌈": ("⌉", lambda value: Fraction(ceil(value))),
}
