"""
What opening balances would do now, without writing: every row tried by the ledger's own verb.

The state is that of one snapshot, the entries are posted on a memory that is thrown away, and at
last the whole command is applied as its approval would apply it.

Rules: REG-56, REG-57.
"""

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from api.openings import PREFIX, RULE, Fault, Opening, Openings, column_of, key_of, line_of
from ledger.command import read_payload_json
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.load import load_memory
from ledger.post import post
from ledger.roles import require_role
from ledger.subject import Subjects
from ledger.tables import EntryRow, ProposalRow
from ledger.transfer import PostLines, require_plain
from ledger.work import Work


class OpeningExists(Refused):
    """The account was opened with this asset before."""

    code = "opening_exists"
    rule = RULE

    def __init__(self, account: str, asset: str, *, entry: int) -> None:
        super().__init__(
            f"{account} was opened with {asset} by entry {entry}; reverse that first if it is "
            "wrong, or post the difference",
            account=account,
            asset=asset,
            entry=entry,
        )


class OpeningWaits(Refused):
    """A proposal that nobody has decided on yet opens the account with this asset."""

    code = "opening_waits"
    rule = RULE

    def __init__(self, account: str, asset: str, *, proposal: int) -> None:
        super().__init__(
            f"proposal {proposal} opens {account} with {asset}; approve or reject it first",
            account=account,
            asset=asset,
            proposal=proposal,
        )


def rehearse(
    connection: sa.Connection, subjects: Subjects, openings: Openings, *, actor: str, now: int
) -> list[Fault]:
    """
    Return what the ledger would refuse of *openings* if *actor* sent them, row by row.

    Raises what is refused of the whole: a person without the role, or the command itself.
    *now* is the clock in microseconds. Rules: REG-56, REG-57.
    """
    handler, payload = subjects.handlers[PostLines.kind], openings.payload()
    memory = load_memory(connection, subjects)
    with Session(connection) as session:
        work = Work(
            memory,
            sequence=memory.sequence + 1,
            now=max(now, memory.now + 1),
            actor=actor,
            session=session,
        )
        scope = handler.scope(work, payload)
        require_role(memory, actor, kind=payload.kind, roles=handler.makers, scope=scope)
        taken = _taken(connection)
        faults = [fault for line in openings.lines for fault in _tried(work, line, taken)]
        work.take_back()
        if not faults and not openings.faults:
            again = Work(memory, sequence=work.sequence, now=work.now, actor=actor, session=session)
            handler.apply(again, payload)
    return faults


def _taken(connection: sa.Connection) -> dict[tuple[str, str], Refused]:
    """Return why accounts can no longer be opened, by account and asset."""
    taken: dict[tuple[str, str], Refused] = {}
    waiting = sa.select(ProposalRow.id, ProposalRow.payload).where(
        ProposalRow.state == "open", ProposalRow.kind == PostLines.kind
    )
    for proposal, text in connection.execute(waiting):
        payload = read_payload_json(PostLines, text.encode())
        assert isinstance(payload, PostLines)
        for line in payload.lines:
            key = key_of(line.reference)
            if key is not None:
                taken[key] = OpeningWaits(*key, proposal=proposal)
    undone = sa.select(EntryRow.reverses).where(EntryRow.reverses.is_not(None))
    written = sa.select(EntryRow.sequence, EntryRow.reference).where(
        EntryRow.reference.startswith(PREFIX, autoescape=True), EntryRow.sequence.not_in(undone)
    )
    for entry, reference in connection.execute(written):
        key = key_of(reference)
        if key is not None:
            taken[key] = OpeningExists(*key, entry=entry)
    return taken


def _tried(work: Work, line: Opening, taken: dict[tuple[str, str], Refused]) -> list[Fault]:
    """Post one row as an entry of its own and return what was refused, if anything."""
    try:
        known = taken.get((line.account, line.asset))
        if known is not None:
            raise known
        require_plain(work, line.account)
        reference, *posting = msgspec.structs.astuple(line_of(line))
        post(work, Entry(EntryCode.TRANSFER, RULE, (Posting(*posting),), reference))
    except Refused as refusal:
        return [Fault(line.row, column_of(refusal), refusal)]
    return []
