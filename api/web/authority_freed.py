"""
Freed quota: claims with their grounds, the sources they gave, what is left and where it was used.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import NotFound, reach_of
from api.faces import faces
from api.read import substitution
from api.web import authority_words as words
from api.web.act import Refusal, attempt, fresh_key
from api.web.authority_frame import Row, authority, filter_of, listed
from api.web.authority_sheet import sheet_of
from api.web.shown import t
from ledger.substitution.confirm import ConfirmFreed
from ledger.substitution.revoke import RevokeFreed
from ledger.substitution.tables import FreedClaimRow, FreedSourceRow, ProjectRow, RetirementRow

CLAIM_STATES = {
    "claimed": ("已申请，待审核意见", "claimed, waits for an opinion"),
    "reviewed": ("已审核，待确认", "reviewed, waits to be confirmed"),
    "rejected": ("未通过", "rejected"),
    "confirmed": ("已确认", "confirmed"),
}
METHODS = {
    "closure": ("关停", "closure"),
    "retrofit": ("节能改造", "retrofit"),
    "renewable": ("可再生能源替代", "renewable substitution"),
    "elimination": ("淘汰", "elimination"),
    "overcapacity": ("去产能", "cut of overcapacity"),
    "management": ("管理节能", "better management"),
}
AGAINST = {
    "entitlement": ("由存续用能权转为腾出指标", "taken from a standing right"),
    "released_use": ("释放的实际用量", "use that was released"),
}
SOURCES_MAX = 200


@authority.get("/authority/freed")
def freed() -> str:
    """List claims of freed quota, and the sources with what is left of each."""
    state = filter_of("state")
    asked: dict[str, Any] = {"state": state} if state in CLAIM_STATES else {}
    with faces().read() as connection:
        query = substitution.freed_claims(reach_of(82), asked)
        rows, cursor = listed(connection, query, [FreedClaimRow.id])
        claims = substitution.with_grounds(connection, rows)
        own = substitution.sources(reach_of(82), {}).order_by(FreedSourceRow.id)
        sources = [dict(row) for row in connection.execute(own.limit(SOURCES_MAX)).mappings()]
        uses = _uses(connection, [row["id"] for row in sources])
    words.know(row["enterprise"] for row in (*claims, *sources))
    words.know(row["holder"] for row in sources if ":" not in row["holder"])
    return render_template(
        "authority/freed.html",
        claims=claims,
        cursor=cursor,
        sources=sources,
        uses=uses,
        state=state,
        **_WORDS,
    )


@authority.get("/authority/freed/<claim>")
def claim(claim: str) -> str:
    """Show one claim: what was used before, the audits, the opinion, the confirmed lots."""
    return _page(claim)


@authority.post("/authority/freed/<claim>/confirm")
def confirm_freed(claim: str) -> str | Response | tuple[str, int]:
    """Propose to confirm a claim that was reviewed."""
    document = {"claim": claim, "document": request.form.get("document", "").strip()}
    outcome = attempt(ConfirmFreed, document)
    if isinstance(outcome, Refusal):
        return _page(claim, refusal=outcome), outcome.status
    number = outcome.answer.result.get("proposal", outcome.answer.sequence)
    sentence = t(
        f"已提交复核，编号 {number}；第二人批准后腾出指标才发行。",
        f"Proposed as number {number}; the quota is issued when a second person approves.",
    )
    flash(sentence, "done")
    return redirect(url_for("authority.claim", claim=claim), 303)


@authority.post("/authority/freed/<claim>/revoke")
def revoke_freed(claim: str) -> str | Response | tuple[str, int]:
    """Propose to revoke a confirmed claim."""
    form = request.form
    document = {
        "claim": claim,
        "document": form.get("document", "").strip(),
        "evidence": form.get("evidence", "").strip(),
        "rights": form.get("rights", "kept"),
    }
    outcome = attempt(RevokeFreed, document)
    if isinstance(outcome, Refusal):
        return _page(claim, refusal=outcome), outcome.status
    number = outcome.answer.result.get("proposal", outcome.answer.sequence)
    sentence = t(
        f"已提交复核，编号 {number}；第二人批准后收回未用部分，已用部分由使用项目补足。",
        f"Proposed as number {number}; what is unused goes when a second person approves, and "
        "projects owe the rest.",
    )
    flash(sentence, "done")
    return redirect(url_for("authority.claim", claim=claim), 303)


def _page(claim: str, *, refusal: Refusal | None = None) -> str:
    with faces().read() as connection:
        query = substitution.freed_claim(reach_of(82), claim)
        row = connection.execute(query).mappings().first()
        if row is None:
            raise NotFound
        found = substitution.with_grounds(connection, [dict(row)])[0]
        uses = _uses(connection, [source["id"] for source in found["sources"]])
    words.know([found["enterprise"], *(one["enterprise"] for one in found["shares"])])
    return render_template(
        "authority/claim.html",
        claim=found,
        uses=uses,
        steps={
            one["measure"]: sheet_of(one["sheet"], measure=one["measure"])
            for one in found["measures"]
        },
        key=fresh_key(),
        refusal=refusal,
        form=request.form,
        **_WORDS,
    )


_WORDS: Mapping[str, Any] = {"states": CLAIM_STATES, "methods": METHODS, "against": AGAINST}


def _uses(connection: sa.Connection, sources: list[str]) -> dict[str, list[Row]]:
    """Return by source the projects that used it up, and how much each."""
    query = (
        sa.select(
            RetirementRow.source, RetirementRow.project, RetirementRow.amount, ProjectRow.name
        )
        .join(ProjectRow, ProjectRow.id == RetirementRow.project)
        .where(RetirementRow.source.in_(sources))
    )
    found: dict[str, list[Row]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["source"], []).append(dict(row))
    return found
