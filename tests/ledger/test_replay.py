"""Replay: the same history on either database and in any batches, or the first difference."""

import itertools
import random
import time
from typing import ClassVar

import pytest
import sqlalchemy as sa

from ledger.attest import grow, ledger_origin, sign_checkpoint
from ledger.check import self_check
from ledger.command import Command, Payload
from ledger.db import reading
from ledger.keys import verifier_key
from ledger.register import open_account
from ledger.replay import ReplayDiffers, ReplayTargetNotEmpty, replay
from ledger.subject import Handler, Role, Subject
from ledger.tables import CheckpointRow
from tests.build import EXCHANGE, REGULATOR, Bench, OpenFreely
from tests.ledger.independent import LOG_KEY
from tests.ledger.small import opened, play
from tests.ledger.tampering import unguarded

on_sqlite = pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
"""For what does not depend on the database."""


def random_sizes():
    chance = random.Random(26)
    while True:
        yield chance.randrange(1, 9)


SIZES = {
    "1": lambda: itertools.repeat(1),
    "7": lambda: itertools.repeat(7),
    "512": lambda: itertools.repeat(512),
    "random": random_sizes,
}


def differs(bench, target, sizes="512", subjects=None):
    with pytest.raises(ReplayDiffers) as refused:
        replay(bench.engine, target, subjects or bench.subjects, SIZES[sizes]())
    return refused.value.facts


@pytest.mark.parametrize("sizes", SIZES)
@on_sqlite
def test_a_replay_gives_the_same_state_and_the_same_tree(small, other_engine, sizes):
    replayed = replay(small.engine, other_engine, small.subjects, SIZES[sizes]())

    assert replayed.commands == 18
    assert replayed.digest == small.digest()
    with reading(small.engine) as source, reading(other_engine) as target:
        assert grow(source).root == grow(target).root
        assert grow(target).point.block == replayed.batches


@pytest.mark.parametrize("sizes", SIZES)
@on_sqlite
def test_a_restored_ledger_goes_on_under_the_checkpoints_of_its_source(small, other_engine, sizes):
    kept = _signed(small.engine)
    small.do(OpenFreely(addresses=("source:S1",)), actor=EXCHANGE).require()
    replay(small.engine, other_engine, small.subjects, SIZES[sizes]())
    with small.engine.connect() as source, other_engine.begin() as target:
        for row in source.execute(sa.select(CheckpointRow.__table__)):
            target.execute(sa.insert(CheckpointRow).values(row._mapping))

    again = _signed(other_engine)

    assert again == _signed(small.engine) != kept
    assert self_check(other_engine, [verifier_key(LOG_KEY, "log")]).failed == {}


def _signed(engine):
    with reading(engine) as connection:
        origin = ledger_origin(connection)
    return sign_checkpoint(engine, LOG_KEY, origin=origin, key_name="log")


def test_a_replay_may_change_the_database(engine, other_engine, clock):
    bench = opened(engine, clock)
    play(bench, clock)

    replayed = replay(bench.engine, other_engine, bench.subjects, random_sizes())

    assert replayed.digest == bench.digest()


@on_sqlite
def test_what_was_replayed_goes_on_like_its_source(small, other_engine, clock):
    replay(small.engine, other_engine, small.subjects, itertools.repeat(512))
    again = Bench(other_engine, clock)
    more = OpenFreely(addresses=("source:S1",))

    answers = [each.do(more, actor=EXCHANGE, command_id="more") for each in (small, again)]

    assert answers[0] == answers[1]
    assert answers[0].sequence == 19
    assert again.digest() == small.digest()


@on_sqlite
def test_an_empty_log_replays_to_an_empty_ledger(sqlite_engine, other_engine, clock):
    bench = Bench(sqlite_engine, clock)

    replayed = replay(sqlite_engine, other_engine, bench.subjects, itertools.repeat(7))

    assert (replayed.commands, replayed.batches) == (0, 0)


@on_sqlite
def test_a_target_with_rows_is_refused(small, other_engine, clock):
    target = opened(other_engine, clock)
    before = target.digest()

    with pytest.raises(ReplayTargetNotEmpty) as refused:
        replay(small.engine, other_engine, small.subjects, itertools.repeat(512))

    assert refused.value.facts["table"] == "accounts"
    assert target.digest() == before
    assert target.writer.memory.sequence == 2


