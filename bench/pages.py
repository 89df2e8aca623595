"""
How long each page takes with 100,000 entries and 10,000 enterprises: `python -m bench.pages`.

The ledger is the played demonstration, which has some of everything, with many more enterprises,
meters, readings, entries and orders. Each page is asked for through the application, by the first
of some people to whom it is shown. Wall time counts whatever else the machine does; the CPU time of
the thread does not.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from api.demo.clock import StageClock
from api.demo.play import play
from api.demo.voice import Voice
from api.processes import application_of, clock_of
from api.program import Program, database_url
from api.settings import Settings
from bench.market import credit_code
from ledger.approve import approving, proposing
from ledger.command import Command, Payload
from ledger.db import reading
from ledger.follow import catch_up
from ledger.metering.consumption import Use
from ledger.metering.enroll import MeterLine, RegisterMeters
from ledger.metering.read import ReadingLine, RecordReadings
from ledger.parties.enroll import EnterpriseLine, RegisterEnterprises
from ledger.projections import PROJECTIONS
from ledger.roles import Grant, GrantRoles
from ledger.subject import Role
from ledger.transfer import Line, PostLines
from market.place import PlaceOrder

ENTERPRISES = 10_000
ENTRIES = 100_000
ORDERS = 5_000
ROWS = 8_000
AREA = "370200"
ASSET = f"energy.flow.general.2026.eq.{AREA}"
INSTRUMENT = "QD-E26"
HUB = "QD-GLS-01"
"""The enterprise whose statement is the longest: all others have their units from it."""

TRADERS = (HUB, "QD-STL-01", "QD-CEM-01", "QD-MAC-01", "QD-CHM-01")
PEOPLE = ("", "city", "auditor", "trader-surplus", "compliance", "approver", "exchange", "district")
FIRST, SECOND = "person:REG1", "person:REG2"
TIMES, TIMES_SLOW = 20, 3
SLOW_MS, MUST_MS = 2_000, 200

VALUES: dict[str, tuple[str | int, ...]] = {
    "instrument": (INSTRUMENT,),
    "code": (HUB, AREA, "AS-CEM-02"),
    "district": (AREA,),
    "year": (2026, 2025),
    "account": (f"enterprise:{HUB}:holding",),
    "address": (f"enterprise:{HUB}:holding",),
    "pack": ("qingdao",),
    "rule": ("MKT-29",),
}
"""What stands for the names in paths; for the others the newest row of their table."""

QUERIES = (
    "/authority/flows?year=2026",
    "/authority/flows?year=2026&by=enterprise",
    f"/authority/journal?account=enterprise:{HUB}",
    f"/authority/journal?asset={ASSET}",
)
"""What pages are asked for besides, because it reads more."""

NEWEST = {
    "entry": "SELECT max(sequence) FROM entries",
    "sequence": "SELECT max(sequence) FROM commands",
    "proposal": "SELECT max(id) FROM proposals WHERE state = 'open'",
    "order": "SELECT max(id) FROM orders",
    "tender": "SELECT max(id) FROM tenders",
    "claim": "SELECT max(id) FROM freed_claims",
    "project": "SELECT max(id) FROM projects",
}


class Crowd:
    """A played demonstration to which very many enterprises come."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.sent = 0
        self.chance = random.Random(2026)

    def do(self, payload: Payload, actor: str = FIRST) -> int:
        """Send one command that must be accepted; return its sequence."""
        self.sent += 1
        return self.program.submit(Command(f"crowd:{self.sent}", actor, payload)).require().sequence

    def both(self, payload: Payload, maker: str = FIRST, checker: str = SECOND) -> None:
        """Propose and approve."""
        self.do(approving(self.do(proposing(payload), maker), payload), checker)

    def come(self) -> None:
        """Register enterprises, meters and readings, move units about, place orders."""
        names = [f"N{number:05d}" for number in range(ENTERPRISES)]
        for few in _parts(names):
            self.do(RegisterEnterprises(rows=tuple(map(_firm, few))))
            self.do(RegisterMeters(rows=tuple(map(_meter, few))))
            readings = (ReadingLine(f"{each}-M1", "2026-05", "9000", "kWh") for each in few)
            self.do(RecordReadings(rows=tuple(readings)))
        for few in _parts(list(self._moves(names))):
            self.both(PostLines(rule="REG-17", lines=tuple(few)))
        self._trade()

    def _moves(self, names: list[str]) -> Iterator[Line]:
        for number, name in enumerate(names):
            yield Line(f"hub:{number}", _holding(HUB), _holding(name), ASSET, 30)
        for number in range(ENTRIES - len(names)):
            source, destination = self.chance.sample(names, 2)
            yield Line(f"move:{number}", _holding(source), _holding(destination), ASSET, 1)

    def _trade(self) -> None:
        trader = Grant("person:CROWD-T", Role.ENTERPRISE_TRADER)
        self.both(GrantRoles(grants=(trader,)), "person:SEC1", "person:SEC2")
        commands = []
        for number in range(ORDERS):
            side = self.chance.choice(("buy", "sell"))
            away = self.chance.randrange(-30, 200)
            order = PlaceOrder(
                instrument=INSTRUMENT,
                enterprise=self.chance.choice(TRADERS),
                side=side,  # type: ignore[arg-type]
                price_fen=20_030 + (away if side == "sell" else -away),
                quantity_tce=self.chance.randrange(1, 5),
            )
            commands.append(Command(f"crowd:order:{number}", trader.person, order))
        self.program.submit_all(commands)


