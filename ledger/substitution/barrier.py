"""
Which origin may serve which purpose: the class barrier as a matrix that a policy pack fills.

A matrix applies to the measures it names; the text behind the default speaks of energy and coal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ledger.asset import Origin
from ledger.errors import Refused


class Purpose(StrEnum):
    """What freed quota is asked to serve."""

    TWO_HIGH = "two_high"
    OTHER = "other"
    RESERVE = "reserve"


class Permission(StrEnum):
    """What a matrix says about one origin and one purpose."""

    ALLOWED = "allowed"
    QUALIFYING_ONLY = "qualifying_only"
    PLANNED_MAJOR_ONLY = "planned_major_only"
    BARRED = "barred"


class ClassBarred(Refused):
    """Quota of this origin may not serve this purpose."""

    code = "class_barred"
    rule = "SUB-03"

    def __init__(self, project: str, *, source: str, origin: Origin, accepted: str) -> None:
        super().__init__(
            f"source {source} of origin {origin} may not serve project {project}: "
            f"origins accepted there are {accepted or 'none'}",
            project=project,
            source=source,
            origin=origin.value,
            accepted=accepted,
        )


class NotQualifying(Refused):
    """Quota freed in two-high trades is asked for a two-high project that does not qualify."""

    code = "not_qualifying"
    rule = "SUB-04"

    def __init__(self, project: str, *, source: str, origin: Origin) -> None:
        super().__init__(
            f"source {source} of origin {origin} serves only new two-high projects that advance "
            f"the industrial base or modernise the chain; {project} has no such finding",
            project=project,
            source=source,
            origin=origin.value,
        )


class PermissionUnknown(Refused):
    """A pack states a permission that the product does not know."""

    code = "permission_unknown"
    rule = "SUB-76"

    def __init__(self, text: str) -> None:
        accepted = ", ".join(Permission)
        super().__init__(
            f"{text!r} is no permission of an origin for a purpose; {accepted} are accepted",
            permission=text,
            accepted=accepted,
        )


def permission_named(text: str) -> Permission:
    """Return the permission that a pack states in one word. Rule: SUB-76."""
    if text not in set(Permission):
        raise PermissionUnknown(text)
    return Permission(text)


@dataclass(frozen=True, slots=True)
class Project:
    """
    A project as the barrier sees it.

    *is_qualifying* is the finding that a two-high project advances the industrial base or
    modernises its chain; *is_planned_major* that the state or province planned it.
    """

    code: str
    purpose: Purpose
    is_qualifying: bool = False
    is_planned_major: bool = False


@dataclass(frozen=True, slots=True)
class Matrix:
    """Origin × purpose → permission for the named measures; what is not listed is barred."""

    permissions: Mapping[tuple[Origin, Purpose], Permission]
    measures: frozenset[str] = frozenset({"energy", "coal"})

    def permission(self, origin: Origin, purpose: Purpose) -> Permission:
        """Return what the matrix says, barred where it is silent."""
        return self.permissions.get((origin, purpose), Permission.BARRED)


def class_barrier(*, two_high_may_serve_others: bool = False) -> Matrix:
    """
    Return Qingdao's barrier, with the municipal switch for two-high quota in other projects.

    Rule: SUB-03, SUB-04.
    """
    allowed, barred, major = (
        Permission.ALLOWED,
        Permission.BARRED,
        Permission.PLANNED_MAJOR_ONLY,
    )
    others = allowed if two_high_may_serve_others else barred
    permissions = {
        (Origin.TWO_HIGH, Purpose.TWO_HIGH): Permission.QUALIFYING_ONLY,
        (Origin.TWO_HIGH, Purpose.OTHER): others,
        (Origin.OTHER, Purpose.TWO_HIGH): barred,
        (Origin.OTHER, Purpose.OTHER): allowed,
        (Origin.RENEWABLE, Purpose.TWO_HIGH): major,
        (Origin.RENEWABLE, Purpose.OTHER): allowed,
        (Origin.GENERAL, Purpose.TWO_HIGH): major,
        (Origin.GENERAL, Purpose.OTHER): allowed,
    }
    reserve = {(origin, Purpose.RESERVE): allowed for origin in Origin}
    return Matrix(permissions | reserve)


def require_permitted(
    project: Project, *, source: str, measure: str, origin: Origin, matrix: Matrix
) -> None:
    """
    Refuse a source whose origin may not serve *project* in *measure*.

    The origin is that of the asset itself, which no transfer changes; so it does not matter how
    many hands a lot has passed through.

    Rule: SUB-03, SUB-04.
    """
    if measure not in matrix.measures:
        return
    permission = matrix.permission(origin, project.purpose)
    if permission is Permission.QUALIFYING_ONLY and not project.is_qualifying:
        raise NotQualifying(project.code, source=source, origin=origin)
    if permission is Permission.BARRED or (
        permission is Permission.PLANNED_MAJOR_ONLY and not project.is_planned_major
    ):
        accepted = _accepted(project, matrix)
        raise ClassBarred(project.code, source=source, origin=origin, accepted=accepted)


def _accepted(project: Project, matrix: Matrix) -> str:
    lawful = {Permission.ALLOWED, Permission.QUALIFYING_ONLY}
    if project.is_planned_major:
        lawful.add(Permission.PLANNED_MAJOR_ONLY)
    return ", ".join(
        origin.value for origin in Origin if matrix.permission(origin, project.purpose) in lawful
    )
