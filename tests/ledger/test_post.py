"""Posting: the ladder of refusals, each leaving nothing behind."""

import pytest

from ledger.cash import Deposit
from ledger.entry import Entry, EntryCode, Posting
from ledger.transfer import Line, PostLines
from tests.build import CLEARING, SECOND_CLEARING, OpenFreely, open_ledger

FLOW = "energy.flow.general.2025.eq.370200"


@pytest.fixture
def bench(engine, clock):
    bench = open_ledger(engine, clock)
    bench.do(
        OpenFreely(
            addresses=(
                "enterprise:E1:holding",
                "enterprise:E2:holding",
                "enterprise:E1:cash",
                "enterprise:E2:cash",
            ),
            assets=(FLOW,),
        )
    ).require()
    return bench


def line(
    reference="R1",
    source="scheme:issuance",
    destination="enterprise:E1:holding",
    asset=FLOW,
    amount=5_000,
):
    return Line(reference, source, destination, asset, amount)


def test_an_entry_moves_units_and_every_asset_still_sums_to_zero(bench):
    bench.both(PostLines(rule="REG-11", lines=(line(),))).require()

    assert bench.balance("enterprise:E1:holding", FLOW) == 5_000
    assert bench.balance("scheme:issuance", FLOW) == -5_000


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": 0}, "amount_not_positive"),
        ({"amount": -5}, "amount_not_positive"),
        ({"amount": 10**15 + 1}, "amount_too_large"),
        ({"amount": 0, "source": "enterprise:E9:holding"}, "amount_not_positive"),
        ({"source": "enterprise:E9:holding"}, "account_unknown"),
        ({"destination": "enterprise:E9:holding"}, "account_unknown"),
        ({"asset": "energy.flow.general.2026.eq.370200"}, "asset_unknown"),
        ({"destination": "scheme:issuance"}, "same_account"),
        ({"destination": "enterprise:E1:cash"}, "asset_not_held_here"),
        ({"source": "bank:settlement"}, "asset_not_held_here"),
        ({"source": "enterprise:E2:holding"}, "insufficient_balance"),
        ({"reference": ""}, "reference_empty"),
        ({"source": "enterprise:E1:held"}, "held_units"),
        ({"destination": "enterprise:E1:held"}, "held_units"),
    ],
)
def test_each_rung_refuses_with_its_own_code_and_changes_nothing(bench, changes, code):
    before = bench.digest()

    answer = bench.both(PostLines(rule="REG-11", lines=(line("R0", amount=7), line(**changes))))

    assert answer.code == code
    # The proposal itself is a change, so balances are compared apart from it.
    assert bench.balance("enterprise:E1:holding", FLOW) == 0
    assert bench.digest() != before
    assert bench.writer.memory.entry_sequence == 0


def test_exactly_the_balance_can_leave_and_one_more_cannot(bench):
    bench.both(PostLines(rule="REG-11", lines=(line(),))).require()
    move = {"source": "enterprise:E1:holding", "destination": "enterprise:E2:holding"}

    too_much = bench.both(PostLines(rule="REG-11", lines=(line("R2", amount=5_001, **move),)))
    all_of_it = bench.both(PostLines(rule="REG-11", lines=(line("R3", amount=5_000, **move),)))

    assert too_much.code == "insufficient_balance"
    assert too_much.facts["needed"] == 5_001
    assert too_much.facts["available"] == 5_000
    assert all_of_it.ok
    assert bench.balance("enterprise:E1:holding", FLOW) == 0


def test_a_reference_is_never_written_twice(bench):
    bench.both(PostLines(rule="REG-11", lines=(line(),))).require()

    again = bench.both(PostLines(rule="REG-11", lines=(line(),)))

    assert again.code == "entry_exists"
    assert bench.balance("enterprise:E1:holding", FLOW) == 5_000


def test_a_bank_line_is_credited_once(bench):
    first = Deposit(enterprise="E1", amount_fen=100, statement_line="2025-0001")
    bench.both(first, maker=CLEARING, checker=SECOND_CLEARING).require()

    second = Deposit(enterprise="E2", amount_fen=100, statement_line="2025-0001")
    answer = bench.both(second, maker=CLEARING, checker=SECOND_CLEARING)

    assert answer.code == "entry_exists"
    assert bench.balance("enterprise:E2:cash", "cash.cny") == 0


def test_a_fraction_of_a_unit_is_not_an_amount(bench):
    posting = Posting("scheme:issuance", "enterprise:E1:holding", FLOW, 1.5)

    entry = Entry(EntryCode.TRANSFER, "REG-11", (posting,))

    assert type(entry.postings[0].amount) is float
