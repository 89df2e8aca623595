"""
Four eyes: what waits for me, what I proposed, what was decided; approve or reject one.
"""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from api.door import NotFound, visitor
from api.faces import faces
from api.read.command_entries import decision_of
from api.read.proposals import concerns, may_check
from api.read.proposals import proposals as readable
from api.web import authority_words as words
from api.web.act import Refusal, attempt, fresh_key
from api.web.authority_document import pretty, shown
from api.web.authority_frame import Row, authority, filter_of, listed
from api.web.shown import ROLE_WORDS, t
from ledger.approve import Approve, Reject
from ledger.subject import Handler
from ledger.tables import ProposalRow

PARTS = ("waiting", "mine", "closed")
SHOWN_MAX = 6
"""How many enterprises or districts a list names beside a proposal."""


@authority.get("/proposals")
def proposals() -> str:
    """List proposals: those that wait for the visitor, own ones, closed ones."""
    part = filter_of("part")
    part = part if part in PARTS else "waiting"
    with faces().read() as connection:
        rows, cursor = listed(connection, _part(part), [ProposalRow.id])
        named = {row["id"]: _about(row["payload"]) for row in rows}
        waiting = connection.execute(
            sa.select(sa.func.count()).select_from(_mine(waiting=True).subquery())
        ).scalar_one()
    words.know({one for found in named.values() for one in found["enterprises"]})
    words.know(persons=[row[end] for row in rows for end in ("maker", "checker")])
    return render_template(
        "proposals/index.html",
        part=part,
        rows=rows,
        named=named,
        cursor=cursor,
        waiting=waiting,
    )


@authority.get("/proposals/<int:proposal>")
def proposal(proposal: int) -> str:
    """Show one proposal: who, what in words, the hash that is approved, until when."""
    return _page(proposal)


@authority.post("/proposals/<int:proposal>/approve")
def approve(proposal: int) -> str | Response | tuple[str, int]:
    """Approve what was read: the hash of the page goes with it."""
    _require_seen(proposal)
    document = {"proposal": proposal, "payload_hash": request.form.get("payload_hash", "")}
    outcome = attempt(Approve, document)
    if isinstance(outcome, Refusal):
        return _page(proposal, refusal=outcome), outcome.status
    sentence = t(
        f"已批准第 {proposal} 号事项，即时生效，命令序号 {outcome.answer.sequence}。",
        f"Proposal {proposal} is approved and in effect, by command {outcome.answer.sequence}.",
    )
    flash(sentence, "done")
    return redirect(url_for("authority.proposal", proposal=proposal), 303)


@authority.post("/proposals/<int:proposal>/reject")
def reject(proposal: int) -> str | Response | tuple[str, int]:
    """Send a proposal back with a reason."""
    _require_seen(proposal)
    document = {"proposal": proposal, "reason": request.form.get("reason", "").strip()}
    outcome = attempt(Reject, document)
    if isinstance(outcome, Refusal):
        return _page(proposal, refusal=outcome), outcome.status
    sentence = t(
        f"已退回第 {proposal} 号事项，理由已记入账本。",
        f"Proposal {proposal} is rejected; the reason is on record.",
    )
    flash(sentence, "done")
    return redirect(url_for("authority.proposals"), 303)


def _mine(*, waiting: bool = False) -> sa.Select[Any]:
    ours, asking = faces(), visitor()
    return readable(
        ours.gateway.subjects,
        asking.grants,
        asking.person,
        now=ours.gateway.now(),
        waiting=waiting,
    )


def _part(part: str) -> sa.Select[Any]:
    if part == "waiting":
        return _mine(waiting=True)
    if part == "mine":
        return _mine().where(ProposalRow.maker == visitor().person)
    decided = ProposalRow.state.in_(("approved", "rejected"))
    late = ProposalRow.expires_at <= faces().gateway.now()
    return _mine().where(sa.or_(decided, late))


def _about(payload: str) -> Mapping[str, list[str]]:
    """Return the enterprises and districts that a payload names itself, the first few."""
    found: Mapping[str, set[str]] = {"enterprises": set(), "districts": set()}

    def look(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, below in value.items():
                look(key, below)
        elif isinstance(value, list):
            for one in value:
                look(name, one)
        elif name in ("enterprise", "enterprises"):
            found["enterprises"].add(str(value))
        elif name == "district":
            found["districts"].add(str(value))

    look("", json.loads(payload))
    return {name: sorted(ids)[:SHOWN_MAX] for name, ids in found.items()}


def _require_seen(proposal: int) -> None:
    """Answer that there is no such thing where the visitor may not even see the proposal."""
    with faces().read() as connection:
        if connection.execute(_mine().where(ProposalRow.id == proposal)).first() is None:
            raise NotFound


def _page(proposal: int, *, refusal: Refusal | None = None) -> str:
    with faces().read() as connection:
        row = connection.execute(_mine().where(ProposalRow.id == proposal)).mappings().first()
        if row is None:
            raise NotFound
        enterprises, districts = concerns(connection, json.loads(row["payload"]))
        decided = row["state"] in ("approved", "rejected")
        decision = decision_of(connection, proposal) if decided else None
        is_checker = _is_checker(connection, proposal)
    words.know(enterprises, [row["maker"], row["checker"]])
    handler = faces().gateway.subjects.handlers[row["kind"]]
    return render_template(
        "proposals/proposal.html",
        row=row,
        fields=shown(row["kind"], row["payload"]),
        pretty=pretty(row["payload"]),
        content=json.loads(row["payload"]),
        payload_hash=row["payload_hash"].hex(),
        enterprises=sorted(enterprises),
        districts=sorted(districts),
        decision=decision,
        reason=_reason(decision),
        why_not=_why_not(row, handler, is_checker=is_checker),
        checkers=_roles(handler),
        key=fresh_key(),
        reject_key=fresh_key(),
        refusal=refusal,
        form=request.form,
    )


def _is_checker(connection: sa.Connection, proposal: int) -> bool:
    condition = may_check(faces().gateway.subjects, visitor().grants)
    query = sa.select(ProposalRow.id).where(ProposalRow.id == proposal, condition)
    return connection.execute(query).first() is not None


def _roles(handler: Handler) -> str:
    found = (ROLE_WORDS.get(role, (role, role)) for role in sorted(handler.checkers))
    return t("、", ", ").join(t(*pair) for pair in found)


def _reason(decision: Row | None) -> str:
    if decision is None or decision["kind"] != "proposal.reject":
        return ""
    return str(json.loads(decision["payload"])["reason"])


def _why_not(row: Mapping[Any, Any], handler: Handler, *, is_checker: bool) -> str:
    """Return why the visitor cannot decide, "" where they can."""
    if row["state"] == "expired":
        return t(
            "已过复核期限，未生效。需要时请重新提交。",
            "Its time to be decided has passed without effect. Propose it again if needed.",
        )
    if row["state"] != "open":
        return t("此事项已办结。", "This is decided.")
    if row["maker"] == visitor().person:
        return t(
            f"这是您本人提交的事项，须由另一人复核：{_roles(handler)}。",
            f"You proposed this yourself; another person has to decide: {_roles(handler)}.",
        )
    if not is_checker:
        return t(f"须由{_roles(handler)}复核。", f"It is for {_roles(handler)} to decide.")
    return ""
