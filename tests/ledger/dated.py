"""Random ledgers whose entries count from other times, and the sum over everything beside them."""

import random
from typing import ClassVar, NamedTuple

from ledger.command import Payload
from ledger.entry import Entry, EntryCode, Posting
from ledger.post import post
from ledger.subject import Handler, Role, Subject
from tests.build import OpenFreely, open_ledger
from tests.conftest import DAY

FLOW = "energy.flow.general.2025.eq.370200"
OTHER = "energy.flow.general.2026.eq.370200"
ASSETS = (FLOW, OTHER)
HOLDINGS = tuple(f"enterprise:E{n}:holding" for n in range(1, 5))
IDLE = "enterprise:E9:holding"
ACCOUNTS = ("scheme:issuance", *HOLDINGS)
DISTANCES = (0, 0, 0, 1, 3_600_000_000, DAY, 20 * DAY, 32 * DAY + 1, 500 * DAY, -1, -5 * DAY)
"""How long before its recording an entry counts, at the edges of what snapshots tell apart."""


class PostDated(Payload, frozen=True):
    """Entries of several postings, each counting from so many microseconds ago."""

    kind: ClassVar[str] = "test.dated"
    entries: tuple[tuple[int, tuple[tuple[str, str, str, int], ...]], ...]


def post_dated(work, payload):
    for ago, lines in payload.entries:
        postings = tuple(Posting(*line) for line in lines)
        effective_at = work.now - ago if ago else None
        post(work, Entry(EntryCode.TRANSFER, "REG-11", postings, effective_at=effective_at))
    return {}


HANDS = frozenset({Role.CITY_REGULATOR})
DATED = Subject("dated", (Handler(PostDated, post_dated, makers=HANDS, cold=False),))


class Moved(NamedTuple):
    """One posting as the oracle remembers it."""

    entry: int
    ordinal: int
    recorded_at: int
    effective_at: int
    source: str
    destination: str
    asset: str
    amount: int


class Past:
    """A ledger under test and everything that ever moved on it."""

    def __init__(self, engine, clock):
        self.bench = open_ledger(engine, clock, (DATED,))
        self.clock = clock
        self.bench.do(OpenFreely(addresses=(*HOLDINGS, IDLE), assets=ASSETS)).require()
        self.moved: list[Moved] = []
        self.entries = 0

    def post(self, *entries):
        """Post entries of (ago, postings) in one command; return when it was recorded."""
        answer = self.bench.do(PostDated(entries=entries)).require()
        for ago, lines in entries:
            self.entries += 1
            effective_at = answer.recorded_at - ago
            for ordinal, line in enumerate(lines):
                self.moved.append(
                    Moved(self.entries, ordinal, answer.recorded_at, effective_at, *line)
                )
        return answer.recorded_at

    def balances(self, account, counts=lambda _moved: True):
        """Return what the moves that count leave on *account*, by asset."""
        found = {}
        for moved in self.moved:
            if counts(moved):
                for end, sign in ((moved.destination, 1), (moved.source, -1)):
                    if end == account:
                        found[moved.asset] = found.get(moved.asset, 0) + sign * moved.amount
        return {asset: amount for asset, amount in found.items() if amount}


def random_past(engine, clock, *, seed, commands=120):
    """Play *commands* of one to three entries with one to three postings, never below zero."""
    chance, past = random.Random(seed), Past(engine, clock)
    for _ in range(commands):
        clock.advance(chance.choice((0, 1, 7, 3_600_000_000, DAY)))
        held = {account: past.balances(account) for account in HOLDINGS}
        entries = []
        for _ in range(chance.randrange(1, 4)):
            lines = [_line(chance, held) for _ in range(chance.randrange(1, 4))]
            entries.append((chance.choice(DISTANCES), tuple(lines)))
        past.post(*entries)
    return past


def _line(chance, held):
    asset = chance.choice(ASSETS)
    having = [account for account in HOLDINGS if held[account].get(asset, 0) > 0]
    if not having or chance.random() < 0.3:
        source, amount = "scheme:issuance", chance.randrange(1, 1_000)
    else:
        source = chance.choice(having)
        own = held[source][asset]
        amount = chance.choice((own, chance.randrange(1, own + 1)))
        held[source][asset] -= amount
    destination = chance.choice([each for each in HOLDINGS if each != source])
    held[destination][asset] = held[destination].get(asset, 0) + amount
    return source, destination, asset, amount
