"""
An enterprise's rights: entitlements, allocations with their sheets, freed quota, and surrender.
"""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import reach_of
from api.faces import faces
from api.read.compliance import position, surrenders
from api.read.market import rows
from api.read.metering import reports
from api.read.rights import allocations, due_claims, entitlements, notices, objections
from api.read.substitution import freed_claims, projects
from api.web.act import Refusal, attempt, fresh_key, tried
from api.web.enterprise import enterprise, open_year, own_party
from api.web.names import measure as measure_word
from api.web.shown import t
from ledger.allocation.objection import FileObjection
from ledger.allocation.sheet import code_of
from ledger.allocation.tables import AllocationRow
from ledger.compliance.surrender import Surrender
from ledger.units import parse_kgce

MEASURES = ("energy", "coal")
OBJECTION = ("year", "measure", "product", "stage", "sheet_code", "reasons", "evidence_hash")
VIEW_REPORTS, VIEW_RIGHTS, VIEW_FREED, VIEW_OBLIGATION = 27, 78, 82, 39


@enterprise.get("/<code>/rights")
def rights(code: str) -> str:
    """Show what an enterprise was granted and why, what it freed, and its reports."""
    return _rights_page(code)


@enterprise.post("/<code>/objections")
def contest(code: str) -> str | Response | tuple[str, int]:
    """Object to a figure that was notified; the authority reviews and answers."""
    form = {name: request.form.get(name, "").strip()[:2_000] for name in OBJECTION}
    year = form.pop("year")
    document: dict[str, Any] = {**form, "enterprise": code, "year": 0}
    if year.isascii() and year.isdigit() and len(year) == 4:
        document["year"] = int(year)
    sent = attempt(FileObjection, document)
    if isinstance(sent, Refusal):
        return _rights_page(code, sent), sent.status
    number = sent.answer.sequence
    flash(
        t(
            f"异议已提出，编号 {number}；主管部门受理后复核并答复，进展在本页可见。",
            f"Objection {number} is filed; the authority reviews it and answers here.",
        ),
        "done",
    )
    return redirect(url_for("enterprise.rights", code=code), 303)


def _rights_page(code: str, refusal: Refusal | None = None) -> str:
    own = {"enterprise": code}
    with faces().read() as connection:
        found = rows(connection, allocations(reach_of(VIEW_RIGHTS), own))
        return render_template(
            "enterprise/rights.html",
            party=own_party(connection, code),
            key=fresh_key(),
            refusal=refusal,
            sheets=_sheets(connection, found),
            objections=rows(connection, objections(reach_of(VIEW_RIGHTS), own)),
            entitlements=rows(connection, entitlements(reach_of(VIEW_RIGHTS), own)),
            allocations=found,
            due=rows(connection, due_claims(reach_of(VIEW_RIGHTS), own)),
            claims=rows(connection, freed_claims(reach_of(VIEW_FREED), own)),
            projects=rows(connection, projects(reach_of(VIEW_FREED), own)),
            reports=rows(connection, reports(reach_of(VIEW_REPORTS), own)),
        )


def _sheets(
    connection: sa.Connection, found: Sequence[Mapping[str, Any]]
) -> dict[tuple[Any, ...], dict[str, tuple[str, str]]]:
    """Return the check code and the last day for objections of each figure, by row and stage."""
    told = connection.execute(notices(reach_of(VIEW_RIGHTS), {})).mappings().all()
    sheets: dict[tuple[Any, ...], dict[str, tuple[str, str]]] = {}
    for row in found:
        key = tuple(row[name] for name in ("year", "measure", "product"))
        figure = SimpleNamespace(**row)
        for stage in ("planned", "final"):
            code = code_of(cast(AllocationRow, figure), stage)
            days = [
                each["last_day"]
                for each in told
                if each["stage"] == stage
                and all(each[name] == row[name] for name in ("district", "year", "measure"))
            ]
            if code:
                sheets.setdefault(key, {})[stage] = (code, days[-1] if days else "")
    return sheets


@enterprise.route("/<code>/surrender", methods=["GET", "POST"])
def surrender(code: str) -> str | Response | tuple[str, int]:
    """Propose to surrender allowances; a second person of the enterprise approves."""
    if request.method == "GET":
        return _surrender_page(code, {})
    form = {name: request.form.get(name, "")[:30] for name in ("measure", "amount")}
    amount = tried(lambda: parse_kgce(form["amount"].strip().replace(",", "")))
    if isinstance(amount, Refusal):
        return _surrender_page(code, form, amount), amount.status
    with faces().read() as connection:
        year = open_year(connection)
    document: dict[str, Any] = {
        "enterprise": code,
        "year": year["year"] if year else 0,
        "measure": form["measure"],
        "amount": amount,
    }
    sent = attempt(Surrender, document)
    if isinstance(sent, Refusal):
        return _surrender_page(code, form, sent), sent.status
    number = sent.answer.sequence
    flash(
        t(
            f"清缴{measure_word(form['measure'])} {form['amount']} 吨已提交复核，编号 {number}；"
            "由本企业负责人批准后生效。",
            f"Proposal {number} to surrender {form['amount']} t waits for your approver.",
        ),
        "done",
    )
    return redirect(url_for("enterprise.surrender", code=code), 303)


def _surrender_page(code: str, form: dict[str, str], refusal: Refusal | None = None) -> str:
    with faces().read() as connection:
        party = own_party(connection, code)
        year = open_year(connection)
        where = [] if year is None else position(connection, code, year["year"])
        done = rows(connection, surrenders(reach_of(VIEW_OBLIGATION), {"enterprise": code}))
    return render_template(
        "enterprise/surrender.html",
        party=party,
        year=year,
        position=where,
        surrenders=sorted(done, key=lambda row: -row["sequence"]),
        form=form,
        refusal=refusal,
        key=fresh_key(),
    )
