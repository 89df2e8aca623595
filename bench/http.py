"""
The rows of the performance contract for orders over HTTP, beside the same server's trivial JSON.

One waitress with the writer inside, as `serve` is; the clients are another process with connections
kept alive and an API key. The trivial route stands behind the same door: it costs the server, the
key, the roles and the limits, and then answers a constant.
"""

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import migrations
from api.app import create_app
from api.auth.keys import confirm_key, request_key
from api.auth.store import AuthStore
from api.auth.users import add_user
from api.faces import Faces
from api.program import wall_clock
from api.settings import Settings
from api.stream import stop_streams
from api.web_server import Waitress
from bench.ledger import Figures
from bench.market import Floor, office, orders
from ledger.command import Answer, Command
from ledger.days import DAY
from ledger.db import connect, sqlite_url
from ledger.errors import Refused
from ledger.subject import Role

CONNECTIONS = 8
ROUNDS = 5
PER_REQUEST = 50
TRIVIAL = "/api/v1/bench-trivial"
PUBLIC_OPERATION = 63

Call = tuple[str, str, str, str]
"""Method, path, key of the request, body."""

Rates = tuple[float, ...]
"""What was answered a second, in each round."""


class FloorGateway:
    """The gateway to the writer of a market that is measured."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.subjects = floor.subjects

    def outcomes(self, commands: Sequence[Command]) -> list[Answer | Refused]:
        """Apply commands in order."""
        return self.floor.writer.outcomes(commands)

    def tick(self) -> None:
        """Let what is due happen."""
        self.floor.writer.tick()

    def now(self) -> int:
        """Return the ledger's time, which stands still here."""
        return max(self.floor.now, self.floor.writer.memory.now)

    def require_writer(self) -> None:
        """Do nothing: the writer is in this process."""

    @property
    def stopped(self) -> Refused | None:
        """Return why the writer takes no more commands."""
        return self.floor.writer.stopped


def measure_orders(*, calls: int = 400) -> Figures:
    """
    Return orders a second over HTTP, one and fifty to a request, beside trivial JSON and health.

    Rounds alternate, and each ratio is the median of its rounds, so that other work on the machine
    falls on both sides.
    """
    rounds: list[Rates] = []
    with _served() as (port, key), _clients() as pool:
        bodies = _bodies()
        for _ in range(ROUNDS + 1):
            trivial, health = (_gets(path, calls) for path in (TRIVIAL, "/api/v1/health"))
            single = _posts("/api/v1/orders", islice(bodies, calls))
            many = _posts("/api/v1/orders/bulk", _bulk(bodies, calls // 10))
            asked = ((trivial, 1), (health, 1), (single, 1), (many, PER_REQUEST))
            rounds.append(tuple(_rate(pool, port, key, one) * each for one, each in asked))
    return _figures(*zip(*rounds[1:], strict=True))  # the first one warms up


def _figures(trivial: Rates, health: Rates, single: Rates, many: Rates) -> Figures:
    return {
        "trivial_per_second": round(statistics.median(trivial)),
        "health_per_second": round(statistics.median(health)),
        "orders_per_second": round(statistics.median(single)),
        "orders_per_second_in_fifties": round(statistics.median(many)),
        "ratio": _median_ratio(single, trivial),
        "to_health": _median_ratio(single, health),
        "fifty_to_single": _median_ratio(many, single),
    }


def _median_ratio(rates: Rates, references: Rates) -> float:
    pairs = zip(rates, references, strict=True)
    return round(statistics.median(rate / reference for rate, reference in pairs), 2)


def _bodies() -> Iterator[dict[str, str]]:
    for seed in count(1):
        for order in orders(5_000, seed):
            yield {
                "instrument": order.instrument,
                "enterprise": order.enterprise,
                "side": str(order.side),
                "price_fen": str(order.price_fen),
                "quantity_tce": str(order.quantity_tce),
            }


def _bulk(bodies: Iterator[dict[str, str]], requests: int) -> Iterator[dict[str, Any]]:
    for _ in range(requests):
        yield {"items": list(islice(bodies, PER_REQUEST))}


_KEYS = count(1)


def _posts(path: str, bodies: Iterator[dict[str, Any]]) -> list[Call]:
    return [("POST", path, f"bench-{next(_KEYS)}", json.dumps(body)) for body in bodies]


def _gets(path: str, calls: int) -> list[Call]:
    return [("GET", path, "", "")] * calls


@contextmanager
def _clients() -> Iterator[ProcessPoolExecutor]:
    """Give a process of its own for the clients, which must not take the server's interpreter."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


def _rate(pool: ProcessPoolExecutor, port: int, key: str, calls: list[Call]) -> float:
    return pool.submit(drive, port, key, calls).result()


def drive(port: int, key: str, calls: list[Call]) -> float:
    """Send *calls* over several connections and return how many a second were answered."""
    shares = [calls[first::CONNECTIONS] for first in range(CONNECTIONS)]
    failures: list[str] = []
    begin = threading.Barrier(CONNECTIONS + 1)

    def work(share: list[Call]) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.connect()
        begin.wait()
        for method, path, name, body in share:
            headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": name}
            if body:
                headers["Content-Type"] = "application/json"
            connection.request(method, path, body.encode() or None, headers)
            answer = connection.getresponse()
            told = answer.read()
            if answer.status not in (200, 201):
                failures.append(told.decode()[:300])
        connection.close()

    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    begin.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    return len(calls) / (time.perf_counter() - started)


@contextmanager
def _served() -> Iterator[tuple[int, str]]:
    """Serve a market from a directory that is thrown away; give the port and an API key."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yn-bench-")))
        engine = connect(sqlite_url(home))
        stack.callback(engine.dispose)
        migrations.upgrade(engine)
        floor = Floor(engine)
        stack.callback(floor.writer.close)
        auth = stack.enter_context(AuthStore.open(sqlite_url(home)))
        key = _key(auth)
        faces = Faces(
            gateway=FloorGateway(floor),
            engine=engine,
            auth=auth,
            settings=Settings(requests_per_minute=10**9),
        )
        port = stack.enter_context(_listening(faces))
        yield port, key


def _key(auth: AuthStore) -> str:
    """Return an API key of a trader, whom the host has let in."""
    person, now = office(Role.ENTERPRISE_TRADER, 1), wall_clock()
    add_user(auth, "trader", person=person, name="trader", now=now, persona=True)
    key, token = request_key(
        auth,
        person=person,
        owner="*",
        label="bench",
        scopes=("read", "write"),
        allowed=("read", "write"),
        expires_at=now + DAY,
        now=now,
    )
    confirm_key(auth, key.id, by=office(Role.ENTERPRISE_TRADER, 2), now=now)
    return token


@contextmanager
def _listening(faces: Faces) -> Iterator[int]:
    application = create_app(faces)
    faces.matrix.routes["bench_trivial"] = PUBLIC_OPERATION
    application.add_url_rule(TRIVIAL, "bench_trivial", lambda: {"status": "ok"})
    server = Waitress(
        application,
        host="127.0.0.1",
        port=0,
        threads=32,
        ending=lambda: stop_streams(application),
    )
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server.address[1]
    finally:
        server.stop()
        thread.join()
