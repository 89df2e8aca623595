"""Floors and ceilings: what they bind, what goes before them, and what they count."""

import pytest

from ledger.cash import Deposit, Withdraw
from ledger.set_aside import CaptureHold, ReleaseHold
from ledger.terms.limit import SetLimit
from ledger.transfer import ReverseEntry
from tests.build import CLEARING, REGULATOR, SECOND_CLEARING, SECOND_REGULATOR
from tests.conftest import SECOND
from tests.ledger.terms.town import (
    ADMIN,
    E1,
    E1_HELD,
    E2,
    FLOW,
    ISSUANCE,
    OTHER,
    TRADER,
    have,
    limit,
    move,
    place,
    state_of,
    town,
)


@pytest.fixture
def bench(engine, clock):
    return town(engine, clock)


@pytest.fixture
def lite(sqlite_engine, clock):
    return town(sqlite_engine, clock)


@pytest.mark.parametrize(("amount", "code"), [(700, "ok"), (701, "below_floor")])
def test_what_a_floor_keeps_stays_to_the_unit(bench, amount, code):
    limit(bench, floor=300).require()
    before = state_of(bench)

    answer = move(bench, amount)

    assert answer.code == code
    if code == "ok":
        assert have(bench) == (300, 700)
        return
    assert answer.facts == {
        "account": E1, "asset": FLOW, "floor": 300, "needed": 701, "available": 700,
    }  # fmt: skip
    assert state_of(bench) == before


def test_a_hold_has_left_the_account_and_counts_against_its_floor(bench):
    limit(bench, floor=300).require()

    refused, taken = place(bench, 701), place(bench, 700)

    assert (refused.code, taken.code) == ("below_floor", "ok")
    assert have(bench, E1, E1_HELD) == (300, 700)
    assert move(bench, 1).code == "below_floor"


@pytest.mark.parametrize(("amount", "code"), [(200, "ok"), (201, "above_ceiling")])
def test_a_ceiling_is_reached_to_the_unit_and_not_passed(bench, amount, code):
    limit(bench, ceiling=1_200).require()
    before = state_of(bench)

    answer = move(bench, amount, source=ISSUANCE, destination=E1)

    assert answer.code == code
    if code == "ok":
        assert have(bench, E1) == (1_200,)
        return
    assert answer.facts == {
        "account": E1, "asset": FLOW, "ceiling": 1_200, "needed": 201, "room": 200,
    }  # fmt: skip
    assert state_of(bench) == before


def test_a_ceiling_counts_what_open_holds_may_bring_back(bench):
    hold = place(bench, 400).require().result["hold"]
    limit(bench, ceiling=1_000).require()  # 600 in it and 400 set aside: full

    full = move(bench, 1, source=ISSUANCE, destination=E1)
    capture = CaptureHold(hold=hold, amount=150, destination=E2)
    bench.do(capture, actor=CLEARING).require()  # 250 may still come back
    too_much = move(bench, 151, source=ISSUANCE, destination=E1)
    fits = move(bench, 150, source=ISSUANCE, destination=E1)
    back = bench.do(ReleaseHold(hold=hold), actor=TRADER)

    assert [each.code for each in (full, too_much, fits, back)] == [
        *("above_ceiling", "above_ceiling", "ok", "ok")
    ]
    assert have(bench, E1, E1_HELD) == (1_000, 0)


def test_a_refused_command_leaves_what_a_ceiling_counts_as_it_was(bench):
    hold = place(bench, 400).require().result["hold"]
    limit(bench, ceiling=1_000).require()
    limit(bench, E2, ceiling=10).require()

    refused = bench.do(CaptureHold(hold=hold, amount=11, destination=E2), actor=CLEARING)

    assert refused.code == "above_ceiling"
    # Had the capture counted, there would be room for 11.
    assert move(bench, 1, source=ISSUANCE, destination=E1).code == "above_ceiling"


