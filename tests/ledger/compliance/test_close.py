"""Closing a year: one enterprise at a time, what is left lapses or stays, and then the year."""

from datetime import date

import pytest

from ledger.compliance.book import Book
from ledger.compliance.close import CloseEnterprise
from ledger.compliance.deduct import ApplyDeductions
from ledger.compliance.lapse import ExpireVintages
from tests.build import REGULATOR, SECOND_REGULATOR
from tests.ledger.allocation.build import cement, issued, set_budget
from tests.ledger.compliance.overdue import (
    CLOSING,
    DEADLINE,
    HOLDING,
    QUIET,
    of_energy,
    overdue,
)
from tests.ledger.compliance.world import (
    CALM,
    CLOSE_YEAR,
    COAL,
    ELSEWHERE,
    ENERGY,
    LATER,
    OLD,
    close,
    do_refused,
    give,
    opened,
    pass_day,
    refused,
    rows,
)


def test_closing_twice_is_refused(engine, clock):
    bench = overdue(engine, clock)
    close(bench).require()

    answer = do_refused(bench, CLOSING)

    assert answer.code == "enterprise_year_closed"
    assert answer.facts == {"enterprise": "E1", "compliance_year": 2025}


def test_before_the_deadline_day_is_over_nobody_is_closed(engine, clock):
    bench = opened(engine, clock)

    answer = do_refused(bench, CLOSING)

    assert answer.code == "compliance_year_state"
    assert answer.facts == {"compliance_year": 2025, "state": "open", "needed": "closing"}


def test_nobody_is_closed_whose_allocation_was_not_trued_up(engine, clock):
    bench = overdue(engine, clock, units=[(ENERGY, 5_000, "restricted")])

    answer = do_refused(bench, CLOSING)

    assert answer.code == "true_up_missing"
    assert answer.facts == {
        "enterprise": "E1",
        "compliance_year": 2025,
        "measure": "energy",
        "restricted": 5_000,
    }


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (CloseEnterprise(year=2024, enterprise="E1"), "compliance_year_unknown"),
        (CloseEnterprise(year=2025, enterprise="E9"), "party_unknown"),
        (CloseEnterprise(year=2025, enterprise="E3"), "obligation_missing"),
    ],
)
def test_what_has_no_obligation_is_not_closed(sqlite_engine, clock, payload, code):
    bench = overdue(sqlite_engine, clock)

    assert do_refused(bench, payload).code == code


@pytest.mark.parametrize(("day", "code"), [(10, "ok"), (9, "grace_running")])
def test_whoever_is_short_is_closed_when_grace_is_over(sqlite_engine, clock, day, code):
    bench = overdue(sqlite_engine, clock, {})
    pass_day(bench, clock, date(2026, 7, day))

    assert close(bench).code == code


def test_a_refusal_in_grace_names_its_last_day_and_changes_nothing(engine, clock):
    bench = overdue(engine, clock, {})

    answer = do_refused(bench, CLOSING)

    assert answer.facts == {
        "enterprise": "E1",
        "last_day": "2026-07-10",
        "today": "2026-07-01",
    }


def test_whoever_has_surrendered_all_need_not_wait_for_grace_to_end(sqlite_engine, clock):
    bench = opened(sqlite_engine, clock, {}, firms={"E1": (0, 0)})
    pass_day(bench, clock, DEADLINE)

    assert close(bench).ok


