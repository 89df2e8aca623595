"""
Reckon one enterprise's year from its recipe: meters and readings, then output, history and quota.

Readings come first and are exact; output is set so that the quota on it leaves the margin that the
cast asks for. Integers, Decimal and Fraction only; the one source of chance is handed in.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random

from ledger.metering.carriers import Basis, FactorTable, factor_table
from ledger.metering.consumption import Line as EnergyLine
from ledger.metering.consumption import Switches, Use, comprehensive_consumption
from ledger.metering.factor_rows import parse_factors, parse_rates
from ledger.units import round_half_up
from seeds.demo.cast import RECIPES, Firm, Recipe

YEAR = 2025
BASE_YEARS = (2022, 2023, 2024)
METHODS = {
    "MACHINERY": "grandfathering",
    "CHEMICALS": "historic_intensity",
    "TEXTILES": "historic_intensity",
}
"""As `allocation.method.*` of the national pack says; every other sector is benchmarked."""

_FACTORS = Path(__file__).parent.parent / "factors"
_WHOLE = 10_000  # basis points
_WORKS_END = 8  # the month after which a retrofit shows

Pair = tuple[int, int]
"""Energy in kgce and coal in kg."""


@dataclass(frozen=True, slots=True)
class Feed:
    """An amount of one carrier, in its own unit, put to one use."""

    carrier: str
    unit: str
    use: str
    amount: Fraction


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter and its readings of 2025; *swap* is (month, final, initial) of a changeover."""

    id: str
    facility: str
    carrier: str
    unit: str
    use: str
    first: Decimal
    readings: tuple[Decimal, ...]
    total: Decimal
    swap: tuple[int, Decimal, Decimal] | None


@dataclass(frozen=True, slots=True)
class Past:
    """One base year: what was used, and units made."""

    year: int
    used: Pair
    output: int


@dataclass(frozen=True, slots=True)
class Played:
    """All that the files say of one enterprise; *quota* and *planned_quota* follow from outputs."""

    firm: Firm
    recipe: Recipe
    meters: tuple[Meter, ...]
    history: tuple[Past, ...]
    output: int
    planned: int
    used: Pair
    quota: Pair
    planned_quota: Pair

    @property
    def method(self) -> str:
        """Return how the sector is allocated to."""
        return method_of(self.recipe)


