"""
Damage: what a database raises, or what its rows show, when bytes of it have changed on the disk.

A damaged ledger is not opened. Whoever opens one is told which check failed and where, never by a
bare error of the database.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ledger.errors import Refused
from ledger.finding import Checked


class LedgerDamaged(Refused):
    """A check of the ledger failed before it was opened; it takes no command."""

    code = "ledger_damaged"
    rule = "AUD-45"

    def __init__(self, check: str, where: str, problem: str) -> None:
        super().__init__(
            f"the check of {check} failed at {where}: {problem}; do not go on with this copy: "
            "keep it, and restore a backup",
            check=check,
            where=where,
            problem=problem[:200],
        )


class LedgerHalted(Refused):
    """The verification behind the writer found damage; it takes no command until restarted."""

    code = "ledger_halted"
    rule = "AUD-46"

    def __init__(self, check: str, where: str, problem: str) -> None:
        super().__init__(
            f"no more commands are taken: the check of {check} failed at {where}: {problem}; "
            "end the writer, keep the database as it is, and restore a backup",
            check=check,
            where=where,
            problem=problem[:200],
        )


_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
}
"""SQLite's complaints of the moment or the place; all others, at a start, are of the file."""

_POSTGRES_DAMAGE = ("XX", "58")
"""The classes of SQLSTATE for what PostgreSQL cannot explain about its files, or finds missing."""


def damage_shown(error: BaseException) -> str:
    """Return what a database *error* says of damaged files; nothing if it is of another kind."""
    driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(driver, UnicodeDecodeError):  # in a name of the schema
        return str(driver)
    if type(driver) in (sqlite3.DatabaseError, sqlite3.OperationalError, sqlite3.IntegrityError):
        # Text that is no text is noticed by the driver itself, which gives no code.
        code = getattr(driver, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        return "" if code in _PASSING else str(driver)
    if str(getattr(driver, "sqlstate", None) or "").startswith(_POSTGRES_DAMAGE):
        return str(driver).splitlines()[0]
    return ""


@contextmanager
def naming_damage(where: str) -> Iterator[None]:
    """
    Refuse `ledger_damaged` for what the database raises within, if it is about damaged files.

    *where* says what was being done.
    """
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        shown = damage_shown(error)
        if not shown:
            raise
        raise LedgerDamaged("storage", where, shown) from error


def require_sound(checked: Checked) -> None:
    """Refuse `ledger_damaged`, naming the first check of a self-check that failed. Rule: AUD-45."""
    for check, facts in checked.failed.items():
        raise LedgerDamaged(check, str(facts["where"]), str(facts["problem"]))
