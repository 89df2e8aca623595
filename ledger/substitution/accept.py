"""
Accept a project's substitution: retire what is needed elsewhere, then issue what it adds.

Everything is checked before anything moves, and both happen in one entry.
"""

from collections.abc import Sequence
from typing import ClassVar

import sqlalchemy as sa

from ledger.allocation.tables import EntitlementRow
from ledger.asset import Asset, Kind, Origin, parse_asset, standing
from ledger.calculation import Sheet, step
from ledger.chart import of_enterprise
from ledger.command import Payload, canonical
from ledger.days import day_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.metering.carriers import Basis
from ledger.parties.party import Parties
from ledger.post import post
from ledger.register import open_asset, open_if_new
from ledger.subject import Result
from ledger.substitution.barrier import Project, Purpose
from ledger.substitution.look_up import RECORDED
from ledger.substitution.project import ProjectNotReady, project_of
from ledger.substitution.read_terms import Terms, family_of, terms_of
from ledger.substitution.requirement import (
    Addition,
    Coverage,
    Offer,
    Requirement,
    SourceNotStanding,
    check_plan,
    coverage_sheet,
    require_covered,
    require_ratio,
)
from ledger.substitution.retirement import Use, require_in_pool, require_in_term, used_up
from ledger.substitution.tables import (
    FreedSourceRow,
    PlanLineRow,
    ProjectMeasureRow,
    ProjectRow,
    RetirementRow,
)
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


class SourceUnknown(Refused):
    """No confirmed source of this id holds this asset."""

    code = "source_unknown"
    rule = "SUB-57"

    def __init__(self, project: str, *, source: str, asset: str) -> None:
        super().__init__(
            f"project {project} names {source[:60]}, which is no confirmed source"
            f"{' of ' + asset[:60] if asset else ''}; one such as S12-ENERGY is accepted",
            project=project,
            source=source[:60],
            asset=asset[:60],
        )


class SourceInsufficient(Refused):
    """A source holds less than the plan offers from it."""

    code = "source_insufficient"
    rule = "SUB-57"

    def __init__(self, project: str, *, source: str, needed: int, available: int) -> None:
        super().__init__(
            f"the plan of {project} offers {needed} from source {source}, which holds {available}, "
            "in minor units of the measure",
            project=project,
            source=source,
            needed=needed,
            available=available,
        )


class AcceptProject(Payload, frozen=True):
    """Accept the newest substitution plan of a project."""

    kind: ClassVar[str] = "projects.accept"
    project: str


def accept_project(work: Work, payload: AcceptProject) -> Result:
    """
    Accept a plan that covers every measure, or refuse it and change nothing.

    Checks in this order: planned, every measure stated, ratios; then for each offer its source,
    standing, class, basis, pool, term; then what the sources hold; then the measures in the order
    of the five families.

    Rule: SUB-01 to SUB-07, SUB-52.
    """
    row = project_of(work, payload.project)
    if row.state != "planned":
        raise ProjectNotReady(row.id, state=row.state, needed="planned")
    measures = _measures(work, row)
    terms = terms_of(work, row, [one.measure for one in measures])
    requirement = _requirement(work, row, measures, terms)
    offers = _offers(work, row)
    coverage = check_plan(requirement, offers, terms.matrix)
    for offer in offers:
        require_in_pool(row.id, offer, district=row.district, pool=terms.pool)
        require_in_term(row.id, offer, this_year=day_of(work.now).year)
    _require_available(work, row, offers)
    require_covered(requirement.project, coverage)
    sheet = coverage_sheet(requirement, coverage, pack_version=terms.pack_version)
    uses = used_up(coverage, offers)
    _retire_and_issue(work, row, coverage, uses)
    return _record(work, row, measures, coverage, uses=uses, sheet=sheet)


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
    return Requirement(_project(work, row), additions, Basis.EQUIVALENT)


def _project(work: Work, row: ProjectRow) -> Project:
    return Project(
        code=row.id,
        purpose=Purpose.TWO_HIGH if _is_two_high(work, row) else Purpose.OTHER,
        is_qualifying=row.qualifying == "yes",
        is_planned_major=row.planned_major == "yes",
    )


def _is_two_high(work: Work, row: ProjectRow) -> bool:
    return work.memory.cache(Parties).sector_is_two_high(row.sector)


