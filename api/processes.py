"""
Processes: what `serve`, `writer` and `web` put together, and how each comes to its end.

`serve` is writer and web in one process. `writer` owns the ledger and listens on a socket; any
number of `web` beside it read the database themselves and send commands there.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from api.gateway import Gateway
from api.production import look_at_production
from api.program import Program, reading_engine, subjects, wall_clock
from api.pulse import Pulse
from api.settings import Settings
from api.socket_gateway import SocketGateway
from api.standby import Turn, place_for, turn_to_write
from api.verifying import How, Verifying, Watching
from api.web_server import Waitress, ended_by_signals
from api.wire_refusals import LedgerMismatch
from api.writer_line import WriterAway
from api.writer_server import Desk, WriterServer
from ledger.apply import EpochStale
from ledger.attest import LedgerNotOpened, Profile, ledger_id
from ledger.db import reading
from ledger.writer import Clock

if TYPE_CHECKING:
    from flask import Flask

Say = Callable[[str], None]
"""Tells the operator something."""


def run_writer(
    url: str,
    socket: Path,
    *,
    key: Path,
    say: Say,
    turn: Turn = Turn.IF_FREE,
    is_production: bool = False,
    how: How = How.TAIL,
    profile: Profile = Profile.SHA256,
) -> None:
    """
    Own the ledger at *url* and serve it at *socket* until told to end, when it is its *turn*.

    *how* says how much is verified first. Refusals: `socket_taken`, `ledger_in_use`,
    `production_unsafe`, `ledger_damaged`, `ledger_rolled_back`; `epoch_stale` when another process
    takes the ledger over.
    """
    verifying = Verifying(how, key)
    look_at_production(url, is_production=is_production, say=say)
    with ExitStack() as stack:
        server = _server_in_turn(stack, url, socket, verifying, turn=turn, say=say)
        if server is None:
            return
        program = server.desk.program
        beating = _beating(program, verifying, server.stop, profile)
        with ended_by_signals(server.stop), beating:
            say(f"the writer listens at {socket}")
            server.serve()
            if not server.finish():
                say("some connections did not take their answers; their ids tell them")


def _server_in_turn(
    stack: ExitStack, url: str, socket: Path, verifying: Verifying, *, turn: Turn, say: Say
) -> WriterServer | None:
    """Return a server that has the ledger and the socket; None for who was told to end."""
    stopping = Event()
    with ExitStack() as waiting:
        if turn is Turn.STANDBY:
            waiting.enter_context(ended_by_signals(stopping.set))
            subjects()  # whatever can be done before is not done while nobody serves
            say("standing by until the writer of this ledger is gone")
        # Before the lease, so that a second writer by mistake does not put the first one out.
        waiting.enter_context(turn_to_write(url, turn, stopping))
        place = place_for(socket, turn, stopping)
        if place is None:
            return None
        stack.callback(place.close)
        program = Program(url, holder="writer", verifying=verifying)
        stack.callback(program.close)
        return WriterServer(Desk(program), place)


def run_all(
    url: str, *, key: Path, lock: Path, host: str, port: int, threads: int, settings: Settings,
    say: Say, is_production: bool = False, how: How = How.TAIL, profile: Profile = Profile.SHA256,
) -> None:  # fmt: skip
    """
    Own the ledger at *url* and serve its pages and REST until told to end.

    *how* says how much is verified first. Refusals: `socket_taken`, `ledger_in_use`,
    `production_unsafe`, `ledger_damaged`, `ledger_rolled_back`, `epoch_stale`.
    """
    verifying = Verifying(how, key)
    look_at_production(url, is_production=is_production, say=say)
    with ExitStack() as stack:
        stack.enter_context(_alone(lock))
        clock = clock_of(url)
        with turn_to_write(url, Turn.IF_FREE, Event()):
            program = Program(url, clock=clock, holder="serve", verifying=verifying)
        stack.callback(program.close)
        application = stack.enter_context(application_of(url, program, settings, clock))
        server = _server(application, host=host, port=port, threads=threads)
        beating = _beating(program, verifying, server.stop, profile)
        with ended_by_signals(server.stop), beating:
            _tell_address(server, say)
            server.serve()


def run_web(
    url: str, socket: Path, *, host: str, port: int, threads: int, settings: Settings, say: Say
) -> None:
    """Serve pages and REST with waitress; commands go to the writer at *socket*."""
    with web_application(url, socket, settings) as application:
        server = _server(application, host=host, port=port, threads=threads)
        with ended_by_signals(server.stop):
            _tell_address(server, say)
            server.serve()


@contextmanager
def web_application(url: str, socket: Path, settings: Settings) -> "Iterator[Flask]":
    """
    Give the application of a process that only serves; commands go to the writer at *socket*.

    A writer that is not there yet may come later. Refusals: `build_mismatch`, `ledger_mismatch`.
    """
    gateway = SocketGateway(socket, subjects())
    try:
        require_same_ledger(url, gateway)
        with application_of(url, gateway, settings) as application:
            yield application
    finally:
        gateway.close()


def clock_of(url: str) -> Clock:
    """Return the clock for the ledger at *url*: the wall's, or where a played history ended."""
    from api.demo.clock import clock_for

    engine = reading_engine(url)
    try:
        with reading(engine) as connection:
            return clock_for(connection, wall=wall_clock)
    finally:
        engine.dispose()


