"""
Proposals: what one person has proposed, and another approves or rejects.
"""

import json
from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import sqlalchemy as sa

import api.problem  # by its name: it needs the fields of this package while it is loaded
from api.door import visitor
from api.faces import faces
from api.read import proposals as reading
from api.read.kinds import kind_name
from api.read.narrow import narrow
from api.rest.fields import Instant, Words, plain
from api.rest.lines import as_arrays
from api.rest.outside import answers
from api.rest.preconditions import IF_MATCH, VersionStale, asked_version
from api.rest.resource import KEY_PARAMETER, Resource, one, page, submit
from api.rest.shapes import Sent, Strict, body_of, enlarged, item_of
from ledger.approve import Approve, NotProposable, Reject
from ledger.tables import ProposalRow

proposals = Resource("proposals", __name__, "Proposals: what takes two persons")

Proposal = enlarged(
    item_of(ProposalRow, leave_out=("payload",)),
    "Proposal",
    kind_name=Words(metadata={"description": "what is proposed, in words"}),
    proposed_at=Instant(),
    may_decide=ma.fields.Boolean(metadata={"description": "it waits for who asks"}),
)
ProposalShown = enlarged(
    Proposal,
    "ProposalShown",
    payload=ma.fields.Dict(metadata={"description": "as proposed, amounts as text"}),
    enterprises=ma.fields.List(Words()),
    districts=ma.fields.List(Words()),
)


class Proposed(Strict):
    """A command to propose: its kind, and its body as that kind's own route takes it."""

    kind = Words(required=True)
    document = ma.fields.Dict(required=True)


@proposals.get("/proposals")
@proposals.lists(Proposal, state=Words, kind=Words, maker=Words)
def index(asked: Mapping[str, Any]) -> Any:
    """List proposals that one made or may decide, the newest first."""
    query = narrow(_mine(), asked, kind=ProposalRow.kind, maker=ProposalRow.maker)
    if "state" in asked:
        query = query.where(query.selected_columns["state"] == asked["state"])
    return page(query, asked, [ProposalRow.id], newest_first=True, complete=_named)


@proposals.get("/proposals/<int:proposal>")
@proposals.shows(ProposalShown)
def show(proposal: int) -> Any:
    """Show one proposal with its payload; the ETag begins with the hash of that."""
    row = one(_mine().where(ProposalRow.id == proposal), complete=_told)
    tag = f'"{row["payload_hash"].hex()}.{row["state"]}.{row["may_decide"]}"'
    return row, 200, {"ETag": tag}


@proposals.post("/proposals")
@answers(proposals, Sent, body=Proposed, status=202, headers=(KEY_PARAMETER,))
def propose(proposed: Mapping[str, Any]) -> Any:
    """Propose any command that takes two persons, as its own route would."""
    handler = faces().gateway.subjects.handlers.get(proposed["kind"])
    if handler is None or not handler.checkers:
        raise NotProposable(proposed["kind"])
    document = body_of(handler.payload)().load(proposed["document"])
    return submit(handler.payload, as_arrays(handler.payload, document))


@proposals.post("/proposals/<int:proposal>/approvals")
@answers(proposals, Sent, status=201, headers=(IF_MATCH, KEY_PARAMETER))
def approve(proposal: int) -> Any:
    """Approve a proposal; If-Match says which content was read, and only that takes effect."""
    read = asked_version().partition(".")[0]
    row = one(_mine().where(ProposalRow.id == proposal))
    if row["payload_hash"].hex() != read:
        raise VersionStale
    return submit(Approve, {"proposal": proposal, "payload_hash": read})


@proposals.post("/proposals/<int:proposal>/rejections")
@proposals.takes(Reject, path=("proposal",))
def reject(document: Mapping[str, Any], proposal: int) -> Any:
    """Reject a proposal, with a reason for its maker."""
    return submit(Reject, {**document, "proposal": proposal})


def _mine() -> sa.Select[Any]:
    ours, asking = faces(), visitor()
    now = ours.gateway.now()
    return reading.proposals(ours.gateway.subjects, asking.grants, asking.person, now=now)


def _named(_connection: sa.Connection, rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [{**row, "kind_name": kind_name(row["kind"], api.problem.language())} for row in rows]


def _told(connection: sa.Connection, rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    told: list[Mapping[str, Any]] = []
    for row in _named(connection, rows):
        payload = json.loads(row["payload"])
        enterprises, districts = reading.concerns(connection, payload)
        told.append(
            {
                **row,
                "payload": plain(payload),
                "enterprises": sorted(enterprises),
                "districts": sorted(districts),
            }
        )
    return told
