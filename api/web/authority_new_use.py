"""
New use: what a new project must buy, entrants from the reserve, paid parts, what a region may sell.
"""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import reach_of, seen
from api.faces import faces
from api.read import cockpit, new_use
from api.web import authority_words as words
from api.web.act import Refusal, attempt, fresh_key, worded
from api.web.authority_frame import Row, authority, filter_of
from api.web.authority_sheet import sheet_of
from api.web.price_form import REASONS, ask
from api.web.shown import t
from ledger.allocation.entrants import AdmitEntrants
from ledger.allocation.increment import SetIncrement
from ledger.allocation.method_tables import EntrantRow, IncrementRow, PaidPartRow
from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.units import parse_kgce

ROWS_MAX = 100
VIEW_RIGHTS = 78
STATES = {
    "admitted": ("已准入，待年度报告核定后结算", "admitted, settled when its report is final"),
    "settled": ("已结算", "settled"),
    "payable": ("待企业缴费", "waits for the enterprise's fee"),
    "paid": ("已缴费发放", "paid for and issued"),
    "lapsed": ("逾期，已退回预算", "not paid in time, back in the budget"),
}


@authority.get("/authority/new-use")
def show_new_use() -> str:
    """Show the calculator, new entrants, paid parts and increments of a district."""
    return _page()


@authority.post("/authority/new-use/entrants")
def admit_entrant() -> str | Response | tuple[str, int]:
    """Propose to admit one new entrant out of a district's reserve."""
    row = {name: _text(name) for name in ("enterprise", "facility", "opinion", "evidence")}
    document = {**_budget(), "rows": [row]}

    def amounts() -> None:
        row["amount"] = parse_kgce(_text("amount_tce").replace(",", ""))  # type: ignore[assignment]

    return _send(AdmitEntrants, document, amounts)


@authority.post("/authority/new-use/increments")
def decide_increment() -> str | Response | tuple[str, int]:
    """Propose what a district may use more this year, of which it may sell a share."""
    document: dict[str, Any] = {**_budget(), "document": _text("document")}

    def amounts() -> None:
        document["amount"] = parse_kgce(_text("amount_tce").replace(",", ""))

    return _send(SetIncrement, document, amounts)


def _text(name: str) -> str:
    return request.form.get(name, "").strip()[:200]


def _budget() -> dict[str, Any]:
    year = _text("year")
    return {
        "district": filter_of("district"),
        "year": int(year) if len(year) == 4 and year.isascii() and year.isdigit() else 0,
        "measure": _text("measure"),
    }


def _send(
    kind: type[Payload], document: Mapping[str, Any], amounts: Callable[[], None]
) -> str | Response | tuple[str, int]:
    try:
        amounts()
    except Refused as refused:
        outcome: Any = worded(refused)
    else:
        outcome = attempt(kind, document)
    if isinstance(outcome, Refusal):
        return _page(refusal=outcome), outcome.status
    flash(t("已提交复核；第二人批准后生效。", "Proposed; it takes effect when approved."), "done")
    return redirect(url_for("authority.show_new_use", district=document["district"]), 303)


def _page(*, refusal: Refusal | None = None) -> str:
    today = day_of(faces().gateway.now())
    with faces().read() as connection:
        places = cockpit.district_list(connection, seen())
        district = filter_of("district") or (places[0]["code"] if places else "")
        asked = {"district": district}
        found = {
            "entrants": _rows(
                connection,
                new_use.entrants(reach_of(VIEW_RIGHTS), asked),
                [EntrantRow.sequence, EntrantRow.ordinal],
            ),
            "paid_parts": _rows(
                connection,
                new_use.paid_parts(reach_of(VIEW_RIGHTS), asked),
                [PaidPartRow.year, PaidPartRow.measure, PaidPartRow.enterprise],
            ),
            "increments": _rows(
                connection,
                new_use.increments(seen(), asked),
                [IncrementRow.year, IncrementRow.measure],
            ),
        }
        price = ask(connection, district, today)
    words.know(row["enterprise"] for row in (*found["entrants"], *found["paid_parts"]))
    return render_template(
        "authority/new_use.html",
        places=places,
        district=district,
        year=today.year,
        price=price,
        reasons=REASONS,
        states=STATES,
        sheet_of=sheet_of,
        key=fresh_key(),
        refusal=refusal,
        **found,
    )


def _rows(connection: sa.Connection, query: sa.Select[Any], keys: list[Any]) -> list[Row]:
    found = connection.execute(query.order_by(*keys).limit(ROWS_MAX))
    return [dict(row) for row in found.mappings()]
