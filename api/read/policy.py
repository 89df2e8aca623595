"""
The policy packs in force, for figures that rest on them: read once for each set of adoptions.
"""

import sqlalchemy as sa

from ledger.adopt import Policy, load_policy
from ledger.memory import Memory
from ledger.tables import LedgerRow, PackRow

KEPT_MAX = 8
_KEPT: dict[tuple[object, ...], Policy] = {}


def policy_of(connection: sa.Connection) -> Policy:
    """Return the packs in force as *connection* sees them; never change what this returns."""
    key = _adoptions(connection)
    found = _KEPT.get(key)
    if found is None:
        found = load_policy(connection, Memory())
        if len(_KEPT) >= KEPT_MAX:
            _KEPT.clear()
        _KEPT[key] = found
    return found


def _adoptions(connection: sa.Connection) -> tuple[object, ...]:
    """Return what identifies the packs: the database, its ledger, and every adoption."""
    ledger = connection.execute(sa.select(LedgerRow.name, LedgerRow.jurisdiction)).first()
    packs = connection.execute(
        sa.select(PackRow.id, PackRow.version, PackRow.adopted_by).order_by(PackRow.adopted_by)
    )
    url = connection.engine.url.render_as_string()
    return (url, *(ledger or ()), *(tuple(row) for row in packs))
