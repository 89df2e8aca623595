"""
What a compliance year rests on without a source that confirms it, and the waiver of it.
"""

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from api.door import NotFound
from api.faces import faces
from api.instants import read_day
from api.read.ground import ground_of_year
from api.web.act import Refusal, attempt, fresh_key, worded
from api.web.authority_frame import authority, filter_of
from api.web.public_policy import meaning, valued
from api.web.shown import t
from ledger.waive import WaiveParameters, WaiverReasonMissing

_FIRST, _LAST = 2000, 2998


@authority.get("/authority/years/<int:year>/ground")
def ground(year: int) -> str:
    """Show the unconfirmed values that a year would rest on, and which of them are waived."""
    return _page(year)


@authority.post("/authority/years/<int:year>/ground")
def waive(year: int) -> str | Response | tuple[str, int]:
    """Propose to waive what is not waived yet, for the days on which the year uses it."""
    reason = request.form.get("reason", "").strip()
    left = [row for row in _rows(year) if not row["is_waived"]]
    lines = [
        {name: row[name] for name in ("pack", "key", "first_day", "last_day")} | {"reason": reason}
        for row in left
    ]
    if lines and not reason:
        refusal = worded(WaiverReasonMissing(lines[0]["pack"], lines[0]["key"]))
        return _page(year, refusal=refusal), refusal.status
    outcome = attempt(WaiveParameters, {"rows": lines})
    if isinstance(outcome, Refusal):
        return _page(year, refusal=outcome), outcome.status
    number = outcome.answer.result.get("proposal", outcome.answer.sequence)
    sentence = t(
        f"已提交复核，编号 {number}；第二人批准后生效。",
        f"Proposed as number {number}; it takes effect when a second person approves.",
    )
    flash(sentence, "done")
    return redirect(url_for("authority.ground", year=year, deadline=_deadline(year)), 303)


def _page(year: int, *, refusal: Refusal | None = None) -> str:
    rows = _rows(year)
    return render_template(
        "authority/ground.html",
        year=year,
        deadline=_deadline(year),
        rows=rows,
        left=sum(not row["is_waived"] for row in rows),
        refusal=refusal,
        form=request.form,
        key=fresh_key(),
        meaning=meaning,
        valued=valued,
    )


def _rows(year: int) -> list[dict[str, Any]]:
    if not _FIRST <= year <= _LAST:
        raise NotFound
    with faces().read() as connection:
        return ground_of_year(connection, year, _deadline(year))


def _deadline(year: int) -> date:
    """Return the day asked for, or the end of June after the year, which is only a proposal."""
    asked = filter_of("deadline", most=10) or request.form.get("deadline", "")
    chosen = read_day(asked) if asked else date(year + 1, 6, 30)
    return max(chosen, date(year, 1, 1))
