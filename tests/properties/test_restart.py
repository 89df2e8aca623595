"""
A writer that starts anew remembers what the one before it knew, wherever it was stopped.

A long random play of holds, roles, four eyes, days, calls, orders and tenders, sent in batches in
which some commands are refused and some fail; the writer is thrown away again and again.
"""

import random
from collections import Counter
from typing import ClassVar

import pytest

from ledger import hold as holds
from ledger.approve import Reject, approving, proposing
from ledger.cash import Deposit, Withdraw
from ledger.check import self_check
from ledger.command import Answer, Command, Payload
from ledger.replay import replay
from ledger.roles import Grant, GrantRoles, RevokeRole
from ledger.set_aside import CaptureHold, PlaceHold, ReleaseHold
from ledger.subject import Handler, Role, Subject
from ledger.transfer import Line, PostLines, ReverseEntry
from market.cancel import CancelOrder
from market.change_phase import ChangePhase
from market.close_day import CloseDay
from market.cross import Uncross
from market.open_tender import OpenTender
from market.place import PlaceOrder
from market.run_tender import BidTender, CloseRound
from market.subject import MARKET
from market.venue import Venue
from tests.build import (
    CLEARING,
    EXCHANGE,
    OPENED,
    REGULATOR,
    SECOND_CLEARING,
    SECOND_EXCHANGE,
    SECOND_REGULATOR,
    SECOND_SECURITY,
    SECURITY,
    Bench,
    OpenFreely,
)
from tests.conftest import DAY, SECOND
from tests.market.floor import FLOW, QD, open_floor, trader
from tests.properties.memory_view import remembered, seats

ENTERPRISES = ("E1", "E2", "E3", "E4", "E5")
ADMIN = "person:ADM1"
BATCHES = 150


class Fail(Payload, frozen=True):
    """Breaks an invariant after it has posted, so that the whole batch is done again."""

    kind: ClassVar[str] = "test.fail"
    enterprise: str


def fail(work, payload):
    owner = f"enterprise:{payload.enterprise}"
    holds.place(
        work,
        account=f"{owner}:holding",
        held=f"{owner}:held",
        asset=FLOW,
        amount=1,
        purpose="test",
    )
    raise AssertionError("planted")


BROKEN = Subject("broken", (Handler(Fail, fail, frozenset({Role.CITY_REGULATOR}), cold=False),))


