"""Budgets split down, moved, lent, and what weighs on them without a posting."""

import pytest
import sqlalchemy as sa

from ledger.allocation.confirm import ConfirmEntitlements, EntitlementLine
from ledger.command import Payload
from ledger.db import reading
from ledger.districts.lend import GiveBackBudget, LendBudget, MoveBudget
from ledger.districts.read import read_budgets
from ledger.districts.uncovered import SetUncovered
from ledger.districts.use_tables import BudgetLineRow
from ledger.districts.uses import released
from ledger.subject import Handler, Role, Subject
from ledger.versions import TELLING
from tests.build import DISTRICT, REGULATOR, decided_by
from tests.ledger.allocation.build import refused
from tests.ledger.districts.city import (
    CITY,
    EAST,
    ELSEWHERE,
    ENERGY,
    WEST,
    agreed,
    caps,
    city_ledger,
)


@pytest.fixture
def bench(engine, clock):
    return city_ledger(engine, clock)


def position(bench, district=EAST):
    with reading(bench.engine) as connection:
        return read_budgets(connection, district=district)[district, 2025, "energy"]


def uncovered(amount, document="U-1", district=EAST):
    return SetUncovered(
        district=district, year=2025, measure="energy", amount=amount, document=document
    )


def moving(kind, amount, document="M-1", giver=EAST, taker=WEST):
    return kind(
        giver=giver, taker=taker, year=2025, measure="energy", amount=amount, document=document
    )


def right(amount, document="R-1", last_year=2030):
    line = EntitlementLine("E1", "energy", amount, last_year, document)
    return ConfirmEntitlements(rows=(line,))


def lines(bench, district=EAST):
    table = BudgetLineRow.__table__
    with reading(bench.engine) as connection:
        rows = connection.execute(
            sa.select(table.c.line, table.c.amount)
            .where(table.c.district == district)
            .order_by(table.c.sequence, table.c.ordinal)
        )
        return [tuple(row) for row in rows]


def test_caps_are_split_down_to_the_last_kgce_and_no_further(bench):
    bench.both(caps(d990100=1_000)).require()
    bench.both(caps(d990101=600, d990102=400)).require()

    assert (position(bench, CITY).split, position(bench, CITY).headroom) == (1_000, 0)
    answer = refused(bench, caps(d990102=401), maker=REGULATOR)
    assert (answer.code, answer.verdict.rule) == ("budget_split_exceeded", "DST-60")
    assert (answer.facts["parent"], answer.facts["needed"], answer.facts["available"]) == (
        CITY,
        1,
        0,
    )
    bench.both(caps(d990101=599)).require()
    bench.both(caps(d990102=401)).require()
    assert position(bench, CITY).headroom == 0


def test_a_cap_above_is_never_less_than_what_was_split_down(bench):
    bench.both(caps(d990101=600, d990102=400)).require()

    answer = refused(bench, caps(d990100=999), maker=REGULATOR)
    assert (answer.code, answer.facts["needed"], answer.facts["available"]) == (
        "budget_split_exceeded",
        1_000,
        999,
    )
    bench.both(caps(d990100=1_000)).require()
    bench.both(caps(d990100=1_500)).require()
    answer = refused(bench, caps(d990100=999), maker=REGULATOR)
    assert (answer.code, answer.facts["available"]) == ("budget_exceeded", 500)


def test_a_budget_decided_by_older_rules_was_not_split_down(bench):
    with decided_by(TELLING):
        bench.both(caps(d990100=100, d990101=600)).require()

    assert position(bench, CITY).headroom == 100


def test_uncovered_use_lowers_headroom_and_a_later_decision_states_the_whole(bench):
    bench.both(caps(d990101=1_000)).require()

    bench.both(uncovered(600)).require()
    assert (position(bench).uncovered, position(bench).headroom) == (600, 400)
    answer = refused(bench, uncovered(1_001, "U-2"), maker=REGULATOR)
    assert (answer.code, answer.facts["needed"], answer.facts["available"]) == (
        "budget_exceeded",
        401,
        400,
    )
    assert refused(bench, uncovered(500), maker=REGULATOR).code == "budget_decision_used"
    assert refused(bench, uncovered(-1, "U-2"), maker=REGULATOR).code == "amount_not_positive"
    bench.both(uncovered(1_000, "U-2")).require()
    assert position(bench).headroom == 0
    bench.both(uncovered(0, "U-3")).require()
    assert position(bench).headroom == 1_000
    assert lines(bench) == [
        ("uncovered_use", -600),
        ("uncovered_use", -400),
        ("uncovered_use", 1_000),
    ]


def test_uncovered_use_asks_for_a_budget(bench):
    assert refused(bench, uncovered(1), maker=REGULATOR).code == "budget_not_set"


