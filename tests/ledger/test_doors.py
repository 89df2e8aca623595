"""Who may not send a command at all leaves no trace in the log, whatever the payload decides."""

import pytest

from ledger.approve import (
    Approve,
    NotProposable,
    ProposalUnknown,
    Propose,
    Reject,
    approving,
    proposing,
)
from ledger.cash import Deposit
from ledger.check import self_check
from ledger.command import FieldMissing
from ledger.hold import HoldClosed
from ledger.register import LedgerAlreadyOpen, OpenLedger
from ledger.roles import Grant, RoleMissing
from ledger.set_aside import PlaceHold, ReleaseHold
from ledger.subject import Role
from ledger.tables import CommandRow
from ledger.transfer import Line, PostLines
from tests.build import CLEARING, REGULATOR, SECOND_CLEARING, OpenFreely, open_ledger
from tests.ledger.test_writer import count

NOBODY = "person:NOBODY"
TRADER, OTHER_TRADER = "person:T1", "person:T2"
FLOW = "energy.flow.general.2025.eq.370200"
DEPOSIT = Deposit(enterprise="E1", amount_fen=5_000, statement_line="B1")


@pytest.fixture
def bench(engine, clock):
    grants = (
        Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),
        Grant(OTHER_TRADER, Role.ENTERPRISE_TRADER, "enterprise:E2"),
    )
    bench = open_ledger(engine, clock, grants=grants)
    accounts = ("enterprise:E1:cash", "enterprise:E1:holding", "enterprise:E1:held")
    bench.do(OpenFreely(addresses=accounts, assets=(FLOW,))).require()
    line = Line("R1", "scheme:issuance", "enterprise:E1:holding", FLOW, 1_000)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()
    return bench


@pytest.fixture
def proposal(bench):
    return bench.do(proposing(DEPOSIT), actor=CLEARING).require().sequence


def turned_away(bench, payload, actor, refusal):
    """Send, and demand that nothing of it is kept, not even that it was sent."""
    commands, digest = count(bench, CommandRow), bench.digest()
    with pytest.raises(refusal) as refused:
        bench.do(payload, actor=actor, command_id="the-same")
    assert (count(bench, CommandRow), bench.digest()) == (commands, digest)
    return refused.value


@pytest.mark.parametrize("actor", [NOBODY, TRADER, REGULATOR])
def test_who_may_not_make_a_command_may_not_propose_it(bench, actor):
    refused = turned_away(bench, proposing(DEPOSIT), actor, RoleMissing)

    assert refused.facts["kind"] == "cash.deposit"
    bench.do(proposing(DEPOSIT), actor=CLEARING, command_id="the-same").require()


@pytest.mark.parametrize(
    ("kind", "document", "refusal"),
    [
        ("nothing.known", "{}", NotProposable),
        ("hold.place", "{}", NotProposable),
        ("cash.deposit", "{}", FieldMissing),
    ],
)
@pytest.mark.parametrize("actor", [NOBODY, CLEARING])
def test_what_is_no_proposal_never_becomes_a_command(bench, kind, document, refusal, actor):
    turned_away(bench, Propose(proposed_kind=kind, document=document), actor, refusal)


@pytest.mark.parametrize("actor", [NOBODY, TRADER, REGULATOR])
def test_who_may_not_check_a_proposal_neither_approves_nor_rejects_it(bench, proposal, actor):
    turned_away(bench, approving(proposal, DEPOSIT), actor, RoleMissing)
    turned_away(bench, Reject(proposal=proposal, reason="no"), actor, RoleMissing)

    bench.do(approving(proposal, DEPOSIT), actor=SECOND_CLEARING).require()


def test_who_may_check_is_answered_for_good_when_a_rule_says_no(bench, proposal):
    before = count(bench, CommandRow)

    changed = bench.do(Approve(proposal=proposal, payload_hash="ab" * 32), actor=SECOND_CLEARING)
    maker = bench.do(approving(proposal, DEPOSIT), actor=CLEARING)

    assert (changed.code, maker.code) == ("proposal_changed", "same_person")
    assert count(bench, CommandRow) == before + 2


def test_the_maker_who_may_not_check_is_told_that_it_takes_another_person(bench):
    line = Line("R2", "scheme:issuance", "enterprise:E1:holding", FLOW, 1)
    posting = PostLines(rule="REG-11", lines=(line,))
    proposal = bench.do(proposing(posting)).require().sequence

    answer = bench.do(approving(proposal, posting))

    assert answer.code == "same_person"


@pytest.mark.parametrize(
    "decision", [Approve(proposal=99, payload_hash=""), Reject(proposal=99, reason="no")]
)
def test_a_proposal_that_never_was_is_logged_only_for_those_who_could_decide(bench, decision):
    turned_away(bench, decision, NOBODY, ProposalUnknown)
    before = count(bench, CommandRow)

    answer = bench.do(decision, actor=CLEARING)

    assert answer.code == "proposal_unknown"
    assert count(bench, CommandRow) == before + 1


@pytest.mark.parametrize("actor", [NOBODY, OTHER_TRADER, CLEARING])
def test_who_does_not_act_for_the_holder_releases_nothing(bench, actor):
    placing = PlaceHold(enterprise="E1", asset=FLOW, amount=400, purpose="test")
    hold = bench.do(placing, actor=TRADER).require().result["hold"]

    turned_away(bench, ReleaseHold(hold=hold), actor, RoleMissing)

    bench.do(ReleaseHold(hold=hold), actor=TRADER).require()
    assert bench.do(ReleaseHold(hold=hold), actor=TRADER).code == "hold_closed"


@pytest.mark.parametrize("actor", [NOBODY, CLEARING])
def test_a_hold_that_is_not_open_is_logged_only_for_those_who_act_for_a_holder(bench, actor):
    turned_away(bench, ReleaseHold(hold=99), actor, HoldClosed)

    assert bench.do(ReleaseHold(hold=99), actor=TRADER).code == "hold_closed"


@pytest.mark.parametrize("actor", [NOBODY, REGULATOR])
def test_an_open_ledger_is_opened_by_nobody(bench, actor):
    again = OpenLedger(name="x", jurisdiction="x", purpose="live", grants=())

    turned_away(bench, again, actor, LedgerAlreadyOpen)

    assert self_check(bench.engine).failed == {}