def test_expiry_release_and_reversal_pass_over_limits(bench, clock):
    expires_at = clock.now + SECOND
    hold = place(bench, 100).require().result["hold"]
    place(bench, 100, expires_at=expires_at).require()
    entry = move(bench, 300).require().result["first_entry"]
    limit(bench, ceiling=700).require()  # 500 in it, 200 set aside
    limit(bench, E2, floor=300).require()

    undone = bench.both(
        ReverseEntry(entry=entry, reason="mistake"), maker=CLEARING, checker=REGULATOR
    )
    released = bench.do(ReleaseHold(hold=hold), actor=TRADER)
    clock.now = expires_at
    bench.writer.tick()

    assert (undone.code, released.code) == ("ok", "ok")
    assert have(bench, E1, E1_HELD, E2) == (1_000, 0, 0)  # above 700, and E2 below 300
    assert move(bench, 1, source=ISSUANCE, destination=E1).code == "above_ceiling"


@pytest.mark.parametrize(("amount", "code"), [(600, "ok"), (601, "below_floor")])
def test_a_withdrawal_keeps_the_floor_of_cash(lite, amount, code):
    _deposit(lite, 1_000, "L1").require()
    limit(lite, "enterprise:E1:cash", floor=400, asset="cash.cny").require()

    answer = lite.both(Withdraw(enterprise="E1", amount_fen=amount), maker=ADMIN, checker=CLEARING)

    assert answer.code == code


@pytest.mark.parametrize(("amount", "code"), [(500, "ok"), (501, "above_ceiling")])
def test_a_deposit_keeps_the_ceiling_of_cash(lite, amount, code):
    limit(lite, "enterprise:E1:cash", ceiling=500, asset="cash.cny").require()

    assert _deposit(lite, amount, "L1").code == code


def _deposit(bench, amount, statement_line):
    payload = Deposit(enterprise="E1", amount_fen=amount, statement_line=statement_line)
    return bench.both(payload, maker=CLEARING, checker=SECOND_CLEARING)


def test_a_limit_that_cannot_be_or_is_broken_already_is_not_set(bench):
    place(bench, 400).require()  # 600 in the account, 1,000 with what may come back
    wanted = {
        (601, None): "limit_already_broken",
        (None, 999): "limit_already_broken",
        (0, 0): "limit_already_broken",
        (5, 4): "limit_malformed",
        (-1, None): "limit_malformed",
        (None, -1): "limit_malformed",
    }
    before = state_of(bench)

    told = {each: limit(bench, floor=each[0], ceiling=each[1]).code for each in wanted}

    assert told == wanted
    assert state_of(bench) == before
    for floor, ceiling in ((600, None), (None, 1_000), (600, 1_000), (0, 1_000), (None, None)):
        assert limit(bench, floor=floor, ceiling=ceiling).ok


def test_null_takes_a_limit_away_and_another_asset_has_its_own(bench):
    limit(bench, floor=300).require()
    limit(bench, floor=0, asset=OTHER).require()
    limit(bench, floor=None).require()

    assert move(bench, 1_000).ok
    assert bench.writer.memory.accounts[E1].limited == 1
    limit(bench, asset=OTHER).require()
    assert bench.writer.memory.accounts[E1].is_free


def test_a_limit_replaces_the_one_before(lite):
    limit(lite, floor=300, ceiling=2_000).require()
    limit(lite, floor=100).require()

    assert move(lite, 900).ok
    assert move(lite, 5_000, source=ISSUANCE, destination=E1).ok
    assert lite.writer.memory.accounts[E1].limited == 1


def test_a_restart_knows_limits_and_what_is_set_aside(bench):
    place(bench, 400).require()
    limit(bench, floor=100, ceiling=1_010).require()

    bench.restart()

    assert move(bench, 501).code == "below_floor"
    assert move(bench, 11, source=ISSUANCE, destination=E1).code == "above_ceiling"
    assert move(bench, 10, source=ISSUANCE, destination=E1).ok


def test_one_person_alone_sets_no_limit(lite):
    answer = lite.do(SetLimit(account=E1, asset=FLOW, floor=1))

    assert answer.code == "second_person_needed"
    assert lite.both(
        SetLimit(account=E1, asset=FLOW, floor=1), maker=SECOND_REGULATOR, checker=REGULATOR
    ).ok
