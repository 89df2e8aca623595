"""Chains: each whole or not at all, and what lines that may move up to an amount move."""

import pytest

from ledger.approve import approving, proposing
from ledger.chains import PostChains
from ledger.command import Command, IdReused
from ledger.terms.state import FreezeAccount
from ledger.transfer import Line
from ledger.units import AMOUNT_MAX
from tests.build import REGULATOR, SECOND_REGULATOR
from tests.ledger.terms.town import (
    E1,
    E1_HELD,
    E2,
    FLOW,
    ISSUANCE,
    chains,
    have,
    limit,
    line,
    move,
    place,
    post,
    rows,
    state_of,
    town,
)


@pytest.fixture
def bench(engine, clock):
    return town(engine, clock)


@pytest.fixture
def lite(sqlite_engine, clock):
    return town(sqlite_engine, clock)


def told(answer):
    """The code of each chain."""
    return [chain.get("refused", "ok") for chain in answer.require().result["chains"]]


def test_a_chain_whose_last_line_fails_leaves_no_trace_and_the_others_stay(bench):
    answer = chains(
        bench,
        (line("a1", 100), line("a2", 50, E2, E1)),
        (line("b1", 200), line("b2", 300, E2, E1), line("b3", 1, E2, "enterprise:E9:holding")),
        (line("c1", 10),),
    )

    # By hand: 1,000 − 100 + 50 − 10; the middle chain as if it had never been.
    assert told(answer) == ["ok", "insufficient_balance", "ok"]
    assert have(bench) == (940, 60)
    assert answer.result["first_entry"] == 2
    assert answer.result["entries"] == 3
    first, second, third = answer.result["chains"]
    assert first["lines"] == [
        {"entry": 2, "amount": 100, "source_balance": 900, "destination_balance": 100},
        {"entry": 3, "amount": 50, "source_balance": 50, "destination_balance": 950},
    ]
    assert second == {
        "refused": "insufficient_balance",
        "line": 2,
        "message": f"{E2} needs 300 of {FLOW} but has 250",
        "rule": "REG-14",
        "facts": {"account": E2, "asset": FLOW, "needed": 300, "available": 250},
    }
    assert third["lines"] == [
        {"entry": 4, "amount": 10, "source_balance": 940, "destination_balance": 60}
    ]
    assert len(rows(bench, "entries")) == len(rows(bench, "postings")) == 4


def test_a_batch_in_which_every_chain_is_refused_changes_nothing_but_is_answered(bench):
    before = state_of(bench)

    answer = chains(bench, (line("a", 1_001),), (line("b", 1, E1, E1),))

    assert told(answer) == ["insufficient_balance", "same_account"]
    assert answer.result["entries"] == 0
    assert state_of(bench) == before


def test_a_later_chain_stands_on_an_earlier_one(bench):
    answer = chains(bench, (line("a", 1_000),), (line("b", 1_000, E2, E1),), (line("c", 1),))

    assert told(answer) == ["ok", "ok", "ok"]
    assert have(bench) == (999, 1)


def test_a_place_first_met_in_a_chain_given_up_has_no_balance(bench):
    before = rows(bench, "balances")

    chains(bench, (line("a", 5, E1, "scheme:expired"), line("b", 1_000)))

    assert rows(bench, "balances") == before


@pytest.mark.parametrize(
    ("asked", "moved", "left"), [(999, 999, 1), (1_000, 1_000, 0), (1_001, 1_000, 0)]
)
def test_up_to_moves_what_there_is_and_no_more(lite, asked, moved, left):
    answer = chains(lite, (line("a", asked, up_to=True),))

    assert answer.result["chains"][0]["lines"] == [
        {"entry": 2, "amount": moved, "source_balance": left, "destination_balance": moved}
    ]
    assert have(lite) == (left, moved)


def test_up_to_of_nothing_writes_no_entry_and_says_so(bench):
    before = state_of(bench)

    answer = chains(bench, (line("a", 5, E2, E1, up_to=True),))

    assert answer.result == {
        "first_entry": 2,
        "entries": 0,
        "chains": [
            {
                "lines": [
                    {"entry": None, "amount": 0, "source_balance": 0, "destination_balance": 1_000}
                ]
            }
        ],
    }
    assert state_of(bench) == before
    # No entry has the reference, so it is free.
    assert told(chains(bench, (line("a", 5),))) == ["ok"]


@pytest.mark.parametrize(
    ("floor", "ceiling", "moved"),
    [(None, None, 900), (300, None, 700), (None, 250, 250), (300, 250, 250), (900, 250, 100),
     (1_000, None, 0), (None, 0, 0)],
)  # fmt: skip
def test_up_to_keeps_floor_and_ceiling(lite, floor, ceiling, moved):
    limit(lite, E1, floor=floor).require()
    limit(lite, E2, ceiling=ceiling).require()

    answer = chains(lite, (line("a", 900, up_to=True),))

    assert answer.result["chains"][0]["lines"][0]["amount"] == moved
    assert have(lite) == (1_000 - moved, moved)


