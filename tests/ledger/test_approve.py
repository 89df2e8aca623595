"""Four eyes: every way in which one person might get alone what takes two."""

import pytest

from ledger.approve import (
    PROPOSAL_LIFE_MICROSECONDS,
    NotProposable,
    Propose,
    Reject,
    approving,
    proposing,
)
from ledger.cash import Deposit
from ledger.command import NotAnInteger
from ledger.roles import RevokeRole, RoleMissing
from ledger.subject import Role
from tests.build import CLEARING, REGULATOR, SECOND_CLEARING, SECURITY, OpenFreely, open_ledger

DEPOSIT = Deposit(enterprise="E1", amount_fen=5_000, statement_line="B1")
OTHER = Deposit(enterprise="E1", amount_fen=5_001, statement_line="B1")


@pytest.fixture
def bench(engine, clock):
    bench = open_ledger(engine, clock)
    bench.do(OpenFreely(addresses=("enterprise:E1:cash",))).require()
    return bench


@pytest.fixture
def proposal(bench):
    return bench.do(proposing(DEPOSIT), actor=CLEARING).require().sequence


def cash(bench):
    return bench.balance("enterprise:E1:cash", "cash.cny")


def test_two_persons_together_can(bench, proposal):
    bench.do(approving(proposal, DEPOSIT), actor=SECOND_CLEARING).require()

    assert cash(bench) == 5_000


def test_one_person_alone_cannot(bench):
    before = bench.digest()

    answer = bench.do(DEPOSIT, actor=CLEARING)

    assert answer.code == "second_person_needed"
    assert bench.digest() == before


def test_the_maker_cannot_approve(bench, proposal):
    before = bench.digest()

    answer = bench.do(approving(proposal, DEPOSIT), actor=CLEARING)

    assert answer.code == "same_person"
    assert bench.digest() == before


def test_another_content_than_was_proposed_is_not_approved(bench, proposal):
    before = bench.digest()

    answer = bench.do(approving(proposal, OTHER), actor=SECOND_CLEARING)

    assert answer.code == "proposal_changed"
    assert bench.digest() == before


def test_an_approver_without_the_role_cannot(bench, proposal):
    before = bench.digest()

    with pytest.raises(RoleMissing):
        bench.do(approving(proposal, DEPOSIT), actor=REGULATOR)

    assert bench.digest() == before


def revoke(bench, person):
    bench.do(RevokeRole(person=person, role=Role.CLEARING_OPERATOR), actor=SECURITY).require()


def test_a_role_that_the_maker_lost_since_is_missed_at_the_moment_of_effect(bench, proposal):
    revoke(bench, CLEARING)

    answer = bench.do(approving(proposal, DEPOSIT), actor=SECOND_CLEARING)

    assert answer.code == "role_missing"
    assert cash(bench) == 0


def test_who_lost_the_role_of_a_checker_is_turned_away_at_the_door(bench, proposal):
    revoke(bench, SECOND_CLEARING)

    with pytest.raises(RoleMissing):
        bench.do(approving(proposal, DEPOSIT), actor=SECOND_CLEARING)

    assert cash(bench) == 0


def test_a_proposal_takes_effect_once(bench, proposal):
    bench.do(approving(proposal, DEPOSIT), actor=SECOND_CLEARING).require()

    again = bench.do(approving(proposal, DEPOSIT), actor=SECOND_CLEARING)

    assert again.code == "proposal_closed"
    assert cash(bench) == 5_000


@pytest.mark.parametrize(("late", "code"), [(-1, "ok"), (0, "proposal_closed")])
def test_a_proposal_lives_for_a_day(bench, clock, proposal, late, code):
    proposed_at = clock.now
    recorded = bench.writer.memory.now
    clock.now = recorded + PROPOSAL_LIFE_MICROSECONDS + late
    assert recorded >= proposed_at

    answer = bench.do(approving(proposal, DEPOSIT), actor=SECOND_CLEARING)

    assert answer.code == code


def test_a_rejected_proposal_is_closed(bench, proposal):
    bench.do(Reject(proposal=proposal, reason="no"), actor=SECOND_CLEARING).require()

    answer = bench.do(approving(proposal, DEPOSIT), actor=SECOND_CLEARING)

    assert answer.code == "proposal_closed"
    assert cash(bench) == 0


def test_what_needs_no_second_person_cannot_be_proposed(bench):
    with pytest.raises(NotProposable):
        bench.do(proposing(OpenFreely(addresses=("enterprise:E2:cash",))))


def test_a_proposed_document_is_checked_like_any_payload(bench):
    document = '{"enterprise":"E1","amount_fen":1.5}'

    with pytest.raises(NotAnInteger) as refused:
        bench.do(Propose(proposed_kind="cash.deposit", document=document), actor=CLEARING)

    assert refused.value.facts["field"] == "/amount_fen"


def test_a_refusal_at_the_moment_of_effect_leaves_the_proposal_open(bench, proposal):
    first = Deposit(enterprise="E1", amount_fen=1, statement_line="B1")
    bench.both(first, maker=CLEARING, checker=SECOND_CLEARING).require()

    answer = bench.do(approving(proposal, DEPOSIT), actor=SECOND_CLEARING)

    assert answer.code == "entry_exists"
    assert cash(bench) == 1


def test_a_person_without_any_role_is_turned_away_at_the_door(bench):
    with pytest.raises(RoleMissing):
        bench.do(OpenFreely(addresses=("enterprise:E3:cash",)), actor="person:NOBODY")
