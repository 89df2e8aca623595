"""Holds: placed, captured in part, released, expired, once each."""

import pytest

from ledger.roles import Grant, RoleMissing
from ledger.set_aside import CaptureHold, PlaceHold, ReleaseHold
from ledger.subject import Role
from ledger.transfer import Line, PostLines
from tests.build import CLEARING, EXCHANGE, OpenFreely, open_ledger
from tests.conftest import SECOND

FLOW = "energy.flow.general.2025.eq.370200"
TRADER = "person:T1"


@pytest.fixture
def bench(engine, clock):
    bench = open_ledger(
        engine, clock, grants=(Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),)
    )
    accounts = tuple(f"enterprise:E1:{purpose}" for purpose in ("holding", "held"))
    bench.do(
        OpenFreely(addresses=(*accounts, "enterprise:E2:holding"), assets=(FLOW,)),
        actor=EXCHANGE,
    ).require()
    line = Line("R1", "scheme:issuance", "enterprise:E1:holding", FLOW, 1_000)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()
    return bench


def place(bench, amount=400, expires_at=None):
    return bench.do(
        PlaceHold(
            enterprise="E1", asset=FLOW, amount=amount, purpose="test", expires_at=expires_at
        ),
        actor=TRADER,
    )


def balances(bench):
    return tuple(
        bench.balance(address, FLOW)
        for address in ("enterprise:E1:holding", "enterprise:E1:held", "enterprise:E2:holding")
    )


def test_a_hold_sets_units_aside(bench):
    place(bench).require()

    assert balances(bench) == (600, 400, 0)


@pytest.mark.parametrize(
    ("amount", "code"), [(1_000, "ok"), (1_001, "insufficient_balance"), (0, "amount_not_positive")]
)
def test_all_that_is_held_can_be_set_aside_and_one_more_cannot(bench, amount, code):
    before = bench.digest()

    answer = place(bench, amount)

    assert answer.code == code
    assert (bench.digest() == before) == (code != "ok")


def test_a_part_is_captured_and_the_rest_stays_held(bench):
    hold = place(bench).require().result["hold"]

    bench.do(
        CaptureHold(hold=hold, amount=150, destination="enterprise:E2:holding"), actor=CLEARING
    ).require()

    assert balances(bench) == (600, 250, 150)


def test_no_more_than_what_is_left_is_captured(bench):
    hold = place(bench).require().result["hold"]
    before = bench.digest()

    answer = bench.do(
        CaptureHold(hold=hold, amount=401, destination="enterprise:E2:holding"), actor=CLEARING
    )

    assert answer.code == "hold_exceeded"
    assert bench.digest() == before
    assert balances(bench) == (600, 400, 0)


def test_a_release_gives_everything_back_once(bench):
    hold = place(bench).require().result["hold"]

    first = bench.do(ReleaseHold(hold=hold), actor=TRADER)
    second = bench.do(ReleaseHold(hold=hold), actor=TRADER)

    assert first.ok
    assert second.code == "hold_closed"
    assert balances(bench) == (1_000, 0, 0)


def test_nobody_but_its_owner_releases_a_hold(bench):
    hold = place(bench).require().result["hold"]
    before = bench.digest()

    with pytest.raises(RoleMissing):
        bench.do(ReleaseHold(hold=hold), actor=CLEARING)

    assert bench.digest() == before


def test_a_hold_expires_at_its_microsecond_and_not_before(bench, clock):
    expires_at = clock.now + 10 * SECOND
    place(bench, expires_at=expires_at).require()
    clock.now = expires_at - 2

    bench.writer.tick()
    still_held = balances(bench)
    clock.now = expires_at
    bench.writer.tick()

    assert still_held == (600, 400, 0)
    assert balances(bench) == (1_000, 0, 0)


def test_what_has_expired_is_expired_before_the_next_command_sees_it(bench, clock):
    hold = place(bench, expires_at=clock.now + SECOND).require().result["hold"]
    clock.advance(SECOND)

    answer = bench.do(
        CaptureHold(hold=hold, amount=1, destination="enterprise:E2:holding"), actor=CLEARING
    )

    assert answer.code == "hold_closed"
    assert balances(bench) == (1_000, 0, 0)


def test_a_hold_survives_a_restart_and_still_expires(bench, clock):
    place(bench, expires_at=clock.now + SECOND).require()

    bench.restart()
    clock.advance(SECOND)
    bench.writer.tick()

    assert balances(bench) == (1_000, 0, 0)


def test_a_hold_cannot_expire_in_the_past(bench, clock):
    before = bench.digest()

    answer = place(bench, expires_at=clock.now)

    assert answer.code == "expiry_passed"
    assert bench.digest() == before


def test_a_plain_hold_cannot_pose_as_a_subjects(bench):
    before = bench.digest()

    answer = bench.do(
        PlaceHold(enterprise="E1", asset=FLOW, amount=1, purpose="market:order"), actor=TRADER
    )

    assert answer.code == "hold_of_subject"
    assert bench.digest() == before
