"""
Register a project that must substitute, and plan what it would use.

A plan reserves what it offers; `accept.py` decides. Before RIGHTS plans reserved nothing.
"""

import re
from typing import ClassVar, Literal

import msgspec

from ledger.command import Payload
from ledger.days import day_of
from ledger.districts.passed import require_passed_gate
from ledger.errors import Refused
from ledger.parties.party import Parties, require_id
from ledger.post import AmountNotPositive
from ledger.rows import RowsEmpty
from ledger.subject import Result
from ledger.substitution.evidence import require_document, require_measure, require_term
from ledger.substitution.file import MeasureTwice
from ledger.substitution.offered import Carrier, Offering
from ledger.substitution.project_tables import PlanTermsRow, ProjectStageRow
from ledger.substitution.reserve_sources import release, reserve
from ledger.substitution.tables import (
    FreedSourceRow,
    PlanLineRow,
    ProjectMeasureRow,
    ProjectRow,
)
from ledger.versions import RIGHTS
from ledger.work import Work

_INDUSTRY = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


class ProjectExists(Refused):
    """A project of this id is registered."""

    code = "project_exists"
    rule = "SUB-50"

    def __init__(self, project: str) -> None:
        super().__init__(f"project {project} is registered already", project=project)


class ProjectUnknown(Refused):
    """There is no such project."""

    code = "project_unknown"
    rule = "SUB-50"

    def __init__(self, project: str) -> None:
        super().__init__(f"there is no project {project[:40]}", project=project[:40])


class ProjectNotReady(Refused):
    """The project is not at the stage that this step follows."""

    code = "project_not_ready"
    rule = "SUB-51"

    def __init__(self, project: str, *, state: str, needed: str) -> None:
        super().__init__(
            f"project {project} is {state}, but this step takes one that is {needed}",
            project=project,
            state=state,
            needed=needed,
        )


class IndustryMalformed(Refused):
    """An industry is not a word that a pack's ratios can name."""

    code = "industry_malformed"
    rule = "SUB-56"

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:40]!r} is not an industry such as cement_clinker, in lower case",
            industry=text[:40],
        )


class AdditionLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a project adds in one measure a year; zero is said, not left out."""

    measure: str
    added: int


class SourceLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    A part of one source, by its id such as S12-ENERGY.

    *asset* may be left out where the source is known, since a source holds one asset. *carrier* is
    what a source of coal no longer burns.
    """

    source: str
    amount: int
    asset: str = ""
    carrier: Carrier = ""


class RegisterProject(Payload, frozen=True):
    """
    Register a project. Its sector says whether it is two-high.

    *qualifying* and *planned_major* are findings, made by *decision*. *industry* chooses among
    ratios that a pack gives by industry. *last_year* ends the right it is to receive.
    """

    kind: ClassVar[str] = "projects.register"
    project: str
    name: str
    enterprise: str
    district: str
    sector: str
    last_year: int
    additions: tuple[AdditionLine, ...]
    qualifying: Literal["yes", "no"] = "no"
    planned_major: Literal["yes", "no"] = "no"
    decision: str = ""
    industry: str = ""
    pollutant_standard: Literal["met", "failed"] = "met"


class PlanSubstitution(Payload, frozen=True):
    """
    Plan from which sources a project substitutes; it replaces any earlier plan.

    *document* is by which sources of other holders are assigned to the project. *retire_all* gives
    up what is offered beyond the need as well; otherwise that returns to its source.
    """

    kind: ClassVar[str] = "projects.plan_substitution"
    project: str
    sources: tuple[SourceLine, ...]
    document: str = ""
    retire_all: Literal["yes", "no"] = "no"


