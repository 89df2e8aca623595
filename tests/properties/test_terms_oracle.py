"""
Limits, freezes, chains, backdating and seals against plain dictionaries.

The oracle knows nothing of the product: it keeps balances, holds, limits and states by name and
decides each command by the documented order of refusals. Every answer has to be the one it expects,
to the code of each chain and the amount of each line.
"""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import pytest

from ledger.chains import ChainLine, PostChains, post_chains
from ledger.check import self_check
from ledger.command import Command
from ledger.replay import replay
from ledger.roles import Grant
from ledger.set_aside import CaptureHold, PlaceHold, ReleaseHold
from ledger.subject import Handler, Role, Subject
from ledger.terms.limit import SetLimit, set_limit
from ledger.terms.seal import SealPeriod, seal_period
from ledger.terms.state import (
    CloseAccount,
    FreezeAccount,
    ThawAccount,
    close_account,
    freeze_account,
    thaw_account,
)
from ledger.transfer import Line, PostLines, ReverseEntry, post_lines, reverse_entry
from tests.build import CLEARING, REGULATOR, OpenFreely, open_ledger
from tests.conftest import DAY, SECOND, START
from tests.properties.memory_view import remembered

ASSET = "energy.flow.general.2025.eq.370200"
NAMES = ("E1", "E2", "E3", "E4")
HOLDINGS = tuple(f"enterprise:{name}:holding" for name in NAMES)
HELD = tuple(f"enterprise:{name}:held" for name in NAMES)
EMPTY = tuple(
    f"enterprise:{name}:{each}" for name in NAMES for each in ("restricted", "bought", "pledged")
)
"""Accounts into which nothing ever comes, so that they can be closed."""

ISSUANCE, NOBODYS = "scheme:issuance", "enterprise:E9:holding"
TRADER = "person:TRA1"


def direct(shape, verb):
    """The same payload and verb for one person, so that thousands fit into a few seconds."""
    kind = f"test.{shape.kind}"
    alone = type(
        shape.__name__, (shape,), {"kind": kind, "__annotations__": {"kind": ClassVar[str]}}
    )
    return alone, Handler(alone, verb, frozenset({Role.CITY_REGULATOR}))


Lines, _lines = direct(PostLines, post_lines)
Chains, _chains = direct(PostChains, post_chains)
Undo, _undo = direct(ReverseEntry, reverse_entry)
Limit, _limit = direct(SetLimit, set_limit)
Freeze, _freeze = direct(FreezeAccount, freeze_account)
Thaw, _thaw = direct(ThawAccount, thaw_account)
Close, _close = direct(CloseAccount, close_account)
Seal, _seal = direct(SealPeriod, seal_period)
DIRECT = Subject(
    "direct", (_lines, _chains, _undo, _limit, _freeze, _thaw, _close, _seal)
)  # fmt: skip


class No(Exception):
    """A rule says no, by this code."""


def day_in_shanghai(instant):
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant, hours=8)).date()


def midnight_after(day):
    return START + ((day - date(2025, 1, 1)).days + 1) * DAY


