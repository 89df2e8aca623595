"""Opening a compliance year: never without a deadline, never on unconfirmed ground unsaid."""

from datetime import date

import pytest

from ledger.adopt import AdoptPack, Policy
from ledger.command import canonical
from ledger.compliance.book import Book
from ledger.compliance.open_year import RecordPrice
from ledger.days import end_of
from ledger.policy import to_plain
from ledger.waive import WaiveParameters, WaiverLine
from tests.build import REGULATOR, SECOND_REGULATOR
from tests.ledger.compliance.world import (
    DEADLINE,
    WAIVER,
    city,
    opening,
    pass_day,
    refused,
    rows,
)

OPENED, LAST = "2025-01-01", DEADLINE
"""The days on which the year's values are used."""


def year_refused(bench, **changes):
    payload = opening(**changes)
    return refused(bench, payload, maker=REGULATOR, checker=SECOND_REGULATOR)


def test_a_year_is_opened_with_its_deadline_and_what_was_waived(engine, clock):
    bench = city(engine, clock)

    answer = bench.both(opening()).require()

    assert answer.result["deadline"] == DEADLINE
    assert set(answer.result["waived"]) >= {
        "national:allocation.pre_issue_share",
        "national:freed.closure_credit",
        "national:metering.basis",
        "national:obligation.own_renewables_counted",
        "national:shortfall.credit_record",
        "national:shortfall.forced_deduction",
        "national:shortfall.price_window_months",
        "national:substitution.ratio.pollutant_standard_failed",
        "national:verifier_team_min",
    }
    # The sample city has its own multiplier, and what is decided here needs no waiver.
    assert "national:shortfall.next_year_multiplier" not in answer.result["waived"]
    assert "national:shortfall.grace_days" not in answer.result["waived"]
    assert {row["reason"] for row in rows(bench, "waivers")} == {WAIVER}
    assert len(rows(bench, "waivers")) == len(answer.result["waived"])
    (year,) = rows(bench, "compliance_years")
    assert (year["state"], year["measures"]) == ("open", "energy coal")
    assert "scheme:surrendered:2025" in bench.writer.memory.accounts


@pytest.fixture
def bench(sqlite_engine, clock):
    return city(sqlite_engine, clock)


def test_without_a_deadline_of_its_own_a_year_takes_that_of_the_pack(bench):
    answer = bench.both(opening(deadline="")).require()

    assert answer.result["deadline"] == "2026-06-30"


def test_a_year_without_any_deadline_is_refused(engine, clock):
    bench = city(engine, clock, {"surrender.deadline": None})

    answer = year_refused(bench, deadline="")

    assert answer.code == "deadline_missing"
    assert answer.facts == {"compliance_year": 2025}


@pytest.mark.parametrize(
    "deadline", ["2025-12-31", "2026-01-01", "2026-01-14", "2026-02-30", "30.6.2026", "soon"]
)
def test_a_deadline_that_is_no_day_or_too_early_is_refused(bench, deadline):
    answer = year_refused(bench, deadline=deadline)

    assert answer.code == "deadline_unfit"
    assert answer.facts == {
        "deadline": deadline,
        "compliance_year": 2025,
        "earliest": "2026-01-15",
    }


def test_today_is_the_earliest_deadline(bench):
    assert bench.both(opening(deadline="2026-01-15")).ok


def test_the_year_itself_must_be_over_on_its_deadline(bench):
    answer = year_refused(bench, year=2026, deadline="2026-12-31")

    assert answer.code == "deadline_unfit"
    assert answer.facts["earliest"] == "2027-01-01"


@pytest.mark.parametrize("waiver", ["", "   "])
def test_unconfirmed_parameters_need_a_waiver_in_words(engine, clock, waiver):
    bench = city(engine, clock)

    answer = year_refused(bench, waiver=waiver)

    assert answer.code == "parameter_unconfirmed"
    named = answer.facts["parameters"].split(",")
    assert "national:obligation.own_renewables_counted" in named
    assert rows(bench, "waivers") == []


def unconfirmed_of(bench):
    """Return what stands in the way of a year for which nothing is waived."""
    return year_refused(bench, waiver="").facts["parameters"].split(",")


def waiver_of(name, *, first_day=OPENED, last_day=LAST):
    pack, _, key = name.partition(":")
    return WaiverLine(pack, key, first_day, last_day, "会议纪要")


def waive(bench, *lines):
    bench.both(WaiveParameters(rows=lines)).require()


def test_a_year_opens_without_words_where_every_value_is_under_a_waiver(engine, clock):
    bench = city(engine, clock)
    first, second, *others = unconfirmed_of(bench)

    waive(bench, *map(waiver_of, others))
    assert unconfirmed_of(bench) == [first, second]
    waive(bench, waiver_of(first, last_day="2026-06-29"))
    waive(bench, waiver_of(second, first_day="2025-01-02"))
    assert unconfirmed_of(bench) == [first, second]
    waive(bench, waiver_of(first), waiver_of(second))

    answer = bench.both(opening(waiver="")).require()
    assert answer.result["waived"] == [first, second, *others]
    # What was recorded before is not recorded again.
    assert len(rows(bench, "waivers")) == len(others) + 4