@pytest.mark.parametrize(
    ("statement", "sequence", "what"),
    [
        ("UPDATE commands SET answer = replace(answer, '4', '5') WHERE sequence = 7",
         7, "answer"),
        ("UPDATE commands SET code = 'ok' WHERE sequence = 12", 12, "code"),
        ("UPDATE commands SET payload = replace(payload, '1200', '1201') WHERE sequence = 7",
         7, "payload_hash"),
        ("UPDATE commands SET payload = replace(payload, ':', ': ') WHERE sequence = 7",
         7, "payload"),
        ("UPDATE commands SET payload = '{}' WHERE sequence = 7", 7, "payload"),
        ("UPDATE commands SET kind = 'hold.pla' WHERE sequence = 7", 7, "kind"),
        ("UPDATE commands SET actor = 'person:NONE' WHERE sequence = 7", 7, "outcome"),
        ("UPDATE commands SET recorded_at = recorded_at + 1 WHERE sequence = 18",
         18, "leaf_hash"),
        ("UPDATE commands SET recorded_at = recorded_at - 9 WHERE sequence = 14", 14, "outcome"),
        ("UPDATE commands SET rules_version = '0' WHERE sequence = 3", 3, "rules_version"),
        ("DELETE FROM commands WHERE sequence = 5", 6, "sequence"),
        ("DELETE FROM commands WHERE sequence = 9", 10, "sequence"),
        ("DELETE FROM commands WHERE kind = 'tick'", 16, "outcome"),
        ("DELETE FROM commands WHERE sequence >= 15", 14, "state"),
        ("UPDATE balances SET amount = amount + 1 WHERE account_id = 9", 18, "state"),
        ("UPDATE holds SET purpose = 'other' WHERE id = 5", 18, "state"),
        ("UPDATE role_grants SET role = 'auditor' WHERE person = 'person:EXC1'", 18, "state"),
    ],
)  # fmt: skip
@on_sqlite
def test_a_log_or_a_state_that_was_changed_is_refused_at_the_first_difference(
    small, other_engine, statement, sequence, what
):
    with small.engine.begin() as connection, unguarded(connection):
        assert connection.execute(sa.text(statement)).rowcount > 0

    facts = differs(small, other_engine, sizes="1")

    assert (facts["sequence"], facts["differs"]) == (sequence, what)


class Peek(Payload, frozen=True):
    kind: ClassVar[str] = "test.peek"


def planted(verb):
    """A subject with one command, whose verb is *verb*."""
    return Subject("planted", (Handler(Peek, verb, frozenset({Role.CITY_REGULATOR})),))


def a_clock(_work, _payload):
    return {"seen": time.time_ns()}


def the_batch(work, _payload):
    return {"seen": work.memory.block}


def the_batch_in_a_row(work, _payload):
    open_account(work, f"source:S{work.memory.block}")
    return {}


def hidden_state():
    seen = itertools.count(1)

    def verb(_work, _payload):
        return {"seen": next(seen)}

    return verb


@pytest.mark.parametrize(
    ("verb", "what"),
    [
        (a_clock, "answer"),
        (the_batch, "answer"),
        (the_batch_in_a_row, "state"),
        (hidden_state(), "answer"),
    ],
)
@on_sqlite
def test_a_verb_that_looks_beyond_its_work_is_caught(
    sqlite_engine, other_engine, clock, verb, what
):
    bench = opened(sqlite_engine, clock, (planted(verb),))
    bench.do(Peek()).require()

    facts = differs(bench, other_engine)

    assert (facts["sequence"], facts["differs"]) == (3, what)


@on_sqlite
def test_a_verb_that_now_fails_is_refused_with_what_it_raised(sqlite_engine, other_engine, clock):
    broken = []

    def verb(_work, _payload):
        assert not broken, "planted"
        return {}

    bench = opened(sqlite_engine, clock, (planted(verb),))
    bench.writer.submit(Command("peek", REGULATOR, Peek())).require()
    broken.append(True)

    facts = differs(bench, other_engine)

    assert (facts["sequence"], facts["differs"]) == (3, "outcome")
    assert "planted" in facts["replayed"]


@on_sqlite
def test_a_kind_that_no_subject_knows_any_more_is_refused(sqlite_engine, other_engine, clock):
    bench = opened(sqlite_engine, clock, (planted(the_batch),))
    bench.do(Peek()).require()

    facts = differs(bench, other_engine, subjects=Bench(sqlite_engine, clock).subjects)

    assert (facts["sequence"], facts["differs"]) == (3, "kind")
    assert facts["logged"] == "test.peek"