@pytest.mark.parametrize(
    ("values", "kept", "expired", "next_vintage"),
    [
        ({}, 5_000, 0, 0),
        ({"banking": (False, "switch")}, 0, 5_000, 0),
        ({"banking_share": ("1/10", "share")}, 500, 4_500, 0),
        ({"expiry": ("surrender_deadline_of_vintage", "choice")}, 0, 0, 5_000),
        (
            {
                "expiry": ("surrender_deadline_of_vintage", "choice"),
                "banking_share": ("1/10", "share"),
            },
            0,
            4_500,
            500,
        ),
        (
            {
                "expiry": ("surrender_deadline_of_vintage", "choice"),
                "banking": (False, "switch"),
            },
            0,
            5_000,
            0,
        ),
    ],
)
def test_what_is_left_is_banked_exchanged_or_expires(
    engine, clock, values, kept, expired, next_vintage
):
    units = [(ENERGY, 10_000, "holding")]
    bench = overdue(engine, clock, {**CALM, **values}, units=units)

    close(bench).require()

    assert bench.balance(HOLDING, ENERGY) == kept
    assert bench.balance("scheme:expired", ENERGY) == expired
    assert bench.balance(HOLDING, LATER) == next_vintage
    assert bench.balance("scheme:converted", ENERGY) == next_vintage
    assert bench.balance("scheme:issuance", LATER) == -next_vintage


def test_the_vintage_before_expires_wherever_it_is_free(sqlite_engine, clock):
    units = [(OLD, 7_000, "holding"), (OLD, 300, "bought"), (OLD, 40, "restricted")]
    bench = overdue(sqlite_engine, clock, units=[*units, (OLD, 5, "frozen")])

    found = of_energy(close(bench))

    assert (found["recovered"], found["expired"], found["banked"]) == (5_000, 2_340, 0)
    assert bench.balance("enterprise:E1:frozen", OLD) == 5


def test_later_vintages_and_other_measures_stay(sqlite_engine, clock):
    units = [(LATER, 100, "holding"), (COAL, 200, "holding")]
    bench = overdue(sqlite_engine, clock, {**CALM, "banking": (False, "switch")}, units=units)

    answer = close(bench).require()

    assert bench.balance(HOLDING, LATER) == 100
    assert answer.result["coal"]["expired"] == 200


def test_the_year_is_closed_only_after_the_last_enterprise(engine, clock):
    bench = opened(engine, clock, firms={"E1": (0, 0), "E2": (0, 0)})
    pass_day(bench, clock, DEADLINE)
    close(bench, "E2").require()

    early = refused(bench, CLOSE_YEAR, maker=REGULATOR, checker=SECOND_REGULATOR)
    close(bench, "E1").require()
    last = bench.both(CLOSE_YEAR).require()

    assert early.code == "enterprises_waiting"
    assert early.facts == {"compliance_year": 2025, "waiting": 1, "first": "E1"}
    assert last.result == {"year": 2025, "enterprises": 2}
    assert rows(bench, "compliance_years")[0]["state"] == "closed"


def test_whoever_was_issued_allowances_must_account_for_them(engine, clock):
    bench = opened(engine, clock, firms={"E1": (0, 0)})
    set_budget(bench, 200_000_000, district="990101")
    issued(bench, cement("E2", 1_000), district="990101")
    pass_day(bench, clock, DEADLINE)
    close(bench, "E1").require()

    answer = refused(bench, CLOSE_YEAR, maker=REGULATOR, checker=SECOND_REGULATOR)

    assert answer.code == "enterprises_waiting"
    assert answer.facts["first"] == "E2"


def test_a_closed_year_is_not_closed_again(sqlite_engine, clock):
    bench = overdue(sqlite_engine, clock)
    close(bench).require()
    bench.both(CLOSE_YEAR).require()

    answer = refused(bench, CLOSE_YEAR, maker=REGULATOR, checker=SECOND_REGULATOR)

    assert answer.code == "compliance_year_state"
    assert answer.facts["state"] == "closed"


def test_one_person_alone_closes_no_year(sqlite_engine, clock):
    bench = overdue(sqlite_engine, clock)
    close(bench).require()

    assert do_refused(bench, CLOSE_YEAR).code == "second_person_needed"