@contextmanager
def application_of(
    url: str, gateway: Gateway, settings: Settings, clock: Clock | None = None
) -> "Iterator[Flask]":
    """
    Give the application over the database at *url*, for as long as the block lasts.

    Where *clock* is a demonstration's, its people are seated and its time can be stepped.
    """
    from api.app import create_app
    from api.auth.store import AuthStore
    from api.demo.clock import StageClock
    from api.demo.personas import seat
    from api.demo.stepping import stepping
    from api.faces import Faces

    engine = reading_engine(url)
    try:
        with AuthStore.open(url) as auth:
            step = None
            if isinstance(clock, StageClock):
                seat(auth)
                step = stepping(gateway, engine, clock)
            yield create_app(Faces(gateway, engine, auth, settings, step=step))
    finally:
        engine.dispose()


def require_same_ledger(url: str, gateway: SocketGateway) -> None:
    """Refuse a writer of another ledger than the one that is read at *url*."""
    try:
        theirs = gateway.greeting().ledger
    except WriterAway:
        return
    engine = reading_engine(url)
    try:
        with reading(engine) as connection:
            own = ledger_id(connection)
    except LedgerNotOpened:
        own = ""
    finally:
        engine.dispose()
    if own != theirs:
        raise LedgerMismatch(own=own, writer=theirs)


@contextmanager
def _beating(
    program: Program, verifying: Verifying, stop: Callable[[], None], profile: Profile
) -> Iterator[None]:
    """Keep pulse and watch for the length of the block; refuse at its end a lease that was lost."""
    pulse = Pulse(program, key=verifying.key, replaced=stop, profile=profile)
    watching = Watching(program.writer, program.engine, verifying)
    pulse.start()
    watching.start()
    try:
        yield
    finally:
        watching.stop()
        pulse.stop()
    if pulse.is_replaced:
        raise EpochStale(program.writer.epoch)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Keep writers off the data directory while `serve` has it, where the system has such locks."""
    try:
        from api.socket_place import hold
    except ImportError:  # Windows: the lease alone decides
        yield
        return
    with hold(lock):
        yield


def _server(application: "Flask", *, host: str, port: int, threads: int) -> Waitress:
    from api.stream import stop_streams

    return Waitress(
        application,
        host=host,
        port=port,
        threads=threads,
        ending=lambda: stop_streams(application),
    )


def _tell_address(server: Waitress, say: Say) -> None:
    host, port = server.address
    say(f"serving at http://{host}:{port}/")