def test_a_value_that_comes_into_force_within_the_year_needs_its_waiver_too(sqlite_engine, clock):
    bench = city(sqlite_engine, clock)
    before = unconfirmed_of(bench)
    waive(bench, *map(waiver_of, before))
    plain = to_plain(bench.writer.memory.cache(Policy).packs["sample"])
    late = {"key": "freed.closure_credit", "value": "previous_year", "unit": "choice"}
    late |= {"valid_from": DEADLINE, "status": "unconfirmed", "document": "某办法"}
    plain["parameter"] = [*plain["parameter"], late]
    bench.both(AdoptPack(content=canonical(plain).decode())).require()

    assert unconfirmed_of(bench) == ["sample:freed.closure_credit"]
    assert bench.both(opening(waiver="", deadline="2026-06-29")).ok


def test_sample_values_and_decisions_of_our_own_need_no_waiver(bench):
    statuses = {
        each.key: each.status
        for name in ("national", "sample")
        for each in bench.writer.memory.cache(Policy).packs[name].parameters
    }

    needing = {statuses[name.partition(":")[2]] for name in unconfirmed_of(bench)}

    assert needing <= {"unconfirmed", "analogue"}


@pytest.mark.parametrize(
    ("key", "value"),
    [("expiry", "never"), ("surrender.order", "at_random"), ("shortfall.fine_base", "by_mood")],
)
def test_a_choice_that_cannot_be_carried_out_is_refused(sqlite_engine, clock, key, value):
    bench = city(sqlite_engine, clock, {key: (value, "choice")})

    answer = year_refused(bench)

    assert answer.code == "policy_term_unknown"
    assert (answer.facts["key"], answer.facts["value"]) == (key, value)


@pytest.mark.parametrize("year", [1999, 3000, -1])
def test_a_number_that_is_no_year_is_refused(bench, year):
    assert year_refused(bench, year=year).code == "compliance_year_out_of_range"


def test_a_year_is_opened_once(bench):
    bench.both(opening()).require()

    answer = year_refused(bench)

    assert answer.code == "compliance_year_exists"


def test_the_first_rule_in_order_is_the_one_reported(bench):
    bench.both(opening()).require()

    assert year_refused(bench, deadline="soon", waiver="").code == "compliance_year_exists"
    assert year_refused(bench, year=2026, deadline="soon", waiver="").code == "deadline_unfit"


def test_one_person_alone_opens_no_year(bench):
    before = bench.digest()

    answer = bench.do(opening())

    assert answer.code == "second_person_needed"
    assert bench.digest() == before


@pytest.mark.parametrize(("microseconds", "state"), [(-1, "open"), (0, "closing")])
def test_a_year_turns_to_closing_when_its_deadline_day_ends(engine, clock, microseconds, state):
    bench = city(engine, clock)
    bench.both(opening()).require()

    clock.now = end_of(date(2026, 6, 30)) + microseconds
    bench.writer.tick()

    (year,) = rows(bench, "compliance_years")
    assert year["state"] == state


def test_a_restart_finds_the_book_as_it_was(engine, clock):
    bench = city(engine, clock)
    bench.both(opening()).require()
    bench.both(price()).require()
    before = bench.writer.memory.cache(Book)

    bench.restart()

    after = bench.writer.memory.cache(Book)
    assert (after.years, after.prices) == (before.years, before.prices)


def price(**changes):
    fields = {
        "year": 2025,
        "measure": "energy",
        "turnover_fen": 6_000_000,
        "volume": 1_000_000,
        "source": "daily summaries of 2026-05",
    }
    return RecordPrice(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"turnover_fen": 0}, "amount_not_positive"),
        ({"volume": 0}, "amount_not_positive"),
        ({"year": 2024}, "compliance_year_unknown"),
    ],
)
def test_a_price_without_turnover_or_year_is_refused(bench, changes, code):
    bench.both(opening()).require()

    answer = refused(bench, price(**changes), maker=REGULATOR, checker=SECOND_REGULATOR)

    assert answer.code == code
    assert bench.writer.memory.cache(Book).prices == {}


def test_passing_the_deadline_is_told_to_readers_once(bench, clock):
    bench.both(opening()).require()

    pass_day(bench, clock, date(2026, 6, 30))
    pass_day(bench, clock, date(2026, 7, 1))

    events = [row["body"] for row in rows(bench, "outbox") if row["topic"] == "years"]
    assert events[1:] == ['{"state":"closing","year":2025}']