def register_project(work: Work, payload: RegisterProject) -> Result:
    """
    Register a project with what it adds in each measure.

    Rule: SUB-50.
    """
    _require_registrable(work, payload)
    row = ProjectRow(
        id=payload.project,
        name=payload.name,
        enterprise=payload.enterprise,
        district=payload.district,
        sector=payload.sector,
        industry=payload.industry,
        qualifying=payload.qualifying,
        planned_major=payload.planned_major,
        decision=payload.decision,
        pollutant_standard=payload.pollutant_standard,
        last_year=payload.last_year,
        state="registered",
        sheet="",
        registered_by=work.sequence,
    )
    work.session.add(row)
    # No relationship tells the session that measures refer to the project; it is written first.
    work.session.flush()
    work.session.add_all(
        ProjectMeasureRow(project=row.id, measure=line.measure, added=line.added)
        for line in payload.additions
    )
    return {"project": row.id}


def plan_substitution(work: Work, payload: PlanSubstitution) -> Result:
    """
    Keep the offers of a plan in their order and reserve them; an earlier plan lets go of its own.

    Rule: SUB-51, SUB-67.
    """
    row = project_of(work, payload.project)
    require_stage(work, row, "registered", "planned")
    if not payload.sources:
        raise RowsEmpty
    if work.is_since(RIGHTS):
        require_passed_gate(work, row.id, row.district)
        release(work, row)
    lines = [_line(work, row, *numbered) for numbered in enumerate(payload.sources)]
    work.session.add_all(lines)
    if work.is_since(RIGHTS):
        _keep_terms(work, row, payload)
        carriers = {line.source: line.carrier for line in payload.sources}
        reserve(work, row, lines, Offering(payload.document, carriers))
    row.plan, row.state = work.sequence, "planned"
    return {"project": row.id, "plan": work.sequence, "sources": len(payload.sources)}


def _line(work: Work, row: ProjectRow, ordinal: int, line: SourceLine) -> PlanLineRow:
    if line.amount <= 0:
        raise AmountNotPositive(line.amount)
    return PlanLineRow(
        plan=work.sequence,
        ordinal=ordinal,
        project=row.id,
        source=line.source,
        asset=line.asset or _asset_of(work, line.source),
        amount=line.amount,
    )


def _keep_terms(work: Work, row: ProjectRow, payload: PlanSubstitution) -> None:
    work.session.add(
        PlanTermsRow(
            plan=work.sequence,
            project=row.id,
            document=payload.document,
            retires_all=payload.retire_all,
        )
    )


def project_of(work: Work, project: str) -> ProjectRow:
    """Return a project, or refuse one that is not registered."""
    row = work.session.get(ProjectRow, project)
    if row is None:
        raise ProjectUnknown(project)
    return row


def stage_of(work: Work, row: ProjectRow) -> str:
    """Return where a project stands, such as planned, accepted, commissioned or withdrawn."""
    found = work.session.get(ProjectStageRow, row.id)
    return row.state if found is None else found.stage


def require_stage(work: Work, row: ProjectRow, *stages: str) -> None:
    """Refuse a project that is at none of *stages*. Rule: SUB-51."""
    stage = stage_of(work, row)
    if stage not in stages:
        raise ProjectNotReady(row.id, state=stage, needed=" or ".join(stages))


def _asset_of(work: Work, source: str) -> str:
    row = work.session.get(FreedSourceRow, source)
    return "" if row is None else row.asset


def _require_registrable(work: Work, payload: RegisterProject) -> None:
    parties = work.memory.cache(Parties)
    require_id(payload.project)
    if work.session.get(ProjectRow, payload.project) is not None:
        raise ProjectExists(payload.project)
    parties.enterprise(payload.enterprise)
    parties.district(payload.district)
    parties.sector_is_two_high(payload.sector)
    require_term(payload.last_year, today=day_of(work.now))
    if payload.industry and not _INDUSTRY.fullmatch(payload.industry):
        raise IndustryMalformed(payload.industry)
    if "yes" in (payload.qualifying, payload.planned_major):
        require_document("the finding on the project", payload.decision)
    _require_additions(payload)


def _require_additions(payload: RegisterProject) -> None:
    if not payload.additions:
        raise RowsEmpty
    seen: set[str] = set()
    for line in payload.additions:
        require_measure(line.measure, last_year=payload.last_year, area=payload.district)
        if line.added < 0:
            raise AmountNotPositive(line.added)
        if line.measure in seen:
            raise MeasureTwice(payload.project, line.measure)
        seen.add(line.measure)
