"""
One trading day on a small training ledger, the same to the letter whenever it is played.

Every command has a fixed id, the clock is led by hand and chance has a seed. So the day may be
stopped at any moment, by a kill as well: played again on the same data, it gets the first answers
to what was done before and goes on from there. Crash tests and drills rest on that.

    python -m api.demo.one_day DIRECTORY [--seed N] [--rounds N]

Each acknowledged command's id is one line of standard output, written at once.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import Literal, Protocol

import sqlalchemy as sa

import migrations
import seeds
from ledger.adopt import POLICY, AdoptPack
from ledger.approve import approving, proposing
from ledger.command import Answer, Command, Payload, canonical
from ledger.days import MINUTE, start_of
from ledger.db import connect, sqlite_url
from ledger.errors import Refused
from ledger.kernel import compose
from ledger.parties.enroll import (
    PARTIES,
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
from ledger.subject import Role, Subjects
from ledger.transfer import Deposit, Line, OpenAccounts, PostLines
from ledger.writer import Writer
from market.cancel import CancelOrder
from market.change_phase import ChangePhase
from market.close_day import CloseDay
from market.cross import Uncross
from market.list_instrument import ListInstrument
from market.open_day import OpenDay
from market.place import PlaceOrder
from market.subject import MARKET

DAY = date(2025, 3, 3)
ROUNDS = 2_000
"""How often somebody trades on an ordinary day; a round is one to four orders or cancels."""

DISTRICT = "990100"
FLOW = f"energy.flow.general.2025.eq.{DISTRICT}"
INSTRUMENT = "E2025-ONE"
ENTERPRISES = ("E1", "E2", "E3", "E4", "E5", "E6")
QUOTA_KGCE = 100_000_000
CASH_FEN = 10_000_000_000
REFERENCE_FEN = 10_000
"""Each enterprise starts with 100,000 tce and 100 million yuan; a tonne is worth 100 yuan."""

_PRICE_REACH_FEN = 150
_OUTSIDE_BAND_FEN = 2_000
_CALL_ROUNDS_MAX = 20
_VALIDITIES: tuple[Literal["day", "immediate_or_cancel", "fill_or_kill"], ...] = (
    "day",
    "day",
    "day",
    "immediate_or_cancel",
    "fill_or_kill",
)

_REG1, _REG2 = "person:REG1", "person:REG2"
_CLR1, _CLR2 = "person:CLR1", "person:CLR2"
_EXC1, _EXC2 = "person:EXC1", "person:EXC2"

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


class _Play:
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


def play_one_day(
    ledger: Ledger,
    clock: DayClock,
    *,
    seed: int,
    acknowledge: Callable[[str], None],
    rounds: int = ROUNDS,
) -> None:
    """
    Open a training ledger, trade for one day as *seed* will have it, and close the day.

    *clock* is the one the ledger's writer was made with. *acknowledge* is called with the id of
    every command once its answer is there, in the order of the commands.
    """
    play = _Play(ledger, clock, acknowledge)
    clock.at(minute=480)
    _found(play)
    _register(play)
    _fund(play)
    _list(play)
    play.begin(str(seed))
    _Floor(play, Random(seed)).trade(rounds)


def _found(play: _Play) -> None:
    """Open the ledger with two persons in every office, and adopt the sample province's packs."""
    offices = (
        (_REG1, Role.CITY_REGULATOR),
        (_REG2, Role.CITY_REGULATOR),
        (_CLR1, Role.CLEARING_OPERATOR),
        (_CLR2, Role.CLEARING_OPERATOR),
        (_EXC1, Role.EXCHANGE_OPERATOR),
        (_EXC2, Role.EXCHANGE_OPERATOR),
    )
    grants = [Grant(person, role) for person, role in offices]
    grants += [
        Grant(_trader(each), Role.ENTERPRISE_TRADER, f"enterprise:{each}") for each in ENTERPRISES
    ]
    opening = OpenLedger(
        name="一日演练", jurisdiction="sample", purpose="training", grants=tuple(grants)
    )
    play.do("person:INIT", opening)
    packs = seeds.read_packs()
    for name in ("national", "sample"):
        content = canonical(to_plain(packs[name])).decode()
        play.both(AdoptPack(content=content), maker=_REG1, checker=_REG2)


def _register(play: _Play) -> None:
    district = DistrictLine(DISTRICT, "示例市", "Sample City", "", "sample")
    play.do(_REG1, RegisterDistricts(rows=(district,)))
    sector = SectorLine("C26", "化学原料和化学制品制造业", "Chemicals", "no")
    play.do(_REG1, RegisterSectors(rows=(sector,)))
    rows = tuple(
        EnterpriseLine(each, f"示例企业{number}", _credit_code(number), DISTRICT, "C26")
        for number, each in enumerate(ENTERPRISES, start=1)
    )
    play.do(_REG1, RegisterEnterprises(rows=rows))


def _fund(play: _Play) -> None:
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