def test_a_restart_in_the_middle_goes_on_where_it_stopped(engine, clock):
    bench = opened(engine, clock, firms={"E1": (5_000, 0), "E2": (700, 0)})
    pass_day(bench, clock, DEADLINE)
    close(bench, "E1").require()

    bench.restart()

    book = bench.writer.memory.cache(Book)
    assert book.waiting(2025) == ["E2"]
    assert close(bench, "E1").code == "enterprise_year_closed"
    assert close(bench, "E2").ok


def closed_year(engine, clock, *units):
    """2025 is closed; E3 owed nothing, and E1 had units tied up."""
    bench = overdue(engine, clock, units=units)
    give(bench, ELSEWHERE, 800, to="E3")
    give(bench, OLD, 900, to="E3")
    close(bench).require()
    bench.both(CLOSE_YEAR).require()
    return bench


def test_holders_who_owe_nothing_are_swept_after_the_close(engine, clock):
    bench = closed_year(engine, clock)

    answer = bench.do(ExpireVintages(year=2025, enterprises=("E3",))).require()

    assert answer.result == {"year": 2025, "expired": 900}
    assert bench.balance("enterprise:E3:holding", ELSEWHERE) == 800
    assert bench.balance("scheme:expired", OLD) == 900


def test_units_that_come_free_after_the_close_are_swept_too(sqlite_engine, clock):
    bench = closed_year(sqlite_engine, clock)
    give(bench, OLD, 60)
    give(bench, ENERGY, 70)

    first = bench.do(ExpireVintages(year=2025, enterprises=("E1",))).require()
    again = bench.do(ExpireVintages(year=2025, enterprises=("E1",))).require()

    assert (first.result["expired"], again.result["expired"]) == (60, 0)
    assert bench.balance(HOLDING, ENERGY) == 70


@pytest.mark.parametrize(
    ("enterprises", "code"),
    [((), "rows_empty"), (("E9",), "party_unknown"), (("E1",) * 201, "too_many_swept")],
)
def test_a_sweep_of_nobody_is_refused(sqlite_engine, clock, enterprises, code):
    bench = closed_year(sqlite_engine, clock)

    assert do_refused(bench, ExpireVintages(year=2025, enterprises=enterprises)).code == code


def test_nothing_is_swept_before_the_year_is_closed(sqlite_engine, clock):
    bench = overdue(sqlite_engine, clock)

    answer = do_refused(bench, ExpireVintages(year=2025, enterprises=("E3",)))

    assert answer.code == "compliance_year_state"


CUT = ApplyDeductions(year=2026, enterprises=("E1",))


@pytest.mark.parametrize(
    ("issued", "taken", "claimed"),
    [(0, 0, 5_000), (4_000, 4_000, 1_000), (5_000, 5_000, 0), (9_000, 5_000, 0)],
)
def test_a_deduction_takes_next_year_s_units_back_and_claims_the_rest(
    engine, clock, issued, taken, claimed
):
    bench = overdue(engine, clock, QUIET)
    close(bench).require()
    if issued:
        give(bench, LATER, issued, purpose="restricted")

    answer = bench.do(CUT).require()

    assert (answer.result["taken"], answer.result["claimed"]) == (taken, claimed)
    assert bench.balance("district:990101:budget", LATER) == taken
    claims = [(row["asset"], row["amount"]) for row in rows(bench, "due_claims")]
    assert claims == ([(LATER, claimed)] if claimed else [])


@pytest.mark.parametrize(
    ("enterprises", "code"),
    [
        (("E1",), "deduction_missing"),
        (("E3",), "deduction_missing"),
        (("E9",), "party_unknown"),
        (("E1",) * 201, "too_many_deducted"),
    ],
)
def test_a_deduction_is_applied_once(sqlite_engine, clock, enterprises, code):
    bench = overdue(sqlite_engine, clock, QUIET)
    close(bench).require()
    bench.do(CUT).require()

    assert do_refused(bench, ApplyDeductions(year=2026, enterprises=enterprises)).code == code
