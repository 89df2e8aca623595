"""
Objections to figures, notices from which their time runs, and trials of other coefficients.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import NotFound, reach_of
from api.faces import faces
from api.read.rights import allocations, objections
from api.read.trials import outcome_of, places
from api.web import authority_words as words
from api.web.act import Refusal, attempt, fresh_key, tried
from api.web.authority_frame import authority, filter_of, listed
from api.web.shown import t
from ledger.allocation.decide import DecideObjection
from ledger.allocation.notify import NotifyFigures
from ledger.allocation.objection import ReviewObjection
from ledger.allocation.objection_tables import ObjectionRow
from ledger.allocation.prepare import PlanLine
from ledger.allocation.what_if import Outcome, Trial, TrialMalformed, line_of
from ledger.days import day_of
from ledger.units import parse_kgce

VIEW_RIGHTS, TRY = 78, 105
STATES = {
    "filed": ("已提出，待受理", "filed"),
    "under_review": ("复核中，待答复", "under review"),
    "decided": ("已答复", "decided"),
}
_NUMBERS = ("output", "benchmark", "reduction", "sector_coefficient")
_TRIED = ("district", "measure", "sector", "method", "reduction", "sector_coefficient", "benchmark")
_METHODS = {
    "": ("不变", "as it is"),
    "grandfathering": ("历史总量法", "grandfathering"),
    "historic_intensity": ("历史强度法", "historic intensity"),
    "benchmarking": ("基准法", "benchmarking"),
}

Page = str | Response | tuple[str, int]


@authority.get("/authority/objections")
def contested() -> str:
    """List objections, those that wait first asked for by state."""
    return _page()


@authority.post("/authority/objections/<int:objection>/review")
def review_objection(objection: int) -> Page:
    """Take an objection up for review."""
    outcome = attempt(ReviewObjection, {"objection": objection})
    return _after(outcome, t("已受理，请复核后答复。", "Taken up; review it and answer."))


@authority.post("/authority/objections/<int:objection>/decide")
def decide_objection(objection: int) -> Page:
    """Propose the answer to an objection; a second person of the city approves."""
    form = {name: request.form.get(name, "").strip()[:2_000] for name in request.form}
    document: dict[str, Any] = {
        "objection": objection,
        "outcome": form.get("outcome", ""),
        "reasons": form.get("reasons", ""),
        "document": form.get("document", ""),
    }
    if document["outcome"] == "corrected":
        document["correction"] = _correction(objection, form)
    outcome = attempt(DecideObjection, document)
    said = t("答复已提交，市级第二人批准后生效。", "Proposed; a second person decides.")
    return _after(outcome, said)


@authority.post("/authority/allocations/<district>/<int:year>/notify")
def notify(district: str, year: int) -> Page:
    """Notify a district's figures: the time for objections runs from today."""
    names = ("measure", "stage", "document", "last_day")
    form = {name: request.form.get(name, "").strip()[:200] for name in names}
    outcome = attempt(NotifyFigures, {"district": district, "year": year, **form})
    if isinstance(outcome, Refusal):
        return _page(refusal=outcome), outcome.status
    last_day = outcome.answer.result["last_day"]
    flash(
        t(f"已告知，企业可在 {last_day} 前（含当日）提出异议。", f"Notified; until {last_day}."),
        "done",
    )
    measure = form["measure"]
    there = url_for("authority.allocation", district=district, year=year, measure=measure)
    return redirect(there, 303)


@authority.get("/authority/trials")
def trial() -> Page:
    """Show what every enterprise would get with the coefficients of the form; write nothing."""
    form = {name: filter_of(name) for name in (*_TRIED, "year", "base_year", "cap")}
    with faces().read() as connection:
        offered = connection.execute(places(reach_of(TRY))).mappings().all()
        asked = tried(lambda: _trial(form)) if form["year"] else None
        outcome: Outcome | Refusal | None = None
        if isinstance(asked, Trial):
            if not reach_of(TRY).sees(district=asked.district):
                raise NotFound
            outcome = tried(lambda: outcome_of(connection, asked))
    refusal = next((each for each in (asked, outcome) if isinstance(each, Refusal)), None)
    if isinstance(outcome, Outcome):
        words.know(row.enterprise for row in outcome.rows)
    shown = render_template(
        "authority/trial.html",
        form=form,
        places=offered,
        methods=_METHODS,
        year=day_of(faces().gateway.now()).year,
        outcome=outcome if isinstance(outcome, Outcome) else None,
        refusal=refusal,
    )
    return shown if refusal is None else (shown, refusal.status)


def _trial(form: Mapping[str, str]) -> Trial:
    """Return what the form asks to be tried; amounts of budgets are given in tonnes."""
    document: dict[str, Any] = {name: form[name] for name in _TRIED}
    document["measure"] = form["measure"] or "energy"
    for name in ("year", "base_year"):
        text = form[name]
        if text and not (text.isascii() and text.isdigit() and len(text) == 4):
            raise TrialMalformed(name, text=text, accepted=t("四位年份", "a year of four digits"))
        document[name] = int(text or 0)
    document["cap"] = parse_kgce(form["cap"].replace(",", "")) if form["cap"] else 0
    try:
        return msgspec.convert(document, Trial)
    except msgspec.ValidationError as error:
        raise TrialMalformed("trial", text=str(error), accepted="a trial") from None


def _correction(objection: int, form: Mapping[str, str]) -> dict[str, object] | None:
    """Return the row's line with the numbers that the form gives in place of its own."""
    with faces().read() as connection:
        own = objections(reach_of(VIEW_RIGHTS), {}).where(ObjectionRow.sequence == objection)
        row = connection.execute(own).mappings().first()
        if row is None:
            raise NotFound
        named = {name: row[name] for name in ("year", "measure", "enterprise", "product")}
        figure = connection.execute(allocations(reach_of(VIEW_RIGHTS), named)).first()
    if figure is None or not any(form.get(name) for name in _NUMBERS):
        return None
    line: PlanLine = line_of(figure)  # type: ignore[arg-type]  # a row has the fields of the object
    document = msgspec.to_builtins(line)
    for name in _NUMBERS:
        if form.get(name):
            text = form[name]
            document[name] = int(text) if name == "output" and text.isdecimal() else text
    return dict(document)


def _after(outcome: Any, said: str) -> Page:
    if isinstance(outcome, Refusal):
        return _page(refusal=outcome), outcome.status
    flash(said, "done")
    return redirect(url_for("authority.contested"), 303)


def _page(*, refusal: Refusal | None = None) -> str:
    state = filter_of("state")
    asked = {"state": state} if state in STATES else {}
    with faces().read() as connection:
        query = objections(reach_of(VIEW_RIGHTS), asked)
        rows, cursor = listed(connection, query, (ObjectionRow.sequence,))
    words.know(row["enterprise"] for row in rows)
    return render_template(
        "authority/objections.html",
        rows=rows,
        cursor=cursor,
        state=state,
        states=STATES,
        key=fresh_key(),
        refusal=refusal,
        form=request.form,
    )
