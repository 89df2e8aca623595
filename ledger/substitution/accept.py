"""
Accept a project's substitution: everything is checked before anything moves.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal

import sqlalchemy as sa

from ledger.asset import Asset, parse_asset
from ledger.command import Payload
from ledger.days import day_of
from ledger.districts.budget import UNITS
from ledger.districts.room import require_room_for_rights
from ledger.errors import Refused
from ledger.metering.carriers import Basis
from ledger.subject import Result
from ledger.substitution.approval import require_approval
from ledger.substitution.issue import barrier_project, record, retire_and_issue
from ledger.substitution.offered import came_from_reserve
from ledger.substitution.project import project_of, require_stage
from ledger.substitution.project_tables import PlanTermsRow
from ledger.substitution.read_terms import Terms, family_of, terms_of
from ledger.substitution.requirement import (
    Addition,
    Coverage,
    Offer,
    Requirement,
    check_plan,
    coverage_sheet,
    require_covered,
    require_ratio,
)
from ledger.substitution.reserve_sources import (
    SourceInsufficient,
    account_of,
    release,
    reserved_by,
    source_of_line,
    use_up,
)
from ledger.substitution.retirement import require_in_pool, require_in_term, used_up
from ledger.substitution.tables import PlanLineRow, ProjectMeasureRow, ProjectRow
from ledger.versions import RIGHTS
from ledger.work import Work


class MeasureNotStated(Refused):
    """A project does not say what it adds in a measure that must be substituted."""

    code = "measure_not_stated"
    rule = "SUB-50"

    def __init__(self, project: str, family: str) -> None:
        super().__init__(
            f"project {project} does not say what it adds in {family}; zero is accepted, "
            "silence is not",
            project=project,
            family=family,
        )


class AcceptProject(Payload, frozen=True, omit_defaults=True):
    """
    Accept the newest substitution plan of a project.

    *approval* is the document of the province where the industry goes up to it, *guidance* that of
    the window guidance where the use asks for one. *capacity* is the finding on the trade where
    only a saturated one substitutes.
    """

    kind: ClassVar[str] = "projects.accept"
    project: str
    # Left out of the encoding by default: what old proposals named by its hash stays the same.
    approval: str = ""
    guidance: str = ""
    capacity: Literal["", "saturated", "not_saturated"] = ""


def accept_project(work: Work, payload: AcceptProject) -> Result:
    """
    Accept a plan that covers every measure, or refuse it and change nothing.

    Checks in this order: planned, every measure stated, ratios; then for each offer its source,
    standing, class, basis, pool, term; then what the sources hold; then the measures in the order
    of the five families; then who has to approve. What was reserved stays so after a refusal.

    Rule: SUB-01 to SUB-07, SUB-52, SUB-66, DST-66.
    """
    row = project_of(work, payload.project)
    require_stage(work, row, "planned")
    measures = _measures(work, row)
    terms = terms_of(work, row, [one.measure for one in measures], capacity=payload.capacity)
    requirement = _requirement(work, row, measures, terms)
    offers = _offers(work, row)
    coverage = check_plan(requirement, offers, terms.matrix)
    for offer in offers:
        if not came_from_reserve(work, offer.source):
            require_in_pool(row.id, offer, district=row.district, pool=terms.pool)
        require_in_term(row.id, offer, this_year=day_of(work.now).year)
    reserved = reserved_by(work, row.plan)
    _require_available(work, row, offers, is_reserved=bool(reserved))
    require_covered(requirement.project, coverage)
    if work.is_since(RIGHTS):
        require_approval(work, row, measures, approval=payload.approval, guidance=payload.guidance)
    coverage = _retired(work, row, coverage)
    uses = used_up(coverage, offers)
    retire_and_issue(work, row, coverage, uses, is_reserved=bool(reserved))
    _require_room(work, row, coverage)
    if reserved:
        use_up(work, row.plan, uses)
        release(work, row)
    sheet = coverage_sheet(requirement, coverage, pack_version=terms.pack_version)
    return record(work, row, measures, coverage, uses=uses, sheet=sheet)


def _require_room(work: Work, row: ProjectRow, coverage: Sequence[Coverage]) -> None:
    """Refuse what a project adds where its district's budget does not cover it. Rule: DST-66."""
    if work.is_since(RIGHTS):
        for one in coverage:
            if one.measure in UNITS:
                require_room_for_rights(work, row.district, one.measure)


def _retired(work: Work, row: ProjectRow, coverage: tuple[Coverage, ...]) -> tuple[Coverage, ...]:
    """Return the coverage with all that is offered retired where the plan says so. SUB-71."""
    terms = work.session.get(PlanTermsRow, row.plan)
    if terms is None or terms.retires_all == "no":
        return coverage
    return tuple(replace(one, gives_all=True) for one in coverage)


def _measures(work: Work, row: ProjectRow) -> list[ProjectMeasureRow]:
    query = sa.select(ProjectMeasureRow).where(ProjectMeasureRow.project == row.id)
    # Ordered here: engines collate text differently.
    return sorted(work.session.scalars(query), key=lambda one: one.measure)


def _requirement(
    work: Work, row: ProjectRow, measures: Sequence[ProjectMeasureRow], terms: Terms
) -> Requirement:
    stated = {family_of(one.measure) for one in measures}
    for family in terms.families:
        if family not in stated:
            raise MeasureNotStated(row.id, family)
    additions = tuple(
        Addition(one.measure, one.added, terms.ratios[one.measure])
        for one in measures
        if one.measure in terms.ratios
    )
    for addition in additions:
        require_ratio(addition, is_reducing=terms.is_reducing)
    return Requirement(barrier_project(work, row), additions, Basis.EQUIVALENT)


def _offers(work: Work, row: ProjectRow) -> list[Offer]:
    lines = work.session.scalars(
        sa.select(PlanLineRow).where(PlanLineRow.plan == row.plan).order_by(PlanLineRow.ordinal)
    )
    return [Offer(line.source, _asset(work, row, line), line.amount) for line in lines]


def _asset(work: Work, row: ProjectRow, line: PlanLineRow) -> Asset:
    source = source_of_line(work, row, source=line.source, asset=line.asset)
    return parse_asset(source.asset)


def _require_available(
    work: Work, row: ProjectRow, offers: Sequence[Offer], *, is_reserved: bool
) -> None:
    offered: dict[str, int] = {}
    for offer in offers:
        needed = offered[offer.source] = offered.get(offer.source, 0) + offer.amount
        account = account_of(offer.source, is_reserved=is_reserved)
        available = work.memory.balance(account, offer.asset.code)
        if needed > available:
            raise SourceInsufficient(
                row.id, source=offer.source, needed=needed, available=available
            )
