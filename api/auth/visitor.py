"""
Who is asking: the public, a signed-in person, or a program with a person's key.

Roles are read from the ledger at each request, so that a removed role ends at once.
"""

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from api.auth.keys import ApiKey
from api.auth.sessions import Session
from ledger.subject import ANYWHERE
from ledger.tables import RoleGrantRow


@dataclass(frozen=True, slots=True)
class Visitor:
    """
    Who is asking, and what they may in this instant.

    *person* is empty for the public. *grants* are the roles and scopes in force. *scopes* are those
    of the API key that was used, None for a session, which has them all.
    """

    person: str
    grants: frozenset[tuple[str, str]]
    scopes: frozenset[str] | None
    name: str
    language: str
    method: Literal["session", "key", "none"]


PUBLIC = Visitor(person="", grants=frozenset(), scopes=None, name="", language="zh", method="none")
"""Whoever has not signed in."""


def visitor_of(ledger: sa.Connection, found: Session | ApiKey) -> Visitor:
    """
    Return the visitor of a session or key in force, with the roles *ledger* grants now.

    *ledger* is a reading connection of the ledger. A key has only the roles that its person has
    for the key's owner.
    """
    grants = grants_of(ledger, found.person)
    if isinstance(found, ApiKey) and found.owner != ANYWHERE:
        grants = frozenset(grant for grant in grants if grant[1] == found.owner)
    return Visitor(
        person=found.person,
        grants=grants,
        scopes=found.scopes,
        name=found.name,
        language=found.language,
        method=found.method,
    )


def grants_of(ledger: sa.Connection, person: str) -> frozenset[tuple[str, str]]:
    """Return the roles of *person* in force, each with its scope."""
    rows = ledger.execute(
        sa.select(RoleGrantRow.role, RoleGrantRow.scope).where(
            RoleGrantRow.person == person, RoleGrantRow.revoked_by.is_(None)
        )
    )
    return frozenset((role, scope) for role, scope in rows)
