"""
One enterprise's quota from plan to final figure: the terms it rests on, and every step of it.

Amounts are kgce, or kg where coal is measured. Output is in whole units of the product.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import NotRequired, TypedDict

from ledger.allocation.levels import by_entitlement, leader_level, paid_part
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
    LEADER_LEVEL = "leader_level"
    ENTITLEMENT = "entitlement"


FIRST_METHODS = (Method.GRANDFATHERING, Method.HISTORIC_INTENSITY, Method.BENCHMARKING)
"""What packs could name before version 4 of the rules."""

BY_OUTPUT = frozenset({Method.HISTORIC_INTENSITY, Method.BENCHMARKING})
"""Methods that follow what is made this year, so that true-up needs the output."""

BY_TOTALS = frozenset({Method.GRANDFATHERING, Method.ENTITLEMENT})
"""Methods of one figure an enterprise, from which a closure is taken off after the issue."""

BY_THE_PAST = BY_TOTALS | {Method.LEADER_LEVEL}
"""
Methods that true-up does not follow with output, so that a closure is taken off their rows.

The leader level has a row a product: a cut goes from row to row until it is used up.
"""


class TermsMalformed(Refused):
    """A method is unknown, or one of its parameters is missing or not a number that it takes."""

    code = "allocation_terms_malformed"
    rule = "ALC-53"

    def __init__(self, field: str, *, text: str, accepted: str) -> None:
        super().__init__(
            f"{field} is {text[:40]!r}, but {accepted} is accepted", field=field, text=text[:40]
        )


class PlainTerms(TypedDict):
    """
    Terms as JSON-able data; base years are [year, use, output].

    *level* and *paid_share* are written only where they are above zero, the *band* of an
    evaluation, with its *factor* and the pack that gives it, only where there is one.
    """

    reduction: str
    sector_coefficient: str
    benchmark: str
    freed: int
    base_years: list[list[int]]
    method_pack: str
    level: NotRequired[int]
    paid_share: NotRequired[str]
    band: NotRequired[str]
    factor: NotRequired[str]
    factor_pack: NotRequired[str]


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

    *benchmark* is kgce (kg) a unit of output, the leader level too. *freed* is what the enterprise
    gave up as freed quota before; only a method that looks at past totals takes it off.
    *method_pack* is the pack, as ``id@version``, that named the method, or "" where the plan did.
    *level* is what standing rights are held, *paid_share* the part that costs a usage fee.
    *band* is that of the enterprise's evaluation, "" where none counts, *factor* what the pack
    *factor_pack* multiplies the quota of the band by.
    """

    method: Method
    measure_unit: str
    reduction: Fraction
    sector_coefficient: Fraction
    benchmark: Fraction
    freed: int
    base_years: tuple[PastYear, ...]
    method_pack: str
    level: int = 0
    paid_share: Fraction = Fraction(0)
    band: str = ""
    factor: Fraction = Fraction(1)
    factor_pack: str = ""

    def plain(self) -> PlainTerms:
        """Return the terms as data that any JSON writer accepts."""
        plain: PlainTerms = {
            "reduction": as_text(self.reduction),
            "sector_coefficient": as_text(self.sector_coefficient),
            "benchmark": as_text(self.benchmark),
            "freed": self.freed,
            "base_years": [[one.year, one.used, one.output] for one in self.base_years],
            "method_pack": self.method_pack,
        }
        if self.level:
            plain["level"] = self.level
        if self.paid_share:
            plain["paid_share"] = as_text(self.paid_share)
        if self.band:
            plain["band"] = self.band
            plain["factor"] = as_text(self.factor)
            plain["factor_pack"] = self.factor_pack
        return plain


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
        level=plain.get("level", 0),
        paid_share=Fraction(plain.get("paid_share", "0")),
        band=plain.get("band", ""),
        factor=Fraction(plain.get("factor", "1")),
        factor_pack=plain.get("factor_pack", ""),
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

    What was freed before is taken off past figures only: with a method that multiplies by output,
    a closed plant's share is gone with its output and would otherwise be cut twice. The factor of
    an evaluation comes first, so that what was freed is taken off in full.

    Rule: ALC-01, ALC-03, ALC-04, ALC-61, ALC-70, ALC-71, ALC-98.
    """
    granted = _by_method(terms, output=output, pack_version=pack_version)
    if terms.band:
        granted = _evaluated(granted, terms)
    if terms.method in _LESS_FREED and terms.freed:
        granted = _less(granted, terms.freed, name="less quota freed before")
    return in_unit(granted, terms.measure_unit)


_LESS_FREED = frozenset({Method.GRANDFATHERING, Method.LEADER_LEVEL})


def _evaluated(granted: Granted, terms: Terms) -> Granted:
    """Multiply by the factor of the enterprise's band, which the step names. Rule: ALC-98."""
    amount = round_half_up(granted.amount_kgce * terms.factor)
    evaluated = step(
        "factor of the evaluation",
        "quota × factor",
        {"quota": granted.amount_kgce, "factor": terms.factor, "band": terms.band},
        result=amount,
        unit="kgce",
        rule="ALC-98",
        rounding=HALF_UP,
    )
    return Granted(amount, granted.sheet.then(evaluated))


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
        case Method.LEADER_LEVEL:
            return leader_level(
                [one.output for one in terms.base_years],
                leader_kgce_per_unit=terms.benchmark,
                capacity_cut=terms.reduction,
                sector_coefficient=terms.sector_coefficient,
                pack_version=pack_version,
            )
        case Method.ENTITLEMENT:
            return by_entitlement(
                terms.level,
                reduction=terms.reduction,
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


def paid_of(granted: int, terms: Terms) -> Granted:
    """Return the part of a grant that costs a usage fee, or nothing. Rule: ALC-73."""
    if not terms.paid_share:
        return Granted(0, Sheet(""))
    paid = paid_part(granted, share=terms.paid_share)
    free = step(
        "free part",
        "granted − paid",
        {"granted": granted, "paid": paid.amount_kgce},
        result=granted - paid.amount_kgce,
        unit="kgce",
        rule="ALC-73",
    )
    return in_unit(Granted(paid.amount_kgce, paid.sheet.then(free)), terms.measure_unit)


def pre_issued(granted: int, *, share: Fraction, saleable_share: Fraction, unit: str) -> PreIssue:
    """Return what is issued beforehand, and what part may be sold, in whole lots. Rule: ALC-57."""
    first = pre_issue(granted, share=share, pack_version="")
    second = pre_issue(first.amount_kgce, share=saleable_share, pack_version="")
    (whole,) = in_unit(first, unit).sheet.steps
    (part,) = in_unit(second, unit).sheet.steps
    part = Step(  # built anew: a plan has many rows, and `replace` is slow
        name="saleable part of the pre-issue",
        formula="⌊pre_issued × share ÷ lot⌋ × lot",
        inputs=(("pre_issued", as_text(first.amount_kgce)), *part.inputs[1:]),
        result=part.result,
        unit=part.unit,
        rounding=part.rounding,
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
    unpaid: int = 0,
) -> Granted:
    """
    Return the quota on actual *output*, scaled as the plan was, less what a closure took.

    *requested* and *granted* are the plan's, before and after scaling to the budget; *unpaid* is
    the paid part for which no usage fee came.

    Rule: ALC-06, ALC-59, ALC-61, ALC-75.
    """
    final = quota(terms, output=output, pack_version=pack_version)
    if granted < requested:
        final = _scaled_as_planned(final, requested=requested, granted=granted)
    if terms.method in BY_THE_PAST and cut:
        final = _less(final, cut, name="less what the closure took")
    if unpaid:
        final = _less_unpaid(final, unpaid)
    return in_unit(final, terms.measure_unit)


def _less_unpaid(final: Granted, unpaid: int) -> Granted:
    amount = max(final.amount_kgce - unpaid, 0)
    less = step(
        "less what was not paid for",
        "max(0, quota − unpaid)",
        {"quota": final.amount_kgce, "unpaid": unpaid},
        result=amount,
        unit="kgce",
        rule="ALC-75",
    )
    return Granted(amount, final.sheet.then(less))


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
