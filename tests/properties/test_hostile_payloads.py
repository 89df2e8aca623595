"""
Whatever values a payload has, the ledger answers or refuses; nothing else comes out of it.

Every kind of the whole program is sent with values of the right types that are empty, huge,
negative, very long, odd Unicode, unknown or twice there, by persons who may send them. A refusal
leaves the state as it was, and at the end memory is what the database says.
"""

import random

import pytest

from ledger.approve import approving, proposing
from ledger.check import self_check
from ledger.command import Answer
from ledger.db import Base, reading
from ledger.errors import Refused
from ledger.replay import replay
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from ledger.tables import OUTSIDE_DIGEST
from ledger.tick import Tick
from tests.api.town import open_town
from tests.build import SECOND_SECURITY, SECURITY, OpenFreely
from tests.conftest import FixedClock, fresh_engine
from tests.properties.hostile import Hostile
from tests.properties.memory_view import remembered

OWN = {Tick.kind, OpenFreely.kind}
"""Kinds that nobody outside sends: the writer's, and one of the tests'."""
STATE = [name for name in Base.metadata.tables if name not in OUTSIDE_DIGEST]
ROUNDS = 2
"""How often each kind is sent with each seed."""


class Siege:
    """A town, and two persons of every role who send it what is drawn."""

    def __init__(self, engine, seed, share):
        self.clock = FixedClock()
        self.bench = open_town(engine, self.clock)
        self.hostile = Hostile(self.bench.subjects, seed, share)
        self.codes = []
        self.chance = random.Random(seed)
        grants = tuple(Grant(office(role, n), role) for role in Role for n in (1, 2))
        giving = GrantRoles(grants=grants)
        self.bench.both(giving, maker=SECURITY, checker=SECOND_SECURITY).require()
        self.state = self.look()

    def look(self):
        """Return every row of the state; like the digest, and much quicker on a small ledger."""
        with reading(self.bench.engine) as connection:
            return {
                name: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {name}")))
                for name in STATE
            }

    def run(self, rounds):
        kinds = [kind for kind in self.bench.subjects.handlers if kind not in OWN]
        for _ in range(rounds):
            self.hostile.chance.shuffle(kinds)
            for kind in kinds:
                self.send(self.hostile.payload(kind))

    def send(self, payload):
        handler = self.bench.subjects.handlers[payload.kind]
        maker = self.one_of(self.makers(payload), 1)
        if not handler.checkers:
            self.attempt(payload, lambda: self.bench.do(payload, actor=maker))
            return
        answer = self.attempt(payload, lambda: self.bench.do(proposing(payload), actor=maker))
        if answer is not None and answer.ok:
            approval = approving(answer.sequence, payload)
            checker = self.one_of(handler.checkers, 2)
            self.attempt(payload, lambda: self.bench.do(approval, actor=checker))

    def makers(self, payload):
        """Return the roles that may send *payload*; those of what it proposes, if it does."""
        handlers = self.bench.subjects.handlers
        kind = getattr(payload, "proposed_kind", payload.kind)
        return handlers[kind].makers if kind in handlers else ()

    def one_of(self, roles, number):
        return office(self.chance.choice(sorted(roles or Role)), number)

    def attempt(self, payload, send):
        """Send once and return the answer or None; nothing may have changed by a refusal."""
        try:
            answer = send()
        except Refused as refusal:
            answer, code = None, refusal.code
        except Exception as bug:
            raise AssertionError(f"{bug!r} came out of {payload!r:.2000}") from bug
        else:
            assert isinstance(answer, Answer)
            code = answer.code
            self.hostile.note(answer.sequence, self.bench.writer.memory.entry_sequence)
        assert code != "outcome_unknown", payload
        self.codes.append((payload.kind, code))
        found = self.look()
        if code != "ok":
            assert found == self.state, (code, payload)
        self.state = found
        return answer


def office(role, number):
    return f"person:{role.upper()}-{number}"


def require_same_after_restart(siege):
    before = remembered(siege.bench.writer.memory)
    siege.bench.restart()
    assert remembered(siege.bench.writer.memory) == before


@pytest.mark.parametrize(("seed", "share"), [(1, 0.05), (2, 0.15), (3, 0.4)])
def test_every_answer_is_an_answer_or_a_refusal_and_a_refusal_changes_nothing(
    sqlite_engine, seed, share
):
    siege = Siege(sqlite_engine, seed, share)

    siege.run(ROUNDS)

    require_same_after_restart(siege)
    assert self_check(sqlite_engine).failed == {}
    assert {kind for kind, _ in siege.codes} == set(siege.bench.subjects.handlers) - OWN


@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
def test_enough_of_it_is_accepted_and_all_of_it_replays(sqlite_engine, other_engine):
    siege = Siege(sqlite_engine, seed=6, share=0.02)
    siege.run(ROUNDS)

    replayed = replay(sqlite_engine, other_engine, siege.bench.subjects, iter(lambda: 7, 0))

    assert len({kind for kind, code in siege.codes if code == "ok"}) > 25
    assert replayed.digest == siege.bench.digest()


@pytest.mark.postgres
def test_both_databases_give_the_same_answers_and_state(request, tmp_path):
    found = []
    for dialect in ("sqlite", "postgresql"):
        directory = tmp_path / dialect
        directory.mkdir()
        for engine in fresh_engine(request, dialect, directory):
            siege = Siege(engine, seed=5, share=0.2)
            siege.run(1)
            require_same_after_restart(siege)
            found.append((siege.codes, siege.bench.digest()))

    assert found[0] == found[1]
