"""
Classify lines of the two-high register and move them on (分类处置, 动态管理).
"""

from datetime import date
from typing import ClassVar, Literal

from ledger.command import Payload
from ledger.errors import Refused
from ledger.policy import as_texts
from ledger.subject import Result
from ledger.substitution.evidence import require_document
from ledger.substitution.project import project_of, stage_of
from ledger.substitution.project_tables import TwoHighRow
from ledger.substitution.register import entry_of, note_step, reader_on, require_review
from ledger.work import Work

_ON = {
    "proposed": ("under_construction", "removed"),
    "under_construction": ("existing", "removed"),
    "existing": ("removed",),
    "removed": (),
}
_NEEDS = {
    "under_construction": ("accepted", "commissioned", "closed"),
    "existing": ("commissioned", "closed"),
}
"""Where the project of a line must stand before the line moves on."""


class TwoHighMoveRefused(Refused):
    """A line of the register is to go where it cannot go from its state."""

    code = "two_high_move_refused"
    rule = "SUB-63"

    def __init__(self, entry: str, *, state: str, wanted: str) -> None:
        accepted = ", ".join(_ON[state])
        super().__init__(
            f"line {entry} is {state} and cannot become {wanted}; "
            f"{accepted or 'nothing more'} is accepted",
            entry=entry,
            state=state,
            wanted=wanted,
            accepted=accepted,
        )


class TwoHighTooEarly(Refused):
    """The project of a line has not come so far."""

    code = "two_high_too_early"
    rule = "SUB-63"

    def __init__(self, entry: str, *, project: str, state: str, needed: str) -> None:
        super().__init__(
            f"line {entry} cannot move on: its project {project} is {state}, and it takes one that "
            f"is {needed}",
            entry=entry,
            project=project,
            state=state,
            needed=needed,
        )


class DispositionUnknown(Refused):
    """The pack does not know this class of disposition."""

    code = "disposition_unknown"
    rule = "SUB-64"

    def __init__(self, entry: str, *, disposition: str, accepted: str) -> None:
        super().__init__(
            f"{disposition[:40]!r} is no class in which line {entry} can be put; {accepted} are",
            entry=entry,
            disposition=disposition[:40],
            accepted=accepted,
        )


class ClassifyTwoHigh(Payload, frozen=True):
    """Decide how a line of the register is dealt with (分类处置) and when it is looked at next."""

    kind: ClassVar[str] = "two_high.classify"
    entry: str
    disposition: str
    document: str
    review_by: date


class MoveTwoHigh(Payload, frozen=True):
    """Move a line of the register on: under construction, existing, or removed from it."""

    kind: ClassVar[str] = "two_high.progress"
    entry: str
    state: Literal["under_construction", "existing", "removed"]
    document: str


def classify_two_high(work: Work, payload: ClassifyTwoHigh) -> Result:
    """Put a line into one of the classes that the pack names. Rule: SUB-64."""
    row = entry_of(work, payload.entry)
    classes = as_texts(reader_on(work, row.district).find("two_high.disposition_classes"))
    if payload.disposition not in classes:
        raise DispositionUnknown(
            row.id, disposition=payload.disposition, accepted=", ".join(classes)
        )
    require_document("the disposition", payload.document)
    require_review(work, row.id, payload.review_by)
    before, row.disposition = row.disposition, payload.disposition
    row.review_by = payload.review_by.isoformat()
    note_step(
        work,
        row,
        step="classified",
        before=before,
        after=payload.disposition,
        document=payload.document,
    )
    return {"entry": row.id, "disposition": row.disposition}


def move_two_high(work: Work, payload: MoveTwoHigh) -> Result:
    """
    Move a line on. One whose project must substitute waits until that is accepted, or commissioned.

    Rule: SUB-63.
    """
    row = entry_of(work, payload.entry)
    if payload.state not in _ON[row.state]:
        raise TwoHighMoveRefused(row.id, state=row.state, wanted=payload.state)
    require_document("the step", payload.document)
    _require_far_enough(work, row, payload.state)
    before, row.state = row.state, payload.state
    note_step(work, row, step="moved", before=before, after=row.state, document=payload.document)
    return {"entry": row.id, "state": row.state}


def _require_far_enough(work: Work, row: TwoHighRow, wanted: str) -> None:
    if not row.project or row.adds_capacity == "no" or wanted not in _NEEDS:
        return
    stage = stage_of(work, project_of(work, row.project))
    if stage not in _NEEDS[wanted]:
        raise TwoHighTooEarly(row.id, project=row.project, state=stage, needed=_NEEDS[wanted][0])