class Oracle:
    """What the rules say in words."""

    def __init__(self):
        self.balances = Counter()
        self.holds = {}  # number: [holding, held, remaining, expires_at]
        self.entries = {}  # number: (code, source, destination, amount, effective_at)
        self.reversed = set()
        self.references = {}  # reference: entry
        self.limits = {}
        self.states = dict.fromkeys((ISSUANCE, "scheme:expired", *HOLDINGS, *HELD, *EMPTY), "open")
        self.sealed_until = 0
        self.now = 0

    def post(self, code, source, destination, amount, effective_at=None):
        """One posting, by the ladder."""
        if amount <= 0:
            raise No("amount_not_positive")
        if amount > 10**15:
            raise No("amount_too_large")
        if source not in self.states or destination not in self.states:
            raise No("account_unknown")
        if source == destination:
            raise No("same_account")
        for each in (source, destination):
            state, decided = self.states[each], code in ("transfer", "hold")
            if state == "closed" or (state == "frozen" and decided):
                raise No("account_not_open")
        if source != ISSUANCE and self.balances[source] < amount:
            raise No("insufficient_balance")
        if code in ("transfer", "hold"):
            floor = self.limits.get(source, (None, None))[0]
            if floor is not None and self.balances[source] - amount < floor:
                raise No("below_floor")
            ceiling = self.limits.get(destination, (None, None))[1]
            if ceiling is not None and self.whole(destination) + amount > ceiling:
                raise No("above_ceiling")
        self.balances[source] -= amount
        self.balances[destination] += amount
        number = len(self.entries) + 1
        when = self.now if effective_at is None else effective_at
        self.entries[number] = (code, source, destination, amount, when)
        return number

    def whole(self, account):
        """What is in an account and what may come back to it."""
        aside = sum(hold[2] for hold in self.holds.values() if hold[0] == account)
        return self.balances[account] + aside

    def line(self, line, earlier):
        """One line of a chain or of lines; *earlier* are the chain's own references so far."""
        up_to, effective_at = getattr(line, "up_to", False), getattr(line, "effective_at", None)
        reference, amount = line.reference, line.amount
        if reference in earlier:
            raise No("reference_repeated")
        if reference in self.references:
            raise No(self.clash(line, up_to))
        if "held" in line.source or "held" in line.destination:
            raise No("held_units")
        if effective_at is not None:
            self.time(effective_at)
        if up_to:
            amount = self.as_much(line)
        entry = None
        if amount or not up_to:
            entry = self.post("transfer", line.source, line.destination, amount, effective_at)
            self.references[reference] = entry
            earlier.add(reference)
        return entry, amount, self.balances[line.source], self.balances[line.destination]

    def clash(self, line, up_to):
        _, source, destination, amount, _ = self.entries[self.references[line.reference]]
        same = amount == line.amount or (up_to and amount < line.amount)
        is_same = (source, destination) == (line.source, line.destination) and same
        return "entry_exists" if is_same else "entry_exists_with_different"

    def as_much(self, line):
        """What may move: tried out, from all that is asked downward, in a few bisections."""
        if not 0 < line.amount <= 10**15:
            raise No("amount_too_large" if line.amount > 0 else "amount_not_positive")
        kept = self.keep()
        low, high = 0, line.amount
        while low < high:
            middle = (low + high + 1) // 2
            try:
                self.post("transfer", line.source, line.destination, middle)
                low = middle
            except No as no:
                if str(no) not in ("insufficient_balance", "below_floor", "above_ceiling"):
                    raise
                high = middle - 1
            self.back(kept)
        return low

    def time(self, effective_at):
        if effective_at > self.now:
            raise No("effective_in_future")
        if effective_at < START:
            raise No("effective_too_early")
        if effective_at < self.sealed_until:
            raise No("period_sealed")

    def keep(self):
        return Counter(self.balances), dict(self.entries), dict(self.references)

    def back(self, kept):
        self.balances, self.entries, self.references = (
            Counter(kept[0]),
            dict(kept[1]),
            dict(kept[2]),
        )

    def lines(self, payload):
        # The references of all lines are looked at before the first line is posted.
        names = [line.reference for line in payload.lines]
        if len(set(names)) < len(names):
            raise No("reference_repeated")
        for line in payload.lines:
            if line.reference in self.references:
                raise No(self.clash(line, up_to=False))
        if any("held" in end for line in payload.lines for end in (line.source, line.destination)):
            raise No("held_units")
        for line in payload.lines:
            self.line(line, set())

    def chains(self, payload):
        told = []
        for chain in payload.chains:
            kept, earlier, lines = self.keep(), set(), []
            for number, line in enumerate(chain, start=1):
                try:
                    lines.append(self.line(line, earlier))
                except No as no:
                    self.back(kept)
                    lines = (str(no), number)
                    break
            told.append(lines)
        return told

    def place(self, payload):
        if payload.expires_at is not None and payload.expires_at <= self.now:
            raise No("expiry_passed")
        name = f"enterprise:{payload.enterprise}"
        holding, held = f"{name}:holding", f"{name}:held"
        number = self.post("hold", holding, held, payload.amount)
        self.holds[number] = [holding, held, payload.amount, payload.expires_at]

    def capture(self, payload):
        hold = self.holds.get(payload.hold)
        if hold is None:
            raise No("hold_closed")
        if payload.destination not in self.states:
            raise No("account_unknown")
        if payload.amount > hold[2]:
            raise No("hold_exceeded")
        self.reduce(payload.hold, payload.amount)
        self.post("transfer", hold[1], payload.destination, payload.amount)

    def release(self, payload):
        if payload.hold not in self.holds:
            raise No("hold_closed")
        holding, held, remaining, _ = self.holds[payload.hold]
        self.reduce(payload.hold, remaining)
        self.post("release", held, holding, remaining)

    def reduce(self, number, amount):
        self.holds[number][2] -= amount
        if not self.holds[number][2]:
            del self.holds[number]

    def undo(self, payload):
        found = self.entries.get(payload.entry)
        if found is None or found[0] != "transfer" or payload.entry in self.reversed:
            raise No("not_reversible")
        _, source, destination, amount, began = found
        if "held" in source or "held" in destination:
            raise No("held_units")
        if payload.effective_at is not None:
            self.time(payload.effective_at)
            if payload.effective_at < began:
                raise No("effective_too_early")
        self.post("reversal", destination, source, amount, payload.effective_at)
        self.reversed.add(payload.entry)

    def limit(self, payload):
        floor, ceiling = payload.floor, payload.ceiling
        if floor is not None and ceiling is not None and floor > ceiling:
            raise No("limit_malformed")
        if self.states[payload.account] == "closed":
            raise No("account_closed")
        if floor is not None and self.balances[payload.account] < floor:
            raise No("limit_already_broken")
        if ceiling is not None and self.whole(payload.account) > ceiling:
            raise No("limit_already_broken")
        self.limits[payload.account] = (floor, ceiling)

    def turn(self, account, state):
        if account.startswith("scheme:"):
            raise No("account_never_frozen")
        if self.states[account] == state:
            raise No("account_state_same")
        if self.states[account] == "closed":
            raise No("account_closed")
        if state == "closed":
            if self.balances[account]:
                raise No("account_has_units")
            owner = account.split(":")[1]
            if any(hold[0].split(":")[1] == owner for hold in self.holds.values()):
                raise No("account_has_holds")
        self.states[account] = state

    def seal(self, payload):
        if payload.through >= day_in_shanghai(self.now):
            raise No("seal_in_future")
        until = midnight_after(payload.through)
        if until <= self.sealed_until:
            raise No("seal_not_later")
        self.sealed_until = until

    def pass_time(self, now):
        due = [(hold[3], number) for number, hold in self.holds.items() if hold[3] is not None]
        for expires_at, number in sorted(due):
            if expires_at <= now:
                self.release(ReleaseHold(hold=number))

    def decide(self, payload, now):
        """Return code and chains as the answer should have them."""
        self.now = now
        verbs = {
            Lines: self.lines,
            Chains: self.chains,
            PlaceHold: self.place,
            CaptureHold: self.capture,
            ReleaseHold: self.release,
            Undo: self.undo,
            Limit: self.limit,
            Seal: self.seal,
            Freeze: lambda each: self.turn(each.account, "frozen"),
            Thaw: lambda each: self.turn(each.account, "open"),
            Close: lambda each: self.turn(each.account, "closed"),
        }
        kept, holds = self.keep(), {number: list(hold) for number, hold in self.holds.items()}
        try:
            return "ok", verbs[type(payload)](payload)
        except No as no:
            self.back(kept)
            self.holds = holds
            return str(no), None


