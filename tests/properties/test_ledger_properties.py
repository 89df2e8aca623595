"""
The ledger against a flat dictionary: thousands of random commands, the same balances throughout.

The oracle below knows nothing of the product: it keeps balances by (account, asset), holds by
number and postings by entry, and decides each command by the rules in words.
"""

import random
from collections import Counter, defaultdict
from typing import ClassVar

import pytest
import sqlalchemy as sa

from ledger.check import self_check
from ledger.command import Command, IdReused
from ledger.db import reading
from ledger.replay import replay
from ledger.roles import Grant
from ledger.set_aside import CaptureHold, PlaceHold, ReleaseHold
from ledger.subject import Handler, Role, Subject
from ledger.transfer import Line, PostLines, ReverseEntry, post_lines, reverse_entry
from tests.build import CLEARING, REGULATOR, OpenFreely, open_ledger
from tests.conftest import SECOND, START

ASSETS = tuple(f"energy.flow.general.{year}.eq.370200" for year in (2025, 2026))
ENTERPRISES = ("E1", "E2", "E3")
HOLDINGS = tuple(f"enterprise:{name}:holding" for name in ENTERPRISES)
HELD = tuple(f"enterprise:{name}:held" for name in ENTERPRISES)
SOURCES = ("scheme:issuance", *HOLDINGS, *HOLDINGS, "scheme:expired")
DESTINATIONS = ("scheme:issuance", *HOLDINGS, "scheme:expired", "enterprise:E9:holding")
TRADER = "person:TRA1"


class Lines(PostLines, frozen=True):
    """Lines that need no second person, so that thousands fit into a few seconds."""

    kind: ClassVar[str] = "test.lines"


class Undo(ReverseEntry, frozen=True):
    kind: ClassVar[str] = "test.undo"


_CITY = frozenset({Role.CITY_REGULATOR})
DIRECT = Subject("direct", (Handler(Lines, post_lines, _CITY), Handler(Undo, reverse_entry, _CITY)))


class Oracle:
    """What the rules say in words, on plain dictionaries."""

    def __init__(self):
        self.balances = defaultdict(int)
        self.holds = {}  # number: [enterprise, asset, remaining, expires_at]
        self.entries = {}  # number: (is reversible, postings)
        self.reversed = set()
        self.references = set()
        self.count = 0

    def moves(self, postings, *, reversible):
        """Apply the postings of one entry, or nothing."""
        kept = dict(self.balances)
        for source, destination, asset, amount in postings:
            known = destination != "enterprise:E9:holding" and source != destination
            covered = source == "scheme:issuance" or self.balances[source, asset] >= amount
            if amount <= 0 or not known or not covered:
                self.balances = defaultdict(int, kept)
                return False
            self.balances[source, asset] -= amount
            self.balances[destination, asset] += amount
        self.count += 1
        self.entries[self.count] = (reversible, postings)
        return True

    def pass_time(self, now):
        """Give back what holds have left whose time has come, oldest first."""
        due = [(hold[3], number) for number, hold in self.holds.items() if hold[3] is not None]
        for expires_at, number in sorted(due):
            if expires_at <= now:
                self.release(ReleaseHold(hold=number))

    def lines(self, payload):
        kept = (dict(self.balances), dict(self.entries), self.count)
        new = {line.reference for line in payload.lines}
        lawful = len(new) == len(payload.lines) and not new & self.references
        for line in payload.lines:
            posting = (line.source, line.destination, line.asset, line.amount)
            lawful = lawful and self.moves([posting], reversible=True)
        if not lawful:
            self.balances, self.entries, self.count = defaultdict(int, kept[0]), kept[1], kept[2]
            return False
        self.references |= new
        return True

    def place(self, payload):
        name = payload.enterprise
        account, held = f"enterprise:{name}:holding", f"enterprise:{name}:held"
        posting = (account, held, payload.asset, payload.amount)
        if not self.moves([posting], reversible=False):
            return False
        self.holds[self.count] = [name, payload.asset, payload.amount, payload.expires_at]
        return True

    def capture(self, payload):
        hold = self.holds.get(payload.hold)
        if hold is None or payload.amount > hold[2]:
            return False
        posting = (f"enterprise:{hold[0]}:held", payload.destination, hold[1], payload.amount)
        if not self.moves([posting], reversible=False):
            return False
        self.reduce(payload.hold, payload.amount)
        return True

    def release(self, payload):
        hold = self.holds.get(payload.hold)
        if hold is None:
            return False
        name, asset, remaining, _ = hold
        posting = (f"enterprise:{name}:held", f"enterprise:{name}:holding", asset, remaining)
        assert self.moves([posting], reversible=False)
        self.reduce(payload.hold, remaining)
        return True

    def reduce(self, number, amount):
        self.holds[number][2] -= amount
        if self.holds[number][2] == 0:
            del self.holds[number]

    def undo(self, payload):
        reversible, postings = self.entries.get(payload.entry, (False, []))
        if not reversible or payload.entry in self.reversed:
            return False
        swapped = [(end, start, *rest) for start, end, *rest in reversed(postings)]
        if not self.moves(swapped, reversible=False):
            return False
        self.reversed.add(payload.entry)
        return True

    def decide(self, payload):
        """Return whether the rules accept *payload*, with its effect if they do."""
        verbs = {
            Lines: self.lines,
            PlaceHold: self.place,
            CaptureHold: self.capture,
            ReleaseHold: self.release,
            Undo: self.undo,
        }
        return verbs[type(payload)](payload)


