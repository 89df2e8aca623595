"""
Quote a new project: read the formulas and their terms from the packs, and reckon duty and price.

Nothing is written. The sheet names every pack that spoke.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from ledger.allocation.price import (
    Duty,
    DutyFormula,
    DutyTerms,
    FormulaUnknown,
    Price,
    PriceFormula,
    PriceTerms,
    Project,
    duty,
    price,
)
from ledger.allocation.quota import versions
from ledger.calculation import Sheet
from ledger.policy import Found, ParameterMissing, as_fraction, as_int, as_switch, as_text, as_texts
from ledger.units import KGCE_PER_TCE

Formula = TypeVar("Formula", bound=StrEnum)
Find = Callable[[str], Found]
"""Finds the parameter of a name where and when the project is quoted."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What must be bought and what it costs, with the sheet that explains both."""

    duty: Duty
    price: Price
    sheet: Sheet


@dataclass(slots=True)
class _Reader:
    """Finds parameters, and remembers which packs gave them."""

    find: Find
    spoke: list[str] = field(default_factory=list)

    def __call__(self, key: str) -> Found:
        found = self.find(key)
        self.spoke.append(f"{found.pack_id}@{found.version}")
        return found


def quote(project: Project, find: Find) -> Quote:
    """Return what a project must buy and what it costs. Rule: ALC-80, ALC-81, ALC-83."""
    read = _Reader(find)
    owed = duty(project, duty_terms(project, read))
    priced = price(owed.amount_kgce, project, price_terms(project, read))
    sheet = Sheet(versions(read.spoke), (*owed.steps, *priced.steps))
    return Quote(owed, priced, sheet)


def duty_terms(project: Project, find: Find) -> DutyTerms:
    """Return the terms of the duty to buy; only what the formula asks for needs a value."""
    formula = _formula(DutyFormula, find("purchase.formula"))
    exempt_uses = as_texts(find("purchase.exempt_uses"))
    min_kgce = as_int(find("purchase.min_added_tce")) * KGCE_PER_TCE
    if formula is DutyFormula.ABOVE_INTENSITY:
        threshold = as_fraction(find("purchase.intensity_threshold"))
        return DutyTerms(formula, exempt_uses, min_kgce, threshold=threshold)
    if formula is DutyFormula.TWO_HIGH_COEFFICIENT and project.is_two_high:
        return DutyTerms(
            formula,
            exempt_uses,
            min_kgce,
            coefficient=as_fraction(find("purchase.two_high_coefficient")),
            coefficient_min=as_fraction(find("purchase.two_high_coefficient_min")),
            coefficient_max=as_fraction(find("purchase.two_high_coefficient_max")),
            average=as_fraction(find("purchase.average_intensity")),
            excludes_coal=as_switch(find("purchase.two_high_excludes_coal")),
        )
    return DutyTerms(formula, exempt_uses, min_kgce)


def price_terms(project: Project, find: Find) -> PriceTerms:
    """Return the terms of the price; only what the formula asks for needs a value."""
    formula = _formula(PriceFormula, find("price.formula"))
    if formula is PriceFormula.COMPETITIVE:
        return PriceTerms(formula)
    base_fen = as_int(find("price.base_fen_per_tce"))
    if formula is PriceFormula.SECTOR_COEFFICIENT:
        tier = as_fraction(find("price.tier_above_intensity"))
        is_above = project.intensity > tier
        coefficient = _coefficient(project, find) if is_above else Fraction(1)
        return PriceTerms(formula, base_fen, tier=tier, coefficient=coefficient)
    if formula is PriceFormula.INTENSITY_SHARE:
        return PriceTerms(
            formula,
            base_fen,
            share_min=as_fraction(find("price.share_min")),
            share_max=as_fraction(find("price.share_max")),
            divisor=as_fraction(find("price.divisor_intensity")),
            band_low_up_to=as_fraction(find("price.band_low_up_to")),
            band_middle_up_to=as_fraction(find("price.band_middle_up_to")),
        )
    return PriceTerms(formula, base_fen)


def _coefficient(project: Project, find: Find) -> Fraction:
    """Return the coefficient of the project's sector, or the default where it has none."""
    try:
        found = find(f"price.sector_coefficient.{project.sector.lower()}")
    except ParameterMissing:
        found = find("price.sector_coefficient.default")
    return as_fraction(found)


def _formula(kind: type[Formula], found: Found) -> Formula:
    name = as_text(found)
    if name not in list(kind):
        raise FormulaUnknown(found.key, formula=name, accepted=" or ".join(kind))
    return kind(name)
