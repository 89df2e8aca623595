"""
Undo an acceptance before the project runs: what was retired comes back, and the right goes.

After commissioning nothing is undone; there a project can only come to owe a deficit.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import sqlalchemy as sa

from ledger.allocation.cut import claw_back_flow, issued_flow, undo_right
from ledger.allocation.methods import ClawBack
from ledger.allocation.tables import EntitlementRow
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.days import day_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.post import AmountNotPositive, post
from ledger.register import open_if_new
from ledger.subject import Result
from ledger.substitution.clawback import FlowLine
from ledger.substitution.deficit import deficits_of
from ledger.substitution.evidence import require_document
from ledger.substitution.file import MeasureTwice
from ledger.substitution.issue import right_of
from ledger.substitution.look_up import RECORDED
from ledger.substitution.project import project_of, require_stage
from ledger.substitution.project_tables import AcceptanceRow, SettlementRow, UndoingRow
from ledger.substitution.reserve_tables import RevocationRow
from ledger.substitution.tables import (
    FreedSourceRow,
    ProjectMeasureRow,
    ProjectRow,
    RetirementRow,
)
from ledger.work import Work


class RightGone(Refused):
    """The right that a project was given is no longer there to be taken back."""

    code = "project_right_gone"
    rule = "SUB-73"

    def __init__(self, project: str, *, measure: str, needed: int, available: int) -> None:
        super().__init__(
            f"{project} was given {needed} of {measure} and {available} of it is left; an "
            "acceptance is undone while the whole right is there, afterwards a deficit is opened",
            project=project,
            measure=measure,
            needed=needed,
            available=available,
        )


class FlowNotStated(Refused):
    """An acceptance is undone without a word on the flow that was issued meanwhile."""

    code = "project_flow_not_stated"
    rule = "SUB-73"

    def __init__(self, project: str, *, measure: str, year: int, issued: int) -> None:
        super().__init__(
            f"{issued} of {measure} flow was issued for {year} to the enterprise of {project}: say "
            "how much of it came from the project's right; zero is accepted, silence is not",
            project=project,
            measure=measure,
            year=year,
            issued=issued,
        )


class UndoAcceptance(Payload, frozen=True):
    """
    Undo the acceptance of a project that does not run yet, by *document*.

    *flow* asks back this year's flow that derives from the project's right, by measure; it is
    stated for every measure in which the enterprise was issued flow.
    """

    kind: ClassVar[str] = "projects.undo"
    project: str
    document: str
    flow: tuple[FlowLine, ...] = ()


def undo_acceptance(work: Work, payload: UndoAcceptance) -> Result:
    """
    Reverse an acceptance in one entry; the project is registered again and can be planned anew.

    Units of a source that was revoked meanwhile go to scheme:revoked, not back to it, and the
    deficit that the revocation opened is void. Flow that is no longer there becomes a due claim.

    Rule: SUB-73.
    """
    row = project_of(work, payload.project)
    require_stage(work, row, "accepted")
    require_document("the undoing", payload.document)
    measures = _measures(work, row)
    _require_flow_stated(work, row, payload.flow, measures)
    retired = _retired(work, row)
    postings = (*_taken_back(work, row, measures), *_given_back(work, row, retired))
    if postings:
        _reverse(work, row, postings)
    flow = list(_undo_flow(work, row, measures, payload.flow))
    _forget(work, row, measures, retired, document=payload.document)
    work.publish("substitution", {"enterprise": row.enterprise, "project": row.id, "undone": "yes"})
    return {"project": row.id, "flow": flow}


def _reverse(work: Work, row: ProjectRow, postings: tuple[Posting, ...]) -> None:
    entry = Entry(
        EntryCode.REVERSAL,
        "SUB-73",
        postings,
        reference=f"undoing:{row.id}:{work.sequence}",
        reverses=_acceptance(work, row),
    )
    post(work, entry)


def _measures(work: Work, row: ProjectRow) -> list[ProjectMeasureRow]:
    query = sa.select(ProjectMeasureRow).where(ProjectMeasureRow.project == row.id)
    return sorted(work.session.scalars(query), key=lambda one: one.measure)


def _retired(work: Work, row: ProjectRow) -> list[RetirementRow | SettlementRow]:
    """Return what was retired for a project, at its acceptance and for deficits, by source."""
    found: list[RetirementRow | SettlementRow] = []
    for table in (RetirementRow, SettlementRow):
        found += work.session.scalars(sa.select(table).where(table.project == row.id))
    return sorted(found, key=lambda one: (one.source, one.amount))


def _taken_back(
    work: Work, row: ProjectRow, measures: Sequence[ProjectMeasureRow]
) -> Iterator[Posting]:
    """Yield the postings that end the right which the acceptance gave."""
    account = of_enterprise(row.enterprise, "entitlement")
    for one in measures:
        if one.retired is None or not one.added:
            continue
        asset = right_of(work, row, one.measure).code
        available = work.memory.balance(account, asset)
        if one.measure in RECORDED:
            available = min(available, _end_entitlement(work, row, one.measure))
        if available < one.added:
            raise RightGone(row.id, measure=one.measure, needed=one.added, available=available)
        yield Posting(account, "scheme:issuance", asset, one.added)


def _end_entitlement(work: Work, row: ProjectRow, measure: str) -> int:
    """Take the right out of what allocation counts; return how much of it was left."""
    given = work.session.scalars(
        sa.select(EntitlementRow).where(
            EntitlementRow.sequence == row.accepted_by, EntitlementRow.measure == measure
        )
    ).one()
    left, given.remaining = given.remaining, 0
    return left


def _given_back(
    work: Work, row: ProjectRow, retired: Sequence[RetirementRow | SettlementRow]
) -> Iterator[Posting]:
    """Yield the postings that give each source back what it lost, or end what was revoked."""
    for one in retired:
        source = work.session.get_one(FreedSourceRow, one.source)
        revoked = work.session.get(RevocationRow, (source.claim, source.measure))
        there = f"source:{source.id}"
        if revoked is not None:
            there = open_if_new(work, "scheme:revoked").address
        yield Posting(f"scheme:substituted:{row.id}", there, source.asset, one.amount)


def _acceptance(work: Work, row: ProjectRow) -> int | None:
    """Return the entry by which a project was accepted; None for one accepted before RIGHTS."""
    found = work.session.get(AcceptanceRow, row.accepted_by)
    return None if found is None else found.entry


def _require_flow_stated(
    work: Work, row: ProjectRow, lines: Sequence[FlowLine], measures: Sequence[ProjectMeasureRow]
) -> None:
    stated: set[str] = set()
    for line in lines:
        if line.unused < 0:
            raise AmountNotPositive(line.unused)
        if line.measure in stated:
            raise MeasureTwice(row.id, line.measure)
        stated.add(line.measure)
    year = day_of(work.now).year
    for one in measures:
        if one.measure not in RECORDED or one.measure in stated or not one.added:
            continue
        issued = issued_flow(work, row.enterprise, measure=one.measure, year=year)
        if issued:
            raise FlowNotStated(row.id, measure=one.measure, year=year, issued=issued)


def _undo_flow(
    work: Work, row: ProjectRow, measures: Sequence[ProjectMeasureRow], lines: Sequence[FlowLine]
) -> Iterator[dict[str, object]]:
    """Take back what flow is asked back, and cut what true-up would still give for the right."""
    assert row.accepted_by is not None
    stated: dict[str, int] = {line.measure: line.unused for line in lines}
    for one in measures:
        if one.measure not in RECORDED or not one.added:
            continue
        unused = stated.pop(one.measure, 0)
        split = undo_right(
            work,
            row.enterprise,
            measure=one.measure,
            right=one.added,
            since=row.accepted_by,
            year=day_of(work.now).year,
            unused=unused,
            rule="SUB-73",
        )
        if unused:
            yield _told(one.measure, split)
    for measure, unused in stated.items():
        if unused:
            yield _told(measure, _claw_back(work, row, measure, unused))


def _told(measure: str, split: ClawBack) -> dict[str, object]:
    return {"measure": measure, "taken": split.taken_kgce, "due": split.due_claim_kgce}


def _claw_back(work: Work, row: ProjectRow, measure: str, unused: int) -> ClawBack:
    return claw_back_flow(
        work,
        row.enterprise,
        measure=measure,
        year=day_of(work.now).year,
        amount=unused,
        rule="SUB-73",
    )


def _forget(
    work: Work,
    row: ProjectRow,
    measures: Sequence[ProjectMeasureRow],
    retired: Sequence[RetirementRow | SettlementRow],
    *,
    document: str,
) -> None:
    """Let the project stand where it was registered; the undoing and the log keep what was."""
    assert row.accepted_by is not None
    work.session.add(
        UndoingRow(
            sequence=work.sequence,
            project=row.id,
            accepted_by=row.accepted_by,
            document=document,
        )
    )
    for measure in measures:
        measure.retired = measure.net_reduction = None
    for one in retired:
        work.session.delete(one)
    for deficit in deficits_of(work, row.id):
        deficit.settled = deficit.amount
    row.state, row.plan, row.accepted_by, row.sheet = "registered", None, None, ""
