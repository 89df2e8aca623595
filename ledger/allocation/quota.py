"""
One enterprise's quota from plan to final figure: the terms it rests on, and every step of it.

Amounts are kgce, or kg where coal is measured. Output is in whole units of the product.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import TypedDict

from ledger.allocation.methods import (
    BaseYear,
    Granted,
    benchmarking,
    grandfathering,
    historic_intensity,
    pre_issue,
    true_up,
)
from ledger.calculation import HALF_UP, Sheet, Step, as_text, step
from ledger.errors import Refused
from ledger.pack_value import Shape, fitted
from ledger.units import round_half_up


class Method(StrEnum):
    """How a quota is reckoned; the values are those of ``allocation.method`` in policy packs."""

    GRANDFATHERING = "grandfathering"
    HISTORIC_INTENSITY = "historic_intensity"
    BENCHMARKING = "benchmarking"


class TermsMalformed(Refused):
    """A method is unknown, or one of its parameters is missing or not a number that it takes."""

    code = "allocation_terms_malformed"
    rule = "ALC-53"

    def __init__(self, field: str, *, text: str, accepted: str) -> None:
        super().__init__(
            f"{field} is {text[:40]!r}, but {accepted} is accepted", field=field, text=text[:40]
        )


class PlainTerms(TypedDict):
    """Terms as JSON-able data; base years are [year, use, output]."""

    reduction: str
    sector_coefficient: str
    benchmark: str
    freed: int
    base_years: list[list[int]]
    method_pack: str


@dataclass(frozen=True, slots=True)
class PastYear:
    """What an enterprise used of the measure, and made, in one past year."""

    year: int
    used: int
    output: int


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What a quota rests on besides output, frozen when it is planned.

    *benchmark* is kgce (kg) a unit of output. *freed* is what the enterprise gave up as freed
    quota before; only a method that looks at past totals takes it off. *method_pack* is the pack,
    as ``id@version``, that named the method, or "" where the plan itself did.
    """

    method: Method
    measure_unit: str
    reduction: Fraction
    sector_coefficient: Fraction
    benchmark: Fraction
    freed: int
    base_years: tuple[PastYear, ...]
    method_pack: str

    def plain(self) -> PlainTerms:
        """Return the terms as data that any JSON writer accepts."""
        return {
            "reduction": as_text(self.reduction),
            "sector_coefficient": as_text(self.sector_coefficient),
            "benchmark": as_text(self.benchmark),
            "freed": self.freed,
            "base_years": [[one.year, one.used, one.output] for one in self.base_years],
            "method_pack": self.method_pack,
        }


@dataclass(frozen=True, slots=True)
class PreIssue:
    """What goes out before verification, and how much of it may be sold."""

    amount: int
    saleable: int
    steps: tuple[Step, ...]


def terms_from_plain(plain: PlainTerms, *, method: Method, measure_unit: str) -> Terms:
    """Return the terms that `Terms.plain` wrote."""
    return Terms(
        method=method,
        measure_unit=measure_unit,
        reduction=Fraction(plain["reduction"]),
        sector_coefficient=Fraction(plain["sector_coefficient"]),
        benchmark=Fraction(plain["benchmark"]),
        freed=plain["freed"],
        base_years=tuple(PastYear(*one) for one in plain["base_years"]),
        method_pack=plain["method_pack"],
    )


@lru_cache(maxsize=1024)
def number(field: str, text: str, *, at_most: int | None = None) -> Fraction:
    """Return a parameter written as decimal ("0.97") or fraction ("97/100"), from 0 up."""
    value = fitted(Shape.NUMBER, text)
    exact = Fraction(value) if isinstance(value, str) else Fraction(-1)
    if exact < 0 or (at_most is not None and exact > at_most):
        limit = "from 0 up" if at_most is None else f"from 0 to {at_most}"
        raise TermsMalformed(field, text=text, accepted=f"a decimal or fraction {limit}")
    return exact


def quota(terms: Terms, *, output: int, pack_version: str) -> Granted:
    """
    Return what the method grants for *output*.

    What was freed before is taken off past totals only: with a method that multiplies by output,
    a closed plant's share is gone with its output and would otherwise be cut twice.

    Rule: ALC-01, ALC-03, ALC-04, ALC-61.
    """
    granted = _by_method(terms, output=output, pack_version=pack_version)
    if terms.method is Method.GRANDFATHERING and terms.freed:
        granted = _less(granted, terms.freed, name="less quota freed before")
    return in_unit(granted, terms.measure_unit)


