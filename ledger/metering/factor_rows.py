"""Factors and electricity rates from the rows of their files (seeds/factors), as text."""

from collections.abc import Iterable, Mapping

from ledger.metering.carriers import (
    Basis,
    Carrier,
    CarrierKind,
    ElectricityRate,
    Factor,
    FactorStatus,
    RateSeries,
)
from ledger.units import parse_decimal


def parse_factors(rows: Iterable[Mapping[str, str]]) -> tuple[Factor, ...]:
    """Return the factors of a factor file, given as one mapping of column to text per row."""
    return tuple(_parse_factor(row) for row in rows)


def parse_rates(rows: Iterable[Mapping[str, str]]) -> tuple[ElectricityRate, ...]:
    """Return the yearly electricity rates of a rate file, one mapping per row."""
    return tuple(
        ElectricityRate(
            year=int(row["year"]),
            kgce_per_kwh=parse_decimal(row["kgce_per_kwh"], unit="kgce/kWh", decimals=6),
            series=RateSeries(row["series"]),
            status=FactorStatus(row["status"]),
            source=row["source"],
        )
        for row in rows
    )


def _parse_factor(row: Mapping[str, str]) -> Factor:
    unit = row["unit"]
    return Factor(
        carrier=Carrier(
            code=row["code"],
            name_zh=row["name_zh"],
            unit=unit,
            kind=CarrierKind(row["kind"]),
        ),
        kgce_per_unit=parse_decimal(row["kgce_per_unit"], unit=f"kgce/{unit}", decimals=6),
        coal_kg_per_unit=parse_decimal(row["coal_kg_per_unit"], unit=f"kg/{unit}", decimals=6),
        basis=Basis(row["basis"]),
        status=FactorStatus(row["status"]),
        source=row["source"],
    )
