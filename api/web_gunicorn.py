"""
gunicorn around the application: several processes at one port, for Linux and macOS.

Its threads read requests for themselves, so every read has a limit; one that trickles holds its
thread for longer, which is why a proxy that buffers requests belongs before it.
"""

import socket
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from api.processes import web_application
from api.settings import Settings
from api.web_server import CONNECTIONS_MAX, FINISH_SECONDS, IDLE_SECONDS

READ_SECONDS = 10
"""How long a client may be silent in the middle of a request."""


class _Application(BaseApplication):  # type: ignore[misc]
    """Opens the application in each worker after the fork, and closes it when the worker ends."""

    def __init__(
        self, opens: Callable[[], AbstractContextManager[Flask]], **options: object
    ) -> None:
        self._opens = opens
        self._options = options
        self._held = ExitStack()
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)
        self.cfg.set("worker_exit", lambda _server, _worker: self._held.close())

    def load(self) -> Flask:
        return self._held.enter_context(self._opens())


def run_gunicorn(
    url: str,
    writer: Path,
    *,
    host: str,
    port: int,
    workers: int,
    threads: int,
    settings: Settings,
) -> None:
    """Serve with gunicorn's threaded workers until it is told to end; does not return."""
    options = gunicorn_options(host=host, port=port, workers=workers, threads=threads)
    _Application(partial(web_application, url, writer, settings), **options).run()


def gunicorn_options(*, host: str, port: int, workers: int, threads: int) -> dict[str, object]:
    """Return how gunicorn is run."""
    return {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "worker_connections": CONNECTIONS_MAX,
        "timeout": IDLE_SECONDS,
        "graceful_timeout": FINISH_SECONDS,
        "keepalive": IDLE_SECONDS,
        "proc_name": "yongneng web",
        "control_socket_disable": True,
        "when_ready": _limit_patience,
    }


def _limit_patience(server: Any) -> None:
    """Give the sockets a limit for each read, which accepted connections inherit."""
    for listener in server.LISTENERS:
        limit = struct.pack("@ll", READ_SECONDS, 0)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
