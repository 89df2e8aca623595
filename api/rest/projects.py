"""
Projects that must substitute: registered, planned, accepted, commissioned; withdrawn or undone.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import seen
from api.read.substitution import project, projects
from api.read.two_high import with_files
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.substitution.accept import AcceptProject
from ledger.substitution.commission import CloseProject, CommissionProject, WithdrawProject
from ledger.substitution.project import PlanSubstitution, RegisterProject
from ledger.substitution.project_tables import RectificationRow, ReservationRow, UndoingRow
from ledger.substitution.reserve_tables import DeficitRow
from ledger.substitution.tables import (
    PlanLineRow,
    ProjectMeasureRow,
    ProjectRow,
    RetirementRow,
)
from ledger.substitution.undo import UndoAcceptance

built = Resource("projects", __name__, "Projects: what they add, and what is retired for them")

Deficit = item_of(DeficitRow)
Rectification = item_of(RectificationRow)
Project = enlarged(
    item_of(ProjectRow, documents=("sheet",)),
    "Project",
    measures=ma.fields.List(ma.fields.Nested(item_of(ProjectMeasureRow))),
    plan_lines=ma.fields.List(ma.fields.Nested(item_of(PlanLineRow))),
    retirements=ma.fields.List(ma.fields.Nested(item_of(RetirementRow))),
    stage=Words(),
    stage_day=Words(),
    commissioned_on=Words(),
    assignment=Words(),
    retires_all=Words(),
    reservations=ma.fields.List(ma.fields.Nested(item_of(ReservationRow))),
    undoings=ma.fields.List(ma.fields.Nested(item_of(UndoingRow))),
    rectifications=ma.fields.List(ma.fields.Nested(Rectification)),
    deficits=ma.fields.List(ma.fields.Nested(Deficit)),
)


@built.post("/projects")
@built.takes(RegisterProject)
def register(document: Mapping[str, Any]) -> Any:
    """Register a project with what it adds."""
    return submit(RegisterProject, document)


@built.post("/projects/<code>/plans")
@built.takes(PlanSubstitution, path=("project",))
def plan(document: Mapping[str, Any], code: str) -> Any:
    """Plan from which sources a project substitutes; a new plan takes the old one's place."""
    return submit(PlanSubstitution, {**document, "project": code})


@built.post("/projects/<code>/acceptance")
@built.takes(AcceptProject, path=("project",))
def accept(document: Mapping[str, Any], code: str) -> Any:
    """Propose to accept a project's substitution, which retires its sources."""
    return submit(AcceptProject, {**document, "project": code})


@built.post("/projects/<code>/commissionings")
@built.takes(CommissionProject, path=("project",))
def commission(document: Mapping[str, Any], code: str) -> Any:
    """Record that a project began to run, when all it rests on has been carried out."""
    return submit(CommissionProject, {**document, "project": code})


@built.post("/projects/<code>/closings")
@built.takes(CloseProject, path=("project",))
def close(document: Mapping[str, Any], code: str) -> Any:
    """Close the file of a running project after its acceptance check."""
    return submit(CloseProject, {**document, "project": code})


@built.post("/projects/<code>/withdrawals")
@built.takes(WithdrawProject, path=("project",))
def withdraw(document: Mapping[str, Any], code: str) -> Any:
    """Withdraw a project that is not accepted; its sources get back what was reserved."""
    return submit(WithdrawProject, {**document, "project": code})


@built.post("/projects/<code>/undoings")
@built.takes(UndoAcceptance, path=("project",))
def undo(document: Mapping[str, Any], code: str) -> Any:
    """Propose to undo the acceptance of a project that does not run yet."""
    return submit(UndoAcceptance, {**document, "project": code})


@built.get("/projects")
@built.lists(Project, enterprise=Words, district=Words, sector=Words, state=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List projects with their measures, plan and retirements."""
    return page(projects(seen(), asked), asked, [ProjectRow.id], complete=with_files)


@built.get("/projects/<code>")
@built.shows(Project)
def show(code: str) -> Any:
    """Show one project with its measures, plan and retirements."""
    return one(project(seen(), code), complete=with_files)
