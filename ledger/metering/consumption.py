"""
Comprehensive consumption of a period: all carriers converted, summed, and shown step by step.

Every line has exactly one use. What was bought and burnt is *consumed*; own renewables and
feedstock are lines of their own, which two switches count or leave out; what was converted and
passed on, or sold, is taken off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from ledger.calculation import HALF_UP, Sheet, Step, Value, step
from ledger.errors import Refused
from ledger.metering.carriers import (
    Basis,
    Factor,
    FactorTable,
    StandardCoal,
    coal_kg,
    require_unit,
    standard_coal_kgce,
)
from ledger.units import format_tce


class Use(StrEnum):
    """What became of the energy on a line."""

    CONSUMED = "consumed"
    OWN_RENEWABLE = "own_renewable"
    FEEDSTOCK = "feedstock"
    CONVERSION_OUT = "conversion_out"
    SOLD = "sold"


TAKEN_OFF = frozenset({Use.CONVERSION_OUT, Use.SOLD})


class LineNegative(Refused):
    """A line states less than nothing."""

    code = "consumption_line_negative"
    rule = "MRV-24"

    def __init__(self, line: "Line") -> None:
        super().__init__(
            f"line {line.label} states {line.quantity:f} {line.unit}: zero or more is accepted; "
            "what leaves the boundary is a line sold or conversion_out",
            line=line.label,
            quantity=f"{line.quantity:f}",
            unit=line.unit,
        )


class ConsumptionNegative(Refused):
    """More was taken off than was consumed."""

    code = "consumption_negative"
    rule = "MRV-24"

    def __init__(self, *, energy_kgce: int, coal_kg: int) -> None:
        super().__init__(
            f"the lines sum to {format_tce(energy_kgce)} tce and {format_tce(coal_kg)} t of coal: "
            "what is sold or converted may be at most what came in",
            energy_kgce=energy_kgce,
            coal_kg=coal_kg,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """
    One quantity of one carrier in its own unit, put to one use.

    *certificate_sold* matters for own renewables alone: whoever sold the green certificate has sold
    the claim that the energy does not count.
    """

    label: str
    carrier: str
    quantity: Decimal
    unit: str
    use: Use = Use.CONSUMED
    certificate_sold: bool = False


@dataclass(frozen=True, slots=True)
class Switches:
    """What a scheme counts against a firm beyond plain consumption."""

    feedstock_counted: bool = True
    own_renewables_counted: bool = False


@dataclass(frozen=True, slots=True)
class Consumption:
    """Energy and coal of a period on one basis and factor edition, with the steps behind them."""

    energy_kgce: int
    coal_kg: int
    basis: Basis
    edition: str
    sheet: Sheet

    @property
    def energy(self) -> StandardCoal:
        """Return the energy with its basis, so that it adds only to its like."""
        return StandardCoal(kgce=self.energy_kgce, basis=self.basis)


def comprehensive_consumption(
    lines: Sequence[Line], *, table: FactorTable, switches: Switches, pack_version: str
) -> Consumption:
    """
    Return the comprehensive consumption of *lines* under one factor table.

    Each line is rounded to a whole kgce before the sum, so that the sheet adds up as printed.

    Rule: MRV-21, MRV-22, MRV-23, MRV-24.
    """
    counted = [_counted(line, table=table, switches=switches) for line in lines]
    energy_kgce = sum(one.energy_kgce for one in counted)
    coal = sum(one.coal_kg for one in counted)
    if energy_kgce < 0 or coal < 0:
        raise ConsumptionNegative(energy_kgce=energy_kgce, coal_kg=coal)
    steps = [part for one in counted for part in one.steps]
    return Consumption(
        energy_kgce=energy_kgce,
        coal_kg=coal,
        basis=table.basis,
        edition=table.edition,
        sheet=Sheet(pack_version).then(*steps, *_totals(energy_kgce, coal, count=len(counted))),
    )


@dataclass(frozen=True, slots=True)
class _Counted:
    energy_kgce: int
    coal_kg: int
    steps: tuple[Step, ...]


def _counted(line: Line, *, table: FactorTable, switches: Switches) -> _Counted:
    """Return a line's signed part of the total, and the steps behind it."""
    factor = table.factor(line.carrier)
    require_unit(f"line {line.label}", given=line.unit, expected=factor.carrier.unit)
    if line.quantity < 0:
        raise LineNegative(line)
    sign = _sign(line, switches)
    energy_kgce = sign * standard_coal_kgce(line.quantity, factor)
    coal = sign * coal_kg(line.quantity, factor)
    steps = [_energy_step(line, factor, table=table, sign=sign, energy_kgce=energy_kgce)]
    if factor.coal_kg_per_unit:
        steps.append(_coal_step(line, factor, sign=sign, coal=coal))
    return _Counted(energy_kgce=energy_kgce, coal_kg=coal, steps=tuple(steps))


def _energy_step(
    line: Line, factor: Factor, *, table: FactorTable, sign: int, energy_kgce: int
) -> Step:
    inputs: dict[str, Value] = {
        "carrier": line.carrier,
        "use": line.use.value,
        "sign": sign,
        "quantity": line.quantity,
        "unit": line.unit,
        "kgce_per_unit": factor.kgce_per_unit,
        "basis": table.basis.value,
        "edition": table.edition,
        "factor_status": factor.status.value,
    }
    return step(
        line.label,
        "sign × quantity × kgce_per_unit",
        inputs,
        result=energy_kgce,
        unit="kgce",
        rule=_rule(line.use),
        rounding=HALF_UP,
    )


def _coal_step(line: Line, factor: Factor, *, sign: int, coal: int) -> Step:
    return step(
        f"{line.label}: coal",
        "sign × quantity × coal_kg_per_unit",
        {
            "sign": sign,
            "quantity": line.quantity,
            "coal_kg_per_unit": factor.coal_kg_per_unit,
        },
        result=coal,
        unit="kg coal",
        rule="MRV-08",
        rounding=HALF_UP,
    )


def _sign(line: Line, switches: Switches) -> int:
    """Return 1 where the line counts, 0 where it is left out, -1 where it is taken off."""
    if line.use in TAKEN_OFF:
        return -1
    if line.use is Use.FEEDSTOCK:
        return int(switches.feedstock_counted)
    if line.use is Use.OWN_RENEWABLE:
        return int(switches.own_renewables_counted or line.certificate_sold)
    return 1


def _rule(use: Use) -> str:
    return {Use.OWN_RENEWABLE: "MRV-22", Use.FEEDSTOCK: "MRV-23"}.get(use, "MRV-21")


def _totals(energy_kgce: int, coal: int, *, count: int) -> tuple[Step, Step]:
    lines = {"lines": count}
    return (
        step("total energy", "sum of lines", lines, result=energy_kgce, unit="kgce", rule="MRV-21"),
        step("total coal", "sum of lines", lines, result=coal, unit="kg coal", rule="MRV-21"),
    )
