"""
Project gates: assess a project, ask for listed quota, decide on it; and what enterprises yield.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import seen
from api.faces import faces
from api.read import cockpit, evaluations
from api.read import gates as reading
from api.web import authority_words as words
from api.web.act import Refusal, attempt, fresh_key, worded
from api.web.authority_frame import Row, authority, filter_of, listed, year_of
from api.web.authority_sheet import sheet_of
from api.web.shown import t
from ledger.command import Payload
from ledger.days import day_of
from ledger.districts.assess import AssessGate
from ledger.districts.evaluation_tables import EvaluationScoreRow
from ledger.districts.gate_tables import GateVerdictRow, ListingRow
from ledger.districts.listing import ApplyForListing, DecideListing
from ledger.errors import Refused
from ledger.units import parse_fen, parse_kgce

ASKS_MAX = 200
LISTINGS_MAX = 200
NEXT = {
    "no_gate": (
        "本地区政策包未设项目准入，可列入用能需求。",
        "No pack sets a gate here; it may ask for room.",
    ),
    "guaranteed": ("低于本区能耗强度，优先保障。", "Below the district's intensity: guaranteed."),
    "apply_for_listing": (
        "不低于本区强度、低于市级标杆：请申请市级能耗单列。",
        "Between the district's intensity and the city benchmark: apply for listed quota.",
    ),
    "no_path": (
        "不低于市级标杆，没有可走的路径；请改进方案后重新评估。",
        "At or above the city benchmark there is no path; improve the project.",
    ),
    "admitted": (
        "达到准入值；请落实计算书列明的替代。",
        "Admitted; substitute what the sheet lists.",
    ),
    "below_admission": ("未达准入值，不予准入。", "Worse than the admission value."),
    "banned": ("属限制类或淘汰类，一律禁止。", "Of a restricted or eliminated class: banned."),
    "reducing_substitution": (
        "行业产能已饱和：须按减量替代压减产能。",
        "The trade is saturated: by reducing substitution alone.",
    ),
    "advanced": ("达到国内先进水平，准入。", "At the domestic advanced level: admitted."),
    "below_advanced": ("未达国内先进水平，不予准入。", "Worse than the advanced level."),
    "low_carbon": ("已提交绿色低碳技术说明。", "The statement of low-carbon technique is filed."),
    "statement_missing": (
        "请补交绿色低碳技术说明。",
        "File the statement of low-carbon technique.",
    ),
}
"""What a verdict means and what happens next."""

LISTING_STATES = {
    "applied": ("已申请，待市级审定", "applied, waits for the city"),
    "granted": ("已批准，待交付项目", "granted, to be handed over"),
    "refused": ("未批准", "refused"),
    "handed_over": ("已交付项目所属企业", "handed to the project's enterprise"),
}
ASSESSED = ("project", "enterprise", "district", "document", "product", "unit_use")
CHOSEN = ("project_class", "saturation", "statement", "priority")


@authority.get("/authority/gates")
def gates() -> str:
    """Show verdicts, asks in the order of the budget, and listed quota."""
    return _page()


@authority.post("/authority/gates")
def assess_project() -> str | Response | tuple[str, int]:
    """Assess a project at the gate of its district."""
    form = request.form
    document: dict[str, Any] = {name: form.get(name, "").strip() for name in (*ASSESSED, *CHOSEN)}

    def amounts() -> None:
        document["energy_kgce"] = parse_kgce(form.get("energy_tce", "").strip())
        document["feedstock_kgce"] = parse_kgce(form.get("feedstock_tce", "").strip() or "0")
        document["value_added_fen"] = parse_fen(form.get("value_added_yuan", "").strip() or "0")

    done = t("评估已登记，结论见下表。", "Recorded; the verdict is below.")
    return _send(AssessGate, document, amounts, done)


@authority.post("/authority/listings")
def apply_for_listing() -> str | Response | tuple[str, int]:
    """Apply for quota that the city lists for one project."""
    form = request.form
    year = form.get("last_year", "")
    document: dict[str, Any] = {
        "project": form.get("project", "").strip(),
        "document": form.get("document", "").strip(),
        "last_year": int(year) if len(year) == 4 and year.isascii() and year.isdigit() else 0,
    }

    def amounts() -> None:
        document["amount_kgce"] = parse_kgce(form.get("amount_tce", "").strip())

    done = t("已向市级主管部门申请单列。", "Applied to the city for listed quota.")
    return _send(ApplyForListing, document, amounts, done)


@authority.post("/authority/listings/<project>/decision")
def decide_listing(project: str) -> str | Response | tuple[str, int]:
    """Propose to grant or refuse listed quota."""
    form = request.form
    document: dict[str, Any] = {
        "project": project,
        "finding": form.get("finding", ""),
        "document": form.get("document", "").strip(),
    }

    def amounts() -> None:
        document["amount_kgce"] = parse_kgce(form.get("amount_tce", "").strip() or "0")

    done = t("已提交复核；第二人批准后生效。", "Proposed; it takes effect when approved.")
    return _send(DecideListing, document, amounts, done)


def _send(
    kind: type[Payload], document: Mapping[str, Any], amounts: Any, done: str
) -> str | Response | tuple[str, int]:
    try:
        amounts()
    except Refused as refused:
        outcome: Any = worded(refused)
    else:
        outcome = attempt(kind, document)
    if isinstance(outcome, Refusal):
        return _page(refusal=outcome), outcome.status
    flash(done, "done")
    return redirect(url_for("authority.gates", district=filter_of("district")), 303)


def _page(*, refusal: Refusal | None = None) -> str:
    with faces().read() as connection:
        places = cockpit.district_list(connection, seen())
        district = filter_of("district") or (places[0]["code"] if places else "")
        year = year_of() or day_of(faces().gateway.now()).year
        asked = {"district": district}
        query = reading.verdicts(seen(), asked)
        verdicts, cursor = listed(connection, query, [GateVerdictRow.assessed_by])
        served = _served(connection, district, year)
        listings = [
            dict(row)
            for row in connection.execute(
                reading.listings(seen(), asked).order_by(ListingRow.project).limit(LISTINGS_MAX)
            ).mappings()
        ]
    words.know(row["enterprise"] for row in (*verdicts, *listings))
    return render_template(
        "authority/gates.html",
        places=places,
        district=district,
        year=year,
        verdicts=verdicts,
        cursor=cursor,
        served=served,
        listings=listings,
        following=NEXT,
        listing_states=LISTING_STATES,
        sheet_of=sheet_of,
        key=fresh_key(),
        refusal=refusal,
    )


def _served(connection: sa.Connection, district: str, year: int) -> Row:
    query = reading.asks(seen(), district=district, year=year).order_by(
        GateVerdictRow.place, GateVerdictRow.assessed_by
    )
    rows = [dict(row) for row in connection.execute(query.limit(ASKS_MAX)).mappings()]
    return reading.served(connection, rows, district=district, year=year)


@authority.get("/authority/evaluations")
def evaluated() -> str:
    """Show scores and ranks of enterprises, with the steps of each."""
    asked: dict[str, Any] = {}
    if district := filter_of("district"):
        asked["district"] = district
    if year := year_of():
        asked["year"] = year
    with faces().read() as connection:
        query = evaluations.scores(seen(), asked)
        keys = [EvaluationScoreRow.year, EvaluationScoreRow.district]
        keys += [EvaluationScoreRow.rank, EvaluationScoreRow.enterprise]
        rows, cursor = listed(connection, query, keys, newest_first=False)
    words.know(row["enterprise"] for row in rows)
    return render_template(
        "authority/evaluations.html", rows=rows, cursor=cursor, sheet_of=sheet_of
    )
