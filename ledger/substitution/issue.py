"""
Retire for an accepted project and issue its right, in one entry, and keep the figures.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from ledger.allocation.expire import let_expire
from ledger.allocation.tables import EntitlementRow
from ledger.asset import Asset, Origin, standing
from ledger.calculation import Sheet, step
from ledger.chart import of_enterprise
from ledger.command import canonical
from ledger.days import day_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.parties.party import Parties
from ledger.post import post
from ledger.register import open_asset, open_if_new
from ledger.subject import Result
from ledger.substitution.barrier import Project, Purpose
from ledger.substitution.look_up import RECORDED
from ledger.substitution.project_tables import AcceptanceRow, UndoingRow
from ledger.substitution.requirement import Coverage
from ledger.substitution.reserve_sources import account_of
from ledger.substitution.retirement import Use
from ledger.substitution.tables import ProjectMeasureRow, ProjectRow, RetirementRow
from ledger.versions import RIGHTS
from ledger.work import Work


def retire_and_issue(
    work: Work,
    row: ProjectRow,
    coverage: Sequence[Coverage],
    uses: Sequence[Use],
    *,
    is_reserved: bool,
) -> None:
    """
    Retire what the plan gives up, from what it reserved, and issue the right to what is added.

    The acceptance is kept with its day and its entry, for whoever undoes or commissions.

    Rule: SUB-53.
    """
    retired = open_if_new(work, f"scheme:substituted:{row.id}").address
    entitlement = of_enterprise(row.enterprise, "entitlement")
    postings = [
        Posting(
            account_of(use.source, is_reserved=is_reserved), retired, use.asset.code, use.amount
        )
        for use in uses
    ]
    for ordinal, covered in enumerate(coverage):
        right = right_of(work, row, covered.measure)
        if covered.added:
            asset = open_asset(work, right)
            let_expire(work, row.last_year)
            postings.append(Posting("scheme:issuance", entitlement, asset, covered.added))
            _entitle(work, row, covered, ordinal=ordinal, asset=asset)
    reference = document_of(work, row)
    entry = Entry(EntryCode.SUBSTITUTION, "SUB-53", tuple(postings), reference=reference)
    if not work.is_since(RIGHTS):
        post(work, entry)
        return
    # A project that adds nothing retires nothing; before RIGHTS it could not be accepted.
    number = post(work, entry) if postings else None
    day = day_of(work.now).isoformat()
    work.session.add(AcceptanceRow(sequence=work.sequence, project=row.id, day=day, entry=number))


def right_of(work: Work, row: ProjectRow, measure: str) -> Asset:
    """Return the standing right that an accepted project receives in a measure."""
    origin = Origin.TWO_HIGH if is_two_high(work, row) else Origin.OTHER
    return standing(measure=measure, last_year=row.last_year, area=row.district, origin=origin)


def barrier_project(work: Work, row: ProjectRow) -> Project:
    """Return a project as the class barrier sees it."""
    return Project(
        code=row.id,
        purpose=Purpose.TWO_HIGH if is_two_high(work, row) else Purpose.OTHER,
        is_qualifying=row.qualifying == "yes",
        is_planned_major=row.planned_major == "yes",
    )


def document_of(work: Work, row: ProjectRow) -> str:
    """Return the name of an acceptance; one after an undone acceptance has its command's number."""
    undone = sa.select(sa.func.count()).where(UndoingRow.project == row.id)
    again = f":{work.sequence}" if work.session.scalar(undone) else ""
    return f"substitution:{row.id}{again}"


def is_two_high(work: Work, row: ProjectRow) -> bool:
    """Return whether the sector of a project is marked as two-high."""
    return work.memory.cache(Parties).sector_is_two_high(row.sector)


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
            document=document_of(work, row),
            asset=asset,
        )
    )


def record(
    work: Work,
    row: ProjectRow,
    measures: Sequence[ProjectMeasureRow],
    coverage: Sequence[Coverage],
    *,
    uses: Sequence[Use],
    sheet: Sheet,
) -> Result:
    """Keep what was accepted: figures, retirements and the calculation. Rule: SUB-07, SUB-71."""
    by_measure = {one.measure: one for one in measures}
    for covered in coverage:
        one = by_measure[covered.measure]
        one.retired, one.net_reduction = covered.retired, covered.net_reduction
    work.session.add_all(
        RetirementRow(project=row.id, source=use.source, amount=use.amount) for use in uses
    )
    row.state, row.accepted_by = "accepted", work.sequence
    row.sheet = canonical(_with_net_reduction(sheet, coverage).plain()).decode()
    result = {
        "project": row.id,
        "retired": {one.measure: one.retired for one in coverage},
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
                {"retired": covered.retired, "added": covered.added},
                result=covered.net_reduction,
                unit="minor units",
                rule="SUB-07",
            )
            for covered in coverage
        )
    )
