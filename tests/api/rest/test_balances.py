"""Balances of the past over HTTP: moments, periods and beginnings, each within reach."""

import pytest

from api.instants import instant_text
from tests.api.rest.offices import (
    AUDITOR,
    FIRST_DISTRICT,
    SECOND_DISTRICT,
    appoint,
    pages,
    problem,
)
from tests.build import CLEARING, EXCHANGE
from tests.conftest import DAY, START
from tests.ledger.compliance.world import ENERGY, give

ACCOUNT = "/api/v1/accounts/enterprise:E1:holding"
PAST, PERIOD, STATEMENT = (f"{ACCOUNT}/{each}" for each in ("balances", "difference", "statement"))
TRADER, OTHER_TRADER = "person:T1", "person:T2"


@pytest.fixture
def grown(faced):
    """On 15 January E1 was given 100,000 kgce and 10,000 were held; on the 16th it got 7 more."""
    faced.bench.clock.advance(DAY)
    give(faced.bench, ENERGY, 7)
    return faced


def energy(answer, name="amount"):
    """Return the amount of the traded quota in an answer, None where there is none."""
    assert answer.status_code == 200, answer.text
    return {row["asset"]: row[name] for row in answer.json["items"]}.get(ENERGY)


def lines(town):
    """Return the moves of the quota on the account, oldest first: given, held, given."""
    answer = town.visit(TRADER).get(f"{STATEMENT}?asset={ENERGY}&order=oldest")
    return answer.json["items"]


def test_a_balance_is_told_as_of_an_entry(grown):
    client, (given, held, more) = grown.visit(TRADER), lines(grown)
    last = client.get(PAST).json["entry"]
    expected = {
        0: None,
        given["entry"] - 1: None,
        given["entry"]: "100000",
        held["entry"] - 1: "100000",
        held["entry"]: "90000",
        more["entry"]: "90007",
        last: "90007",
    }

    found = {entry: energy(client.get(f"{PAST}?as_of_entry={entry}")) for entry in expected}

    assert found == expected
    assert client.get(f"{PAST}?as_of_entry=0").json == {
        "account": "enterprise:E1:holding",
        "entry": 0,
        "effective_at": None,
        "items": [],
    }
    late = client.get(f"{PAST}?as_of_entry={last + 1}")
    assert problem(late) == (404, "entry_not_written")
    assert late.json["facts"] == {"entry": last + 1, "last_entry": last}


@pytest.mark.parametrize("name", ["as_of", "effective"])
def test_a_balance_is_told_as_of_an_instant(grown, name):
    client, (given, held, _) = grown.visit(TRADER), lines(grown)
    now = grown.bench.clock.now

    def at(text):
        return energy(client.get(PAST, query_string={name: text}))

    assert at(given["recorded_at"]) == "100000"
    assert at(held["recorded_at"]) == "90000"
    before = held["recorded_at"].replace("Z", "").split(".")
    assert at(f"{before[0]}.{int(before[1]) - 1:06d}Z") == "100000"
    assert at(instant_text(START - 1)) is None
    assert at("1969-12-31T23:59:59Z") is None
    assert at(instant_text(now)) == "90000"  # three commands came in one microsecond of the clock
    assert at(instant_text(now + 2)) == "90007"
    late = client.get(PAST, query_string={name: instant_text(now + 3)})
    assert problem(late) == (422, "instant_in_future")


def test_a_day_stands_for_its_end_and_today_for_now(grown):
    client = grown.visit(TRADER)

    for day, amount in (("2026-01-14", None), ("2026-01-15", "90000"), ("2026-01-16", "90007")):
        assert energy(client.get(f"{PAST}?as_of={day}")) == amount, day
        assert energy(client.get(f"{PAST}?effective={day}")) == amount, day


