"""
Recompute a calculation sheet offline: every step by its own formula, inputs and rounding.

The sheet is a document anyone may download. What is checked needs no ledger: its check code, that
each step gives its result, that a step takes over what an earlier one gave, and that the figures at
the head are results of steps. Nothing but the standard library is used.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from math import ceil, floor
from typing import Any

from ledger.expression import FormulaUnreadable, numbers_of, value_of

FORM = "yongneng.sheet/1"
TAKEN_OVER = frozenset({"quota", "requested", "pre_issued", "final", "pre_issue"})
"""Inputs that are never given from outside: an earlier step or a figure says them."""

_STEP_FIELDS = frozenset({"name", "formula", "inputs", "result", "unit", "rounding", "rule"})


@dataclass(frozen=True, slots=True)
class Check:
    """One thing checked: its name, and what is wrong with it ("" where nothing is)."""

    name: str
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Return whether it is as it should be."""
        return not self.problem


def check_code(document: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of a document in canonical JSON, its own check code left out."""
    content = {name: value for name, value in document.items() if name != "check_code"}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def recompute(document: Mapping[str, Any]) -> list[Check]:
    """Return every check of a sheet, in order; a document of another form fails the first."""
    if document.get("form") != FORM or not isinstance(document.get("figures"), dict):
        return [Check("form", f"this is not a sheet of the form {FORM}")]
    steps = document.get("sheet", {}).get("steps") if _is_map(document.get("sheet")) else None
    if not isinstance(steps, list) or not all(_is_step(each) for each in steps):
        return [Check("form", "the steps of the sheet are missing or damaged")]
    stated = document.get("check_code")
    code = Check("check code", "" if stated == check_code(document) else "it does not fit")
    figures = {name: str(value) for name, value in document["figures"].items()}
    earlier = document.get("earlier")
    known = {*figures.values(), *map(str, earlier.values() if isinstance(earlier, dict) else ())}
    return [Check("form"), code, *_steps(steps, known), *_figures(steps, figures)]


def _is_map(value: object) -> bool:
    return isinstance(value, dict)


def _is_step(step: object) -> bool:
    return (
        isinstance(step, dict)
        and step.keys() == _STEP_FIELDS
        and isinstance(step["inputs"], dict)
        and all(isinstance(text, str) for text in step["inputs"].values())
        and all(isinstance(step[name], str) for name in _STEP_FIELDS - {"inputs"})
    )


def _steps(steps: list[Any], known: set[str]) -> Iterator[Check]:
    for number, step in enumerate(steps, start=1):
        name = f"step {number}: {step['name']}"
        try:
            problem = _problem(step, known)
        except FormulaUnreadable as error:
            problem = str(error)
        yield Check(name, problem)
        known.add(step["result"])


def _problem(step: Mapping[str, Any], known: set[str]) -> str:
    """Return what is wrong with one step, or nothing."""
    inputs, formula = step["inputs"], step["formula"]
    for name, text in inputs.items():
        if name in TAKEN_OVER and text not in known:
            return f"{name} is {text}, which no earlier step gives"
        if name == "mean":
            problem = _mean_problem(formula, inputs)
            if problem:
                return problem
    exact = value_of(formula, inputs)
    (stated,) = numbers_of(step["result"])
    lowest, highest = _span(exact, step["rounding"])
    if lowest <= stated <= highest:
        return ""
    needed = str(lowest) if lowest == highest else f"{lowest} or {highest}"
    return f"{formula} gives {needed}, but the sheet says {step['result']}"


def _mean_problem(formula: str, inputs: Mapping[str, str]) -> str:
    inside = formula.partition("mean(")[2].partition(")")[0]
    if not inside:
        return ""
    mean = value_of(f"mean({inside})", inputs)
    return "" if numbers_of(inputs["mean"]) == (mean,) else f"the mean is {mean}"


def _span(exact: Fraction, rounding: str) -> tuple[Fraction, Fraction]:
    """Return the least and the largest result that a rounding allows."""
    if rounding.startswith("half up"):
        sign = -1 if exact < 0 else 1
        rounded = Fraction(sign * floor(abs(exact) + Fraction(1, 2)))
        return rounded, rounded
    if rounding.startswith("up to"):
        return Fraction(ceil(exact)), Fraction(ceil(exact))
    if rounding.startswith("largest remainder"):
        return Fraction(floor(exact)), Fraction(ceil(exact))
    return exact, exact  # none, or a formula that says itself how it rounds


def _figures(steps: list[Any], figures: Mapping[str, str]) -> Iterator[Check]:
    """Yield of each figure whether some step gives it."""
    given = {step["result"] for step in steps}
    for name, amount in figures.items():
        problem = "" if amount in given else f"no step gives {amount}"
        yield Check(f"figure {name}", problem)