class Player:
    """Makes up commands that are scarce enough to be refused often."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.references = 0

    def payload(self, oracle, now):
        makers = (self.lines, self.lines, self.place, self.place, self.capture, self.release)
        return self.chance.choice((*makers, self.undo))(oracle, now)

    def amount(self):
        return self.chance.choice((0, 1, self.chance.randrange(1, 400), 10_000, 10_000))

    def lines(self, _oracle, _now):
        return Lines(rule="REG-11", lines=tuple(self.line() for _ in range(self.count())))

    def count(self):
        return self.chance.choice((1, 1, 2, 5, 12))

    def line(self):
        self.references += self.chance.random() > 0.005
        issues = self.chance.random() < 0.85
        return Line(
            f"line:{self.references}",
            self.chance.choice(SOURCES) if not issues else "scheme:issuance",
            self.chance.choice(DESTINATIONS if not issues else HOLDINGS),
            self.chance.choice(ASSETS),
            self.chance.randrange(1, 500) if self.chance.random() > 0.01 else 0,
        )

    def place(self, _oracle, now):
        seconds = self.chance.choice((None, None, 1, 2, 5))
        return PlaceHold(
            enterprise=self.chance.choice(ENTERPRISES),
            asset=self.chance.choice(ASSETS),
            amount=self.amount(),
            purpose="test",
            expires_at=None if seconds is None else now + seconds * SECOND,
        )

    def hold(self, oracle):
        return self.chance.choice((*oracle.holds, max(oracle.count, 1)))

    def capture(self, oracle, _now):
        return CaptureHold(
            hold=self.hold(oracle),
            amount=self.chance.randrange(1, 300),
            destination=self.chance.choice(HOLDINGS),
        )

    def release(self, oracle, _now):
        return ReleaseHold(hold=self.hold(oracle))

    def undo(self, oracle, _now):
        newest = oracle.count
        entry = self.chance.randrange(max(1, newest - 40), newest + 2)
        return Undo(entry=entry, reason="test")


ACTORS = {Lines: REGULATOR, Undo: REGULATOR, CaptureHold: CLEARING}


class Game:
    """A ledger and an oracle that see the same commands."""

    def __init__(self, engine, clock, seed):
        grants = tuple(
            Grant(TRADER, Role.ENTERPRISE_TRADER, f"enterprise:{name}") for name in ENTERPRISES
        )
        self.bench = open_ledger(engine, clock, (DIRECT,), grants=grants)
        opening = OpenFreely(addresses=(*HOLDINGS, *HELD), assets=ASSETS)
        self.bench.do(opening).require()
        self.clock = clock
        self.oracle = Oracle()
        self.player = Player(seed)
        self.seen = Counter()
        self.sent = []

    def play(self, commands):
        """Send *commands* commands in batches of random size; time passes between batches."""
        chance, last = self.player.chance, len(self.sent) + commands
        while (number := len(self.sent)) < last:
            self.batch(range(number, number + chance.choice((1, 1, 3, 20))))
            if chance.random() < 0.3:
                self.clock.advance(SECOND)

    def batch(self, numbers):
        self.oracle.pass_time(self.clock.now)
        commands, wanted = [], []
        for number in numbers:
            payload = self.player.payload(self.oracle, self.clock.now)
            actor = ACTORS.get(type(payload), TRADER)
            commands.append(Command(f"game:{number}", actor, payload))
            wanted.append(self.oracle.decide(payload))
        answers = self.bench.writer.submit_all(commands)
        for command, answer, lawful in zip(commands, answers, wanted, strict=True):
            assert answer.ok == lawful, (command, answer)
            self.seen[command.kind, answer.ok] += 1
        self.sent += zip(commands, answers, strict=True)

    def stored(self):
        query = (
            "SELECT a.address, s.code, b.amount FROM balances b "
            "JOIN accounts a ON a.id = b.account_id JOIN assets s ON s.id = b.asset_id "
            "WHERE b.amount <> 0"
        )
        with reading(self.bench.engine) as connection:
            rows = connection.execute(sa.text(query)).all()
        return {(address, code): amount for address, code, amount in rows}

    def wanted(self):
        return {place: amount for place, amount in self.oracle.balances.items() if amount}


def require_sound(game):
    """Same balances as the oracle; every asset sums to zero; nothing but issuance is negative."""
    stored = game.stored()
    assert stored == game.wanted()
    for asset in ASSETS:
        assert sum(amount for (_, code), amount in stored.items() if code == asset) == 0
    assert {place for (place, _), amount in stored.items() if amount < 0} <= {"scheme:issuance"}
    assert game.bench.writer.memory.entry_sequence == game.oracle.count
    assert game.bench.writer.memory.holds.keys() == game.oracle.holds.keys()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_commands_leave_the_balances_of_a_flat_dictionary(sqlite_engine, clock, seed):
    game = Game(sqlite_engine, clock, seed)

    for _ in range(4):
        game.play(500)
        require_sound(game)

    assert self_check(sqlite_engine).failed == {}
    kinds = {"test.lines", "hold.place", "hold.capture", "hold.release", "test.undo"}
    assert {key for key, times in game.seen.items() if times >= 5} == {
        (kind, ok) for kind in kinds for ok in (True, False)
    }
    assert game.oracle.count > 2_000


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_postgresql_keeps_the_same_balances(engine, clock):
    game = Game(engine, clock, seed=4)

    game.play(300)

    require_sound(game)
    assert self_check(engine).failed == {}


def test_a_repeated_id_has_the_first_answer_and_no_second_effect(sqlite_engine, clock):
    game = Game(sqlite_engine, clock, seed=5)
    game.play(200)
    before = game.bench.digest()
    game.player.chance.shuffle(game.sent)

    again = game.bench.writer.submit_all([command for command, _ in game.sent])

    assert again == [answer for _, answer in game.sent]
    assert game.bench.digest() == before
    require_sound(game)


def test_a_repeated_id_with_another_content_is_refused_and_changes_nothing(sqlite_engine, clock):
    game = Game(sqlite_engine, clock, seed=6)
    game.play(60)
    before = game.bench.digest()
    other = ReleaseHold(hold=10**9)

    for command, answer in game.sent:
        with pytest.raises(IdReused) as refused:
            game.bench.writer.submit(Command(command.id, command.actor, other))
        assert refused.value.facts["sequence"] == answer.sequence

    assert game.bench.digest() == before


def test_a_restart_in_the_middle_changes_nothing(sqlite_engine, clock):
    game = Game(sqlite_engine, clock, seed=7)
    for _ in range(5):
        game.play(50)
        before = game.bench.digest()

        game.bench.restart()

        assert game.bench.digest() == before
        require_sound(game)


@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
def test_a_replay_in_other_batches_gives_the_same_state(sqlite_engine, other_engine, clock):
    game = Game(sqlite_engine, clock, seed=8)
    game.play(250)
    chance = random.Random(9)

    replayed = replay(
        sqlite_engine, other_engine, game.bench.subjects, iter(lambda: chance.randrange(1, 60), 0)
    )

    assert replayed.digest == game.bench.digest()
    assert clock.now > START