def _list(play: _Play) -> None:
    listing = ListInstrument(
        instrument=INSTRUMENT,
        asset=FLOW,
        modes="continuous call_auction",
        first_reference_price_fen=REFERENCE_FEN,
    )
    play.both(listing, maker=_EXC1, checker=_EXC2)


class _Floor:
    """The trading day: who places and cancels what, drawn from *chance* and from past answers."""

    def __init__(self, play: _Play, chance: Random) -> None:
        self.play = play
        self.chance = chance
        self.resting: list[tuple[str, int]] = []

    def trade(self, rounds: int) -> None:
        """Play a call, a morning and an afternoon, and close the day."""
        play, in_call = self.play, min(_CALL_ROUNDS_MAX, rounds // 4)
        in_morning = (rounds - in_call) // 2
        play.clock.at(minute=540)
        play.do(_EXC1, OpenDay(instrument=INSTRUMENT, day=DAY))
        self._phase("call", minute=555)
        self._rounds(in_call, minutes=9, is_call=True)
        play.clock.at(minute=565)
        self._uncross()
        self._phase("continuous", minute=570)
        self._rounds(in_morning, minutes=120)
        self._phase("quiet", minute=690)
        self._phase("continuous", minute=780)
        self._rounds(rounds - in_call - in_morning, minutes=120)
        play.clock.at(minute=900)
        self._close()

    def _phase(self, phase: Literal["call", "continuous", "quiet"], *, minute: int) -> None:
        self.play.clock.at(minute=minute)
        self.play.do(_EXC1, ChangePhase(instrument=INSTRUMENT, phase=phase))

    def _uncross(self) -> None:
        crossing = Uncross(instrument=INSTRUMENT, next_phase="quiet")
        while self.play.do(_EXC1, crossing).result["left_tce"]:
            pass

    def _close(self) -> None:
        while self.play.do(_EXC1, CloseDay(instrument=INSTRUMENT)).result["open_orders"]:
            pass

    def _rounds(self, rounds: int, *, minutes: int, is_call: bool = False) -> None:
        """Let somebody trade *rounds* times, evenly spread over so many minutes."""
        for _ in range(rounds):
            self.play.clock.now += minutes * MINUTE // (rounds + 1)
            asked = [self._ask(is_call=is_call) for _ in range(self.chance.randint(1, 4))]
            answers = self.play.send_all(asked)
            for (_, payload), answer in zip(asked, answers, strict=True):
                if isinstance(payload, PlaceOrder) and answer.ok and answer.result["leaves_tce"]:
                    self.resting.append((payload.enterprise, answer.result["order"]))

    def _ask(self, *, is_call: bool) -> Asked:
        """Return an order, or a cancel of one that rested once and may be filled by now."""
        chance = self.chance
        if self.resting and chance.randrange(4) == 0:
            enterprise, order = self.resting.pop(chance.randrange(len(self.resting)))
            return _trader(enterprise), CancelOrder(enterprise=enterprise, order=order)
        enterprise = chance.choice(ENTERPRISES)
        price_fen = REFERENCE_FEN + chance.randint(-_PRICE_REACH_FEN, _PRICE_REACH_FEN)
        if chance.randrange(40) == 0:
            price_fen += _OUTSIDE_BAND_FEN  # refusals are part of a day, and of its log
        validity = chance.choice(_VALIDITIES)
        return _trader(enterprise), PlaceOrder(
            instrument=INSTRUMENT,
            enterprise=enterprise,
            side=chance.choice(("buy", "sell")),
            price_fen=price_fen,
            quantity_tce=chance.randint(1, 30),
            validity="day" if is_call else validity,
        )


def _trader(enterprise: str) -> str:
    return f"person:{enterprise}-T"


def _credit_code(number: int) -> str:
    body = f"91{DISTRICT}MA{number:07d}"
    return body + credit_check(body)


def subjects() -> Subjects:
    """Return the handlers that the day needs: the kernel, parties, policy and the market."""
    return compose((PARTIES, POLICY, MARKET))


def open_engine(where: str) -> sa.Engine:
    """Return a migrated database: at an address, or else in the directory *where*."""
    if "://" not in where:
        Path(where).mkdir(parents=True, exist_ok=True)
        where = sqlite_url(Path(where))
    engine = connect(where)
    migrations.upgrade(engine)
    return engine


def main(arguments: Sequence[str] | None = None) -> None:
    """Play the day and print the id of each acknowledged command."""
    parser = argparse.ArgumentParser(prog="python -m api.demo.one_day", description=__doc__)
    parser.add_argument("where", help="a directory, or the address of a PostgreSQL database")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often somebody trades")
    chosen = parser.parse_args(arguments)
    clock = DayClock()
    try:
        writer = Writer(open_engine(chosen.where), subjects(), clock=clock)
        play_one_day(writer, clock, seed=chosen.seed, acknowledge=_say, rounds=chosen.rounds)
    except Refused as refusal:
        sys.exit(f"{refusal.code}: {refusal.message}")
    writer.close()


def _say(command_id: str) -> None:
    # One write a line: what a reader of the pipe has seen was acknowledged, whole.
    print(command_id, flush=True)


if __name__ == "__main__":
    main()
