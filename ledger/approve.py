"""
Four eyes: one person proposes, another approves, and only then does the command take effect.

The proposal keeps the payload and its hash. The approver names the hash, so what is approved is
what was read. Roles of both persons are checked again at the moment of effect.
"""

from typing import ClassVar

import msgspec

from ledger.command import Payload, canonical, encode_payload, payload_hash, read_payload_json
from ledger.errors import Refused
from ledger.roles import has_role_anywhere, require_role
from ledger.subject import VERB_DECIDES, Handler, Result, Role, Subjects
from ledger.tables import ProposalRow
from ledger.versions import RIGHTS
from ledger.work import Work

PROPOSAL_LIFE_MICROSECONDS = 24 * 3_600 * 1_000_000


class SecondPersonNeeded(Refused):
    """The command needs four eyes and was sent by one person alone."""

    code = "second_person_needed"
    rule = "REG-22"

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind} takes effect only when a second person approves", kind=kind)


class NotProposable(Refused):
    """The kind of command is unknown or needs no second person."""

    code = "not_proposable"
    rule = "REG-22"

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind[:60]} is not a command that needs approval", kind=kind[:60])


class ProposalUnknown(Refused):
    """There is no such proposal."""

    code = "proposal_unknown"
    rule = "REG-22"

    def __init__(self, proposal: int) -> None:
        super().__init__(
            f"there is no proposal {proposal}; look at those that are open", proposal=proposal
        )


class ProposalClosed(Refused):
    """The proposal was approved, rejected or has expired."""

    code = "proposal_closed"
    rule = "REG-22"

    def __init__(self, proposal: int, state: str) -> None:
        super().__init__(f"proposal {proposal} is {state}", proposal=proposal, state=state)


class ProposalChanged(Refused):
    """The hash that was approved is not the hash of what was proposed."""

    code = "proposal_changed"
    rule = "REG-22"

    def __init__(self, proposal: int) -> None:
        super().__init__(
            f"proposal {proposal} does not have the content you approved; read it again",
            proposal=proposal,
        )


class SamePerson(Refused):
    """The approver is the person who proposed."""

    code = "same_person"
    rule = "REG-22"

    def __init__(self, proposal: int, person: str) -> None:
        super().__init__(
            f"{person} made proposal {proposal} and cannot approve it",
            proposal=proposal,
            person=person,
        )


class Propose(Payload, frozen=True):
    """Propose a command: its kind and its payload as canonical JSON text."""

    kind: ClassVar[str] = "proposal.make"
    proposed_kind: str
    document: str


class Approve(Payload, frozen=True):
    """Approve a proposal by its number and the hex hash of what was read."""

    kind: ClassVar[str] = "proposal.approve"
    proposal: int
    payload_hash: str


class Reject(Payload, frozen=True):
    """Reject a proposal, with a reason for the maker."""

    kind: ClassVar[str] = "proposal.reject"
    proposal: int
    reason: str


def proposing(payload: Payload) -> Propose:
    """Return the proposal of *payload*."""
    return Propose(proposed_kind=payload.kind, document=encode_payload(payload).decode())


def approving(proposal: int, payload: Payload) -> Approve:
    """Return the approval of *proposal* by someone who has read *payload*."""
    return Approve(proposal=proposal, payload_hash=payload_hash(encode_payload(payload)).hex())


