"""The demonstration's files, read and reckoned without any code of the ledger."""

import csv
import tomllib
from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
DEMO = SEEDS / "demo"
YEAR = date(2025, 1, 1)


def rows(name, folder=DEMO):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


DISTRICT = {row["id"]: row["district"] for row in rows("enterprises.csv")}


def toml(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))


def half_up(exact):
    """Return a number from zero up as a whole number, halves up."""
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


def parameter(pack, key, on):
    """Return one pack's own entry for *key* on a day, or None."""
    for each in toml(SEEDS / "packs" / f"{pack}.toml")["parameter"]:
        until = each.get("valid_to", date.max)
        if each["key"] == key and each["valid_from"] <= on <= until:
            return each
    return None


def metered():
    """Return by meter what it measured in 2025: last index less first, mended where replaced."""
    measured = {}
    index = {row["id"]: Decimal(row["first_value"]) for row in rows("meters.csv")}
    for meter in index:
        measured[meter] = Decimal(0)
    for row in rows("readings.csv"):
        meter, value = row["meter"], Decimal(row["value"])
        start = index[meter]
        if row["replaced_at_value"]:
            measured[meter] += Decimal(row["replaced_at_value"]) - start
            start = Decimal(row["restarted_at_value"])
        assert value >= start, row
        measured[meter] += value - start
        index[meter] = value
    return measured


def used():
    """
    Return by enterprise (kgce, kg of coal) of 2025 in equivalent value.

    A year's quantity of a meter × its factor is rounded to whole kgce; 1 kWh is 0.3 kgce. Own
    renewables do not count, feedstock does.
    """
    factors = {row["code"]: row for row in rows("gbt2589-2020.csv", SEEDS / "factors")}
    quantity = metered()
    totals = defaultdict(lambda: [0, 0])
    for meter in rows("meters.csv"):
        total = totals[meter["enterprise"]]
        if meter["use"] == "own_renewable":
            continue
        factor = factors[meter["carrier"]]
        unit_kgce = "0.3" if meter["carrier"] == "electricity" else factor["kgce_per_unit"]
        amount = Fraction(quantity[meter["id"]])
        total[0] += half_up(amount * Fraction(unit_kgce))
        total[1] += half_up(amount * Fraction(factor["coal_kg_per_unit"]))
    return {enterprise: tuple(total) for enterprise, total in totals.items()}


def quotas(*, planned=False):
    """Return by (enterprise, measure) the quota on actual output, or on the planned one."""
    past = defaultdict(list)
    for row in rows("history.csv"):
        past[row["enterprise"]].append(row)
    made = {row["enterprise"]: row for row in rows("outputs.csv")}
    granted = {}
    for row in rows("plan.csv"):
        enterprise, measure = row["enterprise"], row["measure"]
        output = int(made[enterprise]["planned" if planned else "amount"])
        years = past[enterprise]
        column = "energy_kgce" if measure == "energy" else "coal_kg"
        used_then = [int(year[column]) for year in years]
        left = 1 - Fraction(row["reduction"])
        if row["method"] == "grandfathering":
            exact = Fraction(sum(used_then), 3) * left * Fraction(row["sector_coefficient"])
        elif row["method"] == "historic_intensity":
            pairs = zip(used_then, years, strict=True)
            exact = sum(Fraction(one, int(year["output"])) for one, year in pairs) / 3
            exact *= left * output
        else:
            exact = Fraction(row["benchmark"]) * output * Fraction(row["sector_coefficient"])
        granted[enterprise, measure] = half_up(exact)
    return granted


def margins(measure):
    """Return by enterprise quota less use, in kgce or kg."""
    at = ("energy", "coal").index(measure)
    spent = used()
    return {who: quota - spent[who][at] for (who, of), quota in quotas().items() if of == measure}


def by_district(figures):
    """Return by district (all surplus, all gaps, how many have each)."""
    found = defaultdict(lambda: [0, 0, 0, 0])
    for who, margin in figures.items():
        is_gap = margin < 0
        found[DISTRICT[who]][is_gap] += abs(margin)
        found[DISTRICT[who]][2 + is_gap] += 1
    return {district: tuple(figure) for district, figure in found.items()}
