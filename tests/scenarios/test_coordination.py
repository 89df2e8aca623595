"""Scenarios of rights-rules §12 on what is counted once, by what rule and on what basis."""

from decimal import Decimal

import pytest

from ledger.coordination.cap import certificates_kgce
from ledger.metering.carriers import Basis, BasisMismatch, StandardCoal
from ledger.metering.consumption import Use
from ledger.metering.enroll import MeterLine, RegisterMeters
from ledger.metering.read import ReadingLine, RecordReadings
from tests.ledger.compliance.world import COMPLIANCE_OFFICER, opening, report, rows
from tests.ledger.coordination.world import (
    certificates,
    city,
    closure,
    confirm,
    confirm_refused,
    elsewhere,
    obliged,
    own,
    retire,
    reviewed,
)


@pytest.mark.parametrize(
    ("total", "own_use", "green_certificates", "owed"),
    [
        pytest.param(120_000, 8_000, 0, 112_000, id="rights-09 RULE own use is left out"),
        # 10 certificates stand for 3,000 kgce here; bought green power is not deducted.
        pytest.param(120_000, 8_000, 10, 112_000, id="rights-09 RULE bought green power counts"),
    ],
)
def test_own_renewables(sqlite_engine, clock, total, own_use, green_certificates, owed):
    bench = city(sqlite_engine, clock)
    bench.both(opening()).require()
    line = MeterLine("E1-BIO", "E1", "gas", "kg", Use.OWN_RENEWABLE, "2024-12", "0")
    bench.do(RegisterMeters(rows=(line,))).require()
    readings = tuple(
        ReadingLine(meter="E1-BIO", month=f"2025-{month:02}", value=str(own_use), unit="kg")
        for month in range(1, 13)
    )
    payload = RecordReadings(rows=readings, enterprise="E1")
    bench.do(payload, actor=COMPLIANCE_OFFICER).require()
    if green_certificates:
        bench.do(certificates(1, green_certificates)).require()
        own(bench, retire(1, green_certificates)).require()
    report(bench, "E1", energy=total - own_use)

    obliged(bench)

    found = {row["measure"]: row["owed"] for row in rows(bench, "obligations")}
    assert found["energy"] == owed


@pytest.mark.parametrize(
    ("scheme", "measure", "code"),
    [
        pytest.param("other_province", "energy", "duplicate_undisposed", id="rights-24 BUILT pool"),
        pytest.param("carbon", "carbon", "carbon_claimed", id="rights-24 BUILT carbon market"),
        pytest.param("energy_saving", "coal", "ok", id="rights-24 BUILT another measure"),
    ],
)
def test_one_closed_line_counts_once(sqlite_engine, clock, scheme, measure, code):
    bench = city(sqlite_engine, clock)
    reviewed(bench, closure())
    elsewhere(bench, scheme=scheme, measure=measure, amount=5_000_000)

    answer = confirm(bench) if code == "ok" else confirm_refused(bench)

    assert answer.code == code


@pytest.mark.parametrize(
    ("factor", "kgce"),
    [
        pytest.param("0.1229", 1_229_000, id="rights-25 BUILT calorific"),
        pytest.param("0.300", 3_000_000, id="rights-25 BUILT equivalent"),
    ],
)
def test_ten_thousand_megawatt_hours(factor, kgce):
    # 10,000 MWh are 10,000 certificates of 1,000 kWh.
    assert certificates_kgce(10_000, Decimal(factor)) == kgce


def test_figures_of_two_bases_never_add():
    calorific = StandardCoal(1_229_000, Basis.CALORIFIC)
    equivalent = StandardCoal(3_000_000, Basis.EQUIVALENT)

    with pytest.raises(BasisMismatch):
        _ = calorific + equivalent