class Player:
    """Makes up commands that meet each other's limits often."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.count = 0
        self.drawn = []

    def payload(self, oracle, now):
        weights = (
            (self.lines, 3), (self.chains, 8), (self.place, 5), (self.capture, 3),
            (self.release, 2), (self.undo, 2), (self.limit, 4), (self.freeze, 1),
            (self.thaw, 6), (self.close, 3), (self.seal, 1),
        )  # fmt: skip
        makers = [make for make, times in weights for _ in range(times)]
        return self.chance.choice(makers)(oracle, now)

    def reference(self):
        self.count += self.chance.random() > 0.08
        return f"r{self.count}"

    def ends(self):
        source = self.chance.choice((ISSUANCE, ISSUANCE, *HOLDINGS))
        wild = self.chance.choice((source, HELD[0], NOBODYS, "scheme:expired", "scheme:expired"))
        others = [each for each in HOLDINGS if each != source]
        destination = self.chance.choice((*others * 5, wild))
        return source, destination, ASSET

    def amount(self):
        some = self.chance.randrange(1, 300)
        return self.chance.choice((1, 5, 50, some, some, 300, 300, 7, 0, 10**15 + 1))

    def lines(self, _oracle, _now):
        several = range(self.chance.choice((1, 1, 3)))
        lines = (
            Line(self.reference(), *self.ends(), self.chance.randrange(1, 90)) for _ in several
        )
        return Lines(rule="REG-11", lines=tuple(lines))

    def chains(self, _oracle, now):
        def line():
            if self.drawn and self.chance.random() < 0.08:
                return self.chance.choice(self.drawn[-20:])
            up_to, amount = self.chance.random() < 0.5, self.amount()
            made = ChainLine(self.reference(), *self.ends(), amount, up_to, self.time(now))
            self.drawn.append(made)
            return made

        sizes = [self.chance.choice((1, 1, 2, 4)) for _ in range(self.chance.choice((1, 2, 4)))]
        chains = tuple(tuple(line() for _ in range(size)) for size in sizes)
        return Chains(rule="REG-48", chains=chains)

    def time(self, now):
        # Half seconds, since what is recorded lies some microseconds behind a whole one.
        half = SECOND // 2
        past = START + self.chance.randrange(0, (now - START) // SECOND) * SECOND + half
        early = self.chance.choice((past, past, now - half, now - DAY + half, START - half))
        return self.chance.choice((*(None,) * 9, early, early, early, now + half))

    def place(self, _oracle, now):
        seconds = self.chance.choice((None, None, None, 0, 1, 3))
        return PlaceHold(
            enterprise=self.chance.choice(NAMES),
            asset=ASSET,
            amount=self.chance.choice((1, 40, 120, 0)),
            purpose="test",
            expires_at=None if seconds is None else now + seconds * SECOND,
        )

    def capture(self, oracle, _now):
        amount, destination = self.chance.randrange(1, 60), self.chance.choice(HOLDINGS)
        return CaptureHold(hold=self.hold(oracle), amount=amount, destination=destination)

    def release(self, oracle, _now):
        return ReleaseHold(hold=self.hold(oracle))

    def hold(self, oracle):
        return self.chance.choice((*oracle.holds, *oracle.holds, 1))

    def undo(self, oracle, now):
        newest = len(oracle.entries)
        entry = self.chance.randrange(max(1, newest - 15), newest + 2)
        return Undo(entry=entry, reason="test", effective_at=self.time(now))

    def limit(self, oracle, _now):
        account = self.chance.choice(HOLDINGS)
        there, whole = oracle.balances[account], oracle.whole(account)
        floor = self.chance.choice((None, None, 0, max(0, there - 20), there, there + 1))
        ceiling = self.chance.choice((None, None, whole, whole + 100, max(0, whole - 1)))
        return Limit(account=account, asset=ASSET, floor=floor, ceiling=ceiling)

    def freeze(self, _oracle, _now):
        return Freeze(account=self.chance.choice((*HOLDINGS, *HELD[:2], ISSUANCE)), document="令")

    def thaw(self, oracle, _now):
        frozen = [each for each, state in oracle.states.items() if state == "frozen"]
        return Thaw(account=self.chance.choice(frozen or HOLDINGS), document="令")

    def close(self, _oracle, _now):
        # The first two enterprises always play on.
        account = self.chance.choice((*HOLDINGS[2:], *EMPTY))
        return Close(account=account, document="令")

    def seal(self, _oracle, now):
        back = self.chance.choice((0, 1, 1, 2, 3))
        return Seal(through=day_in_shanghai(now) - timedelta(days=back))


class Game:
    """A ledger and an oracle that see the same commands."""

    def __init__(self, engine, clock, seed):
        grants = tuple(
            Grant(TRADER, Role.ENTERPRISE_TRADER, f"enterprise:{name}") for name in NAMES
        )
        self.bench = open_ledger(engine, clock, (DIRECT,), grants=grants)
        opening = OpenFreely(addresses=(*HOLDINGS, *HELD, *EMPTY), assets=(ASSET,))
        self.bench.do(opening).require()
        clock.advance(DAY)
        self.clock, self.oracle, self.player = clock, Oracle(), Player(seed)
        self.seen = Counter()
        self.number = 0

    def play(self, commands):
        chance, last = self.player.chance, self.number + commands
        while self.number < last:
            self.batch(chance.choice((1, 1, 3, 12)))
            self.clock.advance(chance.choice((SECOND, SECOND, SECOND, DAY // 5)))

    def batch(self, count):
        now = self.clock.now
        self.oracle.pass_time(now)
        commands, wanted = [], []
        for _ in range(count):
            self.number += 1
            payload = self.player.payload(self.oracle, now)
            traders = (PlaceHold, ReleaseHold)
            actor = CLEARING if isinstance(payload, CaptureHold) else REGULATOR
            actor = TRADER if isinstance(payload, traders) else actor
            commands.append(Command(f"game:{self.number}", actor, payload))
            # Commands of one batch lie microseconds apart, and no rule here turns on so few.
            wanted.append(self.oracle.decide(payload, now))
        answers = self.bench.writer.submit_all(commands)
        for command, answer, (code, told) in zip(commands, answers, wanted, strict=True):
            assert answer.code == code, (command, answer, told)
            self.seen[answer.code] += 1
            if told is not None:
                found = [told_of(chain) for chain in answer.result["chains"]]
                assert found == told, command
                self.seen.update(each[0] for each in told if isinstance(each, tuple))


def told_of(chain):
    """An answer's chain as the oracle tells it."""
    if "refused" in chain:
        return chain["refused"], chain["line"]
    names = ("entry", "amount", "source_balance", "destination_balance")
    return [tuple(line[name] for name in names) for line in chain["lines"]]


