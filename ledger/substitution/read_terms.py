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
from ledger.parties.party import Parties
from ledger.policy import (
    Found,
    ParameterMissing,
    as_fraction,
    as_switch,
    as_text,
    as_texts,
)
from ledger.substitution.barrier import Matrix, Permission, Purpose, class_barrier
from ledger.substitution.tables import ProjectRow
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

    def first(self, *keys: str) -> Found:
        """Return the first of *keys* that any pack gives; the last must be given."""
        for key in keys[:-1]:
            try:
                return self.find(key)
            except ParameterMissing:
                continue
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


def terms_of(work: Work, project: ProjectRow, measures: Iterable[str]) -> Terms:
    """Return the terms for *project*, which adds *measures*, today. Rule: SUB-56."""
    district = work.memory.cache(Parties).district(project.district)
    reader = Reader(work.memory.cache(Policy), district.pack, day_of(work.now))
    families = as_texts(reader.find("substitution.measures"))
    asked = [measure for measure in measures if family_of(measure) in families]
    ratios = {measure: ratio_of(reader, project, family_of(measure)) for measure in asked}
    is_reducing = as_switch(reader.find("substitution.reduction_required"))
    matrix = _matrix(reader)
    pool = as_text(reader.find("substitution.pool_area"))
    return Terms(families, ratios, is_reducing, matrix, pool, ", ".join(sorted(reader.versions)))


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


def _two_high_may_serve_others(reader: Reader) -> bool:
    """Return the municipal switch; where no pack has it the barrier stands. Rule: SUB-03."""
    try:
        return as_switch(reader.find("substitution.two_high_may_serve_others"))
    except ParameterMissing:
        return False
