"""
Projects: five measures to substitute, whether each passes, and what becomes of the project.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import NotFound, reach_of
from api.faces import faces
from api.read import substitution, two_high
from api.read.policy import policy_of
from api.web import authority_words as words
from api.web.act import Refusal, attempt, fresh_key
from api.web.authority_frame import Row, authority, listed
from api.web.authority_sheet import sheet_of
from api.web.authority_two_high import STAGES
from api.web.shown import t
from ledger.calculation import as_text
from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.parties.tables import DistrictRow
from ledger.substitution.accept import AcceptProject
from ledger.substitution.commission import CloseProject, CommissionProject, WithdrawProject
from ledger.substitution.read_terms import Reader, family_of, ratio_of
from ledger.substitution.rectify import FindRectified, OrderRectification
from ledger.substitution.requirement import required
from ledger.substitution.tables import ProjectMeasureRow, ProjectRow
from ledger.substitution.undo import UndoAcceptance

ORDER = ("capacity", "coal", "energy", "carbon", "pollutant")


@authority.get("/authority/projects")
def projects() -> str:
    """List projects that must substitute."""
    with faces().read() as connection:
        query = substitution.projects(reach_of(82), {})
        rows, cursor = listed(connection, query, [ProjectRow.id], newest_first=False)
        found = two_high.with_files(connection, rows)
    words.know(row["enterprise"] for row in found)
    return render_template("authority/projects.html", projects=found, cursor=cursor, stages=STAGES)


@authority.get("/authority/projects/<project>")
def project(project: str) -> str:
    """Show one project by its five measures."""
    return _page(project)


@authority.post("/authority/projects/<project>/accept")
def accept_project(project: str) -> str | Response | tuple[str, int]:
    """Propose that a substitution be accepted."""
    said = {name: request.form.get(name, "").strip() for name in ("approval", "guidance")}
    outcome = attempt(AcceptProject, {"project": project, **said})
    if isinstance(outcome, Refusal):
        return _page(project, refusal=outcome), outcome.status
    number = outcome.answer.result.get("proposal", outcome.answer.sequence)
    sentence = t(
        f"已提交复核，编号 {number}；第二人批准时逐项核对，少一项也不能通过。",
        f"Proposed as number {number}; each measure is checked when a second person approves.",
    )
    flash(sentence, "done")
    return redirect(url_for("authority.project", project=project), 303)


@authority.post("/authority/projects/<project>/run")
def run_project(project: str) -> str | Response | tuple[str, int]:
    """Record that a project began to run, or close its file."""
    if request.form.get("way") == "close":
        return _step(project, CloseProject, ("document", "evidence"))
    return _step(project, CommissionProject, ("commissioned_on", "document", "evidence"))


@authority.post("/authority/projects/<project>/withdraw")
def withdraw_project(project: str) -> str | Response | tuple[str, int]:
    """Withdraw a project that is not accepted; its sources get back what was reserved."""
    return _step(project, WithdrawProject, ("document",))


@authority.post("/authority/projects/<project>/undo")
def undo_project(project: str) -> str | Response | tuple[str, int]:
    """Propose to undo an acceptance before the project runs."""
    return _step(project, UndoAcceptance, ("document",))


@authority.post("/authority/projects/<project>/orders")
def order_project(project: str) -> str | Response | tuple[str, int]:
    """Order a project to meet a limit, or find an order carried out."""
    if request.form.get("way") == "done":
        return _step(project, FindRectified, ("rectification", "done_on", "document", "evidence"))
    fields = ("rectification", "limit", "allowed", "found", "deadline", "document")
    return _step(project, OrderRectification, fields)


def _step(
    project: str, kind: type[Payload], fields: Sequence[str]
) -> str | Response | tuple[str, int]:
    document = {name: request.form.get(name, "").strip() for name in fields}
    outcome = attempt(kind, {**document, "project": project})
    if isinstance(outcome, Refusal):
        return _page(project, refusal=outcome), outcome.status
    if outcome.is_proposal:
        number = outcome.answer.result["proposal"]
        flash(t(f"已提交复核，编号 {number}。", f"Proposed as number {number}."), "done")
    else:
        flash(t("已登记。", "Recorded."), "done")
    return redirect(url_for("authority.project", project=project), 303)


def _page(project: str, *, refusal: Refusal | None = None) -> str:
    with faces().read() as connection:
        row = connection.execute(substitution.project(reach_of(82), project)).mappings().first()
        if row is None:
            raise NotFound
        found = two_high.with_files(connection, [dict(row)])[0]
        measures = five(found, _ratios(found["sheet"]) or _ratios_today(connection, row))
    words.know([found["enterprise"]])
    return render_template(
        "authority/project.html",
        project=found,
        measures=measures,
        steps=sheet_of(found["sheet"]),
        stages=STAGES,
        key=fresh_key(),
        refusal=refusal,
    )


def five(project: Row, ratios: Mapping[str, Fraction]) -> list[Row]:
    """
    Return by measure what a project adds, the ratio, what is needed, planned and retired.

    *passes* looks at what was retired, before the acceptance at what is planned; it is None where
    no ratio is known. Rule: SUB-01.
    """
    planned: dict[str, int] = {}
    for line in project["plan_lines"]:
        measure = words.measure_of(line["asset"])
        planned[measure] = planned.get(measure, 0) + line["amount"]
    rows: list[Row] = []
    for one in sorted(project["measures"], key=_place):
        ratio = ratios.get(one["measure"])
        needed = None if ratio is None else required(one["added"], ratio)
        offered = planned.get(one["measure"], 0) if one["retired"] is None else one["retired"]
        rows.append(
            {
                **one,
                "ratio": None if ratio is None else as_text(ratio),
                "needed": needed,
                "planned": planned.get(one["measure"], 0),
                "passes": None if needed is None else offered >= needed,
            }
        )
    return rows


def _ratios(encoded: str) -> Mapping[str, Fraction]:
    """Return the ratio of each measure as the sheet of the acceptance has it."""
    if not encoded:
        return {}
    steps: list[Mapping[str, Any]] = json.loads(encoded)["steps"]
    return {
        step["name"].partition(": ")[2]: Fraction(step["inputs"]["ratio"])
        for step in steps
        if "ratio" in step["inputs"]
    }


def _ratios_today(connection: sa.Connection, project: Any) -> Mapping[str, Fraction]:
    """Return the ratio of each measure by the packs in force today, as far as any gives one."""
    lies = sa.select(DistrictRow.pack).where(DistrictRow.code == project["district"])
    pack = connection.execute(lies).scalar_one()
    reader = Reader(policy_of(connection), pack, day_of(faces().gateway.now()))
    row = ProjectRow(industry=project["industry"], pollutant_standard=project["pollutant_standard"])
    measures = sa.select(ProjectMeasureRow.measure).where(
        ProjectMeasureRow.project == project["id"]
    )
    found: dict[str, Fraction] = {}
    for measure in connection.execute(measures).scalars():
        with suppress(Refused):
            found[measure] = ratio_of(reader, row, family_of(measure))
    return found


def _place(row: Row) -> tuple[int, str]:
    kind = row["measure"].partition("-")[0]
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), row["measure"])
