"""
What an order costs with everything around the match: cover, self-match, settlement, journal rows.
"""

import gc
import json
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import sqlalchemy as sa

import seeds
from ledger.adopt import POLICY, AdoptPack
from ledger.approve import approving, proposing
from ledger.cash import Deposit
from ledger.command import Command, Payload, canonical
from ledger.days import start_of
from ledger.kernel import compose
from ledger.open_accounts import OpenAccounts
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
from ledger.subject import Role, Subject
from ledger.transfer import Line, PostLines
from ledger.work import Work
from ledger.writer import Writer
from market.change_phase import ChangePhase
from market.cross import Uncross
from market.list_instrument import ListInstrument
from market.open_day import OpenDay
from market.place import PlaceOrder, place
from market.subject import MARKET

DAY = date(2025, 3, 3)
AREA = "370200"
ASSET = f"energy.flow.general.2025.eq.{AREA}"
ENTERPRISES = 100
OFFICES = (
    Role.CITY_REGULATOR,
    Role.CLEARING_OPERATOR,
    Role.EXCHANGE_OPERATOR,
    Role.ENTERPRISE_TRADER,
)
REFERENCE_FEN = 10_000

EngineOf = Callable[[], AbstractContextManager[sa.Engine]]


class Floor:
    """A ledger with one instrument in continuous trading and funded enterprises."""

    parts: tuple[Subject, ...] = (PARTIES, POLICY, MARKET)
    offices: tuple[Role, ...] = OFFICES

    def __init__(self, engine: sa.Engine) -> None:
        self.now = start_of(DAY, minute=550)
        self.subjects = compose(self.parts)
        self.writer = Writer(engine, self.subjects, clock=lambda: self.now)
        self.sent = 0
        self._open()
        self._fund()
        listing = ListInstrument(
            instrument="B-E25",
            asset=ASSET,
            modes="call_auction continuous",
            first_reference_price_fen=REFERENCE_FEN,
        )
        self.both(listing)
        self.do(OpenDay(instrument="B-E25", day=DAY))
        self.do(ChangePhase(instrument="B-E25", phase="call"))
        self.do(Uncross(instrument="B-E25"))

    def do(self, payload: Payload, actor: str = "") -> dict[str, Any]:
        """Send one command that must be accepted."""
        return dict(self.writer.submit(self.command(payload, actor)).require().result)

    def both(self, payload: Payload) -> None:
        """Propose and approve."""
        handler = self.subjects.handlers[payload.kind]
        proposal = self.do(proposing(payload), office(min(handler.makers), 1))["proposal"]
        self.do(approving(proposal, payload), office(min(handler.checkers), 2))

    def command(self, payload: Payload, actor: str = "") -> Command:
        """Return a command under the next id, of whoever may send it where nobody is named."""
        self.sent += 1
        makers = self.subjects.handlers[payload.kind].makers
        actor = actor or office(min(makers, default=Role.CITY_REGULATOR), 1)
        return Command(f"bench:{self.sent}", actor, payload)

    def _open(self) -> None:
        grants = tuple(Grant(office(role, n), role) for role in self.offices for n in (1, 2))
        opening = OpenLedger(name="bench", jurisdiction="sample", purpose="training", grants=grants)
        self.do(opening)
        for pack in ("national", "sample"):
            content = canonical(to_plain(seeds.read_pack(pack))).decode()
            self.both(AdoptPack(content=content))
        district = DistrictLine(AREA, "量测区", "Bench", "", "sample")
        self.do(RegisterDistricts(rows=(district,)))
        self.do(RegisterSectors(rows=(SectorLine("BENCH", "量测", "Bench", "no"),)))
        rows = tuple(
            EnterpriseLine(f"B{n}", f"示例{n}", credit_code(n), AREA, "BENCH")
            for n in range(ENTERPRISES)
        )
        self.do(RegisterEnterprises(rows=rows))

    def _fund(self) -> None:
        self.do(OpenAccounts(addresses=(), assets=(ASSET,)))
        lines = tuple(
            Line(f"fund:{n}", "scheme:issuance", f"enterprise:B{n}:holding", ASSET, 10**12)
            for n in range(ENTERPRISES)
        )
        self.both(PostLines(rule="REG-11", lines=lines))
        for n in range(ENTERPRISES):
            self.both(Deposit(enterprise=f"B{n}", amount_fen=10**13, statement_line=f"L{n}"))


def office(role: Role, number: int) -> str:
    """Return the id of one of the two persons of a role; nobody has two roles."""
    return f"person:{role.upper()}-{number}"


def credit_code(number: int) -> str:
    """Return a well-formed credit code of nobody."""
    body = f"91{AREA}BENCH{number:04d}"
    return body + credit_check(body)


def orders(count: int, seed: int = 7) -> list[PlaceOrder]:
    """Return seeded orders on both sides of the middle, about a third of which trade at once."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        side = chance.choice(("buy", "sell"))
        away = int(chance.expovariate(1 / 60)) - 25
        price = REFERENCE_FEN - away if side == "buy" else REFERENCE_FEN + away
        made.append(
            PlaceOrder(
                instrument="B-E25",
                enterprise=f"B{chance.randrange(ENTERPRISES)}",
                side=side,  # type: ignore[arg-type]
                price_fen=min(max(price, 9_000), 11_000),
                quantity_tce=chance.randrange(1, 100),
            )
        )
    return made


def measure_placing(engine_of: EngineOf, *, count: int = 20_000) -> dict[str, Any]:
    """Return the CPU of one order with everything but the database, beside decoding its JSON."""
    placed = orders(count)
    with engine_of() as engine:
        floor = Floor(engine)
        memory = floor.writer.memory
        gc.collect()
        gc.freeze()
        gc.disable()
        started = time.process_time()
        for number, order in enumerate(placed, start=memory.sequence + 1):
            place(Work(memory, sequence=number, now=memory.now + number, actor=""), order)
        seconds = time.process_time() - started
        gc.enable()
        gc.unfreeze()
        floor.writer.close()
    decode = _decode_seconds(placed[0])
    return {
        "us_per_order": round(seconds / count * 1e6, 2),
        "json_loads_us": round(decode * 1e6, 2),
        "ratio": round(seconds / count / decode, 2),
    }


def _decode_seconds(order: PlaceOrder, times: int = 100_000) -> float:
    encoded = canonical(order)
    started = time.process_time()
    for _ in range(times):
        document = json.loads(encoded)
        document["instrument"], document["enterprise"], document["side"]
        document["price_fen"], document["quantity_tce"], document["validity"]
    return (time.process_time() - started) / times


def measure_durable(engine_of: EngineOf, *, count: int = 10_240) -> dict[str, Any]:
    """Return durable orders a second through the writer, 512 to a commit."""
    with engine_of() as engine:
        floor = Floor(engine)
        commands = [floor.command(order) for order in orders(count)]
        started = time.perf_counter()
        answers = floor.writer.submit_all(commands)
        seconds = time.perf_counter() - started
        floor.writer.close()
    return {
        "orders_per_second": round(count / seconds),
        "accepted": sum(answer.ok for answer in answers),
    }
