"""Obligations follow from final reports, measure by measure, once."""

from datetime import date

import msgspec
import pytest
from msgspec.structs import replace

from ledger.compliance.assess import ComputeObligations
from ledger.metering.carriers import Basis
from tests.build import REGULATOR
from tests.ledger.compliance.world import (
    CALM,
    FACTORS,
    city,
    do_refused,
    opened,
    opening,
    pass_day,
    report,
    rows,
)


def of(*enterprises, **changes):
    return ComputeObligations(**({"year": 2025, "enterprises": enterprises} | changes))


@pytest.fixture
def bench(sqlite_engine, clock):
    bench = city(sqlite_engine, clock)
    bench.both(opening()).require()
    return bench


def owed(bench):
    return [(row["enterprise"], row["measure"], row["owed"]) for row in rows(bench, "standings")]


def test_energy_and_coal_are_owed_separately(engine, clock):
    bench = city(engine, clock)
    bench.both(opening()).require()
    report(bench, "E1", energy=5_000, coal=2_000)

    answer = bench.do(of("E1")).require()

    assert answer.result == {"computed": 1, "remaining": 0, "pending": 0}
    assert sorted(owed(bench)) == [("E1", "coal", 2_000), ("E1", "energy", 5_000)]
    assert {row["state"] for row in rows(bench, "standings")} == {"due"}


def test_a_year_without_coal_asks_for_energy_alone(sqlite_engine, clock):
    bench = opened(sqlite_engine, clock, measures="energy")

    assert owed(bench) == [("E1", "energy", 5_000)]


def test_nothing_used_is_an_obligation_of_nothing(bench):
    report(bench, "E1", energy=0)

    bench.do(of("E1")).require()

    assert sorted(owed(bench)) == [("E1", "coal", 0), ("E1", "energy", 0)]


def test_the_sheet_names_the_report_and_the_switches_it_was_computed_with(bench):
    report(bench, "E1", energy=5_000, coal=2_000)

    bench.do(of("E1")).require()

    energy = next(row for row in rows(bench, "obligations") if row["measure"] == "energy")
    (step,) = msgspec.json.decode(energy["sheet"])["steps"]
    assert step["result"] == "5000"
    assert step["inputs"]["report"] == energy["report_hash"]
    assert step["inputs"]["obligation.own_renewables_counted"] == "false"
    assert step["inputs"]["obligation.feedstock_counted"] == "true"
    assert "national@" in msgspec.json.decode(energy["sheet"])["pack_version"]


def test_without_a_final_report_there_is_no_obligation(engine, clock):
    bench = city(engine, clock)
    bench.both(opening()).require()

    answer = do_refused(bench, of("E1"))

    assert answer.code == "verification_pending"
    assert rows(bench, "obligations") == []


def test_a_report_in_calorific_value_is_never_set_against_allowances(sqlite_engine, clock):
    bench = city(sqlite_engine, clock, {**CALM, "metering.basis": ("calorific", "choice")})
    lines = tuple(replace(line, basis=Basis.CALORIFIC) for line in FACTORS.rows)
    bench.both(replace(FACTORS, basis=Basis.CALORIFIC, rows=lines)).require()
    bench.both(opening()).require()
    report(bench, "E1", energy=5_000)

    answer = do_refused(bench, of("E1"))

    assert answer.code == "obligation_basis_other"
    assert answer.facts == {"enterprise": "E1", "basis": "calorific"}


def test_an_obligation_is_computed_once(bench):
    report(bench, "E1", energy=5_000)
    bench.do(of("E1")).require()

    answer = do_refused(bench, of("E1"))

    assert answer.code == "obligation_exists"
    assert answer.facts == {"enterprise": "E1", "compliance_year": 2025}


def test_one_enterprise_without_a_report_keeps_all_that_are_named_back(engine, clock):
    bench = city(engine, clock)
    bench.both(opening()).require()
    report(bench, "E1", energy=5_000)

    answer = do_refused(bench, of("E1", "E2", "E9"))

    assert answer.code == "rows_refused"
    assert answer.facts["codes"] == "party_unknown,verification_pending"


def test_a_district_is_computed_as_far_as_its_reports_are_final(bench):
    report(bench, "E2", energy=700)
    report(bench, "E3", energy=900)

    first = bench.do(of(district="990101")).require()
    again = bench.do(of(district="990101")).require()

    assert first.result == {"computed": 1, "remaining": 0, "pending": 1}
    assert again.result == {"computed": 0, "remaining": 0, "pending": 1}
    assert sorted(owed(bench)) == [("E2", "coal", 0), ("E2", "energy", 700)]


def test_a_large_district_is_computed_in_steps(bench, monkeypatch):
    monkeypatch.setattr("ledger.compliance.assess.COMPUTED_MAX", 1)
    report(bench, "E1", energy=5_000)
    report(bench, "E2", energy=700)

    first = bench.do(of(district="990101")).require()
    second = bench.do(of(district="990101")).require()

    assert first.result == {"computed": 1, "remaining": 1, "pending": 0}
    assert second.result == {"computed": 1, "remaining": 0, "pending": 0}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"enterprises": ()}, "obligation_scope_unclear"),
        ({"district": "990101"}, "obligation_scope_unclear"),
        ({"enterprises": ("E1",) * 201}, "obligation_scope_unclear"),
        ({"enterprises": (), "district": "990199"}, "party_unknown"),
        ({"enterprises": ("E1", "E1")}, "rows_refused"),
        ({"year": 2024}, "compliance_year_unknown"),
    ],
)
def test_an_unclear_request_is_refused(bench, changes, code):
    report(bench, "E1", energy=5_000)

    assert do_refused(bench, of("E1", **changes)).code == code


def test_a_late_report_still_makes_an_obligation_while_the_year_is_closing(bench, clock):
    report(bench, "E1", energy=5_000)
    pass_day(bench, clock, date(2026, 6, 30))

    assert bench.do(of("E1"), actor=REGULATOR).ok
