"""
An enterprise's rights: entitlements, allocations with their sheets, freed quota, and surrender.
"""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import reach_of
from api.faces import faces
from api.read.compliance import position, surrenders
from api.read.market import rows
from api.read.metering import reports
from api.read.rights import allocations, due_claims, entitlements
from api.read.substitution import freed_claims, projects
from api.web.act import Refusal, attempt, fresh_key, tried
from api.web.enterprise import enterprise, open_year, own_party
from api.web.names import measure as measure_word
from api.web.shown import t
from ledger.compliance.surrender import Surrender
from ledger.units import parse_kgce

MEASURES = ("energy", "coal")
VIEW_REPORTS, VIEW_RIGHTS, VIEW_FREED, VIEW_OBLIGATION = 27, 78, 82, 39


@enterprise.get("/<code>/rights")
def rights(code: str) -> str:
    """Show what an enterprise was granted and why, what it freed, and its reports."""
    own = {"enterprise": code}
    with faces().read() as connection:
        return render_template(
            "enterprise/rights.html",
            party=own_party(connection, code),
            entitlements=rows(connection, entitlements(reach_of(VIEW_RIGHTS), own)),
            allocations=rows(connection, allocations(reach_of(VIEW_RIGHTS), own)),
            due=rows(connection, due_claims(reach_of(VIEW_RIGHTS), own)),
            claims=rows(connection, freed_claims(reach_of(VIEW_FREED), own)),
            projects=rows(connection, projects(reach_of(VIEW_FREED), own)),
            reports=rows(connection, reports(reach_of(VIEW_REPORTS), own)),
        )


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
