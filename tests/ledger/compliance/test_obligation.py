from datetime import date
from fractions import Fraction

import pytest

from ledger.calculation import Sheet
from ledger.compliance.obligation import (
    Amounts,
    ComplianceStatus,
    ReportNotVerified,
    banking_limit,
    compliance_status,
    obligation,
    shortfall,
)
from ledger.metering.carriers import Basis
from ledger.metering.consumption import Consumption

CONSUMPTION = Consumption(
    energy_kgce=5_000,
    coal_kg=2_000,
    basis=Basis.EQUIVALENT,
    edition="gbt2589-2020",
    sheet=Sheet("2026.1"),
)
DEADLINE = date(2026, 6, 30)
NEXT_DAY = date(2026, 7, 1)


def owed(*, is_verified: bool = True, is_coal_obligated: bool = True):
    return obligation(
        "E001",
        compliance_year=2026,
        consumption=CONSUMPTION,
        is_verified=is_verified,
        is_coal_obligated=is_coal_obligated,
    )


@pytest.mark.parametrize(("is_coal_obligated", "coal_kg"), [(True, 2_000), (False, 0)])
def test_an_obligation_is_energy_and_where_capped_coal(is_coal_obligated, coal_kg):
    result = owed(is_coal_obligated=is_coal_obligated)

    assert result.amounts == Amounts(energy_kgce=5_000, coal_kg=coal_kg)


def test_an_obligation_carries_basis_and_edition_of_its_report():
    assert (owed().basis, owed().edition) == (Basis.EQUIVALENT, "gbt2589-2020")


def test_an_unverified_report_makes_no_obligation():
    with pytest.raises(ReportNotVerified) as refused:
        owed(is_verified=False)

    assert refused.value.code == "report_not_verified"
    assert refused.value.facts == {"enterprise": "E001", "compliance_year": 2026}


@pytest.mark.parametrize(
    ("energy", "coal", "missing"),
    [
        (0, 0, Amounts(5_000, 2_000)),
        (4_999, 2_000, Amounts(1, 0)),
        (5_000, 1_999, Amounts(0, 1)),
        (5_000, 2_000, Amounts(0, 0)),
        (9_000, 0, Amounts(0, 2_000)),
    ],
)
def test_one_measure_never_makes_up_for_the_other(energy, coal, missing):
    result = shortfall(obligation=Amounts(5_000, 2_000), surrendered=Amounts(energy, coal))

    assert result == missing


@pytest.mark.parametrize(
    ("energy", "coal", "today", "expected"),
    [
        (4_999, 2_000, DEADLINE, ComplianceStatus.NOT_DUE),
        (4_999, 2_000, NEXT_DAY, ComplianceStatus.SHORT),
        (5_000, 1_999, NEXT_DAY, ComplianceStatus.SHORT),
        (5_000, 2_000, NEXT_DAY, ComplianceStatus.MET),
        (5_000, 2_000, date(2026, 1, 1), ComplianceStatus.MET),
        (0, 0, DEADLINE, ComplianceStatus.NOT_DUE),
    ],
)
def test_an_enterprise_is_short_from_the_day_after_the_deadline(energy, coal, today, expected):
    status = compliance_status(
        obligation=Amounts(5_000, 2_000),
        surrendered=Amounts(energy, coal),
        deadline=DEADLINE,
        today=today,
    )

    assert status is expected


@pytest.mark.parametrize(
    ("today", "expected"),
    [(DEADLINE, ComplianceStatus.NOT_DUE), (NEXT_DAY, ComplianceStatus.REPORT_MISSING)],
)
def test_a_missing_report_shows_from_the_day_after_the_deadline(today, expected):
    status = compliance_status(
        obligation=None, surrendered=Amounts(0), deadline=DEADLINE, today=today
    )

    assert status is expected


@pytest.mark.parametrize(
    ("unused", "share", "limit"),
    [
        (700, None, 700),
        (700, Fraction(0), 0),
        (700, Fraction(1, 10), 500),
        (499, Fraction(1, 10), 499),
        (9_999, Fraction(1, 3), 1_666),
        (0, None, 0),
    ],
)
def test_banking_is_limited_by_a_share_of_the_obligation(unused, share, limit):
    assert banking_limit(unused=unused, obligation=5_000, share=share) == limit
