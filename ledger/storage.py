"""
What a database error says of the disk: nothing, that it is full, or that it failed.

A full disk is certain: the database has undone the transaction, and once there is room the same
command succeeds. After a failed write or sync nobody knows what the disk holds, and the system
forgets the error: whoever tries again is told that all is well. So the writer stops.
"""

import sqlalchemy as sa

from ledger.errors import Refused


class StorageExhausted(Refused):
    """There is no room for this on the disk; nothing of it is stored. Rule: REG-58."""

    code = "storage_exhausted"
    rule = "REG-58"

    def __init__(self, problem: str) -> None:
        super().__init__(
            "the disk is full and nothing of this was stored; make room, then send it again with "
            "the same id",
            problem=problem[:200],
        )


class StorageFailed(Refused):
    """The disk has failed; no command is taken until the writer is restarted. Rule: REG-59."""

    code = "storage_failed"
    rule = "REG-59"

    def __init__(self, problem: str) -> None:
        super().__init__(
            "the disk has failed and nothing of this was stored; check it, restart the writer and "
            "send this again with the same id",
            problem=problem[:200],
        )


_SQLITE_FULL = "SQLITE_FULL"
_SQLITE_FAILED = ("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_READONLY")
"""Beginnings of names: an extended name says which of many calls has failed."""

_POSTGRES_FULL = "53100"
_POSTGRES_FAILED = frozenset({"58030", "XX001", "XX002"})
"""An I/O error, a corrupted table, a corrupted index."""


def storage_fault(error: BaseException | None) -> StorageExhausted | StorageFailed | None:
    """
    Return the refusal that follows from a database *error*, None if it is not the disk's.

    SQLite undoes the whole transaction at such a fault, so that whoever then rolls back to a
    savepoint meets another error, which hides the first: it is its context.
    """
    while error is not None:
        found = _fault(error.orig if isinstance(error, sa.exc.DBAPIError) else error)
        if found is not None:
            return found
        error = error.__cause__ or error.__context__
    return None


def _fault(driver: BaseException | None) -> StorageExhausted | StorageFailed | None:
    name = getattr(driver, "sqlite_errorname", None) or getattr(driver, "sqlstate", None) or ""
    problem = f"{name}: {driver}"
    if name in (_SQLITE_FULL, _POSTGRES_FULL):
        return StorageExhausted(problem)
    if name.startswith(_SQLITE_FAILED) or name in _POSTGRES_FAILED:
        return StorageFailed(problem)
    return None
