"""Builders with honest defaults: a ledger opened the ordinary way, and people who act in it."""

import itertools
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import ClassVar

import sqlalchemy as sa

from ledger import versions
from ledger.adopt import POLICY
from ledger.approve import approving, proposing
from ledger.asset import parse_asset
from ledger.command import Answer, Command, Payload
from ledger.db import reading
from ledger.digest import state_digest
from ledger.kernel import compose
from ledger.parties.enroll import PARTIES
from ledger.register import OpenLedger, open_account, open_asset
from ledger.roles import Grant
from ledger.subject import Handler, Role, Subject
from ledger.writer import Writer

REGULATOR, SECOND_REGULATOR = "person:REG1", "person:REG2"
DISTRICT, VERIFIER, SECOND_VERIFIER = "person:DIS1", "person:VER1", "person:VER2"
CLEARING, SECOND_CLEARING = "person:CLR1", "person:CLR2"
EXCHANGE, SECOND_EXCHANGE = "person:EXC1", "person:EXC2"
SECURITY, SECOND_SECURITY = "person:SEC1", "person:SEC2"

GRANTS = (
    Grant(REGULATOR, Role.CITY_REGULATOR),
    Grant(SECOND_REGULATOR, Role.CITY_REGULATOR),
    Grant(DISTRICT, Role.DISTRICT_REGULATOR),
    Grant(VERIFIER, Role.VERIFIER),
    Grant(SECOND_VERIFIER, Role.VERIFIER),
    Grant(CLEARING, Role.CLEARING_OPERATOR),
    Grant(SECOND_CLEARING, Role.CLEARING_OPERATOR),
    Grant(EXCHANGE, Role.EXCHANGE_OPERATOR),
    Grant(SECOND_EXCHANGE, Role.EXCHANGE_OPERATOR),
    Grant(SECURITY, Role.SECURITY),
    Grant(SECOND_SECURITY, Role.SECURITY),
)


class OpenFreely(Payload, frozen=True):
    """Open accounts of parties that no test of the kernel needs to register."""

    kind: ClassVar[str] = "test.open"
    addresses: tuple[str, ...]
    assets: tuple[str, ...] = ()


def open_freely(work, payload):
    for address in payload.addresses:
        open_account(work, address)
    for code in payload.assets:
        open_asset(work, parse_asset(code))
    return {"accounts": len(payload.addresses), "assets": len(payload.assets)}


@contextmanager
def decided_by(version):
    """Let what is sent meanwhile be decided, and logged, by the rules of *version*."""
    newest, versions.RULES_VERSION = versions.RULES_VERSION, version
    try:
        yield
    finally:
        versions.RULES_VERSION = newest


_OPENERS = frozenset({Role.CITY_REGULATOR, Role.EXCHANGE_OPERATOR})
FREELY = Subject("freely", (Handler(OpenFreely, open_freely, makers=_OPENERS),))
"""Only the ledgers of tests have it: see `OpenFreely`."""

_IDS = itertools.count(1)

OPENED: list["Bench"] = []
"""Benches to be closed when their test is over; see conftest."""


class Bench:
    """A ledger under test: send payloads, look at balances, compare digests."""

    def __init__(
        self, engine: sa.Engine, clock: Callable[[], int], subjects: Iterable[Subject] = ()
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.subjects = compose((PARTIES, POLICY, FREELY, *subjects))
        self.writer = Writer(engine, self.subjects, clock=clock)
        OPENED.append(self)

    def do(self, payload: Payload, *, actor: str = REGULATOR, command_id: str = "") -> Answer:
        """Send one payload under a fresh id and return the answer, refusals included."""
        command_id = command_id or f"test:{next(_IDS)}"
        return self.writer.submit(Command(command_id, actor, payload))

    def both(
        self, payload: Payload, *, maker: str = REGULATOR, checker: str = SECOND_REGULATOR
    ) -> Answer:
        """Propose and approve one payload; return the answer to the approval."""
        proposal = self.do(proposing(payload), actor=maker).require().sequence
        return self.do(approving(proposal, payload), actor=checker)

    def balance(self, address: str, asset: str) -> int:
        """Return a balance as the database has it."""
        with reading(self.engine) as connection:
            found = connection.execute(
                sa.text(
                    "SELECT amount FROM balances b JOIN accounts a ON a.id = b.account_id "
                    "JOIN assets s ON s.id = b.asset_id WHERE a.address = :a AND s.code = :s"
                ),
                {"a": address, "s": asset},
            ).scalar_one_or_none()
        return int(found or 0)

    def digest(self) -> str:
        """Return the state digest of the database."""
        with reading(self.engine) as connection:
            return state_digest(connection)

    def restart(self) -> None:
        """Throw the writer away and open another on the same database."""
        self.writer.close()
        self.writer = Writer(self.engine, self.subjects, clock=self.clock)


def open_ledger(
    engine: sa.Engine,
    clock: Callable[[], int],
    subjects: Iterable[Subject] = (),
    *,
    grants: tuple[Grant, ...] = (),
    jurisdiction: str = "sample",
) -> Bench:
    """Return a demonstration ledger that has just been opened, with people in every office."""
    bench = Bench(engine, clock, subjects)
    opening = OpenLedger(
        name="示例省", jurisdiction=jurisdiction, purpose="demonstration", grants=GRANTS + grants
    )
    bench.do(opening).require()
    return bench