class Play:
    """Draws commands that are often lawful, and keeps the numbers they may be about."""

    def __init__(self, floor, seed):
        self.floor, self.bench, self.clock = floor, floor.bench, floor.clock
        self.chance = random.Random(seed)
        self.count = 0
        self.seen = Counter()
        self.proposals = []
        self.numbers = {"order": [], "hold": [], "tender": [], "entries": []}
        self.draws = (
            *[self.order] * 14,
            *[self.cancel] * 3,
            *[self.phase] * 3,
            *[self.hold] * 3,
            *[self.hold_end] * 3,
            *[self.bid] * 5,
            *[self.proposal] * 4,
            *[self.approval] * 8,
            self.role,
            self.account,
            self.broken,
        )

    def name(self):
        return self.chance.choice(ENTERPRISES)

    def known(self, what):
        return self.chance.choice([0, *self.numbers[what][-12:]])

    def order(self):
        name = self.name()
        payload = PlaceOrder(
            instrument=QD,
            enterprise=name,
            side=self.chance.choice(("buy", "sell")),
            price_fen=self.chance.randrange(9_990, 10_010),
            quantity_tce=self.chance.choice((1, 2, 5, 9, 400)),
            validity=self.chance.choice(("day", "day", "immediate_or_cancel", "fill_or_kill")),
        )
        return trader(name), payload

    def cancel(self):
        resting = self.bench.writer.memory.cache(Venue).listings[QD].book.orders
        if not resting or self.chance.random() < 0.3:
            return EXCHANGE, CancelOrder(enterprise=self.name(), order=self.known("order"))
        order = self.chance.choice(list(resting.values()))
        return EXCHANGE, CancelOrder(enterprise=order.enterprise, order=order.id)

    def phase(self):
        payloads = (
            Uncross(instrument=QD, next_phase=self.chance.choice(("continuous", "quiet"))),
            Uncross(instrument=QD),
            ChangePhase(instrument=QD, phase=self.chance.choice(("call", "halted", "continuous"))),
            ChangePhase(instrument=QD, phase=self.chance.choice(("quiet", "call_locked"))),
            ChangePhase(instrument=QD, phase="continuous"),
            CloseDay(instrument=QD),
        )
        return EXCHANGE, self.chance.choice(payloads)

    def hold(self):
        lasts = self.chance.choice((None, SECOND, SECOND, 20 * SECOND))
        payload = PlaceHold(
            enterprise=self.name(),
            asset=FLOW,
            amount=self.chance.choice((1, 500, 3_000, 10**9)),
            purpose="test",
            expires_at=None if lasts is None else self.clock.now + lasts,
        )
        return ADMIN, payload

    def hold_end(self):
        number = self.known("hold")
        if self.chance.random() < 0.5:
            return ADMIN, ReleaseHold(hold=number)
        where = f"enterprise:{self.name()}:holding"
        amount = self.chance.choice((1, 100, 500))
        return CLEARING, CaptureHold(hold=number, amount=amount, destination=where)

    def bid(self):
        if self.chance.random() < 0.2:
            return EXCHANGE, CloseRound(tender=self.known("tender"))
        name = self.name()
        price_fen = self.chance.randrange(10_000, 10_200)
        bid = BidTender(tender=self.known("tender"), enterprise=name, price_fen=price_fen)
        return trader(name), bid

    def role(self):
        person, scope = trader(self.name()), f"enterprise:{self.name()}"
        return SECURITY, RevokeRole(person=person, role=Role.ENTERPRISE_TRADER, scope=scope)

    def account(self):
        address = f"source:S{self.chance.randrange(40)}"
        return REGULATOR, OpenFreely(addresses=(address, f"scheme:surrendered:{self.count:04}"))

    def broken(self):
        return REGULATOR, Fail(enterprise=self.name())

    def proposal(self):
        """Propose something; who may approve it is kept for later."""
        self.count += 1
        maker, checker, payload = self.chance.choice(
            (self._giving, self._money, self._posting, self._undoing, self._tender, self._tender)
        )()
        self.proposals.append((maker, checker, payload))
        return maker, proposing(payload)

    def _giving(self):
        name = self.name()
        grant = Grant(trader(name), Role.ENTERPRISE_TRADER, f"enterprise:{name}")
        return SECURITY, SECOND_SECURITY, GrantRoles(grants=(grant,))

    def _money(self):
        amount = self.chance.choice((100, 5_000, 10**12))
        if self.chance.random() < 0.5:
            return ADMIN, CLEARING, Withdraw(enterprise=self.name(), amount_fen=amount)
        line = f"line-{self.chance.randrange(60)}"
        deposit = Deposit(enterprise=self.name(), amount_fen=amount, statement_line=line)
        return CLEARING, SECOND_CLEARING, deposit

    def _posting(self):
        lines = tuple(
            Line(
                f"post:{self.count}:{number}",
                self.chance.choice(("scheme:issuance", f"enterprise:{self.name()}:holding")),
                f"enterprise:{self.name()}:{self.chance.choice(('holding', 'bought'))}",
                FLOW,
                self.chance.choice((1_000, 20_000)),
            )
            for number in range(3)
        )
        return REGULATOR, SECOND_REGULATOR, PostLines(rule="REG-11", lines=lines)

    def _undoing(self):
        return CLEARING, REGULATOR, ReverseEntry(entry=self.known("entries"), reason="x")

    def _tender(self):
        name = self.name()
        tender = OpenTender(
            instrument=QD,
            seller=f"enterprise:{name}",
            quantity_tce=self.chance.choice((1, 3)),
            reserve_price_fen=10_000,
            increment_fen=1,
            bidders=tuple(each for each in ENTERPRISES if each != name),
            rounds_max=self.chance.choice((None, 2)),
        )
        return trader(name), SECOND_EXCHANGE, tender

    def approval(self):
        opened = [
            (sequence, *self.proposals[number])
            for sequence, number in self.numbers.get("proposal", [])[-3:]
        ]
        if not opened:
            return CLEARING, Reject(proposal=1, reason="x")
        sequence, maker, checker, payload = self.chance.choice(opened)
        if self.chance.random() < 0.1:
            return maker, approving(sequence, payload)
        if self.chance.random() < 0.1:
            return checker, Reject(proposal=sequence, reason="x")
        return checker, approving(sequence, payload)

    def batch(self):
        """Send a few commands at once and keep what their answers name."""
        if self.chance.random() < 0.25:
            self.clock.advance(self.chance.choice((SECOND, 5 * SECOND, 30 * SECOND)))
        if self.chance.random() < 0.08:
            self.new_day()
        size = self.chance.choice((1, 1, 2, 4, 9))
        before = len(self.proposals)
        commands = []
        for _ in range(size):
            self.count += 1
            actor, payload = self.chance.choice(self.draws)()
            commands.append(Command(f"play:{self.count}", actor, payload))
        self.note(commands, self.send(commands), before)

    def send(self, commands):
        try:
            return self.bench.writer.outcomes(commands)
        except AssertionError as bug:
            if str(bug) != "planted":
                raise
            lasting = [each for each in commands if each.kind != Fail.kind]
            self.seen["failed"] += 1
            return self.send(lasting) if lasting else []

    def note(self, commands, outcomes, proposal):
        sent = [each for each in commands if each.kind != Fail.kind]
        if len(outcomes) == len(commands):
            sent = commands
        for command, outcome in zip(sent, outcomes, strict=bool(outcomes)):
            is_proposal = command.kind == "proposal.make"
            if isinstance(outcome, Answer):
                self.seen[command.kind, outcome.ok] += 1
            if isinstance(outcome, Answer) and outcome.ok:
                if is_proposal:
                    kept = self.numbers.setdefault("proposal", [])
                    kept.append((outcome.sequence, proposal))
                for name in ("order", "hold", "tender"):
                    if name in outcome.result:
                        self.numbers[name].append(outcome.result[name])
                self.numbers["entries"].append(self.bench.writer.memory.entry_sequence)
            proposal += is_proposal

    def new_day(self):
        for _ in range(3):
            self.bench.do(CloseDay(instrument=QD), actor=EXCHANGE)
        self.clock.advance(DAY)
        self.floor.open_day()
        self.floor.phase(self.chance.choice(("call", "continuous")))