NO_MOMENTS = (
    ("as_of=2026-01-17", 422, "instant_in_future"),
    ("as_of=9999-12-31", 400, "date_invalid"),
    ("as_of=0001-01-01", 400, "date_invalid"),
    ("as_of=2026-02-30", 400, "date_invalid"),
    ("as_of=2026-01-15T08:00:00", 400, "date_invalid"),
    ("as_of=", 400, "date_invalid"),
    ("as_of=yesterday", 400, "date_invalid"),
    ("as_of_entry=-1", 422, "filter_invalid"),
    ("as_of_entry=1e3", 422, "filter_invalid"),
    ("as_of=2026-01-15&as_of_entry=1", 422, "moments_contradict"),
    ("as_of=2026-01-15&effective=2026-01-15", 422, "moments_contradict"),
    ("as_of_entry=1&effective=2026-01-15", 422, "moments_contradict"),
    ("at=2026-01-15", 400, "filter_unknown"),
)


def test_a_moment_that_is_none_is_refused(grown):
    client, before = grown.visit(TRADER), grown.digest()

    for query, status, code in NO_MOMENTS:
        assert problem(client.get(f"{PAST}?{query}")) == (status, code), query
    assert grown.digest() == before


PERIODS = (
    ("", ("0", "100007", "10000", "90007")),
    ("from=2026-01-15&to=2026-01-15", ("0", "100000", "10000", "90000")),
    ("from=2026-01-16&to=2026-01-16", ("90000", "7", "0", "90007")),
    ("from=2026-01-16", ("90000", "7", "0", "90007")),
    ("to=2026-01-15", ("0", "100000", "10000", "90000")),
    ("to=2026-01-14", None),
)


def test_a_period_is_opened_and_closed(grown):
    client, names = grown.visit(TRADER), ("opening", "received", "given", "closing")

    for query, expected in PERIODS:
        answer = client.get(f"{PERIOD}?{query}")
        found = tuple(energy(answer, name) for name in names)
        assert found == (expected or (None,) * 4), query


def test_a_period_ends_with_its_last_microsecond_and_begins_after_its_first(grown):
    client, (given, held, _) = grown.visit(TRADER), lines(grown)

    period = {"from": given["recorded_at"], "to": held["recorded_at"]}
    found = client.get(PERIOD, query_string=period)
    told = client.get(STATEMENT, query_string=period | {"asset": ENERGY})
    nothing = client.get(PERIOD, query_string=period | {"to": given["recorded_at"]})

    assert (energy(found, "opening"), energy(found, "received")) == ("100000", "0")
    assert (energy(found, "given"), energy(found, "closing")) == ("10000", "90000")
    assert [row["change"] for row in told.json["items"]] == ["-10000"]
    assert (energy(nothing, "opening"), energy(nothing, "closing")) == ("100000", "100000")


def test_a_period_that_ends_before_it_begins_is_refused(grown):
    """A day ends in the microsecond after which the next begins: that period is empty."""
    client = grown.visit(TRADER)

    for path in (PERIOD, STATEMENT):
        assert client.get(f"{path}?from=2026-01-16&to=2026-01-15").status_code == 200
        answer = client.get(f"{path}?from=2026-01-16&to=2026-01-14")
        assert problem(answer) == (422, "period_backwards")
        assert problem(client.get(f"{path}?to=2026-01-17")) == (422, "instant_in_future")


def test_a_statement_of_a_period_is_paged_either_way(grown):
    client = grown.visit(TRADER)
    path = f"{STATEMENT}?asset={ENERGY}&from=2026-01-15&to=2026-01-15"

    newest = client.get(path).json["items"]

    assert [(row["change"], row["balance"]) for row in newest] == [
        ("-10000", "90000"),
        ("100000", "100000"),
    ]
    for order, whole in (("newest", newest), ("oldest", newest[::-1])):
        walked = pages(client, f"{path}&order={order}&limit=1")
        assert [row for page in walked for row in page] == whole
        assert [len(page) for page in walked] == [1, 1]


def test_the_past_of_another_looks_like_none(grown):
    appoint(grown)
    absent = "/api/v1/accounts/enterprise:E8:holding"

    for person in (TRADER, FIRST_DISTRICT, AUDITOR):
        for path in (PAST, PERIOD):
            assert grown.visit(person).get(path).status_code == 200, person
    for person in (OTHER_TRADER, SECOND_DISTRICT, CLEARING):
        for path in ("balances", "difference", "statement"):
            for account in (ACCOUNT, absent):
                answer = grown.visit(person).get(f"{account}/{path}")
                assert problem(answer) == (404, "not_found"), (person, path)
    assert problem(grown.visit(EXCHANGE).get(PAST)) == (403, "not_permitted")
    assert problem(grown.visit().get(PAST)) == (401, "not_signed_in")


