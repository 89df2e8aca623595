"""
Roles: who may act, for whom. Persons are opaque ids; names live outside the ledger.

A role is granted for a scope: one enterprise, one district, or anywhere. The writer checks it at
the moment of effect.
"""

import re
from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger.command import Payload
from ledger.db import require_key_text
from ledger.errors import Refused
from ledger.memory import Memory
from ledger.subject import ANYWHERE, Handler, Result, Role
from ledger.tables import RoleGrantRow
from ledger.versions import NEARER
from ledger.work import Work

SECURITY_OFFICERS_MIN = 2
"""Fewer cannot grant any role, which takes four eyes."""

PERSON = re.compile(r"person:[A-Z0-9][A-Z0-9_-]{0,31}", re.ASCII)


class RoleMissing(Refused):
    """The actor has no role that allows this, for whom it concerns."""

    code = "role_missing"
    rule = "REG-20"

    def __init__(self, actor: str, *, kind: str, needed: str, scope: str) -> None:
        super().__init__(
            f"{actor} may not send {kind} for {scope}; it takes one of: {needed}",
            actor=actor,
            kind=kind,
            needed=needed,
            scope=scope,
        )


class PersonMalformed(Refused):
    """A person id is not of the form person:P001."""

    code = "person_malformed"
    rule = "REG-20"

    def __init__(self, text: str) -> None:
        super().__init__(f"{text[:40]!r} is not a person id such as person:P001", person=text[:40])


class RoleAlreadyGranted(Refused):
    """The person has this role for this scope already."""

    code = "role_already_granted"
    rule = "REG-20"

    def __init__(self, person: str, role: str, scope: str) -> None:
        super().__init__(
            f"{person} is {role} for {scope} already", person=person, role=role, scope=scope
        )


class RoleNotGranted(Refused):
    """The person does not have the role that is to be taken away."""

    code = "role_not_granted"
    rule = "REG-20"

    def __init__(self, person: str, role: str, scope: str) -> None:
        super().__init__(
            f"{person} is not {role} for {scope}", person=person, role=role, scope=scope
        )


class RolesConflict(Refused):
    """The person has a role of another body, and nobody serves two."""

    code = "roles_conflict"
    rule = "REG-23"

    def __init__(self, person: str, role: str, *, other: str, scope: str) -> None:
        super().__init__(
            f"{person} is {other} for {scope} and cannot be {role} as well; name another person, "
            f"or take {other} away first",
            person=person,
            role=role,
            other=other,
            scope=scope,
        )