def _firm(name: str) -> EnterpriseLine:
    return EnterpriseLine(name, f"示例企业{name}", credit_code(int(name[1:])), AREA, "TEXTILES")


def _meter(name: str) -> MeterLine:
    return MeterLine(f"{name}-M1", name, "electricity", "kWh", Use.CONSUMED, "2026-04", "0")


def _holding(name: str) -> str:
    return f"enterprise:{name}:holding"


def _parts(rows: list[Any]) -> Iterator[list[Any]]:
    for first in range(0, len(rows), ROWS):
        yield rows[first : first + ROWS]


class Timed(NamedTuple):
    """What one page took: medians and 95th percentiles in milliseconds, and for whom."""

    path: str
    who: str
    p50_ms: float
    p95_ms: float
    cpu_p95_ms: float
    kib: float


def build(home: Path) -> dict[str, int]:
    """Play the demonstration in *home* and let the crowd come; return what there then is."""
    url = database_url(home)
    play(url, home, voice=Voice("en", silent=True), started=time.monotonic())
    program = Program(url, clock=clock_of(url))
    Crowd(program).come()
    catch_up(program.engine, PROJECTIONS)
    with reading(program.engine) as connection:
        counted = {
            name: connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in ("enterprises", "entries", "postings", "commands", "orders", "readings")
        }
    program.close()
    return counted


def measure(home: Path) -> Iterator[Timed]:
    """Yield what each page takes on the ledger in *home*."""
    url = database_url(home)
    clock = clock_of(url)
    assert isinstance(clock, StageClock)
    with ExitStack() as stack:
        program = Program(url, clock=clock)
        stack.callback(program.close)
        settings = Settings(requests_per_minute=10**9)
        application = stack.enter_context(application_of(url, program, settings, clock))
        visitors = {who: _visit(application, who) for who in PEOPLE}
        values = VALUES | _newest(program.engine)
        for rule in sorted(application.url_map.iter_rules(), key=str):
            if "GET" in (rule.methods or ()) and _is_page(rule):
                timed = _time_first(visitors, list(_paths(application, rule, values)))
                if timed is not None:
                    yield timed
        for path in QUERIES:
            yield _time(visitors["city"], path, "city")


def _is_page(rule: Rule) -> bool:
    begins = ("/api/", "/static/", "/bootstrap/", "/charts/")
    return not str(rule).startswith(begins)


def _newest(engine: sa.Engine) -> dict[str, tuple[str | int, ...]]:
    with reading(engine) as connection:
        return {
            name: (connection.execute(sa.text(query)).scalar_one(),)
            for name, query in NEWEST.items()
        }


def _paths(
    application: Flask, rule: Rule, values: dict[str, tuple[str | int, ...]]
) -> Iterator[str]:
    """Yield the paths that *rule* stands for, as far as they are tried."""
    with application.test_request_context():
        for choice in product(*(values[name] for name in sorted(rule.arguments))):
            named: Any = dict(zip(sorted(rule.arguments), choice, strict=True))
            yield application.url_for(rule.endpoint, **named)


def _visit(application: Flask, who: str) -> FlaskClient:
    client = application.test_client()
    if who:
        told = client.get("/api/v1/session").get_json()
        headers = {"X-CSRFToken": told["csrf_token"]}
        assert client.post(f"/personas/{who}", headers=headers).status_code == 302
    return client


def _time_first(visitors: dict[str, FlaskClient], paths: list[str]) -> Timed | None:
    """Time the first of *paths* that is shown to a visitor; None if it leads elsewhere."""
    is_elsewhere = False
    for path in paths:
        for who, client in visitors.items():
            status = client.get(path).status_code
            if status == 200:
                return _time(client, path, who)
            is_elsewhere |= bool(who) and status == 302
    assert is_elsewhere, f"nobody is shown {paths}"
    return None


def _time(client: FlaskClient, path: str, who: str) -> Timed:
    walls, cpus = [], []
    started = time.perf_counter()
    answer = client.get(path)
    is_slow = (time.perf_counter() - started) * 1e3 > SLOW_MS
    for _ in range(TIMES_SLOW if is_slow else TIMES):
        wall, cpu = time.perf_counter(), time.thread_time()
        answer = client.get(path)
        cpus.append((time.thread_time() - cpu) * 1e3)
        walls.append((time.perf_counter() - wall) * 1e3)
        assert answer.status_code == 200, path
    return Timed(
        path,
        who or "public",
        round(statistics.median(walls), 1),
        round(_p95(walls), 1),
        round(_p95(cpus), 1),
        round(len(answer.data) / 1024, 1),
    )


def _p95(values: list[float]) -> float:
    return sorted(values)[-(-len(values) * 95 // 100) - 1]


def main() -> None:
    """Build a ledger that is thrown away, time each page, print a table; exit 1 on a miss."""
    with tempfile.TemporaryDirectory(prefix="yn-bench-pages-") as scratch:
        home = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch)
        if not (home / "figures.json").exists():
            started = time.perf_counter()
            counted = build(home)
            print(f"built in {time.perf_counter() - started:.0f} s: {counted}")
        missed = 0
        print(f"{'p50 ms':>8} {'p95 ms':>8} {'CPU p95':>8} {'KiB':>8}  page, shown to")
        for timed in measure(home):
            missed += timed.p95_ms > MUST_MS
            print(
                f"{timed.p50_ms:8} {timed.p95_ms:8} {timed.cpu_p95_ms:8} {timed.kib:8}  "
                f"{timed.path}, {timed.who}{'  MISS' if timed.p95_ms > MUST_MS else ''}",
                flush=True,
            )
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
