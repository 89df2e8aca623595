"""
Who may act for whom: the grants of roles, as history.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from ledger.tables import CommandRow, RoleGrantRow


def grants(person: str, *, scopes: Iterable[str] = (), everything: bool = False) -> sa.Select[Any]:
    """
    Return the query of grants: all, or those of *person* and those for any of *scopes*.

    *revoked_by* is None while a grant is in force.
    """
    query = sa.select(
        *RoleGrantRow.__table__.columns, CommandRow.recorded_at.label("granted_at")
    ).join(CommandRow, CommandRow.sequence == RoleGrantRow.granted_by)
    if everything:
        return query
    own = sa.and_(RoleGrantRow.person == person, sa.literal(person) != "")
    return query.where(sa.or_(own, RoleGrantRow.scope.in_(sorted(scopes))))
