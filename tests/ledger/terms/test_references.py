"""References: a second attempt is told which entry has it, and in what it differs."""

import pytest

from ledger.cash import Deposit
from ledger.transfer import Line
from tests.build import CLEARING, SECOND_CLEARING
from tests.ledger.terms.town import E1, E2, FLOW, ISSUANCE, OTHER, post, state_of, town


@pytest.fixture
def bench(engine, clock):
    bench = town(engine, clock)
    post(bench, Line("sent", E1, E2, FLOW, 40)).require()
    return bench


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({}, ""),
        ({"source": ISSUANCE}, "source"),
        ({"destination": "scheme:expired"}, "destination"),
        ({"asset": OTHER}, "asset"),
        ({"amount": 41}, "amount"),
        ({"source": E2, "destination": E1, "amount": 1}, "source"),
        ({"asset": OTHER, "amount": 1}, "asset"),
    ],
)
def test_the_first_field_that_differs_is_named(bench, change, differs):
    asked = {"source": E1, "destination": E2, "asset": FLOW, "amount": 40, **change}
    before = state_of(bench)

    answer = post(bench, Line("new", E1, E2, FLOW, 1), Line("sent", **asked))

    if differs:
        assert answer.code == "entry_exists_with_different"
        assert answer.facts == {"reference": "sent", "entry": 2, "differs": differs}
    else:
        assert answer.code == "entry_exists"
        assert answer.facts == {"reference": "sent", "entry": 2}
    assert state_of(bench) == before


def test_of_several_known_references_the_first_in_the_command_is_told(bench):
    lines = (Line("sent", E1, E2, FLOW, 40), Line("given", ISSUANCE, E1, FLOW, 1_000))

    forward, backward = post(bench, *lines), post(bench, *reversed(lines))

    assert forward.facts == {"reference": "sent", "entry": 2}
    assert backward.facts == {"reference": "given", "entry": 1}


def test_a_reference_twice_in_one_command_is_no_entry_that_exists(bench):
    answer = post(bench, Line("x", E1, E2, FLOW, 1), Line("x", E1, E2, FLOW, 1))

    assert (answer.code, answer.facts) == ("reference_repeated", {"reference": "x"})


def test_a_bank_line_names_the_entry_that_credited_it(bench):
    payload = Deposit(enterprise="E1", amount_fen=5, statement_line="L1")
    bench.both(payload, maker=CLEARING, checker=SECOND_CLEARING).require()

    again = bench.both(payload, maker=CLEARING, checker=SECOND_CLEARING)

    assert (again.code, again.facts) == ("entry_exists", {"reference": "bank:L1", "entry": 3})