def test_the_same_answer_is_not_sent_again(grown):
    client = grown.visit(TRADER)
    first = client.get(f"{PAST}?as_of=2026-01-15")

    again = client.get(f"{PAST}?as_of=2026-01-15", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")


def test_totals_are_of_the_accounts_in_reach(grown):
    """E1 has 100,007 kgce, 10,000 of them held; E2 bought 1,000 of the same quota."""
    appoint(grown)

    def total(person, query):
        return energy(grown.visit(person).get(f"/api/v1/balances?{query}"))

    assert total(TRADER, "") == total(TRADER, "prefix=enterprise:E1:*") == "100007"
    assert total(TRADER, "prefix=enterprise:E1:held") == "10000"
    assert total(TRADER, "prefix=enterprise:E1:h*") == "100007"
    assert total(TRADER, "prefix=enterprise:E1") is None
    assert total(TRADER, "prefix=enterprise:E2:*") is None
    assert total(TRADER, "prefix=scheme:*") is None
    assert total(AUDITOR, "prefix=enterprise:*") == "101007"
    assert total(AUDITOR, "prefix=enterprise:*&as_of=2026-01-15") == "101000"
    assert total(AUDITOR, "prefix=enterprise:*&as_of=2026-01-14") is None
    assert total(AUDITOR, "prefix=enterprise:*&as_of_entry=0") is None
    assert total(AUDITOR, "prefix=scheme:issuance") == "-101007"
    assert total(AUDITOR, "") is None  # of all accounts together there is nothing, of any asset
    cash = grown.visit(CLEARING).get("/api/v1/balances?prefix=enterprise:*").json["items"]
    assert [(row["asset"], row["amount"]) for row in cash] == [("cash.cny", "2000000")]


def test_totals_are_paged_by_asset(grown):
    client = grown.visit(TRADER)
    whole = client.get("/api/v1/balances").json["items"]

    walked = pages(client, "/api/v1/balances?limit=2")

    assert [row for page in walked for row in page] == whole
    assert len(whole) == 5
    assert [row["asset"] for row in whole] == sorted(row["asset"] for row in whole)


NO_TOTALS = (
    ("prefix=", 422, "prefix_malformed"),
    ("prefix=*:holding", 422, "prefix_malformed"),
    ("prefix=district:*:*", 422, "prefix_malformed"),
    ("prefix=%E5%B8%82*", 422, "prefix_malformed"),
    ("as_of=2026-01-15&as_of_entry=1", 422, "moments_contradict"),
    ("as_of_entry=999999", 404, "entry_not_written"),
    ("effective=2026-01-15", 400, "filter_unknown"),
)


def test_totals_that_nobody_can_mean_are_refused(grown):
    client = grown.visit(TRADER)

    for query, status, code in NO_TOTALS:
        assert problem(client.get(f"/api/v1/balances?{query}")) == (status, code), query


TWICE_WRONG = (
    (OTHER_TRADER, f"{PAST}?as_of=soon&as_of_entry=1", "not_found"),
    (OTHER_TRADER, f"{PAST}?at=soon", "filter_unknown"),
    (TRADER, f"{PAST}?as_of=soon&as_of_entry=1", "moments_contradict"),
    (TRADER, f"{PERIOD}?from=soon&to=2026-01-17", "date_invalid"),
    (TRADER, f"{PERIOD}?from=2026-01-17&to=2026-01-14", "instant_in_future"),
    (TRADER, "/api/v1/balances?prefix=*:held&as_of=soon&as_of_entry=1", "moments_contradict"),
    (TRADER, "/api/v1/balances?prefix=*:held&as_of=soon", "prefix_malformed"),
)


def test_of_two_things_wrong_the_first_is_told(grown):
    for person, path, code in TWICE_WRONG:
        assert problem(grown.visit(person).get(path))[1] == code, path
