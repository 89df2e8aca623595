"""
Writer line: one connection to the writer, shared by the threads of a web process.

A request that could not be handed to the system whole has not happened: the writer applies whole
frames only. One that was handed over is answered, or its slot is told that the answer is lost.
"""

import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from time import monotonic

from api.wire import (
    ANSWER_BYTES_MAX,
    NOBODY,
    PROTOCOL,
    Broken,
    Declined,
    Failed,
    Frames,
    Greeting,
    Hello,
    Response,
    frame,
    read_response,
)
from api.wire_refusals import RefusedElsewhere
from ledger.errors import Refused

CONNECT_SECONDS = 5
SEND_SECONDS = 20
RECEIVE_BYTES = 1 << 18


class WriterAway(Refused):
    """The writer cannot be reached; nothing has happened."""

    code = "writer_away"
    rule = "REG-08"

    def __init__(self, problem: str) -> None:
        super().__init__(
            "the writer of this ledger cannot be reached, and nothing has happened; "
            "send the same again in a moment",
            problem=problem[:200],
        )


@dataclass(frozen=True, slots=True)
class Lost:
    """The answer to a request that was sent will not come, or has not come in time."""

    problem: str


class Slot:
    """Where the answer to one request is put, and waited for by the one who sent it."""

    __slots__ = ("_filled", "_response", "connection")

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self._response: Response | Lost = Lost("the writer did not answer in time")
        self._filled = Lock()
        self._filled.acquire()

    def fill(self, response: Response | Lost) -> None:
        """Put the answer in and wake who waits for it; only once."""
        self._response = response
        self._filled.release()

    def wait(self, seconds: float) -> Response | Lost:
        """Return the answer, or that it is lost after so many seconds."""
        self._filled.acquire(timeout=seconds)
        return self._response


class WriterLine:
    """Sends requests on a connection that is made when it is needed, and made anew when broken."""

    def __init__(self, path: Path, build: str) -> None:
        self.path = path
        self.build = build
        self._lock = Lock()
        self._connection: Connection | None = None
        self._failed_at = 0.0

    def greeting(self) -> Greeting:
        """Return what the writer said when this line was opened. Refusals: as `send`."""
        return self._locked_open(monotonic()).greeting

    def send(self, body: bytes, number: int, *, after: Slot | None = None) -> Slot:
        """
        Hand a frame to the system whole; return where its answer will be.

        With *after* it goes only where that one went, so that it cannot overtake it. Refusals:
        `writer_away` and `build_mismatch`; nothing has happened then.
        """
        asked_at = monotonic()
        connection = after.connection if after else self._locked_open(asked_at)
        try:
            return connection.send(body, number)
        except ConnectionError as error:
            if after is not None:
                raise WriterAway(str(error)) from error
        except OSError as error:
            raise WriterAway(str(error)) from error
        # The writer was started anew since the last request: nothing of this one has reached it.
        try:
            return self._locked_open(asked_at).send(body, number)
        except OSError as error:
            raise WriterAway(str(error)) from error

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _locked_open(self, asked_at: float) -> "Connection":
        with self._lock:
            if self._connection is None or self._connection.is_over:
                if self._failed_at >= asked_at:  # another has just tried while we waited
                    raise WriterAway("no answer")
                self._connection = None
                self._connection = self._open()
            return self._connection

    def _open(self) -> "Connection":
        try:
            return Connection(self.path, self.build)
        except OSError as error:
            self._failed_at = monotonic()
            raise WriterAway(str(error)) from error


class Connection:
    """One connection from hello to hang-up, with the slots of all that is under way on it."""

    def __init__(self, path: Path, build: str) -> None:
        self.is_over = False
        self._sending = Lock()
        self._slots: dict[int, Slot] = {}
        self._guard = Lock()
        self._frames = Frames(ANSWER_BYTES_MAX)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.greeting = self._greet(path, build)
        except BaseException:
            self._socket.close()
            raise
        self._reader = Thread(target=self._read, name="writer-line", daemon=True)
        self._reader.start()

    def send(self, body: bytes, number: int) -> Slot:
        """Send one whole frame; an OSError says that nothing of it counts."""
        slot = Slot(self)
        with self._guard:
            if self.is_over:
                raise ConnectionError("the writer has hung up")
            self._slots[number] = slot
        try:
            with self._sending:
                self._socket.sendall(body)
        except OSError:
            with self._guard:
                self.is_over = True
                self._slots.pop(number, None)
            # A frame in part would spoil all that follow; but answers may still be coming.
            _shut(self._socket, socket.SHUT_WR)
            raise
        return slot

    def close(self) -> None:
        """Hang up and wait for the reader to end."""
        _shut(self._socket, socket.SHUT_RDWR)
        self._reader.join()

    def _greet(self, path: Path, build: str) -> Greeting:
        self._socket.settimeout(CONNECT_SECONDS)
        self._socket.connect(os.fspath(path))
        self._socket.sendall(frame(Hello(NOBODY, PROTOCOL, build)))
        response = next(self._responses(), None)
        if response is None:
            raise ConnectionError("the writer hung up before it said hello")
        if isinstance(response, Failed):
            raise error_of(response.why)
        assert isinstance(response, Greeting)
        self._socket.settimeout(None)
        # Of the socket itself: a timeout of Python's would be one for the reader as well.
        timeout = struct.pack("@ll", SEND_SECONDS, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
        return response

    def _responses(self) -> Iterator[Response]:
        while arrived := self._socket.recv(RECEIVE_BYTES):
            for body in self._frames.feed(arrived):
                yield read_response(body)

    def _read(self) -> None:
        problem = "the writer has hung up"
        try:
            for response in self._responses():
                with self._guard:
                    slot = self._slots.pop(response.number, None)
                if slot is not None:  # nobody waits for what came too late
                    slot.fill(response)
        except (OSError, Refused) as error:
            problem = str(error)
        finally:
            self._end(problem)

    def _end(self, problem: str) -> None:
        with self._guard:
            self.is_over = True
            slots, self._slots = self._slots, {}
        _shut(self._socket, socket.SHUT_RDWR)
        with self._sending:  # a sender in between could write to what next has this number
            self._socket.close()
        for slot in slots.values():
            slot.fill(Lost(problem))


def error_of(why: Declined | Broken) -> Refused | AssertionError:
    """Return what the writer met as it is raised here: a refusal, or a bug of its own."""
    if isinstance(why, Declined):
        return RefusedElsewhere(why)
    return AssertionError(f"the writer met a bug: {why.problem}")


def _shut(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError:  # the writer was first
        return
