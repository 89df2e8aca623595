"""
Roles: who may act for whom; granted by two security officers, taken away by one.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.door import may_do, reach_of, visitor
from api.read.narrow import narrow
from api.read.roles import grants
from api.rest.fields import Instant, Words
from api.rest.resource import Resource, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.roles import GrantRoles, RevokeRole
from ledger.tables import RoleGrantRow

roles = Resource("roles", __name__, "Roles: who may act for whom")

STAFF, AUDIT = 57, 61
"""Operations of the matrix: to grant roles, and to read who has them."""

RoleGrant = enlarged(item_of(RoleGrantRow), "RoleGrant", granted_at=Instant())


@roles.get("/roles")
@roles.lists(RoleGrant, person=Words, role=Words, scope=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List grants of roles: all to security and audit, otherwise one's own and one's staff's."""
    own = {name: getattr(RoleGrantRow, name) for name in ("person", "role", "scope")}
    keys = [*own.values(), RoleGrantRow.granted_by]
    return page(narrow(_visible(), asked, **own), asked, keys)


@roles.post("/roles")
@roles.takes(GrantRoles)
def grant(document: Mapping[str, Any]) -> Any:
    """Propose to grant roles."""
    return submit(GrantRoles, document)


@roles.post("/roles/revocations")
@roles.takes(RevokeRole)
def revoke(document: Mapping[str, Any]) -> Any:
    """Take a role away at once."""
    return submit(RevokeRole, document)


def _visible() -> sa.Select[Any]:
    audit = reach_of(AUDIT)
    return grants(
        visitor().person,
        scopes=[f"enterprise:{each}" for each in audit.enterprises],
        everything=audit.everything or may_do(STAFF),
    )
