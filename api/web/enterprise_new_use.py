"""
An enterprise's new use: what a new project must buy, and the usage fees of its allocations.
"""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import reach_of
from api.faces import faces
from api.read.market import rows
from api.read.new_use import paid_parts
from api.web.act import Refusal, attempt, fresh_key
from api.web.authority_new_use import STATES
from api.web.enterprise import enterprise, own_party
from api.web.price_form import REASONS, ask
from api.web.shown import t
from ledger.allocation.fee import PayAllocation
from ledger.days import day_of

VIEW_RIGHTS = 78


@enterprise.get("/<code>/new-use")
def new_use(code: str) -> str:
    """Show what a new project must buy, and what of the allocations costs a fee."""
    return _page(code)


@enterprise.post("/<code>/payments")
def pay_fee(code: str) -> str | Response | tuple[str, int]:
    """Pay the usage fee of one paid part and take its units."""
    year = request.form.get("year", "")
    document: dict[str, Any] = {
        "enterprise": code,
        "year": int(year) if len(year) == 4 and year.isascii() and year.isdigit() else 0,
        "measure": request.form.get("measure", "")[:30],
        "product": request.form.get("product", "")[:100],
    }
    sent = attempt(PayAllocation, document)
    if isinstance(sent, Refusal):
        return _page(code, sent), sent.status
    flash(t("已缴费，指标已到账。", "Paid; the units are in your holding."), "done")
    return redirect(url_for("enterprise.new_use", code=code), 303)


def _page(code: str, refusal: Refusal | None = None) -> str:
    with faces().read() as connection:
        party = own_party(connection, code)
        parts = rows(connection, paid_parts(reach_of(VIEW_RIGHTS), {"enterprise": code}))
        price = ask(connection, party["district"], day_of(faces().gateway.now()))
    return render_template(
        "enterprise/new_use.html",
        party=party,
        paid_parts=sorted(parts, key=lambda row: (-row["year"], row["measure"], row["product"])),
        keys=[fresh_key() for _ in parts],
        states=STATES,
        price=price,
        reasons=REASONS,
        refusal=refusal,
    )
