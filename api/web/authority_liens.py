"""
Liens as the authority sees them: judicial freezes and who waits, leases, pledges; freeze and lift.
"""

from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import reach_of
from api.faces import faces
from api.read import liens as reading
from api.web import authority_words as words
from api.web.act import Refusal, attempt, fresh_key, tried
from api.web.authority_frame import Row, authority
from api.web.shown import t
from ledger.command import Payload
from ledger.liens.freeze_commands import LiftFreeze
from ledger.liens.tables import FreezeRow, LeaseRow, PledgeRow
from ledger.units import parse_kgce
from market.court_freeze import FreezeUnits

VIEW = 140
SHOWN_MAX = 200
TEXTS = ("freeze", "enterprise", "asset", "court", "document", "ends_on")


@authority.get("/authority/liens")
def liens() -> str:
    """List freezes, leases and pledges that have not ended."""
    return _page()


@authority.post("/authority/liens/freezes")
def freeze_units() -> str | Response | tuple[str, int]:
    """Propose to freeze units for a court."""
    document: dict[str, Any] = {name: request.form.get(name, "").strip() for name in TEXTS}
    return _sent(FreezeUnits, document)


@authority.post("/authority/liens/freezes/<freeze>/lift")
def lift_freeze(freeze: str) -> str | Response | tuple[str, int]:
    """Propose to lift a freeze, wholly where no amount is given."""
    return _sent(
        LiftFreeze, {"freeze": freeze, "document": request.form.get("document", "").strip()}
    )


def _sent(kind: type[Payload], document: dict[str, Any]) -> str | Response | tuple[str, int]:
    """Send what a form asks for, with the amount in tonnes that it may have."""
    text = request.form.get("amount", "")[:30].strip().replace(",", "")
    amount = tried(lambda: parse_kgce(text)) if text else None
    if isinstance(amount, Refusal):
        return _page(amount), amount.status
    outcome = attempt(kind, {**document, "amount": amount})
    if isinstance(outcome, Refusal):
        return _page(outcome), outcome.status
    number = outcome.answer.sequence
    sentence = t(
        f"已提交复核，编号 {number}；第二人批准后生效，卖单等由新到旧自动撤销，不足部分轮候。",
        f"Proposed as number {number}; when a second person approves, orders to sell give way, "
        "newest first, and what lacks waits.",
    )
    flash(sentence, "done")
    return redirect(url_for("authority.liens"), 303)


def _page(refusal: Refusal | None = None) -> str:
    reach = reach_of(VIEW)
    with faces().read() as connection:
        freezes = _open(
            connection, reading.freezes(reach, {}), FreezeRow, ("ended",), by=FreezeRow.arrived_by
        )
        leases = _open(connection, reading.leases(reach, {}), LeaseRow, ("returned", "withdrawn"))
        over = ("withdrawn", "released", "satisfied", "enforced", "lapsed")
        pledges = _open(connection, reading.pledges(reach, {}), PledgeRow, over)
    words.know(row["enterprise"] for row in freezes)
    words.know(row[side] for row in leases for side in ("lessor", "lessee"))
    words.know(row[side] for row in pledges for side in ("pledgor", "pledgee"))
    return render_template(
        "authority/liens.html",
        freezes=freezes,
        leases=leases,
        pledges=pledges,
        form=request.form,
        fresh_key=fresh_key,
        refusal=refusal,
    )


def _open(
    connection: sa.Connection,
    query: sa.Select[Any],
    table: Any,
    over: tuple[str, ...],
    *,
    by: Any = None,
) -> list[Row]:
    """Return the rows of *query* that have not ended, by id or in the order of *by*."""
    order = table.id if by is None else by
    still = query.where(table.state.not_in(over)).order_by(order).limit(SHOWN_MAX)
    return [dict(row) for row in connection.execute(still).mappings()]