class Approvals:
    """The three verbs of four eyes, over the handlers of all subjects."""

    def __init__(self) -> None:
        self.subjects = Subjects(())

    def propose(self, work: Work, payload: Propose) -> Result:
        """
        Keep the payload for a second person, who has 24 hours.

        Rule: REG-22.
        """
        handler, proposed = self._proposed(payload)
        self._require_maker(work, handler, proposed, work.actor)
        encoded = _encoded(work, payload, proposed)
        work.session.add(
            ProposalRow(
                id=work.sequence,
                kind=payload.proposed_kind,
                payload=encoded.decode(),
                payload_hash=payload_hash(encoded),
                maker=work.actor,
                checker=None,
                state="open",
                expires_at=work.now + PROPOSAL_LIFE_MICROSECONDS,
            )
        )
        return {"proposal": work.sequence, "payload_hash": payload_hash(encoded).hex()}

    def approve(self, work: Work, payload: Approve) -> Result:
        """
        Let a proposal take effect, made by its maker and approved by the actor.

        Checks in this order: known, open, in time, another person, the same content, the
        checker's role, the maker's role. Rule: REG-22.
        """
        row = self._open_proposal(work, payload.proposal)
        if row.maker == work.actor:
            raise SamePerson(row.id, work.actor)
        if row.payload_hash.hex() != payload.payload_hash:
            raise ProposalChanged(row.id)
        handler = self.subjects.handlers[row.kind]
        proposed = read_payload_json(handler.payload, row.payload.encode())
        scope = handler.scope(work, proposed)
        require_role(work.memory, work.actor, kind=row.kind, roles=handler.checkers, scope=scope)
        self._require_maker(work, handler, proposed, row.maker)
        row.state, row.checker = "approved", work.actor
        work.actor, work.approver = row.maker, work.actor
        return handler.apply(work, proposed)

    def reject(self, work: Work, payload: Reject) -> Result:
        """Close a proposal without effect. Rule: REG-22."""
        row = self._open_proposal(work, payload.proposal)
        if row.maker == work.actor:
            raise SamePerson(row.id, work.actor)
        handler = self.subjects.handlers[row.kind]
        proposed = read_payload_json(handler.payload, row.payload.encode())
        scope = handler.scope(work, proposed)
        require_role(work.memory, work.actor, kind=row.kind, roles=handler.checkers, scope=scope)
        row.state, row.checker = "rejected", work.actor
        return {"proposal": row.id}

    def handlers(self) -> tuple[Handler, ...]:
        """Return the handlers; the roles of the proposed kind decide who may send them."""
        admit = self._admit_deciding
        return (
            Handler(Propose, self.propose, makers=VERB_DECIDES, admit=self._admit_proposing),
            Handler(Approve, self.approve, makers=VERB_DECIDES, admit=admit),
            Handler(Reject, self.reject, makers=VERB_DECIDES, admit=admit),
        )

    def _admit_proposing(self, work: Work, payload: Propose) -> None:
        """Refuse what cannot be proposed, or not by this person. Rule: REG-05, REG-20."""
        handler, proposed = self._proposed(payload)
        encode_payload(proposed)
        self._require_maker(work, handler, proposed, work.actor)

    def _admit_deciding(self, work: Work, payload: Approve | Reject) -> None:
        """
        Refuse who may not decide on this proposal; the maker is told so as a maker.

        Of a proposal that never was, those who could decide on none. Rule: REG-20.
        """
        row = work.session.get(ProposalRow, payload.proposal)
        if row is None:
            if not has_role_anywhere(work.memory, work.actor, self._checkers()):
                raise ProposalUnknown(payload.proposal)
            return
        handler = self.subjects.handlers[row.kind]
        proposed = read_payload_json(handler.payload, row.payload.encode())
        roles = handler.checkers | (handler.makers if row.maker == work.actor else frozenset())
        scope = handler.scope(work, proposed)
        require_role(work.memory, work.actor, kind=row.kind, roles=roles, scope=scope)

    def _checkers(self) -> frozenset[Role]:
        """Return every role that may decide on some proposal."""
        every = self.subjects.handlers.values()
        return frozenset(role for handler in every for role in handler.checkers)

    def _proposed(self, payload: Propose) -> tuple[Handler, Payload]:
        """Return what would apply a proposal, and what is proposed, or refuse."""
        handler = self.subjects.handlers.get(payload.proposed_kind)
        if handler is None or not handler.checkers:
            raise NotProposable(payload.proposed_kind)
        return handler, read_payload_json(handler.payload, payload.document.encode())

    def _open_proposal(self, work: Work, proposal: int) -> ProposalRow:
        row = work.session.get(ProposalRow, proposal)
        if row is None:
            raise ProposalUnknown(proposal)
        if row.state != "open":
            raise ProposalClosed(proposal, row.state)
        if work.now >= row.expires_at:
            raise ProposalClosed(proposal, "expired")
        return row

    def _require_maker(self, work: Work, handler: Handler, proposed: Payload, person: str) -> None:
        require_role(
            work.memory,
            person,
            kind=handler.payload.kind,
            roles=handler.makers,
            scope=handler.scope(work, proposed),
        )


def _encoded(work: Work, payload: Propose, proposed: Payload) -> bytes:
    """
    Return the canonical JSON of what is proposed.

    A document of an older release is kept as it was written: a field that its kind has gained since
    was not read by whoever approved it.
    """
    encoded = encode_payload(proposed)
    if work.is_since(RIGHTS):
        return encoded
    return canonical(msgspec.json.decode(payload.document))
