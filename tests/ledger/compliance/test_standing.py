"""Status and gap, as a reader and as the writer see them."""

from datetime import date

import pytest

from ledger.compliance.obligation import Amounts, ComplianceStatus
from ledger.compliance.standing import Gap, gap_of, read_status, read_statuses
from ledger.db import reading
from tests.ledger.compliance.world import (
    CALM,
    ENERGY,
    LATER,
    OLD,
    city,
    close,
    give,
    opened,
    pass_day,
    pay,
    paying,
)

DEADLINE, NEXT_DAY = date(2026, 6, 30), date(2026, 7, 1)


def status(bench, enterprise="E1", *, year=2025, today=DEADLINE):
    with reading(bench.engine) as connection:
        return read_status(connection, enterprise, compliance_year=year, today=today)


@pytest.mark.parametrize(
    ("paid", "today", "expected"),
    [
        (4_999, DEADLINE, ComplianceStatus.NOT_DUE),
        (4_999, NEXT_DAY, ComplianceStatus.SHORT),
        (5_000, NEXT_DAY, ComplianceStatus.MET),
        (5_000, DEADLINE, ComplianceStatus.MET),
    ],
)
def test_an_enterprise_is_short_from_the_day_after_the_deadline(
    sqlite_engine, clock, paid, today, expected
):
    bench = opened(sqlite_engine, clock, firms={"E1": (5_000, 0)})
    give(bench, ENERGY, 5_000)
    pay(bench, paying(paid)).require()

    found = status(bench, today=today)

    assert found.status is expected
    assert found.missing == Amounts(5_000 - paid)


def test_a_status_shows_energy_and_coal_side_by_side(engine, clock):
    bench = opened(engine, clock)
    give(bench, ENERGY, 5_000)
    pay(bench, paying(5_000)).require()

    found = status(bench, today=NEXT_DAY)

    assert (found.owed, found.surrendered) == (Amounts(5_000, 2_000), Amounts(5_000, 0))
    assert (found.status, found.missing) == (ComplianceStatus.SHORT, Amounts(0, 2_000))


@pytest.mark.parametrize(
    ("today", "expected"),
    [(DEADLINE, ComplianceStatus.NOT_DUE), (NEXT_DAY, ComplianceStatus.REPORT_MISSING)],
)
def test_a_missing_report_shows_from_the_day_after_the_deadline(
    sqlite_engine, clock, today, expected
):
    bench = opened(sqlite_engine, clock, firms={})

    found = status(bench, "E3", today=today)

    assert (found.status, found.owed) == (expected, None)


def test_a_year_that_was_never_opened_has_no_status(sqlite_engine, clock):
    bench = city(sqlite_engine, clock)

    assert status(bench) is None


def test_whoever_had_to_be_deducted_by_force_stays_short(sqlite_engine, clock):
    bench = opened(sqlite_engine, clock, firms={"E1": (5_000, 0)})
    give(bench, ENERGY, 5_000)
    pass_day(bench, clock, DEADLINE)
    close(bench).require()

    found = status(bench, today=NEXT_DAY)

    assert (found.status, found.missing) == (ComplianceStatus.SHORT, Amounts(5_000))


def test_all_statuses_of_a_year_come_by_enterprise(engine, clock):
    bench = opened(engine, clock, firms={"E2": (700, 0), "E1": (0, 0)})

    with reading(bench.engine) as connection:
        found = read_statuses(connection, compliance_year=2025, today=NEXT_DAY)
        none = read_statuses(connection, compliance_year=2024, today=NEXT_DAY)

    assert [(one.enterprise, one.status) for one in found] == [
        ("E1", ComplianceStatus.MET),
        ("E2", ComplianceStatus.SHORT),
    ]
    assert none == []


@pytest.mark.parametrize(
    ("outstanding", "available", "short", "spare"),
    [(0, 0, 0, 0), (10, 9, 1, 0), (10, 10, 0, 0), (10, 11, 0, 1)],
)
def test_a_gap_is_short_or_spare_never_both(outstanding, available, short, spare):
    gap = Gap(outstanding=outstanding, available=available)

    assert (gap.short, gap.spare) == (short, spare)


def test_the_gap_counts_free_units_that_may_answer(sqlite_engine, clock):
    bench = opened(sqlite_engine, clock, CALM)
    for asset, purpose in ((ENERGY, "bought"), (OLD, "holding"), (ENERGY, "restricted")):
        give(bench, asset, 1_000, purpose=purpose)
    give(bench, LATER, 1_000)

    gap = gap_of(bench.writer.memory, "E1", compliance_year=2025, measure="energy")

    assert gap == Gap(outstanding=5_000, available=2_000)
    assert gap_of(bench.writer.memory, "E3", compliance_year=2025, measure="energy") is None
