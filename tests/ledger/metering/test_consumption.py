import json
from decimal import Decimal

import pytest

from ledger.metering.carriers import Basis, BasisMismatch, FactorUnknown, UnitMismatch
from ledger.metering.consumption import (
    ConsumptionNegative,
    Line,
    LineNegative,
    Switches,
    Use,
    comprehensive_consumption,
)
from tests.ledger.metering.factors import table

# In equivalent value 10 kWh are 3 kgce, so round figures in tce come from power.
EQUIVALENT = table(Basis.EQUIVALENT)
CALORIFIC = table(Basis.CALORIFIC)


def power(kwh: int, use: Use = Use.CONSUMED, label: str = "power", certificate_sold: bool = False):
    return Line(label, "electricity", Decimal(kwh), "kWh", use, certificate_sold)


def coal(kg: str, use: Use = Use.CONSUMED):
    return Line("boiler coal", "raw_coal", Decimal(kg), "kg", use)


def consumption(*lines: Line, factors=EQUIVALENT, **switches: bool):
    return comprehensive_consumption(
        lines, table=factors, switches=Switches(**switches), pack_version="2026.1"
    )


OWN_SUN = (power(373_333_333), power(26_666_667, Use.OWN_RENEWABLE, "roof solar"))
"""120,000 tce in all, of which 8,000 tce own-generated and own-used."""


@pytest.mark.parametrize(("counted", "kgce"), [(False, 112_000_000), (True, 120_000_000)])
def test_own_renewables_count_only_where_the_scheme_counts_them(counted, kgce):
    result = consumption(*OWN_SUN, own_renewables_counted=counted)

    assert result.energy_kgce == kgce


def test_own_renewables_count_once_their_certificate_is_sold():
    sun = power(26_666_667, Use.OWN_RENEWABLE, "roof solar", certificate_sold=True)

    assert consumption(OWN_SUN[0], sun).energy_kgce == 120_000_000


def test_green_power_bought_from_the_grid_counts_like_any_power():
    green = power(26_666_667, Use.CONSUMED, "green power bought")

    assert consumption(OWN_SUN[0], green).energy_kgce == 120_000_000


@pytest.mark.parametrize(("counted", "kgce"), [(True, 200_000_000), (False, 170_000_000)])
def test_feedstock_counts_unless_switched_off(counted, kgce):
    lines = (power(566_666_667), power(100_000_000, Use.FEEDSTOCK, "feed"))

    assert consumption(*lines, feedstock_counted=counted).energy_kgce == kgce


def test_feedstock_coal_leaves_the_coal_measure_with_the_energy_measure():
    lines = (coal("1000"), coal("400", Use.FEEDSTOCK))

    result = consumption(*lines, feedstock_counted=False)

    assert (result.energy_kgce, result.coal_kg) == (714, 1_000)


def test_coal_answers_to_energy_and_to_coal():
    result = consumption(coal("140000"), power(10))

    assert (result.energy_kgce, result.coal_kg) == (100_005, 140_000)  # 100,002 + 3


@pytest.mark.parametrize("use", [Use.SOLD, Use.CONVERSION_OUT])
def test_what_leaves_the_boundary_is_taken_off(use):
    assert consumption(power(1_000), power(400, use, "resold")).energy_kgce == 180  # 300 − 120


def test_selling_all_that_came_in_leaves_nothing():
    assert consumption(coal("10"), coal("10", Use.SOLD)).energy_kgce == 0


def test_selling_more_than_came_in_is_refused():
    with pytest.raises(ConsumptionNegative) as refused:
        consumption(coal("1000"), coal("1003", Use.SOLD))

    assert refused.value.code == "consumption_negative"
    assert refused.value.facts == {"energy_kgce": -2, "coal_kg": -3}


def test_selling_more_coal_than_came_in_is_refused_even_where_energy_is_left():
    with pytest.raises(ConsumptionNegative) as refused:
        consumption(power(10_000), coal("1", Use.SOLD))

    assert refused.value.facts == {"energy_kgce": 2_999, "coal_kg": -1}


def test_a_negative_line_is_refused():
    with pytest.raises(LineNegative) as refused:
        consumption(power(-1))

    assert refused.value.facts == {"line": "power", "quantity": "-1", "unit": "kWh"}


def test_a_line_in_another_unit_is_refused():
    with pytest.raises(UnitMismatch) as refused:
        consumption(Line("power", "electricity", Decimal(1), "MWh"))

    assert refused.value.facts == {"subject": "line power", "given": "MWh", "expected": "kWh"}


def test_a_carrier_without_a_factor_is_refused():
    with pytest.raises(FactorUnknown):
        consumption(Line("steam", "steam", Decimal(1), "t"))


@pytest.mark.parametrize(("factors", "kgce"), [(CALORIFIC, 7_374_000), (EQUIVALENT, 18_000_000)])
def test_the_same_power_gives_one_figure_on_each_basis(factors, kgce):
    """60 million kWh: below the provincial review line in heat, 18,000 tce for quota."""
    result = consumption(power(60_000_000), factors=factors)

    assert (result.energy_kgce, result.basis) == (kgce, factors.basis)


def test_figures_of_two_bases_do_not_add():
    calorific = consumption(power(10_000_000), factors=CALORIFIC)
    equivalent = consumption(power(10_000_000), factors=EQUIVALENT)

    with pytest.raises(BasisMismatch):
        calorific.energy + equivalent.energy


def test_each_line_is_rounded_before_the_sum():
    """Two lines of 1.5 kgce make 4, not 3."""
    result = consumption(power(5), power(5, label="second meter"))

    assert result.energy_kgce == 4


def test_no_lines_are_no_consumption():
    result = consumption()

    assert (result.energy_kgce, result.coal_kg) == (0, 0)


def test_the_sheet_shows_input_factor_result_and_rounding_of_every_line():
    plain = consumption(coal("1000")).sheet.plain()

    assert [one["name"] for one in plain["steps"]] == [
        "boiler coal",
        "boiler coal: coal",
        "total energy",
        "total coal",
    ]
    assert plain["steps"][0] == {
        "name": "boiler coal",
        "formula": "sign × quantity × kgce_per_unit",
        "inputs": {
            "carrier": "raw_coal",
            "use": "consumed",
            "sign": "1",
            "quantity": "1000",
            "unit": "kg",
            "kgce_per_unit": "0.7143",
            "basis": "equivalent",
            "edition": "gbt2589-2020",
            "factor_status": "analogue",
        },
        "result": "714",
        "unit": "kgce",
        "rounding": "half up to a whole unit",
        "rule": "MRV-21",
    }
    assert json.loads(json.dumps(plain)) == plain
