"""
Commands on their way through the writer, each with its answer once there is one.
"""

from threading import Lock

from ledger import versions
from ledger.command import Answer, Command, payload_hash


class Pending:
    """
    A command on its way: its canonical payload, and its answer or failure once there is one.

    *by_writer* marks what the writer sends itself; *recorded_at* and *rules_version* are given in
    replay only.
    """

    __slots__ = (
        "_answer",
        "_failure",
        "_lock",
        "by_writer",
        "command",
        "encoded",
        "hash",
        "is_awaited",
        "is_done",
        "recorded_at",
        "rules_version",
    )

    def __init__(
        self,
        command: Command,
        encoded: bytes,
        *,
        by_writer: bool = False,
        recorded_at: int | None = None,
        rules_version: str | None = None,
    ) -> None:
        self.command = command
        self.encoded = encoded
        self.hash = payload_hash(encoded)
        self.by_writer = by_writer
        self.recorded_at = recorded_at
        self.rules_version = rules_version or versions.RULES_VERSION
        self.is_done = False
        self.is_awaited = False
        self._answer: Answer | None = None
        self._failure: Exception | None = None
        self._lock = Lock()
        self._lock.acquire()

    def answer(self, answer: Answer) -> None:
        """Set the answer; the caller learns of it after the commit."""
        self._answer, self._failure = answer, None

    def fail(self, failure: Exception) -> None:
        """Set what the caller's submit raises instead of an answer."""
        self._answer, self._failure = None, failure

    def outcome(self) -> Answer:
        """Return the answer or raise the failure."""
        if self._failure is not None:
            raise self._failure
        assert self._answer is not None
        return self._answer

    def wait(self) -> None:
        """Sleep until woken: either answered, or to lead."""
        self._lock.acquire()

    def wake(self) -> None:
        """Wake the caller who waits for this command, if one does."""
        if self._lock.locked():
            self._lock.release()


class CommandFailed(Exception):
    """A handler broke an invariant; the batch must be undone and go on without this command."""

    def __init__(self, pending: Pending, cause: Exception) -> None:
        super().__init__(f"{pending.command.kind} {pending.command.id}: {cause!r}")
        self.pending = pending
        self.cause = cause
