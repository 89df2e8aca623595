"""A log of older rules is decided again as it was; what is new is decided by the newest."""

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from ledger.adopt import AdoptPack
from ledger.approve import Approve, Propose, approving, proposing
from ledger.cash import Deposit
from ledger.check import self_check
from ledger.command import encode_payload
from ledger.db import reading
from ledger.open_accounts import OpenAccounts
from ledger.pack_schema import DEPTH_MAX
from ledger.register import OpenLedger
from ledger.replay import ReplayDiffers, replay
from ledger.roles import Grant, GrantRoles, RevokeRole, RoleMissing
from ledger.set_aside import PlaceHold, ReleaseHold
from ledger.subject import Role
from ledger.tables import CommandRow
from ledger.transfer import Line, PostLines, ReverseEntry
from ledger.versions import FIRST_VERSION, NEARER, RULES_VERSION, VERSIONS, is_since
from tests.build import (
    CLEARING,
    REGULATOR,
    SECOND_CLEARING,
    SECOND_SECURITY,
    SECURITY,
    OpenFreely,
    decided_by,
    open_ledger,
)

NOBODY, TRADER = "person:NOBODY", "person:T1"
FLOW = "energy.flow.general.2025.eq.370200"
ACCOUNTS = ("enterprise:E1:holding", "enterprise:E1:held", "enterprise:E1:cash", "source:S1")
DEPOSIT = Deposit(enterprise="E1", amount_fen=5_000, statement_line="B1")
DEEP = '{"id":' + "[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1) + "}"
"""Too deep for the newest rules; the first ones met a header that is no pack's."""


def play_by_the_first_rules(bench):
    """Send everything that later rules refuse, or refuse otherwise; return the answers' codes."""
    bench.do(OpenAccounts(addresses=ACCOUNTS, assets=(FLOW,))).require()
    line = Line("R1", "scheme:issuance", "enterprise:E1:holding", FLOW, 1_000)
    bench.both(PostLines(rule="REG-11", lines=(line,))).require()
    placing = PlaceHold(enterprise="E1", asset=FLOW, amount=400, purpose="test")
    hold = bench.do(placing, actor=TRADER).require().result["hold"]
    proposal = bench.do(proposing(DEPOSIT), actor=CLEARING).require().sequence
    malformed = Propose(proposed_kind="cash.deposit", document='{"enterprise":1}')
    deep = AdoptPack(content=DEEP)
    both = GrantRoles(grants=(Grant(NOBODY, Role.VERIFIER), Grant(NOBODY, Role.AUDITOR)))
    sent = [
        bench.do(proposing(DEPOSIT), actor=NOBODY),
        bench.do(malformed, actor=CLEARING),
        bench.do(approving(proposal, DEPOSIT), actor=NOBODY),
        bench.do(Approve(proposal=999, payload_hash=""), actor=NOBODY),
        bench.do(ReleaseHold(hold=hold), actor=NOBODY),
        bench.do(OpenLedger(name="x", jurisdiction="x", purpose="live", grants=()), actor=NOBODY),
        bench.both(deep),
        bench.both(both, maker=SECURITY, checker=SECOND_SECURITY),
        bench.do(RevokeRole(person=SECOND_SECURITY, role=Role.SECURITY), actor=SECURITY),
        bench.do(RevokeRole(person=SECURITY, role=Role.SECURITY), actor=SECURITY),
    ]
    return [answer.code for answer in sent], sent[1].facts


@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
def test_a_log_of_the_first_rules_replays_to_the_same_state(engine, other_engine, clock):
    grants = (Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),)
    with decided_by(FIRST_VERSION):
        bench = open_ledger(engine, clock, grants=grants)
        codes, told = play_by_the_first_rules(bench)
    # By hand: what each was answered by the release before.
    assert codes == [
        *("role_missing", "payload_malformed", "role_missing", "proposal_unknown"),
        *("role_missing", "ledger_already_open", "pack_field_malformed", "ok", "ok", "ok"),
    ]
    assert set(told) == {"kind", "problem"}
    bench.do(OpenAccounts(addresses=("scheme:surrendered:2030",))).require()

    replayed = replay(engine, other_engine, bench.subjects, iter(lambda: 5, 0))

    assert replayed.digest == bench.digest()
    assert self_check(other_engine).failed == {}


def test_what_comes_after_is_decided_by_the_newest_rules(bench_of_old):
    bench = bench_of_old

    with pytest.raises(RoleMissing):
        bench.do(proposing(DEPOSIT), actor=NOBODY)
    account = bench.do(OpenAccounts(addresses=("enterprise:E9:cash",)))
    officer = bench.do(RevokeRole(person=SECURITY, role=Role.SECURITY), actor=SECURITY)
    both = GrantRoles(grants=(Grant(NOBODY, Role.VERIFIER), Grant(NOBODY, Role.AUDITOR)))
    given = bench.both(both, maker=SECURITY, checker=SECOND_SECURITY)
    deep = bench.both(AdoptPack(content=DEEP))

    assert [each.code for each in (account, officer, given, deep)] == [
        *("owner_not_registered", "last_security_officers", "roles_conflict", "pack_too_deep")
    ]
    with reading(bench.engine) as connection:
        versions = connection.execute(
            sa.select(CommandRow.rules_version).order_by(CommandRow.sequence)
        ).scalars()
        assert list(dict.fromkeys(versions)) == [FIRST_VERSION, RULES_VERSION]


