"""
How the installation stands: how far the ledger is, and how far it is attested.
"""

from typing import Any

import sqlalchemy as sa

from api.instants import read_instant
from api.read.proofs import newest_checkpoint, stated
from ledger.days import SECOND
from ledger.tables import CommandRow, LedgerRow


def purpose(connection: sa.Connection) -> str:
    """Return what the ledger is for: live, demonstration or training; "" before it is opened."""
    found = connection.execute(sa.select(LedgerRow.purpose)).scalar_one_or_none()
    return found or ""


def standing(connection: sa.Connection, now: int) -> dict[str, Any]:
    """
    Return sequence, ledger time *now*, purpose, and size and age of the newest checkpoint.

    The age is in seconds of ledger time since the last command that the checkpoint covers.
    """
    last = connection.execute(sa.select(sa.func.max(CommandRow.sequence))).scalar_one()
    newest = newest_checkpoint(connection)
    age = None
    if newest is not None:
        age = max(0, now - read_instant(stated(newest["note"]).time.isoformat())) // SECOND
    return {
        "sequence": int(last or 0),
        "at": now,
        "purpose": purpose(connection),
        "checkpoint_size": None if newest is None else newest["size"],
        "checkpoint_sequence": None if newest is None else newest["last_sequence"],
        "checkpoint_age_seconds": age,
    }
