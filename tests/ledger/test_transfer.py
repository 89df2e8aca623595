"""Reversal: what can be undone, once, by two persons, and what cannot."""

import pytest

from ledger.roles import Grant
from ledger.set_aside import CaptureHold, PlaceHold
from ledger.subject import Role
from ledger.transfer import Line, PostLines, ReverseEntry
from tests.build import CLEARING, REGULATOR, OpenFreely, open_ledger

FLOW = "energy.flow.general.2025.eq.370200"
TRADER = "person:T1"
ACCOUNTS = ("enterprise:E1:holding", "enterprise:E1:held", "enterprise:E2:holding")


@pytest.fixture
def bench(engine, clock):
    bench = open_ledger(
        engine, clock, grants=(Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),)
    )
    bench.do(OpenFreely(addresses=ACCOUNTS, assets=(FLOW,))).require()
    line = Line("R1", "scheme:issuance", "enterprise:E1:holding", FLOW, 1_000)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()
    return bench


def reverse(bench, entry):
    return bench.both(
        ReverseEntry(entry=entry, reason="mistake"), maker=CLEARING, checker=REGULATOR
    )


def test_a_reversal_swaps_the_ends_and_names_the_entry(bench):
    answer = reverse(bench, 1)

    assert answer.require().result["entry"] == 2
    assert bench.balance("enterprise:E1:holding", FLOW) == 0
    assert bench.balance("scheme:issuance", FLOW) == 0


@pytest.mark.parametrize("entry", [0, 2, 99])
def test_an_unknown_entry_is_not_reversed(bench, entry):
    answer = reverse(bench, entry)

    assert answer.code == "not_reversible"


def test_nothing_is_reversed_twice_and_no_reversal_at_all(bench):
    reverse(bench, 1).require()

    twice, back = reverse(bench, 1), reverse(bench, 2)

    assert (twice.code, back.code) == ("not_reversible", "not_reversible")
    assert bench.balance("enterprise:E1:holding", FLOW) == 0


def test_a_hold_and_its_capture_are_not_reversed_into_units_without_a_hold(bench):
    hold = bench.do(
        PlaceHold(enterprise="E1", asset=FLOW, amount=400, purpose="test"), actor=TRADER
    ).require()
    bench.do(
        CaptureHold(hold=hold.result["hold"], amount=100, destination="enterprise:E2:holding"),
        actor=CLEARING,
    ).require()

    codes = [reverse(bench, 2).code, reverse(bench, 3).code]

    assert codes == ["not_reversible", "held_units"]
    assert bench.balance("enterprise:E1:held", FLOW) == 300


def test_a_reversal_needs_what_it_takes_back_to_be_there(bench):
    move = Line("R2", "enterprise:E1:holding", "enterprise:E2:holding", FLOW, 1)
    bench.both(PostLines(rule="REG-11", lines=(move,))).require()

    answer = reverse(bench, 1)

    assert answer.code == "insufficient_balance"
    assert answer.facts["available"] == 999


@pytest.mark.parametrize("purpose", ["pledged", "frozen", "leased"])
def test_plain_entries_leave_what_a_subject_keeps_to_its_commands(bench, purpose):
    kept = f"enterprise:E1:{purpose}"
    bench.do(OpenFreely(addresses=(kept,))).require()

    for ends in ((kept, "enterprise:E2:holding"), ("enterprise:E1:holding", kept)):
        line = Line(f"K:{ends[0]}", *ends, FLOW, 1)
        answer = bench.both(PostLines(rule="REG-11", lines=(line,)))

        assert (answer.code, answer.facts) == ("kept_units", {"account": kept})
    assert bench.balance("enterprise:E1:holding", FLOW) == 1_000
    assert bench.balance(kept, FLOW) == 0