class LastSecurityOfficers(Refused):
    """Fewer than two security officers would be left, and no role could be granted again."""

    code = "last_security_officers"
    rule = "REG-24"

    def __init__(self, person: str, *, left: int) -> None:
        super().__init__(
            f"without {person} {left} security officers would be left, and granting takes "
            f"{SECURITY_OFFICERS_MIN}; appoint another first",
            person=person,
            left=left,
            needed=SECURITY_OFFICERS_MIN,
        )


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One role of one person for one scope: "*", "enterprise:E001" or "district:370200"."""

    person: str
    role: Role
    scope: str = ANYWHERE


class GrantRoles(Payload, frozen=True):
    """Give roles to persons."""

    kind: ClassVar[str] = "roles.grant"
    grants: tuple[Grant, ...]


class RevokeRole(Payload, frozen=True):
    """Take a role away from a person."""

    kind: ClassVar[str] = "roles.revoke"
    person: str
    role: Role
    scope: str = ANYWHERE


def require_person(text: str) -> None:
    """Refuse an actor who is not of the form of a person. Rule: REG-20."""
    if not PERSON.fullmatch(text):
        raise PersonMalformed(text)


def has_role(memory: Memory, person: str, roles: frozenset[Role], scope: str) -> bool:
    """Return whether *person* has one of *roles* for *scope* or for anywhere."""
    granted = memory.roles.get(person)
    if granted is None:
        return False
    return any((role, scope) in granted or (role, ANYWHERE) in granted for role in roles)


def has_role_anywhere(memory: Memory, person: str, roles: frozenset[Role]) -> bool:
    """Return whether *person* has one of *roles* for any scope at all."""
    return any(role in roles for role, _ in memory.roles.get(person, ()))


def require_role(
    memory: Memory, person: str, *, kind: str, roles: frozenset[Role], scope: str
) -> None:
    """
    Refuse unless *person* has one of *roles* for *scope*.

    Rule: REG-20.
    """
    if not has_role(memory, person, roles, scope):
        needed = ", ".join(sorted(roles))
        raise RoleMissing(person, kind=kind, needed=needed, scope=scope)


def grant_roles(work: Work, payload: GrantRoles) -> Result:
    """Grant each role from now on. Rule: REG-20."""
    for grant in payload.grants:
        grant_one(work, grant)
    return {"granted": len(payload.grants)}


def grant_one(work: Work, grant: Grant) -> None:
    """Grant one role from now on, or refuse it when the person has it already."""
    require_person(grant.person)
    require_key_text(grant.scope)
    granted = work.memory.roles.setdefault(grant.person, set())
    key = (str(grant.role), grant.scope)
    if key in granted:
        raise RoleAlreadyGranted(grant.person, *key)
    if work.is_since(NEARER):
        _require_one_body(grant, granted)
    granted.add(key)
    work.on_refusal(lambda: granted.discard(key))
    work.session.add(
        RoleGrantRow(
            person=grant.person,
            role=key[0],
            scope=key[1],
            granted_by=work.sequence,
            revoked_by=None,
        )
    )


def _require_one_body(grant: Grant, granted: set[tuple[str, str]]) -> None:
    """
    Refuse a role beside one of another body.

    One role may be held for several scopes. Of two roles only those of the administrator and of the
    compliance officer go together, for the same enterprise. Rule: REG-23.
    """
    for role, scope in sorted(granted):
        together = {str(grant.role), role} <= _TOGETHER and grant.scope == scope
        if role != grant.role and not together:
            raise RolesConflict(grant.person, str(grant.role), other=role, scope=scope)


_TOGETHER = frozenset({Role.ENTERPRISE_ADMIN, Role.ENTERPRISE_COMPLIANCE})


def revoke_role(work: Work, payload: RevokeRole) -> Result:
    """
    Take the role away from now on; one person does it alone, because protection is urgent.

    Rule: REG-20, REG-24.
    """
    granted = work.memory.roles.get(payload.person, set())
    key = (str(payload.role), payload.scope)
    if key not in granted:
        raise RoleNotGranted(payload.person, *key)
    if key == _OFFICER and work.is_since(NEARER):
        _require_officers(work.memory, without=payload.person)
    granted.discard(key)
    work.on_refusal(lambda: granted.add(key))
    work.session.execute(
        sa.update(RoleGrantRow)
        .where(
            RoleGrantRow.person == payload.person,
            RoleGrantRow.role == key[0],
            RoleGrantRow.scope == key[1],
            RoleGrantRow.revoked_by.is_(None),
        )
        .values(revoked_by=work.sequence)
    )
    return {}


def _require_officers(memory: Memory, *, without: str) -> None:
    """Refuse to leave fewer than two security officers. Rule: REG-24."""
    left = sum(_OFFICER in granted for granted in memory.roles.values()) - 1
    if left < SECURITY_OFFICERS_MIN:
        raise LastSecurityOfficers(without, left=left)


_OFFICER = (str(Role.SECURITY), ANYWHERE)


def load_roles(connection: sa.Connection, memory: Memory) -> None:
    """Fill *memory* with the grants that have not been revoked."""
    rows = connection.execute(
        sa.select(RoleGrantRow.person, RoleGrantRow.role, RoleGrantRow.scope).where(
            RoleGrantRow.revoked_by.is_(None)
        )
    )
    for person, role, scope in rows:
        memory.roles.setdefault(person, set()).add((role, scope))


ROLE_HANDLERS = (
    Handler(
        GrantRoles,
        grant_roles,
        makers=frozenset({Role.SECURITY}),
        checkers=frozenset({Role.SECURITY}),
    ),
    Handler(RevokeRole, revoke_role, makers=frozenset({Role.SECURITY})),
)
