"""
Energy carriers, their standard-coal factors, and the value basis of every figure.

A factor turns one unit of a carrier (kg, m3, kWh, MJ, t) into kgce, and into kg of coal where the
carrier is coal. A factor table is one edition on one basis for one year; nothing converts outside
it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction

from ledger.errors import Refused
from ledger.units import round_half_up

KJ_PER_KGCE = Decimal("29307.6")  # 7,000 kcal, GB/T 2589


class Basis(StrEnum):
    """What a kgce of secondary energy stands for: its heat, or the primary energy to make it."""

    EQUIVALENT = "equivalent"
    CALORIFIC = "calorific"

    @property
    def short(self) -> str:
        """Return the code that asset codes carry: eq or cal."""
        return "eq" if self is Basis.EQUIVALENT else "cal"


class CarrierKind(StrEnum):
    """How a carrier behaves when the basis changes (MRV-06)."""

    FUEL = "fuel"
    ELECTRICITY = "electricity"
    HEAT = "heat"
    MEDIUM = "medium"


class FactorStatus(StrEnum):
    """How far a factor has been checked against its source."""

    CONFIRMED = "confirmed"
    ANALOGUE = "analogue"
    UNCONFIRMED = "unconfirmed"
    DECIDED_HERE = "decided_here"
    SAMPLE = "sample"
    MEASURED = "measured"


class RateSeries(StrEnum):
    """Which coal rate of electricity a yearly figure states; only *chosen* converts."""

    SUPPLY = "supply"
    GENERATION = "generation"
    CHOSEN = "chosen"


class FactorUnknown(Refused):
    """The edition in force has no factor for a carrier."""

    code = "factor_unknown"
    rule = "MRV-02"

    def __init__(self, carrier: str, *, edition: str, basis: Basis, year: int) -> None:
        super().__init__(
            f"factor edition {edition} has no {basis} factor for {carrier} in {year}: "
            "choose a listed carrier or record a measured factor",
            carrier=carrier,
            edition=edition,
            basis=basis.value,
            year=year,
        )


class UnitMismatch(Refused):
    """A quantity came in another unit than its carrier or meter uses."""

    code = "unit_mismatch"
    rule = "MRV-04"

    def __init__(self, subject: str, *, given: str, expected: str) -> None:
        super().__init__(
            f"{subject} is given in {given}, but only {expected} is accepted",
            subject=subject,
            given=given,
            expected=expected,
        )


class BasisMismatch(Refused):
    """Two figures on different bases met in one sum or comparison."""

    code = "basis_mismatch"
    rule = "MRV-05"

    def __init__(self, *, given: Basis, expected: Basis) -> None:
        super().__init__(
            f"a figure on the {given} basis cannot be added to one on the {expected} basis: "
            f"convert it again with the {expected} factor table",
            given=given.value,
            expected=expected.value,
        )


@dataclass(frozen=True, slots=True)
class Carrier:
    """A kind of energy and the one unit it is measured in."""

    code: str
    name_zh: str
    unit: str
    kind: CarrierKind


@dataclass(frozen=True, slots=True)
class Factor:
    """What one unit of a carrier counts: kgce on one basis, and kg of coal where it is coal."""

    carrier: Carrier
    kgce_per_unit: Decimal
    coal_kg_per_unit: Decimal
    basis: Basis
    status: FactorStatus
    source: str


@dataclass(frozen=True, slots=True)
class ElectricityRate:
    """A coal rate of electricity in one year, kgce per kWh."""

    year: int
    kgce_per_kwh: Decimal
    series: RateSeries
    status: FactorStatus
    source: str


@dataclass(frozen=True, slots=True)
class StandardCoal:
    """An amount of energy in kgce that knows its basis; only equal bases add."""

    kgce: int
    basis: Basis

    def __add__(self, other: "StandardCoal") -> "StandardCoal":
        """Return the sum. Rule: MRV-05."""
        require_basis(given=other.basis, expected=self.basis)
        return StandardCoal(kgce=self.kgce + other.kgce, basis=self.basis)


@dataclass(frozen=True, slots=True)
class FactorTable:
    """
    One edition of factors on one basis for one year.

    Rule: MRV-01.
    """

    edition: str
    basis: Basis
    year: int
    factors: Mapping[str, Factor]

    def factor(self, carrier: str) -> Factor:
        """Return the factor of the carrier with this code, or refuse (`factor_unknown`)."""
        found = self.factors.get(carrier)
        if found is None:
            raise FactorUnknown(carrier, edition=self.edition, basis=self.basis, year=self.year)
        return found

    def replacing(self, factor: Factor, *, edition: str) -> "FactorTable":
        """Return a table of its own *edition* with *factor* put in: measured, or a supplier's."""
        require_basis(given=factor.basis, expected=self.basis)
        assert edition != self.edition
        factors = {**self.factors, factor.carrier.code: factor}
        return replace(self, edition=edition, factors=factors)