@pytest.fixture
def small_steps(monkeypatch):
    """Let every long command need several goes, so that the writer also stops between two."""
    monkeypatch.setattr("market.cross.TRADES_MAX", 2)
    monkeypatch.setattr("market.close_day.EXPIRIES_MAX", 3)
    monkeypatch.setattr("ledger.tick.EXPIRIES_MAX", 2)


def opened(engine, clock, self_match):
    grants = GrantRoles(grants=(Grant(ADMIN, Role.ENTERPRISE_ADMIN),))
    floor = open_floor(
        engine,
        clock,
        dict.fromkeys(ENTERPRISES, (300, 40_000)),
        groups={"E1": "G", "E2": "G"},
        phase="call",
        self_match=self_match,
        modes="continuous call_auction tender",
        fee_basis_points=33,
    )
    floor.bench.both(grants, maker=SECURITY, checker=SECOND_SECURITY).require()
    OPENED.remove(floor.bench)
    floor.bench.writer.close()
    floor.bench = Bench(engine, clock, (MARKET, BROKEN))
    return floor


def require_same(bench):
    """Throw the writer away; the next one must remember the same."""
    memory = bench.writer.memory
    before, (taken, as_new) = remembered(memory), seats(memory)
    assert taken == as_new
    bench.restart()
    after = remembered(bench.writer.memory)
    for what, found in after.items():
        assert found == before[what], what


def play(engine, clock, seed, *, self_match, batches=BATCHES):
    game = Play(opened(engine, clock, self_match), seed)
    for _ in range(batches):
        game.batch()
        if game.chance.random() < 0.2:
            # After a failed command memory is rebuilt by the next one; then it is the truth.
            game.bench.do(OpenFreely(addresses=()), actor=REGULATOR)
            require_same(game.bench)
    return game


@pytest.mark.parametrize("other_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("seed", "self_match"), [(1, "decrement"), (2, "cancel_oldest"), (3, "cancel_both")]
)
def test_a_new_writer_remembers_what_the_one_before_it_knew(
    sqlite_engine, other_engine, clock, small_steps, seed, self_match
):
    game = play(sqlite_engine, clock, seed, self_match=self_match)

    require_same(game.bench)
    assert self_check(sqlite_engine).failed == {}
    replayed = replay(sqlite_engine, other_engine, game.bench.subjects, iter(lambda: 5, 0))
    assert replayed.digest == game.bench.digest()
    kinds = {kind for kind, is_ok in filter(lambda key: key != "failed", game.seen) if is_ok}
    assert kinds >= {"orders.place", "orders.cancel", "call.uncross", "market.close_day"}
    assert kinds >= {"hold.place", "hold.release", "proposal.approve", "tenders.bid"}
    assert game.seen["failed"] > 5
