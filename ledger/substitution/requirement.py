"""
How much must be given up elsewhere before a project may be built, and whether an offer covers it.

Five families of measure, each an independent balance: capacity, coal, energy, carbon, pollutants.
Measures are spelled as assets spell them ("energy", "capacity-clinker", "pollutant-so2") and
amounts are their whole minor units.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from ledger.asset import Asset, Kind
from ledger.calculation import UP, Sheet, as_text, step
from ledger.errors import Refused
from ledger.metering.carriers import Basis, require_basis
from ledger.substitution.barrier import Matrix, Project, require_permitted

FAMILIES = ("capacity", "coal", "energy", "carbon", "pollutant")


class SourceNotStanding(Refused):
    """A source is annual flow, which substitution never accepts."""

    code = "source_not_standing"
    rule = "SUB-02"

    def __init__(self, project: str, *, source: str, asset: str) -> None:
        super().__init__(
            f"source {source} offers {asset} for project {project}, but only standing freed quota "
            "is accepted, never an annual allowance",
            project=project,
            source=source,
            asset=asset,
        )


class RatioTooLow(Refused):
    """A substitution ratio is below what the policy allows."""

    code = "ratio_too_low"
    rule = "SUB-05"

    def __init__(self, measure: str, *, ratio: Fraction, is_reducing: bool) -> None:
        accepted = "above 1" if is_reducing else "1 or more"
        super().__init__(
            f"the ratio for {measure} is {as_text(ratio)}, but {accepted} is accepted",
            measure=measure,
            ratio=as_text(ratio),
            accepted=accepted,
        )


class MeasureShort(Refused):
    """The offer does not cover one measure."""

    code = "measure_short"
    rule = "SUB-06"

    def __init__(self, project: str, *, covered: "Coverage") -> None:
        super().__init__(
            f"project {project} needs {covered.needed} of {covered.measure} but {covered.offered} "
            f"is offered, {covered.short} short, in minor units of the measure",
            project=project,
            measure=covered.measure,
            needed=covered.needed,
            offered=covered.offered,
            short=covered.short,
        )


@dataclass(frozen=True, slots=True)
class Addition:
    """What a project adds in one measure, and the ratio at which it must be given up elsewhere."""

    measure: str
    added: int
    ratio: Fraction


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one project must give up, measure by measure, with energy on *basis*."""

    project: Project
    additions: tuple[Addition, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class Offer:
    """A part of one source: a named freed lot of one asset."""

    source: str
    asset: Asset
    amount: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """
    How far one measure is covered.

    *needed* is what must be retired if the plan is accepted; *gives_all* retires what is offered.
    """

    measure: str
    added: int
    needed: int
    offered: int
    gives_all: bool = False

    @property
    def retired(self) -> int:
        """Return what acceptance retires. Rule: SUB-71."""
        return self.offered if self.gives_all else self.needed

    @property
    def short(self) -> int:
        """Return what is missing, zero where the measure is covered."""
        return max(self.needed - self.offered, 0)

    @property
    def net_reduction(self) -> int:
        """Return by how much the district's use falls: retired less added. Rule: SUB-07."""
        return self.retired - self.added


def required(added: int, ratio: Fraction) -> int:
    """
    Return how much must be retired elsewhere before *added* may be used.

    Rule: SUB-01.
    """
    assert added >= 0
    # The rule sets a floor, so a fraction of a unit owed is a whole unit retired.
    return ceil(added * ratio)


def check_plan(
    requirement: Requirement, offers: Sequence[Offer], matrix: Matrix
) -> tuple[Coverage, ...]:
    """
    Return how far *offers* cover each measure, in the order of the five families.

    Every offer must be lawful first: standing, then of a class that may serve the project, then
    for energy on the same basis. Offers of a measure that is not required are left alone.

    Rule: SUB-01 to SUB-04.
    """
    for offer in offers:
        _require_lawful(offer, requirement=requirement, matrix=matrix)
    return tuple(_coverage(one, offers) for one in sorted(requirement.additions, key=_family_order))


def require_covered(project: Project, coverage: Iterable[Coverage]) -> None:
    """
    Refuse a plan with a measure short, naming the first in the order of the five families.

    Rule: SUB-06.
    """
    for covered in coverage:
        if covered.short > 0:
            raise MeasureShort(project.code, covered=covered)


def require_ratio(addition: Addition, *, is_reducing: bool) -> None:
    """
    Refuse a ratio below 1, or of exactly 1 where the city asks for reduction (减量).

    Rule: SUB-05.
    """
    if addition.ratio < 1 or (is_reducing and addition.ratio == 1):
        raise RatioTooLow(addition.measure, ratio=addition.ratio, is_reducing=is_reducing)


def coverage_sheet(
    requirement: Requirement, coverage: Iterable[Coverage], *, pack_version: str
) -> Sheet:
    """Return the steps behind a plan's coverage, one a measure."""
    ratios = {one.measure: one.ratio for one in requirement.additions}
    return Sheet(pack_version).then(
        *(
            step(
                f"to retire: {covered.measure}",
                "⌈added × ratio⌉",
                {
                    "added": covered.added,
                    "ratio": ratios[covered.measure],
                    "offered": covered.offered,
                    "short": covered.short,
                },
                result=covered.needed,
                unit="minor units",
                rule="SUB-01",
                rounding=UP,
            )
            for covered in coverage
        )
    )


def _require_lawful(offer: Offer, *, requirement: Requirement, matrix: Matrix) -> None:
    project = requirement.project
    asset = offer.asset
    if asset.kind is not Kind.STANDING:
        raise SourceNotStanding(project.code, source=offer.source, asset=asset.code)
    require_permitted(
        project, source=offer.source, measure=asset.measure, origin=asset.origin, matrix=matrix
    )
    if asset.measure == "energy":
        require_basis(given=_basis(asset), expected=requirement.basis)


def _basis(asset: Asset) -> Basis:
    return Basis.EQUIVALENT if asset.basis == Basis.EQUIVALENT.short else Basis.CALORIFIC


def _coverage(addition: Addition, offers: Sequence[Offer]) -> Coverage:
    return Coverage(
        measure=addition.measure,
        added=addition.added,
        needed=required(addition.added, addition.ratio),
        offered=sum(offer.amount for offer in offers if offer.asset.measure == addition.measure),
    )


def _family_order(addition: Addition) -> tuple[int, str]:
    return FAMILIES.index(addition.measure.split("-")[0]), addition.measure
