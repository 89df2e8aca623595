"""
Streams of market data: one thread a process reads the outbox and hands each event to all readers.

A reader that waits costs a thread of the web server, so their number is bounded; a reader that is
slow costs memory, so what waits for it is bounded too, and past that it is dropped and told where
to go on. Rule: API-11.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from threading import Condition, Event, Lock, Thread
from time import monotonic

import sqlalchemy as sa
from flask import Flask

from api.read import market_events
from api.read.market_events import Changes, Position, changes, head, standing
from ledger.errors import Refused

EXTENSION = "yongneng-streams"
POLL_SECONDS = 0.1
HEARTBEAT_SECONDS = 15.0
RETRY_SECONDS = 5

WAITING_MAX = 2_000
WAITING_BYTES_MAX = 1 << 20
"""What may wait for one reader: events, and octets of them; one larger event alone may too."""

HEARTBEAT = b": still here\n\n"

_LOG = logging.getLogger(__name__)

Read = Callable[[], AbstractContextManager[sa.Connection]]
Encode = Callable[[market_events.Event], bytes]
Sent = tuple[Position, bytes]


class StreamsFull(Refused):
    """This process serves as many streams as it may."""

    code = "streams_full"
    rule = "API-11"

    def __init__(self) -> None:
        super().__init__(
            "as many follow the market here as may; try again later, or ask for changes instead",
            retry_after_seconds=RETRY_SECONDS,
        )


class Stream:
    """
    What waits for one reader of one instrument, from *joined_at* on.

    It ends by `end`, or by itself when more waits than may: then it *is_dropped*, holding nothing.
    """

    def __init__(self, instrument: str, joined_at: Position) -> None:
        self.instrument = instrument
        self.joined_at = joined_at
        self.is_dropped = False
        self.is_ended = False
        self._waiting: deque[Sent] = deque()
        self._bytes = 0
        self._changed = Condition()

    def offer(self, events: Sequence[Sent]) -> None:
        """Let *events* wait for the reader, or drop it if they are too many."""
        if not events:
            return
        with self._changed:
            if self.is_dropped or self.is_ended:
                return
            self._waiting.extend(events)
            self._bytes += sum(len(body) for _, body in events)
            is_large = self._bytes > WAITING_BYTES_MAX and len(self._waiting) > 1
            if is_large or len(self._waiting) > WAITING_MAX:
                self.is_dropped = True
                self._waiting.clear()
            self._changed.notify()

    def take(self, seconds: float) -> list[Sent]:
        """Return what waits, or nothing after some *seconds*, or when the stream is over."""
        with self._changed:
            if not (self._waiting or self.is_over):
                self._changed.wait(seconds)
            taken = list(self._waiting)
            self._waiting.clear()
            self._bytes = 0
            return taken

    @property
    def is_over(self) -> bool:
        """Return whether nothing will come any more."""
        return self.is_dropped or self.is_ended

    def end(self) -> None:
        """Let nothing come any more."""
        with self._changed:
            self.is_ended = True
            self._changed.notify()


class Streams:
    """
    All streams of one process and, while there is any, the thread that feeds them.

    *read* gives a snapshot of the ledger, *encode* writes an event as readers get it.
    """

    def __init__(self, read: Read, encode: Encode, *, largest: int) -> None:
        self._read = read
        self._encode = encode
        self._largest = largest
        self._lock = Lock()
        self._streams: set[Stream] = set()
        self._position: Position = (0, 0)
        self._thread: Thread | None = None
        self._stopping = Event()

    def __len__(self) -> int:
        return len(self._streams)

    def join(self, instrument: str) -> Stream:
        """
        Return a stream that will have every event from now on; it must be left.

        Refused where as many are open as may be. Rule: API-11.
        """
        with self._lock:
            if self._stopping.is_set() or len(self._streams) >= self._largest:
                raise StreamsFull
            if self._thread is None:
                with self._read() as connection:
                    self._position = head(connection)
                self._thread = Thread(target=self._run, name="streams", daemon=True)
                self._thread.start()
            stream = Stream(instrument, self._position)
            self._streams.add(stream)
            return stream

    def leave(self, stream: Stream) -> None:
        """Forget a stream; with the last one the thread ends too."""
        stream.end()
        with self._lock:
            self._streams.discard(stream)

    def stop(self) -> None:
        """End every stream and the thread; none is opened any more."""
        self._stopping.set()
        with self._lock:
            thread, streams = self._thread, list(self._streams)
        for stream in streams:
            stream.end()
        if thread is not None:
            thread.join()

    def events(self, stream: Stream, after: Position | None) -> Iterator[bytes]:
        """
        Yield what the reader of *stream* gets: first what is past, then what comes.

        *after* is the last event it has; without one it begins with what now stands.
        """
        yield b"retry: %d\n\n" % (RETRY_SECONDS * 1_000)
        last = stream.joined_at
        if after is None or after > last:
            yield from self._begin(stream, is_gap=after is not None)
        else:
            for _, body in self._missed(stream, after):
                yield body
        while not stream.is_over:
            taken = stream.take(HEARTBEAT_SECONDS)
            for position, body in taken:
                yield body
                last = position
            if not (taken or stream.is_over):
                yield HEARTBEAT
        if stream.is_dropped:
            yield gap(last)

    def _begin(self, stream: Stream, *, is_gap: bool) -> Iterator[bytes]:
        if is_gap:
            yield gap(stream.joined_at)
        with self._read() as connection:
            events = standing(connection, stream.instrument, stream.joined_at)
        yield from map(self._encode, events)

    def _missed(self, stream: Stream, after: Position) -> Iterator[Sent]:
        """Yield what happened after one position until the stream was joined."""
        is_more = True
        while is_more and after < stream.joined_at:
            with self._read() as connection:
                found = changes(
                    connection, after, until=stream.joined_at, instruments={stream.instrument}
                )
            for event in found.events:
                yield event.position, self._encode(event)
            after, is_more = found.last, found.is_more

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._stopping.is_set() or not self._streams:
                    self._thread = None
                    return
                shown = {stream.instrument for stream in self._streams}
            began = monotonic()
            is_more = self._feed(shown)
            if not is_more:
                # As long a rest as the reading took, so that looking on never takes a core.
                self._stopping.wait(max(POLL_SECONDS, monotonic() - began))

    def _feed(self, shown: set[str]) -> bool:
        """Hand on what is new; return whether there is more at once."""
        # Whatever it is, a thread that dies would leave every reader waiting for ever.
        try:
            with self._read() as connection:
                found = changes(connection, self._position, shown=shown)
            sent = [(event, self._encode(event)) for event in found.events]
        except Exception:
            _LOG.exception("the market was not read and will be again")
            self._stopping.wait(RETRY_SECONDS)
            return False
        self._hand_on(found, sent)
        return found.is_more

    def _hand_on(self, found: Changes, sent: Sequence[tuple[market_events.Event, bytes]]) -> None:
        with self._lock:
            self._position = found.last
            for stream in self._streams:
                stream.offer(
                    [
                        (event.position, body)
                        for event, body in sent
                        if event.instrument == stream.instrument
                    ]
                )


def gap(last: Position) -> bytes:
    """Return the event that tells a reader to come again, and after which id."""
    text = market_events.position_text(last)
    return b'event: gap\ndata: {"resume_after":"%s"}\n\n' % text.encode()


def streams_of(app: Flask, make: Callable[[], Streams]) -> Streams:
    """Return the streams of *app*, made when the first reader comes."""
    found = app.extensions.get(EXTENSION)
    if found is None:
        found = app.extensions.setdefault(EXTENSION, make())
    assert isinstance(found, Streams)
    return found


def stop_streams(app: Flask) -> None:
    """End what follows the market through *app*; called before its server stops."""
    found = app.extensions.get(EXTENSION)
    if isinstance(found, Streams):
        found.stop()
