"""Freezing, thawing, closing: what stops, what goes on, and who is never frozen."""

import pytest

from ledger.set_aside import CaptureHold, ReleaseHold
from ledger.terms.state import DOCUMENT_MAX, CloseAccount, FreezeAccount, ThawAccount
from ledger.transfer import ReverseEntry
from tests.build import CLEARING, REGULATOR
from tests.conftest import SECOND
from tests.ledger.terms.town import (
    E1,
    E1_HELD,
    E2,
    FLOW,
    ISSUANCE,
    TRADER,
    chains,
    have,
    limit,
    line,
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


def freeze(bench, account=E1, document="（2025）鲁01执1号"):
    return bench.both(FreezeAccount(account=account, document=document))


def thaw(bench, account=E1, document="（2025）鲁01执1号之一"):
    return bench.both(ThawAccount(account=account, document=document))


def close(bench, account=E2, document="销户申请1号"):
    return bench.both(CloseAccount(account=account, document=document))


def test_nothing_newly_decided_leaves_or_enters_a_frozen_account(bench):
    freeze(bench).require()
    before = state_of(bench)

    out, into = move(bench, 1), move(bench, 1, source=ISSUANCE, destination=E1)
    held, chain = place(bench, 1), chains(bench, (line("c", 1),))

    assert [each.code for each in (out, into, held)] == ["account_not_open"] * 3
    assert out.facts == {"account": E1}
    assert chain.result["chains"][0]["refused"] == "account_not_open"
    assert state_of(bench) == before


def test_what_was_agreed_before_a_freeze_still_happens(bench, clock):
    expires_at = clock.now + SECOND
    kept = place(bench, 100).require().result["hold"]
    place(bench, 200, expires_at=expires_at).require()
    entry = move(bench, 50).require().result["first_entry"]
    for account in (E1, E1_HELD, E2):
        freeze(bench, account).require()

    released = bench.do(ReleaseHold(hold=kept), actor=TRADER)
    reversed_ = bench.both(
        ReverseEntry(entry=entry, reason="mistake"), maker=CLEARING, checker=REGULATOR
    )
    clock.now = expires_at
    bench.writer.tick()

    assert (released.code, reversed_.code) == ("ok", "ok")
    assert have(bench, E1, E1_HELD, E2) == (1_000, 0, 0)


def test_a_capture_is_a_new_decision_and_waits_for_the_thaw(bench):
    hold = place(bench, 100).require().result["hold"]
    freeze(bench, E2).require()
    capture = CaptureHold(hold=hold, amount=100, destination=E2)

    refused = bench.do(capture, actor=CLEARING)
    thaw(bench, E2).require()

    assert refused.code == "account_not_open"
    assert bench.do(capture, actor=CLEARING).ok


def test_a_thawed_account_is_as_before(bench):
    freeze(bench).require()
    thaw(bench).require()

    assert move(bench, 1_000).ok
    assert bench.writer.memory.accounts[E1].is_free


def test_a_thawed_account_still_has_its_limits(bench):
    limit(bench, floor=300).require()
    freeze(bench).require()
    thaw(bench).require()

    assert move(bench, 701).code == "below_floor"


def test_a_restart_knows_the_states(bench):
    freeze(bench).require()
    close(bench).require()

    bench.restart()

    assert move(bench, 1, source=ISSUANCE, destination=E1).code == "account_not_open"
    assert close(bench).code == "account_state_same"


def test_a_closed_account_takes_part_in_nothing_and_never_opens_again(bench):
    entry = move(bench, 50).require().result["first_entry"]
    move(bench, 50, source=E2, destination=E1).require()
    close(bench).require()
    before = state_of(bench)

    sent = move(bench, 1)
    # A reversal goes before a freeze, but not before the end of an account.
    undone = bench.both(
        ReverseEntry(entry=entry + 1, reason="mistake"), maker=CLEARING, checker=REGULATOR
    )
    again = [freeze(bench, E2), thaw(bench, E2), limit(bench, E2, ceiling=5)]

    assert (sent.code, undone.code) == ("account_not_open", "account_not_open")
    assert [each.code for each in again] == ["account_closed"] * 3
    assert state_of(bench) == before


def test_only_an_empty_account_is_closed(bench):
    move(bench, 1).require()

    full = close(bench)
    move(bench, 1, source=E2, destination=E1).require()

    assert full.code == "account_has_units"
    assert full.facts == {"account": E2, "asset": FLOW, "available": 1}
    assert close(bench).ok


def test_no_account_is_closed_while_its_owner_has_something_set_aside(bench):
    hold = place(bench, 1_000).require().result["hold"]
    cash = "enterprise:E1:cash"

    empty, other = close(bench, E1), close(bench, cash)
    bench.do(CaptureHold(hold=hold, amount=999, destination=E2), actor=CLEARING).require()
    one_left = close(bench, cash)
    bench.do(CaptureHold(hold=hold, amount=1, destination=E2), actor=CLEARING).require()

    assert [each.code for each in (empty, other, one_left)] == ["account_has_holds"] * 3
    assert empty.facts == {"account": E1, "owner": "enterprise:E1", "hold": hold}
    assert (close(bench, cash).code, close(bench, E1).code) == ("ok", "ok")


def test_another_owners_hold_keeps_no_account_open(lite):
    place(lite, 10).require()

    assert close(lite).ok


def test_a_frozen_account_may_be_closed(lite):
    freeze(lite, E2).require()

    assert close(lite).ok


def test_what_serves_the_whole_scheme_is_never_frozen_or_closed(lite):
    before = state_of(lite)
    common = ("scheme:issuance", "scheme:expired", "bank:settlement", "venue:fees")

    codes = {verb(lite, each).code for verb in (freeze, close)
             for each in (*common, "treasury:usage_fees")}  # fmt: skip

    assert codes == {"account_never_frozen"}
    assert state_of(lite) == before


@pytest.mark.parametrize(("verb", "state"), [(freeze, "frozen"), (close, "closed")])
def test_a_state_is_not_given_twice(lite, verb, state):
    verb(lite, E2).require()

    answer = verb(lite, E2)

    assert (answer.code, answer.facts["state"]) == ("account_state_same", state)


def test_an_open_account_is_not_thawed(lite):
    assert thaw(lite).code == "account_state_same"


def test_a_freeze_names_the_document_it_rests_on(lite):
    refused = [freeze(lite, document=each) for each in ("", "  ", "号" * (DOCUMENT_MAX + 1))]

    assert [each.code for each in refused] == ["document_unfit"] * 3
    assert freeze(lite, document="号" * DOCUMENT_MAX).ok


def test_an_account_nobody_opened_is_not_frozen(lite):
    assert freeze(lite, "enterprise:E9:holding").code == "account_unknown"