@pytest.fixture
def bench_of_old(engine, clock):
    """A ledger that was opened by the first rules."""
    with decided_by(FIRST_VERSION):
        return open_ledger(engine, clock)


@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
def test_a_log_of_rules_that_nobody_knows_is_not_replayed(sqlite_engine, other_engine, clock):
    bench = open_ledger(sqlite_engine, clock)
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER commands_refuse_update")
        connection.exec_driver_sql("UPDATE commands SET rules_version = '9'")

    with pytest.raises(ReplayDiffers) as refused:
        replay(sqlite_engine, other_engine, bench.subjects, iter(lambda: 1, 0))

    assert refused.value.facts["differs"] == "rules_version"
    assert (refused.value.facts["logged"], refused.value.facts["replayed"]) == ("9", RULES_VERSION)


def test_versions_are_in_their_order():
    assert VERSIONS == ("1", "2", "3", "4")
    assert RULES_VERSION == "4"
    assert [is_since(*pair) for pair in (("1", "2"), ("2", "2"), ("2", "1"))] == [False, True, True]


def play_by_rules_that_told_less(bench):
    """Send everything of which later rules tell more; return the answers as they were."""
    bench.do(OpenAccounts(addresses=("scheme:surrendered:2030",), assets=(FLOW,))).require()
    bench.do(OpenFreely(addresses=ACCOUNTS)).require()
    line = Line("R1", "scheme:issuance", "enterprise:E1:holding", FLOW, 1_000)
    other = Line("R1", "scheme:issuance", "enterprise:E1:holding", FLOW, 999)
    undo = ReverseEntry(entry=1, reason="mistake")
    placing = PlaceHold(enterprise="E1", asset=FLOW, amount=400, purpose="test")
    return [
        bench.both(PostLines(rule="REG-11", lines=(line,))),
        bench.both(PostLines(rule="REG-11", lines=(other,))),
        bench.both(PostLines(rule="REG-11", lines=(replace(line, reference="R2"),) * 2)),
        bench.both(DEPOSIT, maker=CLEARING, checker=SECOND_CLEARING),
        bench.both(DEPOSIT, maker=CLEARING, checker=SECOND_CLEARING),
        bench.do(placing, actor=TRADER),
        bench.do(ReleaseHold(hold=3), actor=TRADER),
        bench.both(undo, maker=CLEARING, checker=REGULATOR),
    ]


@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("version", [FIRST_VERSION, NEARER])
def test_a_log_of_rules_that_told_less_replays_to_the_same_answers(
    engine, other_engine, clock, version
):
    grants = (Grant(TRADER, Role.ENTERPRISE_TRADER, "enterprise:E1"),)
    with decided_by(version):
        bench = open_ledger(engine, clock, grants=grants)
        answers = play_by_rules_that_told_less(bench)
    # By hand: what each was answered by the releases before.
    assert [(each.code, dict(each.facts), dict(each.result)) for each in answers] == [
        ("ok", {}, {"first_entry": 1, "entries": 1}),
        ("entry_exists", {"reference": "R1"}, {}),
        ("entry_exists", {"reference": "R2"}, {}),
        ("ok", {}, {"entry": 2}),
        ("entry_exists", {"reference": "bank:B1"}, {}),
        ("ok", {}, {"hold": 3}),
        ("ok", {}, {"entry": 4}),
        ("ok", {}, {"entry": 5, "reason": "mistake"}),
    ]
    later = Line("R3", "scheme:issuance", "enterprise:E1:holding", FLOW, 5)
    told = bench.both(PostLines(rule="REG-11", lines=(later,))).require()
    assert "balances" in told.result

    replayed = replay(engine, other_engine, bench.subjects, iter(lambda: 5, 0))

    assert replayed.digest == bench.digest()
    assert self_check(other_engine).failed == {}


@pytest.mark.parametrize(
    ("depth", "code"), [(DEPTH_MAX, "pack_field_malformed"), (DEPTH_MAX + 1, "pack_too_deep")]
)
def test_a_pack_has_a_depth_that_every_reader_stands(engine, clock, depth, code):
    bench = open_ledger(engine, clock)
    inner = depth - 1  # the object around it is one
    pack = AdoptPack(content='{"id":' + "[" * inner + "]" * inner + "}")

    answer = bench.both(pack)

    assert answer.code == code


@pytest.mark.parametrize("depth", [500, 100_000])
def test_a_bottomless_pack_is_refused_and_nothing_else_happens(engine, clock, depth):
    bench = open_ledger(engine, clock)
    content = '{"parameter":' + "[" * depth + '"[" \\" }'
    proposal = bench.do(proposing(AdoptPack(content=content))).require().sequence
    before = bench.digest()

    answer = bench.do(approving(proposal, AdoptPack(content=content)), actor="person:REG2")

    assert (answer.code, answer.facts) == ("pack_too_deep", {"largest": 16})
    assert bench.digest() == before
    assert bench.do(OpenAccounts(addresses=()), actor=REGULATOR).ok


def test_a_reversal_without_a_time_is_written_as_the_releases_before_wrote_it():
    # By hand: otherwise a repeat across an update would be another content under the same id.
    assert encode_payload(ReverseEntry(entry=1, reason="x")) == b'{"entry":1,"reason":"x"}'
