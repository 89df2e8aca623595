"""
A small training ledger: one district, six enterprises, quota and cash, one instrument.

What is needed to play on it over and over to the same letter: every command has a fixed id, and the
clock is led by hand.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol

import seeds
from ledger.adopt import AdoptPack
from ledger.approve import approving, proposing
from ledger.cash import Deposit
from ledger.command import Answer, Command, Payload, canonical
from ledger.days import start_of
from ledger.open_accounts import OpenAccounts
from ledger.parties.enroll import (
    DistrictLine,
    EnterpriseLine,
    RegisterDistricts,
    RegisterEnterprises,
    RegisterSectors,
    SectorLine,
)
from ledger.parties.party import credit_check
from ledger.policy import to_plain
from ledger.register import OpenLedger
from ledger.roles import Grant
from ledger.subject import Role
from ledger.transfer import Line, PostLines
from market.list_instrument import ListInstrument

DAY = date(2025, 3, 3)
DISTRICT = "990100"
FLOW = f"energy.flow.general.2025.eq.{DISTRICT}"
INSTRUMENT = "E2025-ONE"
ENTERPRISES = ("E1", "E2", "E3", "E4", "E5", "E6")
QUOTA_KGCE = 100_000_000
CASH_FEN = 10_000_000_000
REFERENCE_FEN = 10_000
"""Each enterprise starts with 100,000 tce and 100 million yuan; a tonne is worth 100 yuan."""

_REG1, _REG2 = "person:REG1", "person:REG2"
_CLR1, _CLR2 = "person:CLR1", "person:CLR2"
EXCHANGE, _EXC2 = "person:EXC1", "person:EXC2"

Asked = tuple[str, Payload]
"""Who asks, and for what."""


class Ledger(Protocol):
    """Whatever commands can be sent to: a writer, or a program around one."""

    def submit_all(self, commands: Sequence[Command]) -> list[Answer]:
        """Apply commands in order and return their answers after the commit."""


class DayClock:
    """A clock that stands where the play has set it, in microseconds since 1970 UTC."""

    def __init__(self) -> None:
        self.now = start_of(DAY)

    def __call__(self) -> int:
        """Return the microsecond it was set to."""
        return self.now

    def at(self, minute: int) -> None:
        """Go to a minute of the day."""
        self.now = start_of(DAY, minute=minute)


class Play:
    """Sends commands under ids that follow from their place, and tells of each answer."""

    def __init__(self, ledger: Ledger, clock: DayClock, acknowledge: Callable[[str], None]) -> None:
        self.ledger = ledger
        self.clock = clock
        self.acknowledge = acknowledge
        self.begin("set-up")

    def begin(self, scene: str) -> None:
        """Let the commands of *scene* be numbered from 1."""
        self.scene = scene
        self.sent = 0

    def send_all(self, asked: Sequence[Asked]) -> list[Answer]:
        """Send (actor, payload) pairs in one commit and return their answers, whatever they are."""
        commands = [Command(self._id(), actor, payload) for actor, payload in asked]
        answers = self.ledger.submit_all(commands)
        for command in commands:
            self.acknowledge(command.id)
        return answers

    def do(self, actor: str, payload: Payload) -> Answer:
        """Send one command that must be accepted."""
        return self.send_all([(actor, payload)])[0].require()

    def both(self, payload: Payload, *, maker: str, checker: str) -> None:
        """Let *maker* propose and *checker* approve."""
        proposal = self.do(maker, proposing(payload)).sequence
        self.do(checker, approving(proposal, payload))

    def _id(self) -> str:
        self.sent += 1
        return f"one-day:{self.scene}:{self.sent:05d}"


def found(play: Play) -> None:
    """Open the ledger, adopt its packs, register and fund the enterprises, list the instrument."""
    play.clock.at(minute=480)
    _open(play)
    _register(play)
    _fund(play)
    _list(play)


def _open(play: Play) -> None:
    """Open the ledger with two persons in every office, and adopt the sample province's packs."""
    offices = (
        (_REG1, Role.CITY_REGULATOR),
        (_REG2, Role.CITY_REGULATOR),
        (_CLR1, Role.CLEARING_OPERATOR),
        (_CLR2, Role.CLEARING_OPERATOR),
        (EXCHANGE, Role.EXCHANGE_OPERATOR),
        (_EXC2, Role.EXCHANGE_OPERATOR),
    )
    grants = [Grant(person, role) for person, role in offices]
    grants += [
        Grant(trader(each), Role.ENTERPRISE_TRADER, f"enterprise:{each}") for each in ENTERPRISES
    ]
    opening = OpenLedger(
        name="一日演练", jurisdiction="sample", purpose="training", grants=tuple(grants)
    )
    play.do("person:INIT", opening)
    packs = seeds.read_packs()
    for name in ("national", "sample"):
        content = canonical(to_plain(packs[name])).decode()
        play.both(AdoptPack(content=content), maker=_REG1, checker=_REG2)


def _register(play: Play) -> None:
    district = DistrictLine(DISTRICT, "示例市", "Sample City", "", "sample")
    play.do(_REG1, RegisterDistricts(rows=(district,)))
    sector = SectorLine("C26", "化学原料和化学制品制造业", "Chemicals", "no")
    play.do(_REG1, RegisterSectors(rows=(sector,)))
    rows = tuple(
        EnterpriseLine(each, f"示例企业{number}", _credit_code(number), DISTRICT, "C26")
        for number, each in enumerate(ENTERPRISES, start=1)
    )
    play.do(_REG1, RegisterEnterprises(rows=rows))


def _fund(play: Play) -> None:
    """Issue quota and pay cash in, both by four eyes."""
    play.do(_REG1, OpenAccounts(addresses=(), assets=(FLOW,)))
    quota = tuple(
        Line(f"quota:{each}", "scheme:issuance", f"enterprise:{each}:holding", FLOW, QUOTA_KGCE)
        for each in ENTERPRISES
    )
    play.both(PostLines(rule="REG-11", lines=quota), maker=_REG1, checker=_REG2)
    for each in ENTERPRISES:
        cash = Deposit(enterprise=each, amount_fen=CASH_FEN, statement_line=f"one-day-{each}")
        play.both(cash, maker=_CLR1, checker=_CLR2)


def _list(play: Play) -> None:
    listing = ListInstrument(
        instrument=INSTRUMENT,
        asset=FLOW,
        modes="continuous call_auction",
        first_reference_price_fen=REFERENCE_FEN,
    )
    play.both(listing, maker=EXCHANGE, checker=_EXC2)


def trader(enterprise: str) -> str:
    """Return the person who trades for *enterprise*."""
    return f"person:{enterprise}-T"


def _credit_code(number: int) -> str:
    body = f"91{DISTRICT}MA{number:07d}"
    return body + credit_check(body)
