"""Cancelling orders: what comes back, whose orders, and when."""

import pytest

from ledger.set_aside import ReleaseHold
from market.cancel import CancelOrder
from tests.build import EXCHANGE
from tests.market.floor import open_floor, trader

BOTH = {"E1": (100, 10_000), "E2": (100, 10_000)}


@pytest.fixture
def floor(engine, clock):
    return open_floor(engine, clock, BOTH)


@pytest.fixture
def lite(sqlite_engine, clock):
    return open_floor(sqlite_engine, clock, BOTH)


def test_a_cancel_gives_back_what_is_still_held_and_keeps_what_was_filled(floor):
    order = floor.buy("E2", 10_000, 10).require().result["order"]
    floor.sell("E1", 10_000, 4).require()

    answer = floor.cancel("E2", order).require().result

    assert answer == {"order": order, "state": "cancelled", "filled_tce": 4, "cancelled_tce": 6}
    # 4 t at 100.00 yuan and 0.80 yuan of fee are gone; nothing is held.
    assert floor.held("E2") == (100_000, 0, 4_000, 1_000_000 - 40_000 - 80, 0)
    assert floor.order_row(order) == ("cancelled", 10, 4, "request")
    assert floor.rows("SELECT COUNT(*) FROM holds WHERE state = 'open'") == [(0,)]
    assert floor.book() == [[], []]


def test_an_order_that_is_not_ones_own_is_unknown(lite):
    order = lite.sell("E1", 10_000, 10).require().result["order"]
    before = lite.bench.digest()

    others = lite.cancel("E2", order)
    nobodys = lite.cancel("E2", 999_999)

    assert (others.code, nobodys.code) == ("order_unknown", "order_unknown")
    assert others.facts == {"order": order, "enterprise": "E2"}
    assert nobodys.facts == {"order": 999_999, "enterprise": "E2"}
    assert others.message.replace(str(order), "N") == nobodys.message.replace("999999", "N")
    assert lite.bench.digest() == before
    assert lite.cancel("E1", order).ok


def test_whether_anothers_order_is_over_is_not_told_either(lite):
    filled = lite.sell("E1", 10_000, 10).require().result["order"]
    lite.buy("E2", 10_000, 10).require()

    answer = lite.cancel("E2", filled)

    assert (answer.code, answer.facts) == ("order_unknown", {"order": filled, "enterprise": "E2"})


def test_an_order_that_is_over_cannot_be_cancelled(lite):
    filled = lite.sell("E1", 10_000, 10).require().result["order"]
    lite.buy("E2", 10_000, 10).require()
    cancelled = lite.sell("E1", 10_000, 10).require().result["order"]
    lite.cancel("E1", cancelled).require()

    answers = [lite.cancel("E1", filled), lite.cancel("E1", cancelled)]

    assert [answer.code for answer in answers] == ["order_final", "order_final"]
    assert answers[0].facts == {"order": filled, "filled_tce": 10, "quantity_tce": 10}


@pytest.mark.parametrize(
    ("phase", "code"), [("call", "ok"), ("call_locked", "cancel_closed"), ("halted", "ok")]
)
def test_the_phase_decides_whether_an_order_may_be_cancelled(sqlite_engine, clock, phase, code):
    floor = open_floor(sqlite_engine, clock, BOTH, phase="call")
    order = floor.sell("E1", 10_000, 10).require().result["order"]
    if phase != "call":
        floor.phase(phase).require()

    answer = floor.cancel("E1", order)

    assert answer.code == code


def test_the_cover_of_an_order_is_not_released_behind_its_back(lite):
    lite.sell("E1", 10_000, 10).require()
    hold = lite.rows("SELECT id FROM holds WHERE state = 'open'")[0][0]
    before = lite.bench.digest()

    answer = lite.do(ReleaseHold(hold=hold), actor=trader("E1"))

    assert answer.code == "hold_of_subject"
    assert lite.bench.digest() == before
    assert lite.buy("E2", 10_000, 10).require().result["filled_tce"] == 10


def test_the_exchange_may_cancel_for_an_enterprise(lite):
    order = lite.sell("E1", 10_000, 10).require().result["order"]

    answer = lite.do(CancelOrder(enterprise="E1", order=order), actor=EXCHANGE)

    assert answer.ok
    assert lite.held("E1")[:2] == (100_000, 0)


def test_a_cancel_from_the_middle_of_a_queue_keeps_everyone_elses_place(lite):
    first, second, third = (
        lite.sell("E1", 10_000, quantity).require().result["order"] for quantity in (1, 2, 3)
    )

    lite.cancel("E1", second).require()

    assert lite.book() == [[], [(first, 10_000, 1), (third, 10_000, 3)]]
