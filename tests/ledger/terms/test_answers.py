"""Answers tell the balances they left, in the order of opening, and nobody else's."""

import pytest

from ledger.cash import Deposit, Withdraw
from ledger.set_aside import CaptureHold, ReleaseHold
from ledger.transfer import TOLD_MAX, Line, ReverseEntry
from tests.build import CLEARING, REGULATOR, SECOND_CLEARING
from tests.ledger.terms.town import (
    ADMIN,
    E1,
    E1_HELD,
    E2,
    FLOW,
    ISSUANCE,
    OTHER,
    TRADER,
    place,
    post,
    town,
)

CASH = "enterprise:E1:cash"


@pytest.fixture
def bench(engine, clock):
    return town(engine, clock)


@pytest.fixture
def lite(sqlite_engine, clock):
    return town(sqlite_engine, clock)


def balances(answer):
    return [tuple(each) for each in answer.require().result["balances"]]


def test_lines_tell_every_account_and_asset_they_touched_once(bench):
    answer = post(
        bench,
        Line("a", E1, E2, FLOW, 300),
        Line("b", E2, E1, FLOW, 100),
        Line("c", ISSUANCE, E2, OTHER, 7),
    )

    # The scheme's accounts open with the ledger, then E1's, then E2's; FLOW before OTHER.
    assert balances(answer) == [
        (ISSUANCE, OTHER, -7), (E1, FLOW, 800), (E2, FLOW, 200), (E2, OTHER, 7),
    ]  # fmt: skip


@pytest.mark.parametrize(("count", "is_told"), [(TOLD_MAX, True), (TOLD_MAX + 1, False)])
def test_of_many_lines_no_balances_are_told(lite, count, is_told):
    answer = post(lite, *(Line(f"n{n}", E1, E2, FLOW, 1) for n in range(count)))

    assert ("balances" in answer.require().result) == is_told


def test_a_reversal_tells_what_it_left(lite):
    undo = ReverseEntry(entry=1, reason="mistake")

    answer = lite.both(undo, maker=CLEARING, checker=REGULATOR)

    assert balances(answer) == [(ISSUANCE, FLOW, 0), (E1, FLOW, 0)]


def test_holds_tell_their_owners_accounts_and_nobody_elses(bench):
    post(bench, Line("secret", ISSUANCE, E2, FLOW, 77)).require()
    placed = place(bench, 400)
    hold = placed.result["hold"]

    capture = CaptureHold(hold=hold, amount=150, destination=E2)
    captured = bench.do(capture, actor=CLEARING)
    released = bench.do(ReleaseHold(hold=hold), actor=TRADER)

    assert balances(placed) == [(E1, FLOW, 600), (E1_HELD, FLOW, 400)]
    assert balances(captured) == [(E1_HELD, FLOW, 250)]
    assert balances(released) == [(E1, FLOW, 850), (E1_HELD, FLOW, 0)]


def test_cash_tells_the_enterprises_account_and_not_the_banks(bench):
    deposit = Deposit(enterprise="E1", amount_fen=500, statement_line="L1")
    paid_in = bench.both(deposit, maker=CLEARING, checker=SECOND_CLEARING)
    paid_out = bench.both(Withdraw(enterprise="E1", amount_fen=120), maker=ADMIN, checker=CLEARING)

    assert balances(paid_in) == [(CASH, "cash.cny", 500)]
    assert balances(paid_out) == [(CASH, "cash.cny", 380)]