def require_sound(game):
    memory, oracle = game.bench.writer.memory, game.oracle
    found = {address: memory.balance(address, ASSET) for address in oracle.states}
    assert found == {address: oracle.balances[address] for address in oracle.states}
    assert {each.address: each.state for each in memory.accounts_by_id
            if each.address in oracle.states} == oracle.states  # fmt: skip
    assert memory.entry_sequence == len(oracle.entries)
    assert memory.holds.keys() == oracle.holds.keys()
    assert memory.sealed_until == oracle.sealed_until
    assert sum(oracle.balances.values()) == 0
    before = remembered(memory)
    game.bench.restart()
    assert remembered(game.bench.writer.memory) == before


TOLD = {
    *("ok", "entry_exists", "entry_exists_with_different", "held_units", "reference_repeated"),
    *("effective_in_future", "period_sealed", "amount_not_positive", "amount_too_large"),
    *("account_unknown", "same_account", "account_not_open", "insufficient_balance"),
    *("below_floor", "above_ceiling", "expiry_passed", "hold_closed", "hold_exceeded"),
    *("not_reversible", "limit_malformed", "limit_already_broken", "account_state_same"),
    *("account_never_frozen", "account_has_units", "account_has_holds", "seal_in_future"),
    *("seal_not_later",),
}


@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_commands_are_answered_as_the_rules_in_words_say(
    sqlite_engine, clock, other_engine, seed
):
    game = Game(sqlite_engine, clock, seed)
    for _ in range(3):
        game.play(500)
        require_sound(game)

    replayed = replay(sqlite_engine, other_engine, game.bench.subjects, iter(lambda: 64, 0))

    assert replayed.digest == game.bench.digest()
    assert self_check(sqlite_engine).failed == {}
    assert game.seen.keys() >= TOLD, TOLD - game.seen.keys()
    assert game.seen["ok"] > 400


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_postgresql_answers_the_same(engine, clock):
    game = Game(engine, clock, seed=3)

    game.play(250)

    require_sound(game)
    assert self_check(engine).failed == {}
