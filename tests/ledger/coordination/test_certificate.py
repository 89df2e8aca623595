"""Green certificates by serial: issued once, moved while they live, used once, up to a cap."""

from decimal import Decimal
from fractions import Fraction

import pytest

from ledger.coordination.cap import certificates_kgce, saving_needed_kgce
from tests.ledger.compliance.world import CALM, rows
from tests.ledger.coordination.world import (
    certificates,
    city,
    own,
    own_refused,
    retire,
    transfer,
)

PLAN = {
    **CALM,
    "district.990101.five_year_first": (2025, "year"),
    "district.990101.five_year_base_tce": (10, "tce"),
    "district.990101.five_year_growth": ("0", "percent"),
    "district.990101.five_year_reduction": ("12", "percent"),
}
"""10 tce, no growth, 12 %: 1,200 kgce are needed, of which certificates may give 600: two."""


@pytest.fixture
def bench(engine, clock):
    bench = city(engine, clock)
    bench.do(certificates(1, 100)).require()
    return bench


@pytest.fixture
def light(sqlite_engine, clock):
    light = city(sqlite_engine, clock, PLAN)
    light.do(certificates(1, 100)).require()
    return light


def ranges(bench):
    return [
        (row["first_serial"], row["last_serial"], row["holder"], row["state"], row["purpose"])
        for row in sorted(rows(bench, "certificate_holdings"), key=lambda row: row["first_serial"])
    ]


def test_a_range_is_cut_where_a_part_goes_another_way(bench):
    own(bench, transfer(40, 60)).require()
    own(bench, retire(50, 60, by="E2")).require()
    own(bench, retire(1, 1, purpose="tiered_price")).require()

    assert ranges(bench) == [
        (1, 1, "E1", "retired", "tiered_price"),
        (2, 39, "E1", "issued", ""),
        (40, 49, "E2", "held", ""),
        (50, 60, "E2", "retired", "consumption_claim"),
        (61, 100, "E1", "issued", ""),
    ]
    # A certificate is 1,000 kWh, 0.3 kgce each in these tests: eleven stand for 3,300 kgce.
    used = [row["amount_kgce"] for row in rows(bench, "certificate_holdings")]
    assert sorted(used) == [0, 0, 0, 0, 3_300]
    assert [(row["source"], row["destination"]) for row in rows(bench, "certificate_moves")] == [
        ("E1", "E2")
    ]


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        (100, 100, "certificate_issued"),
        (100, 200, "certificate_issued"),
        (1, 1, "certificate_issued"),
        (50, 51, "certificate_issued"),
        (101, 200, "ok"),
        (0, 0, "serials_malformed"),
        (102, 101, "serials_malformed"),
    ],
)
def test_a_serial_is_issued_once(light, first, last, code):
    answer = light.do(certificates(first, last))

    assert answer.code == code
    assert len(ranges(light)) == (2 if code == "ok" else 1)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (retire(60, 61), "certificate_retired"),
        (retire(40, 50, purpose="tiered_price"), "certificate_retired"),
        (transfer(50, 50), "certificate_retired"),
        (retire(61, 101), "certificate_not_held"),
        (retire(61, 62, by="E2"), "certificate_not_held"),
        (transfer(200, 201), "certificate_not_held"),
        (retire(61, 62, year=2024), "certificate_too_early"),
        (retire(61, 62, beneficiary="990101"), "certificate_beneficiary_unknown"),
        (retire(61, 62, purpose="project_commitment"), "certificate_beneficiary_unknown"),
        (retire(61, 62, purpose="regional_deduction"), "party_unknown"),
        (retire(61, 62, document=""), "decision_document_missing"),
        (retire(61, 61), "ok"),
        (retire(61, 100), "ok"),
    ],
)
def test_a_serial_is_used_once_by_who_holds_it(light, payload, code):
    own(light, retire(50, 60)).require()

    answer = own(light, payload) if code == "ok" else own_refused(light, payload)

    assert answer.code == code
    if code == "certificate_retired":
        assert answer.facts["purpose"] == "consumption_claim"


def test_what_is_in_statistics_moves_no_quantity_of_a_region(light):
    light.do(certificates(200, 201, route="intra_province")).require()
    light.do(certificates(300, 301, route="cross_province_deal")).require()
    region = {"purpose": "regional_deduction", "beneficiary": "990101"}

    for first in (200, 300):
        answer = own_refused(light, retire(first, first, **region))
        assert (answer.code, answer.facts["serial"]) == ("certificate_in_statistics", first)
    own(light, retire(1, 1, **region)).require()
    own(light, retire(200, 201)).require()


def test_a_region_deducts_up_to_half_of_the_saving_it_needs(light):
    region = {"purpose": "regional_deduction", "beneficiary": "990101"}

    assert own_refused(light, retire(1, 3, **region)).facts == {
        "district": "990101",
        "needed": 900,
        "available": 600,
        "cap": 600,
    }
    own(light, retire(1, 2, **region)).require()
    answer = own_refused(light, retire(3, 3, **region))
    assert (answer.code, answer.facts["available"]) == ("certificate_cap_exceeded", 0)


def test_a_region_without_a_target_deducts_nothing(light):
    region = {"purpose": "regional_deduction", "beneficiary": "990102"}

    answer = own_refused(light, retire(1, 1, **region))

    assert answer.code == "parameter_missing"


def test_the_saving_needed_and_what_a_certificate_stands_for():
    # 1,000,000 × 1.05^5 = 1,276,281.5625; × 13.5 % = 172,298.01…
    needed = saving_needed_kgce(
        1_000_000, growth=Fraction(5, 100), years=5, reduction=Fraction(135, 1000)
    )
    assert needed == 172_298
    # 3 × 1,000 kWh × 0.1229 = 368.7; × 0.0005 = 1.5, half up.

    assert certificates_kgce(3, Decimal("0.1229")) == 369
    assert certificates_kgce(3, Decimal("0.0005")) == 2
