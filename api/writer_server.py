"""
Writer server: the process that owns a ledger and takes commands over a local socket.

Each connection has a thread. It applies together whatever has arrived on its connection meanwhile,
so that several requests under way share a commit, as several callers in one process do. A request
counts as received once its last byte is in the socket: when the server stops, it answers all of
those, and the sender of any other is told by the system that nothing was sent.
"""

import logging
import socket
import struct
from collections.abc import Iterator, Sequence
from itertools import groupby
from threading import Lock, Thread, current_thread
from time import monotonic

import sqlalchemy as sa

from api.program import Program
from api.socket_place import SocketPlace
from api.wire import (
    NOBODY,
    PROTOCOL,
    Answered,
    AskTime,
    Broken,
    Declined,
    Done,
    Failed,
    Frames,
    Greeting,
    Hello,
    Outcomes,
    Request,
    Response,
    Submit,
    Tick,
    Time,
    Told,
    answered,
    build_of,
    declined,
    frame,
    read_request,
)
from api.wire_refusals import BuildMismatch, FrameMalformed
from ledger.apply import EpochStale
from ledger.attest import LedgerNotOpened, ledger_id
from ledger.command import Answer, Command, PayloadMalformed, read_payload_json
from ledger.db import CheckpointFailed, reading
from ledger.errors import Refused
from ledger.faults import DatabaseAway, DatabaseBusy
from ledger.storage import StorageExhausted, StorageFailed
from ledger.tables import LedgerRow
from ledger.writer import KindUnknown, OutcomeUnknown

RECEIVE_BYTES = 1 << 18
CONNECTIONS_MAX = 256
HELLO_SECONDS = 10
"""How long a connection may stay silent before it has said who it is."""

SEND_SECONDS = 20
"""How long a client may leave its answers unread before it is hung up on; the ids tell them."""

_LOG = logging.getLogger(__name__)
_NOT_THE_SENDERS = (
    OutcomeUnknown,
    EpochStale,
    CheckpointFailed,
    StorageExhausted,
    StorageFailed,
    DatabaseBusy,
    DatabaseAway,
)


class Desk:
    """Answers requests on one program; may be asked by several threads."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.build = build_of(program.subjects)

    def answer(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Yield an answer to each request in order; commands of neighbours are applied together."""
        for is_submit, group in groupby(requests, lambda each: isinstance(each, Submit)):
            if is_submit:
                yield from self._submit([each for each in group if isinstance(each, Submit)])
            else:
                yield from map(self._answer_one, group)

    def greet(self, hello: Request) -> Greeting:
        """Return which ledger this is; refuse a client of another build."""
        if not isinstance(hello, Hello):
            raise FrameMalformed("a connection begins with hello")
        if (hello.protocol, hello.build) != (PROTOCOL, self.build):
            raise BuildMismatch(own=hello.build, writer=self.build)
        with reading(self.program.engine) as connection:
            purpose = connection.execute(sa.select(LedgerRow.purpose)).scalar_one_or_none()
            try:
                ledger = ledger_id(connection)
            except LedgerNotOpened:
                ledger = ""
        return Greeting(hello.number, ledger, purpose or "", self.program.writer.epoch, self.build)

    def _answer_one(self, request: Request) -> Response:
        try:
            if isinstance(request, Tick):
                self.program.tick()
                return Done(request.number)
            if isinstance(request, AskTime):
                self.program.require_writer()
                return Time(request.number, self.program.now())
            return self.greet(request)
        except Exception as error:
            return Failed(request.number, _why(error))

    def _submit(self, requests: list[Submit]) -> Iterator[Outcomes]:
        told = [each for request in requests for each in request.commands]
        before = self.program.writer.memory.sequence
        try:
            outcomes = self._outcomes(told)
        except Exception:
            # One command met a bug, and hid the answers of the others. Their ids tell them; what
            # is repeated only by this is not to be told as a repeat.
            outcomes = [self._alone(each, before) for each in told]
        upcoming = iter(outcomes)
        for request in requests:
            yield Outcomes(request.number, [next(upcoming) for _ in request.commands])

    def _outcomes(self, told: list[Told]) -> list[Answered | Declined | Broken]:
        read = [self._read(each) for each in told]
        commands = [each for each in read if isinstance(each, Command)]
        upcoming = iter(self.program.outcomes(commands) if commands else ())
        return [
            _told(next(upcoming)) if isinstance(each, Command) else declined(each) for each in read
        ]

    def _alone(self, told: Told, before: int) -> Answered | Declined | Broken:
        try:
            [outcome] = self._outcomes([told])
        except Exception as error:
            return _why(error)
        if isinstance(outcome, Answered) and outcome.sequence > before:
            return _first(outcome)
        return outcome

    def _read(self, told: Told) -> Command | Refused:
        handler = self.program.subjects.handlers.get(told.kind)
        if handler is None:
            return KindUnknown(told.kind)
        try:
            return Command(told.id, told.actor, read_payload_json(handler.payload, told.payload))
        except RecursionError:
            return PayloadMalformed(told.kind, "it is nested too deep")
        except Refused as refusal:
            return refusal