def standard_coal_kgce(metered: Decimal, factor: Factor) -> int:
    """
    Return one metered quantity, in the carrier's own unit, as whole kgce rounded half up.

    Rule: MRV-03.
    """
    return round_half_up(Fraction(metered) * Fraction(factor.kgce_per_unit))


def coal_kg(metered: Decimal, factor: Factor) -> int:
    """
    Return the kg of coal in one metered quantity, rounded half up; zero where it is not coal.

    Rule: MRV-08.
    """
    return round_half_up(Fraction(metered) * Fraction(factor.coal_kg_per_unit))


def factor_table(
    *,
    edition: str,
    basis: Basis,
    year: int,
    factors: Iterable[Factor],
    rates: Iterable[ElectricityRate] = (),
) -> FactorTable:
    """
    Return the table of one edition on *basis* for *year*.

    On the calorific basis the calorific rows stand as they are. On the equivalent basis fuels keep
    their calorific factor, media bring their own, electricity takes the chosen rate of *year*, and
    heat has none until a supplier's rate is put in with `FactorTable.replacing`.

    Rule: MRV-06.
    """
    factors = tuple(factors)
    if basis is Basis.CALORIFIC:
        kept = {one.carrier.code: one for one in factors if one.basis is Basis.CALORIFIC}
    else:
        kept = {one.carrier.code: one for one in _equivalents(factors, rates=rates, year=year)}
    return FactorTable(edition=edition, basis=basis, year=year, factors=kept)


def measured_factor(factor: Factor, net_kj_per_unit: Decimal, *, source: str) -> Factor:
    """
    Return *factor* with a measured net calorific value, in kJ per unit, in place of the table's.

    Rounded half up to four decimals, as the standard prints its factors.

    Rule: MRV-07.
    """
    assert net_kj_per_unit > 0
    measured = (net_kj_per_unit / KJ_PER_KGCE).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    return replace(factor, kgce_per_unit=measured, status=FactorStatus.MEASURED, source=source)


def require_basis(*, given: Basis, expected: Basis) -> None:
    """Refuse unless both bases are the same. Rule: MRV-05."""
    if given is not expected:
        raise BasisMismatch(given=given, expected=expected)


def require_unit(subject: str, *, given: str, expected: str) -> None:
    """Refuse unless both units are the same. Rule: MRV-04."""
    if given != expected:
        raise UnitMismatch(subject, given=given, expected=expected)


def _equivalents(
    factors: tuple[Factor, ...], *, rates: Iterable[ElectricityRate], year: int
) -> Iterable[Factor]:
    chosen = {rate.year: rate for rate in rates if rate.series is RateSeries.CHOSEN}
    rate = chosen.get(year)
    for factor in factors:
        kind = factor.carrier.kind
        if kind is CarrierKind.FUEL or factor.basis is Basis.EQUIVALENT:
            yield replace(factor, basis=Basis.EQUIVALENT)
        elif kind is CarrierKind.ELECTRICITY and rate is not None:
            yield replace(
                factor,
                kgce_per_unit=rate.kgce_per_kwh,
                basis=Basis.EQUIVALENT,
                status=rate.status,
                source=rate.source,
            )
