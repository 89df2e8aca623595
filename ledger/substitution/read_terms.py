"""
The terms that a project's policy packs set for its substitution, read on one day.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from ledger.adopt import Policy
from ledger.asset import Origin
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.policy import (
    Found,
    ParameterMissing,
    as_fraction,
    as_switch,
    as_text,
    as_texts,
)
from ledger.substitution.barrier import (
    Matrix,
    Permission,
    Purpose,
    class_barrier,
    permission_named,
)
from ledger.substitution.tables import ProjectRow
from ledger.versions import RIGHTS
from ledger.work import Work


@dataclass(slots=True)
class Reader:
    """The packs that govern one district on one day, and which of them have spoken."""

    policy: Policy
    pack: str
    on: date
    versions: set[str] = field(default_factory=set)

    def find(self, key: str) -> Found:
        """Return the value of *key* in force, or refuse."""
        found = self.policy.find(self.pack, key, self.on)
        self.versions.add(f"{found.pack_id}@{found.version}")
        return found

    def optional(self, key: str) -> Found | None:
        """Return the value of *key*, or None where no pack sets what is asked for only by some."""
        try:
            return self.find(key)
        except ParameterMissing:
            return None

    def first(self, *keys: str) -> Found:
        """Return the first of *keys* that any pack gives; the last must be given."""
        for key in keys[:-1]:
            if (found := self.optional(key)) is not None:
                return found
        return self.find(keys[-1])


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What substitution asks of one project.

    *families* are the measures that must be substituted, *ratios* are by full measure, and
    *pack_version* names each pack that gave a value.
    """

    families: tuple[str, ...]
    ratios: dict[str, Fraction]
    is_reducing: bool
    matrix: Matrix
    pool: str
    pack_version: str


class SaturationNotStated(Refused):
    """Whether a trade has to substitute depends on a finding that nobody made."""

    code = "saturation_not_stated"
    rule = "SUB-80"

    def __init__(self, project: str) -> None:
        super().__init__(
            f"a trade substitutes here where its capacity is saturated, and nobody says so of "
            f"{project}: state saturated or not_saturated",
            project=project,
        )


class SubstitutionNotRequired(Refused):
    """The trade is not saturated, so the project passes by its admission and not by this."""

    code = "substitution_not_required"
    rule = "SUB-80"

    def __init__(self, project: str) -> None:
        super().__init__(
            f"the trade of {project} is not saturated, so it has nothing to substitute; it is "
            "admitted by the gate for new projects",
            project=project,
        )


def reader_of(work: Work, project: ProjectRow) -> Reader:
    """Return the packs that govern the district of *project* today."""
    district = work.memory.cache(Parties).district(project.district)
    return Reader(work.memory.cache(Policy), district.pack, day_of(work.now))


def terms_of(
    work: Work, project: ProjectRow, measures: Iterable[str], *, capacity: str = ""
) -> Terms:
    """
    Return the terms for *project*, which adds *measures*, today.

    *capacity* is the finding on the trade where the pack makes substitution depend on it.

    Rule: SUB-56.
    """
    reader = reader_of(work, project)
    families = _families(work, project, reader, capacity)
    asked = [measure for measure in measures if family_of(measure) in families]
    ratios = {measure: ratio_of(reader, project, family_of(measure)) for measure in asked}
    is_reducing = as_switch(reader.find("substitution.reduction_required"))
    matrix = matrix_of(reader) if work.is_since(RIGHTS) else _matrix(reader)
    pool = pool_of(reader)
    return Terms(families, ratios, is_reducing, matrix, pool, ", ".join(sorted(reader.versions)))


def _families(work: Work, project: ProjectRow, reader: Reader, capacity: str) -> tuple[str, ...]:
    """Return the measures to substitute; in Anshun only a saturated trade has any. SUB-80."""
    depends = reader.optional("substitution.applies_when") if work.is_since(RIGHTS) else None
    if depends is None or as_text(depends) != "capacity_saturated":
        return as_texts(reader.find("substitution.measures"))
    if not capacity:
        raise SaturationNotStated(project.id)
    if capacity != "saturated":
        raise SubstitutionNotRequired(project.id)
    return as_texts(reader.find("substitution.measures_when_saturated"))


def family_of(measure: str) -> str:
    """Return the family of a measure: capacity-clinker is of capacity."""
    return measure.split("-")[0]


def ratio_of(reader: Reader, project: ProjectRow, family: str) -> Fraction:
    """Return the ratio at which a family of measures is substituted: the most particular given."""
    keys = [f"substitution.ratio.{family}"]
    if family == "pollutant" and project.pollutant_standard == "failed":
        keys.insert(0, "substitution.ratio.pollutant_standard_failed")
    if project.industry:
        keys.insert(0, f"substitution.ratio.{family}.{project.industry}")
    return as_fraction(reader.first(*keys))


def _matrix(reader: Reader) -> Matrix:
    if not as_switch(reader.find("substitution.class_barrier")):
        return Matrix({}, measures=frozenset())
    matrix = class_barrier(two_high_may_serve_others=_two_high_may_serve_others(reader))
    if as_switch(reader.find("substitution.qualifying_only")):
        return matrix
    any_two_high = {(Origin.TWO_HIGH, Purpose.TWO_HIGH): Permission.ALLOWED}
    return Matrix({**matrix.permissions, **any_two_high})


def pool_of(reader: Reader) -> str:
    """Return the area whose sources are pooled: district, city or province. Rule: SUB-54."""
    return as_text(reader.find("substitution.pool_area"))


def matrix_of(reader: Reader) -> Matrix:
    """Return which origin may serve what: every permission that a pack states. Rule: SUB-76."""
    matrix = _matrix(reader)
    stated: dict[tuple[Origin, Purpose], Permission] = {}
    for origin in Origin:
        for purpose in Purpose:
            found = reader.optional(f"substitution.permission.{origin}.{purpose}")
            if found is not None:
                stated[origin, purpose] = permission_named(as_text(found))
    return Matrix({**matrix.permissions, **stated}, matrix.measures)


def _two_high_may_serve_others(reader: Reader) -> bool:
    """Return the municipal switch; where no pack has it the barrier stands. Rule: SUB-03."""
    try:
        return as_switch(reader.find("substitution.two_high_may_serve_others"))
    except ParameterMissing:
        return False
