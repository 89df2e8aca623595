from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.metering.carriers import (
    Basis,
    BasisMismatch,
    FactorStatus,
    FactorUnknown,
    StandardCoal,
    UnitMismatch,
    coal_kg,
    measured_factor,
    require_unit,
    standard_coal_kgce,
)
from ledger.metering.factor_rows import parse_factors
from ledger.units import AmountMalformed
from tests.ledger.metering.factors import FACTORS, RATES, listed, rows, table


@pytest.mark.parametrize(
    ("carrier", "metered", "kgce"),
    [
        ("raw_coal", "1000", 714),  # 714.3
        ("raw_coal", "0", 0),
        ("diesel", "1000", 1457),  # 1457.1
        ("natural_gas", "10000", 12143),
        ("heat", "1000000", 34120),  # a million MJ at 0.03412
        ("electricity", "60000000", 7_374_000),
        ("washed_coal", "0.5", 0),  # 0.45
        ("lpg", "0.2916642", 0),  # 0.49999994
        ("coking_bituminous_coal", "2.5", 2),  # 2.25
        ("crude_oil", "0.35", 1),  # 0.50001
        ("briquette", "2.5", 2),  # 1.5 goes up
    ],
)
def test_a_metered_quantity_becomes_whole_kgce_half_up(carrier, metered, kgce):
    assert standard_coal_kgce(Decimal(metered), listed(carrier)) == kgce


@pytest.mark.parametrize(
    ("carrier", "metered", "kg"),
    [("raw_coal", "1000.5", 1001), ("anthracite", "20", 20), ("coke", "20", 0), ("diesel", "9", 0)],
)
def test_coal_counts_by_weight_and_coke_does_not(carrier, metered, kg):
    assert coal_kg(Decimal(metered), listed(carrier)) == kg


@pytest.mark.parametrize(
    ("basis", "kgce"), [(Basis.CALORIFIC, 1_229_000), (Basis.EQUIVALENT, 3_000_000)]
)
def test_ten_thousand_mwh_weigh_differently_on_each_basis(basis, kgce):
    electricity = table(basis).factor("electricity")

    assert standard_coal_kgce(Decimal(10_000_000), electricity) == kgce


def test_fuels_keep_their_factor_on_the_equivalent_basis():
    factor = table(Basis.EQUIVALENT).factor("raw_coal")

    assert factor.kgce_per_unit == Decimal("0.7143")
    assert factor.basis is Basis.EQUIVALENT


@pytest.mark.parametrize(
    ("basis", "carrier"),
    [
        (Basis.EQUIVALENT, "heat"),
        (Basis.CALORIFIC, "compressed_air"),
        (Basis.CALORIFIC, "phlogiston"),
    ],
)
def test_a_carrier_without_a_factor_on_the_basis_is_refused(basis, carrier):
    with pytest.raises(FactorUnknown) as refused:
        table(basis).factor(carrier)

    assert refused.value.code == "factor_unknown"
    assert refused.value.facts == {
        "carrier": carrier,
        "edition": "gbt2589-2020",
        "basis": basis.value,
        "year": 2026,
    }


def test_electricity_has_no_equivalent_factor_in_a_year_without_a_chosen_rate():
    """2010 has a supply rate only, which converts nothing."""
    with pytest.raises(FactorUnknown):
        table(Basis.EQUIVALENT, year=2010).factor("electricity")


def test_a_supplier_rate_gives_heat_an_equivalent_factor_under_its_own_edition():
    supplied = replace(
        listed("heat"),
        kgce_per_unit=Decimal("0.0405"),
        basis=Basis.EQUIVALENT,
        status=FactorStatus.SAMPLE,
        source="supplier's heat coal rate",
    )

    amended = table(Basis.EQUIVALENT).replacing(supplied, edition="gbt2589-2020+E001")

    assert standard_coal_kgce(Decimal(1000), amended.factor("heat")) == 41  # 40.5 kgce a GJ
    assert amended.edition == "gbt2589-2020+E001"


def test_a_calorific_factor_does_not_enter_an_equivalent_table():
    with pytest.raises(BasisMismatch) as refused:
        table(Basis.EQUIVALENT).replacing(listed("heat"), edition="mixed")

    assert refused.value.facts == {"given": "calorific", "expected": "equivalent"}


def test_amounts_on_one_basis_add():
    total = StandardCoal(1_229, Basis.CALORIFIC) + StandardCoal(1, Basis.CALORIFIC)

    assert total == StandardCoal(1_230, Basis.CALORIFIC)


def test_amounts_on_two_bases_do_not_add():
    with pytest.raises(BasisMismatch) as refused:
        StandardCoal(1_229, Basis.CALORIFIC) + StandardCoal(3_000, Basis.EQUIVALENT)

    assert refused.value.code == "basis_mismatch"
    assert refused.value.facts == {"given": "equivalent", "expected": "calorific"}


def test_a_quantity_in_another_unit_is_refused():
    with pytest.raises(UnitMismatch) as refused:
        require_unit("meter M1", given="MWh", expected="kWh")

    assert refused.value.code == "unit_mismatch"
    assert refused.value.facts == {"subject": "meter M1", "given": "MWh", "expected": "kWh"}


@pytest.mark.parametrize(
    ("carrier", "kj", "factor"),
    [
        ("raw_coal", "20934", "0.7143"),
        ("lng", "51498", "1.7572"),
        ("electricity", "3600", "0.1228"),
    ],
)
def test_a_measured_calorific_value_replaces_the_table(carrier, kj, factor):
    measured = measured_factor(listed(carrier), Decimal(kj), source="laboratory sheet 7")

    assert measured.kgce_per_unit == Decimal(factor)
    assert measured.status is FactorStatus.MEASURED


@pytest.mark.parametrize(("basis", "short"), [(Basis.EQUIVALENT, "eq"), (Basis.CALORIFIC, "cal")])
def test_a_basis_has_the_short_code_of_assets(basis, short):
    assert basis.short == short


def test_every_carrier_of_the_factor_file_is_listed_once():
    codes = [factor.carrier.code for factor in FACTORS]

    assert len(codes) == len(set(codes)) == 51


def test_no_factor_of_the_file_claims_to_be_confirmed():
    """Nobody has yet compared the file with the text of the 2020 standard."""
    unchecked = {FactorStatus.ANALOGUE, FactorStatus.UNCONFIRMED, FactorStatus.DECIDED_HERE}

    assert {factor.status for factor in FACTORS} | {rate.status for rate in RATES} == unchecked


def test_a_factor_that_is_no_plain_decimal_is_refused():
    row = {**rows("gbt2589-2020.csv")[0], "kgce_per_unit": "7.143e-1"}

    with pytest.raises(AmountMalformed):
        parse_factors([row])
