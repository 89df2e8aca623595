"""Adopting factor editions: one a year and basis in force, never changed under a report."""

import msgspec
import pytest

from ledger.metering.carriers import Basis
from ledger.metering.factors import AdoptFactors
from ledger.rows import RowsEmpty
from tests.build import REGULATOR, SECOND_REGULATOR
from tests.ledger.metering.build import (
    draft,
    factor_payload,
    meter,
    metering_ledger,
    record,
    refused_quietly,
    register,
    submitted,
    year_of,
)


@pytest.fixture
def bench(sqlite_engine, clock):
    """For what is decided in memory; what the database takes part in runs on `either` engine."""
    return metering_ledger(sqlite_engine, clock)


@pytest.fixture
def either(engine, clock):
    return metering_ledger(engine, clock)


def refused(bench, payload):
    return refused_quietly(bench, payload, maker=REGULATOR, checker=SECOND_REGULATOR)


def with_rate(edition: str, kgce_per_kwh: str) -> AdoptFactors:
    payload = factor_payload(Basis.EQUIVALENT, edition)
    rates = tuple(
        msgspec.structs.replace(rate, kgce_per_kwh=kgce_per_kwh)
        if (rate.year, rate.series) == (2025, "chosen")
        else rate
        for rate in payload.rates
    )
    return msgspec.structs.replace(payload, rates=rates)


def test_the_newest_edition_adopted_is_in_force(either):
    register(either, meter())
    record(either, *year_of(11_000)).require()
    either.both(with_rate("amended", "0.2900")).require()

    answer = draft(either).require()

    assert answer.result["energy_kgce"] == 2_900
    assert answer.result["edition"] == "amended"


def test_an_edition_is_adopted_once(either):
    answer = refused(either, factor_payload(Basis.EQUIVALENT))

    assert answer.code == "edition_adopted_already"
    assert answer.facts == {"edition": "gbt2589-2020", "year": 2025, "basis": "equivalent"}


def test_the_same_edition_serves_another_year(bench):
    bench.both(factor_payload(Basis.EQUIVALENT, year=2026)).require()


def test_an_edition_under_a_submitted_report_stays(either):
    submitted(either)

    answer = refused(either, with_rate("amended", "0.2900"))

    assert answer.code == "edition_in_use"
    assert answer.facts["reports"] == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kgce_per_unit": "-0.1"}, "factor_negative"),
        ({"coal_kg_per_unit": "-1"}, "factor_negative"),
        ({"kgce_per_unit": "7.143e-1"}, "amount_malformed"),
    ],
)
def test_a_faulty_factor_refuses_the_whole_edition(bench, change, code):
    payload = factor_payload(Basis.EQUIVALENT, "faulty")
    rows = (msgspec.structs.replace(payload.rows[0], **change), *payload.rows[1:])

    answer = refused(bench, msgspec.structs.replace(payload, rows=rows))

    assert answer.code == code


def test_a_carrier_stands_in_an_edition_once(bench):
    payload = factor_payload(Basis.EQUIVALENT, "faulty")

    answer = refused(bench, msgspec.structs.replace(payload, rows=(*payload.rows, payload.rows[0])))

    assert answer.code == "factor_duplicate"
    assert answer.facts == {"what": "raw_coal on the calorific basis"}


def test_an_edition_without_rows_is_refused(bench):
    payload = msgspec.structs.replace(factor_payload(Basis.EQUIVALENT, "empty"), rows=())

    answer = refused(bench, payload)

    assert answer.code == RowsEmpty.code


@pytest.mark.parametrize("year", [1999, 2100, 10**17])
def test_a_year_outside_the_century_is_refused(bench, year):
    answer = refused(bench, factor_payload(Basis.EQUIVALENT, year=year))

    assert answer.code == "energy_year_out_of_range"


def test_one_person_alone_adopts_nothing(bench):
    before = bench.digest()

    answer = bench.do(factor_payload(Basis.CALORIFIC))

    assert answer.code == "second_person_needed"
    assert bench.digest() == before