def test_up_to_leaves_room_for_what_holds_may_bring_back(bench):
    move(bench, 100).require()
    place(bench, 60, enterprise="E2").require()
    limit(bench, E2, ceiling=150).require()  # 40 in it, 60 set aside: room for 50

    answer = chains(bench, (line("a", 900, up_to=True),))

    assert answer.result["chains"][0]["lines"][0]["amount"] == 50


def test_up_to_takes_all_that_is_asked_from_issuance(bench):
    answer = chains(bench, (line("a", 5_000, ISSUANCE, E2, up_to=True),))

    assert answer.result["chains"][0]["lines"][0]["amount"] == 5_000
    assert have(bench, E2) == (5_000,)


def test_up_to_is_refused_where_no_smaller_amount_would_do(bench):
    wanted = [
        ({"amount": 0}, "amount_not_positive"),
        ({"amount": AMOUNT_MAX + 1}, "amount_too_large"),
        ({"source": "enterprise:E9:holding"}, "account_unknown"),
        ({"destination": "enterprise:E1:cash"}, "asset_not_held_here"),
        ({"destination": E1_HELD}, "held_units"),
        ({"reference": ""}, "reference_empty"),
        ({"reference": "r" * 201}, "text_too_long"),
        ({"reference": "bank:1"}, "reference_reserved"),
    ]
    before = state_of(bench)

    for up_to in (False, True):
        several = [
            (line(**{"reference": "a", "amount": 5, **changes}, up_to=up_to),)
            for changes, _ in wanted
        ]
        assert told(chains(bench, *several)) == [code for _, code in wanted]

    assert state_of(bench) == before


def test_up_to_does_not_touch_a_frozen_account(bench):
    bench.both(FreezeAccount(account=E2, document="令1号")).require()

    assert told(chains(bench, (line("a", 5, up_to=True),))) == ["account_not_open"]


def test_references_clash_across_chains_and_within_one(bench):
    answer = chains(
        bench,
        (line("given", 1_000, ISSUANCE, E1),),
        (line("given", 1_000),),
        (line("a", 1),),
        (line("a", 1),),
        (line("a", 2),),
        (line("b", 1), line("b", 1)),
        (line("b", 3),),  # the chain before was given up, and its reference with it
    )

    assert told(answer) == [
        "entry_exists", "entry_exists_with_different", "ok", "entry_exists",
        "entry_exists_with_different", "reference_repeated", "ok",
    ]  # fmt: skip
    facts = [chain.get("facts") for chain in answer.result["chains"]]
    assert facts[0] == {"reference": "given", "entry": 1}
    assert facts[1] == {"reference": "given", "entry": 1, "differs": "source"}
    assert facts[3] == {"reference": "a", "entry": 2}
    assert facts[4] == {"reference": "a", "entry": 2, "differs": "amount"}
    assert have(bench) == (996, 4)


def test_a_repeat_of_a_line_that_moved_less_than_it_might_is_the_same(bench):
    chains(bench, (line("a", 5_000, up_to=True),)).require()
    post(bench, Line("more", ISSUANCE, E1, FLOW, 9_000)).require()

    again = chains(
        bench,
        (line("a", 5_000, up_to=True),),
        (line("a", 999, up_to=True),),
        (line("a", 5_000),),
    )

    assert told(again) == [
        "entry_exists", "entry_exists_with_different", "entry_exists_with_different",
    ]  # fmt: skip


@pytest.mark.parametrize(("count", "code"), [(8_192, "ok"), (8_193, "too_many_entries")])
def test_a_batch_has_at_most_so_many_lines_in_all(lite, count, code):
    half = count // 2
    several = [tuple(line(f"r{n}", 1, ISSUANCE, E2) for n in range(*each))
               for each in ((0, half), (half, count))]  # fmt: skip

    answer = chains(lite, *several)

    assert answer.code == code
    assert have(lite, E2) == (8_192 if code == "ok" else 0,)


@pytest.mark.parametrize("several", [(), ((),), ((line("a", 1),), ())])
def test_a_batch_without_chains_or_with_an_empty_one_is_refused_whole(lite, several):
    before = state_of(lite)

    answer = chains(lite, *several)

    assert answer.code == "rows_empty"
    assert state_of(lite) == before


def test_one_person_alone_posts_no_chains(lite):
    answer = lite.do(PostChains(rule="REG-48", chains=((line("a", 1),),)))

    assert answer.code == "second_person_needed"


def test_a_repeated_id_gets_the_same_answer_and_another_content_is_refused(bench):
    payload = PostChains(rule="REG-48", chains=((line("a", 1),), (line("b", 5_000),)))
    proposal = bench.do(proposing(payload)).require().sequence
    command = Command("batch-1", SECOND_REGULATOR, approving(proposal, payload))

    first = bench.writer.submit(command)
    before = bench.digest()
    bench.restart()
    second = bench.writer.submit(command)

    assert second == first
    assert second.repeated
    assert bench.digest() == before
    other = approving(proposal + 1, payload)
    with pytest.raises(IdReused):
        bench.writer.submit(Command("batch-1", REGULATOR, other))
