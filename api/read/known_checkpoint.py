"""
Whether a checkpoint that somebody shows is one that this ledger published.
"""

import sqlalchemy as sa

from api.read.proofs import checkpoint_of, stated
from ledger.note import parse_note


def is_known(connection: sa.Connection, note: str) -> bool:
    """Return whether the ledger has a checkpoint with the very body of *note*."""
    stored = checkpoint_of(connection, stated(note).tree_size)
    return stored is not None and parse_note(stored).body == parse_note(note).body