def play(firm: Firm, random: Random) -> Played:
    """Return one enterprise's figures; *random* moves on."""
    firm = replace(firm, scale=firm.scale * random.randint(97_000, 103_000) // 100_000)
    recipe = RECIPES[firm.makes]
    table = factors()
    meters = tuple(_meters(firm, recipe, table, random))
    used = consumption(meters, table)
    history = _history(firm, recipe, used, random)
    quota = _quota(recipe, history)
    output = _output(firm, recipe, used[0], quota)
    planned = output * firm.planned // 1000 * 10
    return Played(
        firm=firm,
        recipe=recipe,
        meters=meters,
        history=history,
        output=output,
        planned=planned,
        used=used,
        quota=quota(output),
        planned_quota=quota(planned),
    )


def factors() -> FactorTable:
    """Return the factors of 2025 in equivalent value, from the files that the product ships."""
    return factor_table(
        edition="gbt2589-2020",
        basis=Basis.EQUIVALENT,
        year=YEAR,
        factors=parse_factors(_read("gbt2589-2020.csv")),
        rates=parse_rates(_read("electricity-equivalent.csv")),
    )


def method_of(recipe: Recipe) -> str:
    """Return the method of the sector that makes a product."""
    return METHODS.get(recipe.sector, "benchmarking")


def consumption(meters: Sequence[Meter], table: FactorTable) -> Pair:
    """Return what a year's meters come to, one line a meter, as the ledger counts them."""
    lines = [EnergyLine(one.id, one.carrier, one.total, one.unit, Use(one.use)) for one in meters]
    found = comprehensive_consumption(lines, table=table, switches=Switches(), pack_version="")
    return found.energy_kgce, found.coal_kg


def _feeds(firm: Firm, recipe: Recipe, table: FactorTable) -> list[Feed]:
    """Return what one unit of product takes in 2025, so that the margins come out."""
    unit_kgce = _granted(recipe.energy_kgce, recipe) * _used_share(firm.margin)
    parts = [(carrier, Fraction(amount), use) for carrier, amount, use in recipe.fuels]
    if recipe.coal:
        coal = _granted(recipe.coal, recipe) * _used_share(firm.coal_margin)
        parts.insert(0, (recipe.coal_carrier, coal, "consumed"))
    known = sum(amount * Fraction(table.factor(one).kgce_per_unit) for one, amount, _ in parts)
    rest = (unit_kgce - known) / Fraction(table.factor(recipe.rest).kgce_per_unit)
    assert rest > 0, firm.id
    parts.append((recipe.rest, rest, "consumed"))
    return [Feed(one, table.factor(one).carrier.unit, use, amount) for one, amount, use in parts]


def _granted(amount: Decimal, recipe: Recipe) -> Fraction:
    return Fraction(amount) * Fraction(recipe.coefficient)


def _used_share(margin: int) -> Fraction:
    """Return use as a part of the quota: 0.97 where the margin is 300 basis points."""
    return 1 - Fraction(margin, _WHOLE)


def _meters(firm: Firm, recipe: Recipe, table: FactorTable, random: Random) -> list[Meter]:
    meters: list[Meter] = []
    for number, line in enumerate(firm.lines, start=1):
        weights = [
            random.randint(92, 108) * (firm.eased if month > _WORKS_END else 100)
            if month <= line.last_month
            else 0
            for month in range(1, 13)
        ]
        for feed in _feeds(firm, recipe, table):
            year = replace(feed, amount=feed.amount * firm.scale * line.share / 100)
            meters.append(_meter(firm, year, line=number, weights=weights, random=random))
    if firm.own_renewable_kwh:
        year = Feed("electricity", "kWh", "own_renewable", Fraction(firm.own_renewable_kwh))
        weights = [random.randint(80, 120) for _ in range(12)]
        meters.append(_meter(firm, year, line=1, weights=weights, random=random))
    return [replace(one, id=f"{firm.id}-M{number}") for number, one in enumerate(meters, start=1)]


def _meter(firm: Firm, year: Feed, *, line: int, weights: Sequence[int], random: Random) -> Meter:
    """Return a meter that shows a year's amount, spread over its months by their weights."""
    amounts = [_sharp(year.amount * one / sum(weights), year.unit) for one in weights]
    is_bought_power = (year.carrier, year.use) == ("electricity", "consumed")
    swap_in = firm.meter_replaced_in if is_bought_power else 0
    first = index = Decimal(random.randint(1_000, 900_000))
    readings: list[Decimal] = []
    swap = None
    for month, amount in enumerate(amounts, start=1):
        if month == swap_in:
            before = _sharp(Fraction(amount) * 2 / 5, year.unit)
            swap = (month, index + before, Decimal(0))
            index = -before
        index += amount
        readings.append(index)
    return Meter(
        id="",
        facility=f"{firm.id}-L{line}",
        carrier=year.carrier,
        unit=year.unit,
        use=year.use,
        first=first,
        readings=tuple(readings),
        total=sum(amounts, start=Decimal(0)),
        swap=swap,
    )


def _sharp(amount: Fraction, unit: str) -> Decimal:
    """Return an amount as a register shows it: whole kg, tenths of anything else."""
    if unit == "kg":
        return Decimal(round_half_up(amount))
    return Decimal(round_half_up(amount * 10)).scaleb(-1)


def _history(firm: Firm, recipe: Recipe, used: Pair, random: Random) -> tuple[Past, ...]:
    """Return the base years: unit use falls through them, and its mean leaves the margins."""
    first, second = random.randint(10, 25), random.randint(-8, 8)
    outputs = [firm.scale * firm.past * random.randint(95, 103) // 10_000 for _ in BASE_YEARS]
    if method_of(recipe) == "grandfathering":
        outputs = [firm.scale * firm.past // 100] * len(BASE_YEARS)
    units = (
        _mean_unit(firm, recipe, used[0], firm.margin),
        _mean_unit(firm, recipe, used[1], firm.coal_margin),
    )
    pasts = []
    thousandths = (first, second, -first - second)
    for year, output, above in zip(BASE_YEARS, outputs, thousandths, strict=True):
        energy, coal = (round_half_up(unit * output * (1000 + above) / 1000) for unit in units)
        pasts.append(Past(year, (energy, coal), output))
    return tuple(pasts)


def _mean_unit(firm: Firm, recipe: Recipe, used: int, margin: int) -> Fraction:
    """Return the mean past use of a unit from which the sector's method grants the quota wanted."""
    now = Fraction(used, firm.scale)
    method = method_of(recipe)
    if method == "benchmarking":
        return now  # the past decides nothing
    wanted = now / _used_share(margin) / (1 - Fraction(recipe.reduction))
    return wanted * 100 / firm.past if method == "grandfathering" else wanted


def _quota(recipe: Recipe, history: Sequence[Past]) -> Callable[[int], Pair]:
    """Return what the sector's method grants for an output, as a function of that output."""
    return lambda output: (_grant(recipe, history, 0, output), _grant(recipe, history, 1, output))


def _grant(recipe: Recipe, history: Sequence[Past], measure: int, output: int) -> int:
    left = 1 - Fraction(recipe.reduction)
    used = [Fraction(one.used[measure]) for one in history]
    match method_of(recipe):
        case "grandfathering":
            return round_half_up(sum(used, Fraction(0)) / len(used) * left)
        case "historic_intensity":
            units = [one / past.output for one, past in zip(used, history, strict=True)]
            return round_half_up(sum(units, Fraction(0)) / len(units) * left * output)
        case _:
            unit = (recipe.energy_kgce, recipe.coal)[measure]
            return round_half_up(_granted(unit, recipe) * output)


def _output(firm: Firm, recipe: Recipe, used_kgce: int, quota: Callable[[int], Pair]) -> int:
    """Return the output whose quota leaves the margin; where past totals decide, any would do."""
    if method_of(recipe) == "grandfathering":
        return firm.scale
    unit_kgce = Fraction(quota(10**6)[0], 10**6)
    return round_half_up(used_kgce / _used_share(firm.margin) / unit_kgce)


def _read(name: str) -> list[dict[str, str]]:
    with (_FACTORS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