def _by_method(terms: Terms, *, output: int, pack_version: str) -> Granted:
    match terms.method:
        case Method.GRANDFATHERING:
            return grandfathering(
                [one.used for one in terms.base_years],
                reduction=terms.reduction,
                sector_coefficient=terms.sector_coefficient,
                pack_version=pack_version,
            )
        case Method.HISTORIC_INTENSITY:
            return historic_intensity(
                [BaseYear(one.used, Fraction(one.output)) for one in terms.base_years],
                output=Fraction(output),
                reduction=terms.reduction,
                pack_version=pack_version,
            )
        case Method.BENCHMARKING:
            return benchmarking(
                benchmark_kgce_per_unit=terms.benchmark,
                output=Fraction(output),
                sector_coefficient=terms.sector_coefficient,
                pack_version=pack_version,
            )


def _less(granted: Granted, freed: int, *, name: str) -> Granted:
    amount = max(granted.amount_kgce - freed, 0)
    less = step(
        name,
        "max(0, quota − freed)",
        {"quota": granted.amount_kgce, "freed": freed},
        result=amount,
        unit="kgce",
        rule="ALC-61",
    )
    return Granted(amount, granted.sheet.then(less))


def pre_issued(granted: int, *, share: Fraction, saleable_share: Fraction, unit: str) -> PreIssue:
    """Return what is issued beforehand, and what part may be sold, in whole lots. Rule: ALC-57."""
    first = pre_issue(granted, share=share, pack_version="")
    second = pre_issue(first.amount_kgce, share=saleable_share, pack_version="")
    (whole,) = in_unit(first, unit).sheet.steps
    (part,) = in_unit(second, unit).sheet.steps
    part = replace(
        part,
        name="saleable part of the pre-issue",
        formula="⌊pre_issued × share ÷ lot⌋ × lot",
        inputs=(("pre_issued", as_text(first.amount_kgce)), *part.inputs[1:]),
        rule="ALC-57",
    )
    return PreIssue(first.amount_kgce, second.amount_kgce, (whole, part))


def final_quota(
    terms: Terms,
    *,
    output: int,
    requested: int,
    granted: int,
    cut: int,
    pack_version: str,
) -> Granted:
    """
    Return the quota on actual *output*, scaled as the plan was, less what a closure took.

    *requested* and *granted* are the plan's, before and after scaling to the budget.

    Rule: ALC-06, ALC-59, ALC-61.
    """
    final = quota(terms, output=output, pack_version=pack_version)
    if granted < requested:
        final = _scaled_as_planned(final, requested=requested, granted=granted)
    if terms.method is Method.GRANDFATHERING and cut:
        final = _less(final, cut, name="less what the closure took")
    return in_unit(final, terms.measure_unit)


def _scaled_as_planned(final: Granted, *, requested: int, granted: int) -> Granted:
    amount = round_half_up(Fraction(final.amount_kgce * granted, requested))
    scaled = step(
        "scaling as planned",
        "quota × granted ÷ requested",
        {"quota": final.amount_kgce, "granted": granted, "requested": requested},
        result=amount,
        unit="kgce",
        rule="ALC-59",
        rounding=HALF_UP,
    )
    return Granted(amount, final.sheet.then(scaled))


def change(final: Granted, *, issued: int, unit: str) -> Granted:
    """Return the difference to what was issued, at the end of the final quota's sheet."""
    sheet = final.sheet
    difference = true_up(
        final_kgce=final.amount_kgce, pre_issued_kgce=issued, pack_version=sheet.pack_version
    )
    steps = in_unit(difference, unit).sheet.steps
    return Granted(difference.amount_kgce, sheet.then(*steps))


def in_unit(granted: Granted, unit: str) -> Granted:
    """Return the same grant with its steps in *unit*: the methods themselves speak of kgce."""
    if unit == "kgce":
        return granted
    steps = tuple(replace(one, unit=unit) for one in granted.sheet.steps)
    return Granted(granted.amount_kgce, Sheet(granted.sheet.pack_version, steps))


def versions(packs: Iterable[str]) -> str:
    """Return the packs that spoke, each once, in order of their ``id@version``."""
    return ", ".join(sorted(set(packs) - {""}))
