"""
Faults of the database: which are worth another try, and which are certain to have had no effect.

Everything else leaves the outcome open, and the id of the command decides it.
"""

import sqlite3

from ledger.errors import Refused
from ledger.pending import CommandFailed
from ledger.storage import storage_fault

TRIES_MAX = 3
"""How often a batch is tried that the database asks to send again, the first time included."""

_SEND_AGAIN = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the server has rolled back, and says to try again."""

_LIMIT_EXCEEDED = "54"
"""PostgreSQL's class of codes for what is too large or too complex, which its driver mixes in."""

LOCK_NOT_AVAILABLE = "55P03"


class DatabaseBusy(Refused):
    """Another process has kept the database locked for too long; nothing has happened."""

    code = "database_busy"
    rule = "REG-65"

    def __init__(self, command_id: str, problem: str) -> None:
        super().__init__(
            f"another process keeps the database locked, and {command_id} has not happened; "
            "send it again in a moment",
            id=command_id,
            problem=problem[:200],
        )


class DatabaseAway(Refused):
    """The database cannot be reached; nothing has happened."""

    code = "database_away"
    rule = "REG-65"

    def __init__(self, command_id: str, problem: str) -> None:
        super().__init__(
            f"the database cannot be reached, and {command_id} has not happened; "
            "send it again in a moment",
            id=command_id,
            problem=problem[:200],
        )


class NotConnected(Exception):
    """The writer could not connect anew; it has sent the database nothing."""


def is_database_fault(error: BaseException) -> bool:
    """
    Return whether *error* is of the database's running, and not of what it was asked.

    A constraint that a command broke is a bug of that command, and so is a value that is larger
    than the database takes.
    """
    if sqlstate_of(error).startswith(_LIMIT_EXCEEDED):
        return False
    driver = getattr(error, "orig", error)
    # By name, since the driver of PostgreSQL need not be installed.
    is_operational = any(kind.__name__ == "OperationalError" for kind in type(driver).__mro__)
    return is_operational or storage_fault(error) is not None


def may_be_of_a_stale_writer(error: BaseException) -> bool:
    """
    Return whether *error* may come of a memory that is not the database's, and had no effect.

    A writer that was put out while it slept numbers its rows as another has numbered others.
    """
    driver = getattr(error, "orig", error)
    is_conflict = any(kind.__name__ == "IntegrityError" for kind in type(driver).__mro__)
    return is_conflict or isinstance(error, CommandFailed)


def sqlstate_of(error: BaseException) -> str:
    """Return PostgreSQL's five letters for *error*; empty where it gave none."""
    return str(_state(error) or "")


def is_to_be_sent_again(error: BaseException) -> bool:
    """Return whether the database has rolled back and asks for another try. Rule: REG-65."""
    return _state(error) in _SEND_AGAIN


def refusal_for(error: BaseException, command_id: str) -> Refused | None:
    """Return the refusal for a fault that is certain to have had no effect, or None."""
    if isinstance(error, NotConnected):
        return DatabaseAway(command_id, str(error))
    driver = getattr(error, "orig", error)
    code = getattr(driver, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_BUSY or _state(error) == LOCK_NOT_AVAILABLE:
        return DatabaseBusy(command_id, str(driver))
    return None


def _state(error: BaseException) -> object:
    return getattr(getattr(error, "orig", error), "sqlstate", None)
