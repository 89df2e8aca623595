"""
What a new project must buy before it may add consumption, and what that costs where a price is set.

Both are formulas that a place's pack chooses. Quantities are kgce, intensities tce for 10,000 yuan
of industrial value added (equivalent value), prices whole fen a tonne of standard coal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from ledger.allocation.purchase import two_high_purchase
from ledger.calculation import HALF_UP, Step, as_text, step
from ledger.errors import Refused
from ledger.units import KGCE_PER_TCE, round_half_up


class DutyFormula(StrEnum):
    """Which new use must be bought; the values of ``purchase.formula`` in packs."""

    NONE = "none"
    ALL_ADDED = "all_added"
    ABOVE_INTENSITY = "above_intensity"
    TWO_HIGH_COEFFICIENT = "two_high_coefficient"


class PriceFormula(StrEnum):
    """How a tonne is priced; the values of ``price.formula`` in packs."""

    COMPETITIVE = "competitive"
    BASE = "base"
    SECTOR_COEFFICIENT = "sector_coefficient"
    INTENSITY_SHARE = "intensity_share"


class FormulaUnknown(Refused):
    """A pack names a formula of purchase or price that the product does not know."""

    code = "purchase_formula_unknown"
    rule = "ALC-83"

    def __init__(self, key: str, *, formula: str, accepted: str) -> None:
        super().__init__(
            f"{key} is {formula[:40]!r}; {accepted} is accepted",
            key=key,
            formula=formula[:40],
            accepted=accepted,
        )


class PriceShareOutOfRange(Refused):
    """Coefficient A of the price lies outside the range of the place, or none is named."""

    code = "price_share_out_of_range"
    rule = "ALC-84"

    def __init__(self, share: Fraction | None, *, lowest: Fraction, highest: Fraction) -> None:
        named = "none" if share is None else as_text(share)
        super().__init__(
            f"coefficient A of the price is {named}, but {as_text(lowest)} to {as_text(highest)} "
            "is accepted: name the one of the project's band",
            share=named,
            lowest=as_text(lowest),
            highest=as_text(highest),
        )


@dataclass(frozen=True, slots=True)
class Project:
    """
    What is asked of a new project.

    *added_kgce* is its new use without coal, *coal_kgce* that of coal. *coefficient* is B where the
    province has set another than its pack's, *share* is A of a price that knows one.
    """

    added_kgce: int
    intensity: Fraction
    coal_kgce: int = 0
    sector: str = ""
    use: str = ""
    is_two_high: bool = False
    coefficient: Fraction | None = None
    share: Fraction | None = None

    @property
    def new_use_kgce(self) -> int:
        """Return all new use, of coal too."""
        return self.added_kgce + self.coal_kgce


@dataclass(frozen=True, slots=True)
class DutyTerms:
    """The terms of a duty to buy; what the formula does not ask for is left at zero."""

    formula: DutyFormula
    exempt_uses: tuple[str, ...]
    min_kgce: int
    threshold: Fraction = Fraction(0)
    coefficient: Fraction = Fraction(0)
    coefficient_min: Fraction = Fraction(0)
    coefficient_max: Fraction = Fraction(0)
    average: Fraction = Fraction(0)
    excludes_coal: bool = True


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """The terms of a price; what the formula does not ask for is left at zero."""

    formula: PriceFormula
    base_fen: int = 0
    tier: Fraction = Fraction(0)
    coefficient: Fraction = Fraction(1)
    share_min: Fraction = Fraction(0)
    share_max: Fraction = Fraction(0)
    divisor: Fraction = Fraction(1)
    band_low_up_to: Fraction = Fraction(0)
    band_middle_up_to: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Duty:
    """What must be bought, why that much, and whether it is more than the project adds."""

    amount_kgce: int
    reason: str
    is_above_added: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """Fen a tonne and the whole fee in fen; None where the market makes the price."""

    unit_fen: int | None
    fee_fen: int | None
    steps: tuple[Step, ...]


def duty(project: Project, terms: DutyTerms) -> Duty:
    """
    Return what a project must buy.

    In this order: an exempt use buys nothing; nobody does where there is no duty; less new use than
    the least that counts buys nothing; then the formula. Rule: ALC-80, ALC-11, ALC-12.
    """
    if project.use in terms.exempt_uses and project.use != "none":
        return _nothing(project, "exempt_use", {"use": project.use})
    if terms.formula is DutyFormula.NONE:
        return _nothing(project, "no_duty", {})
    if project.new_use_kgce < terms.min_kgce:
        return _nothing(project, "below_least", {"least": terms.min_kgce})
    match terms.formula:
        case DutyFormula.ALL_ADDED:
            return _all(project, "all_added", {"least": terms.min_kgce})
        case DutyFormula.ABOVE_INTENSITY:
            about = {"intensity": project.intensity, "threshold": terms.threshold}
            if project.intensity > terms.threshold:
                return _all(project, "above_intensity", about)
            return _nothing(project, "not_above_intensity", about)
        case DutyFormula.TWO_HIGH_COEFFICIENT:
            return _of_two_high(project, terms)


def _of_two_high(project: Project, terms: DutyTerms) -> Duty:
    if not project.is_two_high:
        return _nothing(project, "not_two_high", {})
    bought = two_high_purchase(
        added_kgce=project.added_kgce if terms.excludes_coal else project.new_use_kgce,
        added_coal_kgce=project.coal_kgce if terms.excludes_coal else 0,
        coefficient=terms.coefficient if project.coefficient is None else project.coefficient,
        project_intensity=project.intensity,
        average_intensity=terms.average,
        pack_version="",
        lowest=terms.coefficient_min,
        highest=terms.coefficient_max,
    )
    return Duty(bought.amount_kgce, "two_high", bought.is_above_added, bought.sheet.steps)


def _all(project: Project, reason: str, about: Mapping[str, int | Fraction | str]) -> Duty:
    inputs = {"added": project.added_kgce, "coal": project.coal_kgce, **about}
    amount = project.new_use_kgce
    bought = step(
        f"to be bought: {reason}", "added + coal", inputs, result=amount, unit="kgce", rule="ALC-80"
    )
    return Duty(amount, reason, is_above_added=False, steps=(bought,))


def _nothing(project: Project, reason: str, about: Mapping[str, int | Fraction | str]) -> Duty:
    inputs = {"added": project.added_kgce, "coal": project.coal_kgce, **about}
    none = step(
        f"nothing to be bought: {reason}", "0", inputs, result=0, unit="kgce", rule="ALC-80"
    )
    return Duty(0, reason, is_above_added=False, steps=(none,))


def price(amount_kgce: int, project: Project, terms: PriceTerms) -> Price:
    """
    Return the price of a tonne, rounded half up to a fen, and of *amount_kgce*, likewise.

    Rule: ALC-81, ALC-84.
    """
    if terms.formula is PriceFormula.COMPETITIVE:
        return Price(None, None, ())
    steps = _unit_price(project, terms)
    unit_fen = int(steps[-1].result)
    fee_fen = round_half_up(Fraction(amount_kgce * unit_fen, KGCE_PER_TCE))
    fee = step(
        "fee",
        "amount × price ÷ kgce_per_tce",
        {"amount": amount_kgce, "price": unit_fen, "kgce_per_tce": KGCE_PER_TCE},
        result=fee_fen,
        unit="fen",
        rule="ALC-81",
        rounding=HALF_UP,
    )
    return Price(unit_fen, fee_fen, (*steps, fee))


def _unit_price(project: Project, terms: PriceTerms) -> tuple[Step, ...]:
    if terms.formula is PriceFormula.INTENSITY_SHARE:
        return _by_share(project, terms)
    inputs: dict[str, int | Fraction] = {"base": terms.base_fen}
    if terms.formula is PriceFormula.SECTOR_COEFFICIENT:
        inputs |= {"intensity": project.intensity, "tier": terms.tier}
        if project.intensity > terms.tier:
            inputs["coefficient"] = terms.coefficient
            return (_unit("base × coefficient", inputs, terms.base_fen * terms.coefficient),)
    return (_unit("base", inputs, Fraction(terms.base_fen)),)


def _by_share(project: Project, terms: PriceTerms) -> tuple[Step, ...]:
    share, low, high = project.share, terms.share_min, terms.share_max
    if share is None or not low <= share <= high:
        raise PriceShareOutOfRange(share, lowest=low, highest=high)
    limits = (terms.band_low_up_to, terms.band_middle_up_to)
    band = 1 + sum(project.intensity > limit for limit in limits)
    inputs: dict[str, int | Fraction] = {
        "base": terms.base_fen,
        "A": share,
        "B": project.intensity,
        "divisor": terms.divisor,
        "band": band,
    }
    return (
        _unit(
            "base × A × B ÷ divisor",
            inputs,
            terms.base_fen * share * project.intensity / terms.divisor,
        ),
    )


def _unit(formula: str, inputs: Mapping[str, int | Fraction], exact: Fraction) -> Step:
    return step(
        "price of a tonne",
        formula,
        inputs,
        result=round_half_up(exact),
        unit="fen_per_tce",
        rule="ALC-81",
        rounding=HALF_UP,
    )
