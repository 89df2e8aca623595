"""The factor tables of the seed files, as tests use them."""

import csv
from pathlib import Path

from ledger.metering.carriers import Basis, Factor, FactorTable, factor_table
from ledger.metering.factor_rows import parse_factors, parse_rates

FOLDER = Path(__file__).parents[3] / "seeds" / "factors"
EDITION = "gbt2589-2020"


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


FACTORS = parse_factors(rows("gbt2589-2020.csv"))
RATES = parse_rates(rows("electricity-equivalent.csv"))


def table(basis: Basis, year: int = 2026) -> FactorTable:
    return factor_table(edition=EDITION, basis=basis, year=year, factors=FACTORS, rates=RATES)


def listed(code: str) -> Factor:
    return next(factor for factor in FACTORS if factor.carrier.code == code)