def test_moved_budget_is_in_both_books_and_the_sum_stays(bench):
    bench.both(caps(d990100=1_000, d990101=600, d990102=400)).require()

    answer = agreed(bench, moving(MoveBudget, 100)).require()

    assert answer.result == {"giver_headroom": 500, "taker_headroom": 500}
    assert (position(bench).cap, position(bench, WEST).cap) == (500, 500)
    assert bench.balance(f"district:{EAST}:budget", ENERGY + EAST) == 500
    assert bench.balance(f"district:{WEST}:budget", ENERGY + WEST) == 500
    assert bench.balance("scheme:issuance", ENERGY + EAST) == -500
    assert position(bench, CITY).split == 1_000


def test_no_more_is_moved_than_is_left_and_something_stays(bench):
    bench.both(caps(d990101=600, d990102=400, d990200=50)).require()
    bench.both(uncovered(500)).require()

    answer = refused(bench, moving(MoveBudget, 101))
    assert (answer.code, answer.facts["available"]) == ("budget_exceeded", 100)
    agreed(bench, moving(MoveBudget, 100)).require()
    assert refused(bench, moving(MoveBudget, 1)).code == "move_document_used"
    assert refused(bench, moving(MoveBudget, 1, " ")).code == "decision_missing"
    assert refused(bench, moving(MoveBudget, 0, "M-2")).code == "amount_not_positive"
    for taker in (ELSEWHERE, EAST):
        answer = refused(bench, moving(MoveBudget, 1, "M-2", taker=taker))
        assert answer.code == "not_one_city"
    answer = refused(bench, moving(MoveBudget, 500, "M-2", giver=WEST, taker=EAST))
    assert (answer.code, answer.facts["available"]) == ("budget_exceeded", 499)


def test_a_loan_is_given_back_once_and_out_of_what_is_left(bench):
    bench.both(caps(d990101=600, d990102=400)).require()
    agreed(bench, moving(LendBudget, 100)).require()
    giving = GiveBackBudget(taker=WEST, document="M-1")

    bench.both(uncovered(401, "U-W", WEST)).require()
    answer = refused(bench, giving)
    assert (answer.code, answer.facts["needed"], answer.facts["available"]) == (
        "budget_exceeded",
        100,
        99,
    )
    bench.both(uncovered(400, "U-X", WEST)).require()
    agreed(bench, giving).require()
    assert (position(bench).cap, position(bench, WEST).cap) == (600, 400)
    assert refused(bench, giving).code == "loan_unknown"


def test_rights_are_confirmed_up_to_the_budget_and_no_further(bench):
    bench.both(caps(d990101=1_000)).require()
    bench.both(uncovered(600)).require()

    agreed(bench, right(399)).require()
    answer = refused(bench, right(2, "R-2"))
    assert (answer.code, answer.verdict.rule) == ("rights_exceed_budget", "DST-66")
    assert (answer.facts["year"], answer.facts["needed"], answer.facts["available"]) == (
        2025,
        401,
        400,
    )
    agreed(bench, right(1, "R-2")).require()


def test_a_budget_of_a_year_after_the_term_is_not_asked(bench):
    row = caps(d990101=1).rows[0]
    later = type(row)(row.district, 2031, row.measure, 1, "CAP-2031")
    bench.both(type(caps())(rows=(later,))).require()

    agreed(bench, right(1_000)).require()
    assert refused(bench, right(2, "R-2", last_year=2031)).code == "rights_exceed_budget"


def test_without_a_budget_and_by_older_rules_rights_are_not_measured(bench):
    agreed(bench, right(1_000)).require()
    with decided_by(TELLING):
        bench.both(caps(d990101=1)).require()
        agreed(bench, right(1, "R-2")).require()


class Release(Payload, frozen=True):
    """Release use, as a confirmation of freed quota does."""

    kind = "test.release"
    amount: int
    measure: str = "energy"


def release(work, payload):
    released(work, EAST, 2025, payload.measure, payload.amount, "F-1", method="retrofit")
    return {}


def test_released_use_is_intake_and_its_freed_quota_outlay(engine, clock):
    handler = Handler(Release, release, makers=frozenset({Role.DISTRICT_REGULATOR}))
    bench = city_ledger(engine, clock, Subject("releasing", (handler,)))
    bench.both(caps(d990101=1_000)).require()
    bench.both(uncovered(600)).require()

    bench.do(Release(amount=60), actor=DISTRICT).require()

    found = position(bench)
    assert (found.uncovered, found.freed, found.headroom) == (540, 60, 400)
    assert lines(bench)[1:] == [("released_retrofit", 60), ("freed_quota", -60)]
    bench.both(uncovered(540, "U-2")).require()
    assert position(bench).headroom == 400
    bench.do(Release(amount=60, measure="carbon"), actor=DISTRICT).require()
    assert position(bench) == found
    assert bench.do(Release(amount=0), actor=DISTRICT).code == "amount_not_positive"