def _offers(work: Work, row: ProjectRow) -> list[Offer]:
    lines = work.session.scalars(
        sa.select(PlanLineRow).where(PlanLineRow.plan == row.plan).order_by(PlanLineRow.ordinal)
    )
    return [Offer(line.source, _asset(work, row, line), line.amount) for line in lines]


def _asset(work: Work, row: ProjectRow, line: PlanLineRow) -> Asset:
    asset = parse_asset(line.asset) if line.asset else None
    if asset is not None and asset.kind is not Kind.STANDING:
        raise SourceNotStanding(row.id, source=line.source, asset=asset.code)
    source = work.session.get(FreedSourceRow, line.source)
    if source is None or (asset is not None and asset.code != source.asset):
        raise SourceUnknown(row.id, source=line.source, asset=line.asset)
    return parse_asset(source.asset)


def _require_available(work: Work, row: ProjectRow, offers: Sequence[Offer]) -> None:
    offered: dict[str, int] = {}
    for offer in offers:
        needed = offered[offer.source] = offered.get(offer.source, 0) + offer.amount
        available = work.memory.balance(f"source:{offer.source}", offer.asset.code)
        if needed > available:
            raise SourceInsufficient(
                row.id, source=offer.source, needed=needed, available=available
            )


def _retire_and_issue(
    work: Work, row: ProjectRow, coverage: Sequence[Coverage], uses: Sequence[Use]
) -> None:
    retired = open_if_new(work, f"scheme:substituted:{row.id}").address
    entitlement = of_enterprise(row.enterprise, "entitlement")
    origin = Origin.TWO_HIGH if _is_two_high(work, row) else Origin.OTHER
    postings = [
        Posting(f"source:{use.source}", retired, use.asset.code, use.amount) for use in uses
    ]
    for ordinal, covered in enumerate(coverage):
        right = standing(
            measure=covered.measure, last_year=row.last_year, area=row.district, origin=origin
        )
        if covered.added:
            asset = open_asset(work, right)
            postings.append(Posting("scheme:issuance", entitlement, asset, covered.added))
            _entitle(work, row, covered, ordinal=ordinal, asset=asset)
    reference = f"substitution:{row.id}"
    post(work, Entry(EntryCode.SUBSTITUTION, "SUB-53", tuple(postings), reference=reference))


def _entitle(work: Work, row: ProjectRow, covered: Coverage, *, ordinal: int, asset: str) -> None:
    """Tell allocation of a new right to energy or coal; it keeps no others. Rule: SUB-53."""
    if covered.measure not in RECORDED:
        return
    work.session.add(
        EntitlementRow(
            sequence=work.sequence,
            ordinal=ordinal,
            enterprise=row.enterprise,
            measure=covered.measure,
            amount=covered.added,
            remaining=covered.added,
            last_year=row.last_year,
            facility="",
            document=f"substitution:{row.id}",
            asset=asset,
        )
    )


def _record(
    work: Work,
    row: ProjectRow,
    measures: Sequence[ProjectMeasureRow],
    coverage: Sequence[Coverage],
    *,
    uses: Sequence[Use],
    sheet: Sheet,
) -> Result:
    by_measure = {one.measure: one for one in measures}
    for covered in coverage:
        one = by_measure[covered.measure]
        one.retired, one.net_reduction = covered.needed, covered.net_reduction
    work.session.add_all(
        RetirementRow(project=row.id, source=use.source, amount=use.amount) for use in uses
    )
    row.state, row.accepted_by = "accepted", work.sequence
    row.sheet = canonical(_with_net_reduction(sheet, coverage).plain()).decode()
    result = {
        "project": row.id,
        "retired": {one.measure: one.needed for one in coverage},
        "net_reduction": {one.measure: one.net_reduction for one in coverage},
    }
    work.publish("substitution", {"enterprise": row.enterprise, **result})
    return result


def _with_net_reduction(sheet: Sheet, coverage: Sequence[Coverage]) -> Sheet:
    return sheet.then(
        *(
            step(
                f"net reduction: {covered.measure}",
                "retired − added",
                {"retired": covered.needed, "added": covered.added},
                result=covered.net_reduction,
                unit="minor units",
                rule="SUB-07",
            )
            for covered in coverage
        )
    )
