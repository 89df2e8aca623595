"""
Socket place: the path at which one writer listens, taken for as long as it lives.

A lock on a file beside the socket decides who may listen, since the system lets go of it however
a process ends; a socket that its dead owner left is replaced.
"""

import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import Refused

NAME = "writer.sock"
PATH_BYTES_MAX = 107
"""What a Unix socket's address holds, without its last zero."""

BACKLOG = 128


class SocketTaken(Refused):
    """Another writer listens at this path."""

    code = "socket_taken"
    rule = "REG-08"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"another writer listens at {path}; end it first, or choose another --socket",
            path=str(path),
        )


class SocketPathUnusable(Refused):
    """No socket can be at this path."""

    code = "socket_path_unusable"
    rule = "REG-08"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} cannot be the writer's socket: {problem}; choose another with --socket",
            path=str(path),
            problem=problem,
        )


def socket_path(data: Path | None, given: Path | None) -> Path:
    """Return where the writer's socket is: as given, or in the data directory."""
    return given or (data or Path("data")) / NAME


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Keep the path from any writer for the length of the block, without listening there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _take_lock(path)
    try:
        yield
    finally:
        os.close(lock)


class SocketPlace:
    """A listening socket that only its owner may reach; refused while another writer has it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _require_usable(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _take_lock(path)
        try:
            self.listener = _listen(path)
        except BaseException:
            os.close(self._lock)
            raise

    def deafen(self) -> None:
        """Take no more connections; a thread that waits for one is woken by an OSError."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:  # deaf already
            return

    def close(self) -> None:
        """Remove the socket and let go of the path."""
        self.listener.close()
        self.path.unlink(missing_ok=True)
        os.close(self._lock)


def _require_usable(path: Path) -> None:
    if len(os.fsencode(path)) > PATH_BYTES_MAX:
        raise SocketPathUnusable(path, f"it is longer than {PATH_BYTES_MAX} bytes")
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise SocketPathUnusable(path, "there is a file of another kind")


def _take_lock(path: Path) -> int:
    lock = os.open(
        path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise SocketTaken(path) from None
    return lock


def _listen(path: Path) -> socket.socket:
    """Listen under another name first, so that the path never leads to what is not ready."""
    if _is_alive(path):
        raise SocketTaken(path)
    fresh = path.with_name(path.name[:-1] + ("_" if path.name.endswith("~") else "~"))
    fresh.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(os.fspath(fresh))
        fresh.chmod(0o600)
        listener.listen(BACKLOG)
        fresh.rename(path)
    except BaseException:
        listener.close()
        raise
    return listener


def _is_alive(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True
