"""
Web server: waitress around the application, with an orderly end and bounded patience.

A request is taken in whole before a thread is given to it, so one that stalls costs a connection
and no thread.
"""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any

from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

IDLE_SECONDS = 30
"""How long a connection may be silent, in a request or between two, before it is closed."""

CLEAN_SECONDS = 5
CONNECTIONS_MAX = 500
"""Under the 1,024 open files that many systems allow a process."""

FINISH_SECONDS = 10
WAKE_SECONDS = 1.0

HEADER_BYTES_MAX = 64 << 10
BODY_BYTES_MAX = 16 << 20
"""Of any request at all; the application has stricter limits of its own."""


@contextmanager
def ended_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call *stop* at the first SIGTERM or SIGINT; a second one ends the process at once."""
    numbers = (signal.SIGTERM, signal.SIGINT)

    def stop_once(_number: int, _frame: FrameType | None) -> None:
        for number, former in before.items():
            signal.signal(number, former)
        stop()

    before = {number: signal.signal(number, stop_once) for number in numbers}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


class Waitress:
    """
    One waitress server; *port* 0 takes any that is free, `address` tells which.

    *ending* is called when the end begins, to let go of the readers of streams.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        *,
        host: str,
        port: int,
        threads: int,
        ending: Callable[[], None] = lambda: None,
    ) -> None:
        self._ending = ending
        self._map: dict[int, Any] = {}
        self._is_stopping = False
        self._server = create_server(
            application,
            map=self._map,
            host=host,
            port=port,
            threads=threads,
            ident="yongneng",
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=CLEAN_SECONDS,
            connection_limit=CONNECTIONS_MAX,
            asyncore_use_poll=hasattr(socket, "AF_UNIX"),
            max_request_header_size=HEADER_BYTES_MAX,
            max_request_body_size=BODY_BYTES_MAX,
            clear_untrusted_proxy_headers=True,
        )

    @property
    def address(self) -> tuple[str, int]:
        """Return the host and port at which it listens."""
        [first, *_] = self._listeners()
        return str(first.effective_host), int(first.effective_port)

    def serve(self) -> None:
        """Serve until `stop` is called; then answer what has been received, and hang up."""
        while not self._is_stopping:
            self._turn(WAKE_SECONDS)
        for listener in self._listeners():
            wasyncore.dispatcher.close(listener)
        self._ending()
        until = monotonic() + FINISH_SECONDS
        while self._close_idle() and monotonic() < until:
            self._turn(0.05)
        self._server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map)

    def stop(self) -> None:
        """Let `serve` come to its end; may be called by a signal or another thread."""
        self._is_stopping = True

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(seconds, use_poll=hasattr(socket, "AF_UNIX"), map=self._map, count=1)

    def _listeners(self) -> list[BaseWSGIServer]:
        return [each for each in self._map.values() if isinstance(each, BaseWSGIServer)]

    def _close_idle(self) -> bool:
        """Close the connections on which nothing is under way; return whether any is left."""
        channels = [each for each in self._map.values() if isinstance(each, HTTPChannel)]
        for channel in channels:
            if not channel.requests and not channel.total_outbufs_len:
                channel.will_close = True
        return bool(channels)
