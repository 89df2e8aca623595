"""Amounts and instants at the edges of what can be written, counted and kept."""

import pytest

from ledger.command import NumberTooLarge
from ledger.post import BALANCE_MAX
from ledger.set_aside import CaptureHold, ReleaseHold
from ledger.transfer import Line
from ledger.units import AMOUNT_MAX
from tests.build import CLEARING
from tests.conftest import SECOND
from tests.ledger.terms.town import (
    E1,
    E2,
    FLOW,
    ISSUANCE,
    TRADER,
    chains,
    have,
    limit,
    line,
    place,
    post,
    state_of,
    town,
)

LARGEST_WRITTEN = 10**18 - 1
BEYOND = (10**18, 2**63 - 1, 2**63, 10**30)


@pytest.fixture
def bench(engine, clock):
    return town(engine, clock)


@pytest.fixture
def lite(sqlite_engine, clock):
    return town(sqlite_engine, clock)


def test_a_number_of_more_than_18_digits_never_becomes_a_command(bench):
    before = bench.digest()

    for amount in (*BEYOND, *(-each for each in BEYOND)):
        for attempt in (
            lambda amount: post(bench, Line("a", E1, E2, FLOW, amount)),
            lambda amount: chains(bench, (line("a", amount),)),
            lambda amount: chains(bench, (line("a", 1, effective_at=amount),)),
            lambda amount: limit(bench, floor=amount),
            lambda amount: place(bench, amount),
        ):
            with pytest.raises(NumberTooLarge):
                attempt(amount)

    assert bench.digest() == before


@pytest.mark.parametrize("up_to", [False, True])
def test_the_largest_amount_moves_and_one_more_does_not(bench, up_to):
    wanted = {
        AMOUNT_MAX + 1: "amount_too_large",
        LARGEST_WRITTEN: "amount_too_large",
        -LARGEST_WRITTEN: "amount_not_positive",
        AMOUNT_MAX: "ok",
    }
    told = {}
    for amount, code in wanted.items():
        before = state_of(bench)
        answer = chains(bench, (line("a", amount, ISSUANCE, E2, up_to=up_to),))
        told[amount] = answer.result["chains"][0].get("refused", "ok")
        assert (state_of(bench) == before) == (code != "ok")

    assert told == wanted


def test_balances_are_counted_to_their_bounds_and_no_further(bench):
    # A thousand of the largest amounts are the bound; a thousand units are out already.
    whole = [line(f"a{n}", AMOUNT_MAX, ISSUANCE, "scheme:expired") for n in range(999)]
    rest = AMOUNT_MAX - 1_000
    answer = chains(
        bench,
        tuple(whole),
        (line("b", rest + 1, ISSUANCE, "scheme:cancelled"),),
        (line("c", rest, ISSUANCE, "scheme:expired"),),
        (line("d", 1, ISSUANCE, "scheme:cancelled"),),
        (line("e", 1_000, E1, "scheme:expired"),),
    )

    assert [chain.get("refused", "ok") for chain in answer.require().result["chains"]] == [
        "ok", "balance_too_large", "ok", "balance_too_large", "ok",
    ]  # fmt: skip
    assert answer.result["chains"][1]["facts"]["account"] == ISSUANCE
    assert have(bench, ISSUANCE, "scheme:expired", E1) == (-BALANCE_MAX, BALANCE_MAX, 0)


def test_sums_that_overflow_undo_a_whole_command(bench):
    lines = [Line(f"a{n}", ISSUANCE, "scheme:expired", FLOW, AMOUNT_MAX) for n in range(1_000)]
    before = state_of(bench)

    answer = post(bench, *lines)

    assert (answer.code, answer.facts["account"]) == ("balance_too_large", ISSUANCE)
    assert state_of(bench) == before
    assert have(bench, "scheme:expired") == (0,)


def test_a_limit_may_be_as_large_as_a_number_is_written(lite):
    assert limit(lite, floor=0, ceiling=LARGEST_WRITTEN).ok


@pytest.mark.parametrize(("late", "code"), [(-1, "ok"), (0, "hold_closed"), (1, "hold_closed")])
@pytest.mark.parametrize("verb", ["capture", "release"])
def test_a_hold_is_used_to_the_microsecond_before_it_expires(bench, clock, late, code, verb):
    expires_at = clock.now + SECOND
    hold = place(bench, 400, expires_at=expires_at).require().result["hold"]
    clock.now = expires_at + late

    if verb == "capture":
        capture = CaptureHold(hold=hold, amount=400, destination=E2)
        answer = bench.do(capture, actor=CLEARING)
    else:
        answer = bench.do(ReleaseHold(hold=hold), actor=TRADER)

    assert answer.code == code
    assert have(bench) == ((600, 400) if (verb, code) == ("capture", "ok") else (1_000, 0))


def test_a_hold_captured_whole_is_captured_once(bench):
    hold = place(bench, 400).require().result["hold"]
    capture = CaptureHold(hold=hold, amount=400, destination=E2)
    bench.do(capture, actor=CLEARING).require()
    before = state_of(bench)

    again = bench.do(capture, actor=CLEARING)

    assert (again.code, again.facts) == ("hold_closed", {"hold": hold})
    assert state_of(bench) == before
