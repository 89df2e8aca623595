"""
Put an accepted project into operation, close its file, or withdraw it before it is accepted.
"""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar

import sqlalchemy as sa

from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.tables import FacilityRow
from ledger.subject import Result
from ledger.substitution.audit import AFTER
from ledger.substitution.deficit import deficits_of
from ledger.substitution.evidence import require_document, require_evidence, require_past
from ledger.substitution.project import project_of, require_stage
from ledger.substitution.project_tables import AcceptanceRow, ProjectStageRow, SettlementRow
from ledger.substitution.reserve_sources import release
from ledger.substitution.tables import (
    FreedClaimRow,
    FreedSourceRow,
    ProjectRow,
    RetirementRow,
    RetrofitAuditRow,
)
from ledger.work import Work


class SourceNotRealised(Refused):
    """A reduction that a project rests on has not been carried out."""

    code = "source_not_realised"
    rule = "SUB-72"

    def __init__(self, project: str, *, source: str, facility: str, missing: str) -> None:
        super().__init__(
            f"{project} cannot be commissioned: source {source} rests on {facility}, and {missing} "
            "is missing",
            project=project,
            source=source,
            facility=facility,
            missing=missing,
        )


class DeficitOpen(Refused):
    """A project still owes a reduction that was taken from under it."""

    code = "project_deficit_open"
    rule = "SUB-72"

    def __init__(self, project: str, *, measure: str, owed: int) -> None:
        super().__init__(
            f"{project} still owes {owed} of {measure}, in minor units; settle the deficit first",
            project=project,
            measure=measure,
            owed=owed,
        )


class CommissionedTooEarly(Refused):
    """A project is said to have begun to run before its substitution was accepted."""

    code = "commissioned_too_early"
    rule = "SUB-72"

    def __init__(self, project: str, *, day: date, accepted_on: date) -> None:
        super().__init__(
            f"{project} is said to run from {day}, but its substitution was accepted on "
            f"{accepted_on}; that day or a later one is accepted",
            project=project,
            day=day.isoformat(),
            accepted_on=accepted_on.isoformat(),
        )


class CommissionProject(Payload, frozen=True):
    """Record that a project began to run (投产), by a document whose hash is *evidence*."""

    kind: ClassVar[str] = "projects.commission"
    project: str
    commissioned_on: date
    document: str
    evidence: str


class CloseProject(Payload, frozen=True):
    """Close the file of a commissioned project after its acceptance check (节能验收)."""

    kind: ClassVar[str] = "projects.close"
    project: str
    document: str
    evidence: str


class WithdrawProject(Payload, frozen=True):
    """Withdraw a project that is not accepted; what it reserved returns to its sources."""

    kind: ClassVar[str] = "projects.withdraw"
    project: str
    document: str


def commission_project(work: Work, payload: CommissionProject) -> Result:
    """
    Commission a project whose substitution was accepted and whose reductions are all carried out.

    Checks in this order: accepted, document, evidence, the day, deficits, each source.

    Rule: SUB-72.
    """
    row = project_of(work, payload.project)
    require_stage(work, row, "accepted")
    require_document("commissioning", payload.document)
    require_evidence(payload.evidence)
    require_past("commissioning", payload.commissioned_on, today=day_of(work.now))
    _require_accepted_by(work, row, payload.commissioned_on)
    for deficit in deficits_of(work, row.id):
        owed = deficit.amount - deficit.settled
        raise DeficitOpen(row.id, measure=deficit.measure, owed=owed)
    for source in _sources(work, row):
        _require_realised(work, row, source)
    day = payload.commissioned_on.isoformat()
    _set(work, row, stage="commissioned", day=day, payload=payload)
    return {"project": row.id, "commissioned_on": day}


def _require_accepted_by(work: Work, row: ProjectRow, day: date) -> None:
    """Refuse a day before the acceptance; of those before RIGHTS the day is not kept."""
    found = work.session.get(AcceptanceRow, row.accepted_by)
    if found is not None and day.isoformat() < found.day:
        accepted_on = date.fromisoformat(found.day)
        raise CommissionedTooEarly(row.id, day=day, accepted_on=accepted_on)


def close_project(work: Work, payload: CloseProject) -> Result:
    """Close the file of a commissioned project that owes nothing. Rule: SUB-77."""
    row = project_of(work, payload.project)
    require_stage(work, row, "commissioned")
    require_document("the acceptance check", payload.document)
    require_evidence(payload.evidence)
    for deficit in deficits_of(work, row.id):
        owed = deficit.amount - deficit.settled
        raise DeficitOpen(row.id, measure=deficit.measure, owed=owed)
    _set(work, row, stage="closed", day=day_of(work.now).isoformat(), payload=payload)
    return {"project": row.id, "state": "closed"}


def withdraw_project(work: Work, payload: WithdrawProject) -> Result:
    """Withdraw a project for good; its reservation returns to the same sources. Rule: SUB-70."""
    row = project_of(work, payload.project)
    require_stage(work, row, "registered", "planned")
    require_document("the withdrawal", payload.document)
    given = release(work, row)
    _set(work, row, stage="withdrawn", day=day_of(work.now).isoformat(), payload=payload)
    return {"project": row.id, "released": given}


def _set(
    work: Work,
    row: ProjectRow,
    *,
    stage: str,
    day: str,
    payload: CommissionProject | CloseProject | WithdrawProject,
) -> None:
    found = work.session.get(ProjectStageRow, row.id)
    if found is None:
        found = ProjectStageRow(project=row.id, commissioned_on="")
        work.session.add(found)
    found.stage, found.day, found.document = stage, day, payload.document
    found.evidence = "" if isinstance(payload, WithdrawProject) else payload.evidence
    if isinstance(payload, CommissionProject):
        found.commissioned_on = day
    found.set_by = work.sequence


def _sources(work: Work, row: ProjectRow) -> Iterator[FreedSourceRow]:
    used: set[str] = set()
    for table in (RetirementRow, SettlementRow):
        named = sa.select(table.source).where(table.project == row.id)
        used.update(work.session.scalars(named))
    for source in sorted(used):
        yield work.session.get_one(FreedSourceRow, source)


def _require_realised(work: Work, row: ProjectRow, source: FreedSourceRow) -> None:
    """Refuse a plant that is to be closed and runs, and works that were not audited after."""
    claim = work.session.get_one(FreedClaimRow, source.claim)
    facility = work.session.get_one(FacilityRow, claim.facility)
    missing = ""
    if claim.method == "closure" and facility.state != "closed":
        missing = "closure"
    audit = (claim.works, source.measure, AFTER)
    if claim.works and work.session.get(RetrofitAuditRow, audit) is None:
        missing = "audit_after"
    if missing:
        raise SourceNotRealised(row.id, source=source.id, facility=facility.id, missing=missing)