class WriterServer:
    """A listening socket, a thread for each connection, and an orderly end."""

    def __init__(self, desk: Desk, place: SocketPlace) -> None:
        self.desk = desk
        self.place = place
        self.is_stopping = False
        self._lock = Lock()
        self._connections: dict[Thread, socket.socket] = {}

    def serve(self) -> None:
        """Take connections until `stop` is called, here or in another thread or a signal."""
        try:
            while not self.is_stopping:
                self._begin(self.place.listener.accept()[0])
        except OSError:
            if not self.is_stopping:
                raise
        finally:
            self.place.listener.close()  # those still waiting to be taken learn it at once

    def stop(self) -> None:
        """Take no more connections; `serve` returns."""
        self.is_stopping = True
        self.place.deafen()

    def finish(self, *, seconds: float = 60.0) -> bool:
        """
        Answer what has been received, then hang up; return whether that took under *seconds*.

        What arrives from now on is refused by the system, so that its sender knows that nothing
        has happened.
        """
        assert self.is_stopping
        with self._lock:
            left = list(self._connections)
            for connection in self._connections.values():
                _shut(connection, socket.SHUT_RD)
        until = monotonic() + seconds
        for thread in left:
            thread.join(max(0.0, until - monotonic()))
        return not any(thread.is_alive() for thread in left)

    def _begin(self, connection: socket.socket) -> None:
        with self._lock:
            if self.is_stopping or len(self._connections) >= CONNECTIONS_MAX:
                connection.close()
                return
            thread = Thread(target=self._attend, args=(connection,), daemon=True)
            self._connections[thread] = connection
        thread.start()

    def _attend(self, connection: socket.socket) -> None:
        try:
            _set_timeouts(connection)
            attend(connection, self.desk)
        except OSError as error:  # a client that went away; its ids tell it what happened
            _LOG.info("a web process hung up: %s", error)
        except Exception:
            _LOG.exception("a connection of the writer's failed")
        finally:
            with self._lock:  # so that `finish` never shuts what next has this number
                del self._connections[current_thread()]
                connection.close()


def attend(connection: socket.socket, desk: Desk) -> None:
    """Answer what arrives on one connection until it ends or breaks the protocol."""
    frames = Frames()
    is_known = False
    while arrived := connection.recv(RECEIVE_BYTES):
        requests, fault = _requests(frames, arrived)
        if requests and not is_known:
            stranger = _welcome(connection, desk, requests.pop(0))
            is_known = stranger is None
            fault = stranger or fault
        if requests and is_known:
            _tell(connection, *desk.answer(requests))
        if fault is not None:
            _tell(connection, Failed(NOBODY, declined(fault)))
            return


def _requests(frames: Frames, arrived: bytes) -> tuple[list[Request], Refused | None]:
    """Return the requests that are whole now, and why what follows them is none."""
    requests: list[Request] = []
    try:
        for body in frames.feed(arrived):
            requests.append(read_request(body))  # noqa: PERF401  those before a fault count
    except Refused as fault:
        return requests, fault
    return requests, None


def _welcome(connection: socket.socket, desk: Desk, hello: Request) -> Refused | None:
    try:
        greeting = desk.greet(hello)
    except Refused as refusal:
        return refusal
    _tell(connection, greeting)
    _set_timeout(connection, socket.SO_RCVTIMEO, 0)
    return None


def _tell(connection: socket.socket, *responses: Response) -> None:
    try:
        connection.sendall(b"".join(map(frame, responses)))
    except ConnectionError:
        return  # it has gone; what it sent before is still to be read, and takes effect


def _told(outcome: Answer | Refused) -> Answered | Declined:
    if isinstance(outcome, Refused):
        return _declined(outcome)
    return answered(outcome)


def _first(told: Answered) -> Answered:
    return Answered(
        told.sequence, told.code, told.recorded_at, told.leaf_hash, told.verdict, repeated=False
    )


def _declined(refusal: Refused) -> Declined:
    return declined(refusal, status_class=5 if isinstance(refusal, _NOT_THE_SENDERS) else 4)


def _why(error: Exception) -> Declined | Broken:
    if isinstance(error, Refused):
        return _declined(error)
    _LOG.error("the writer met a bug", exc_info=error)
    return Broken(f"{type(error).__name__}: {error}"[:500])


def _set_timeouts(connection: socket.socket) -> None:
    _set_timeout(connection, socket.SO_RCVTIMEO, HELLO_SECONDS)
    _set_timeout(connection, socket.SO_SNDTIMEO, SEND_SECONDS)


def _set_timeout(connection: socket.socket, option: int, seconds: int) -> None:
    # Of the socket itself: a timeout of Python's is one for both directions.
    connection.setsockopt(socket.SOL_SOCKET, option, struct.pack("@ll", seconds, 0))


def _shut(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError:  # it has hung up by itself
        return
