"""
Projects that must substitute: registered, planned, accepted.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from api.door import seen
from api.read.substitution import project, projects, with_plans
from api.rest.fields import Words
from api.rest.resource import Resource, one, page, submit
from api.rest.shapes import enlarged, item_of
from ledger.substitution.accept import AcceptProject
from ledger.substitution.project import PlanSubstitution, RegisterProject
from ledger.substitution.tables import (
    PlanLineRow,
    ProjectMeasureRow,
    ProjectRow,
    RetirementRow,
)

built = Resource("projects", __name__, "Projects: what they add, and what is retired for them")

Project = enlarged(
    item_of(ProjectRow, documents=("sheet",)),
    "Project",
    measures=ma.fields.List(ma.fields.Nested(item_of(ProjectMeasureRow))),
    plan_lines=ma.fields.List(ma.fields.Nested(item_of(PlanLineRow))),
    retirements=ma.fields.List(ma.fields.Nested(item_of(RetirementRow))),
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


@built.get("/projects")
@built.lists(Project, enterprise=Words, district=Words, sector=Words, state=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List projects with their measures, plan and retirements."""
    return page(projects(seen(), asked), asked, [ProjectRow.id], complete=with_plans)


@built.get("/projects/<code>")
@built.shows(Project)
def show(code: str) -> Any:
    """Show one project with its measures, plan and retirements."""
    return one(project(seen(), code), complete=with_plans)
