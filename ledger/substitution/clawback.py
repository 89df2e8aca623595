"""
Take back the annual flow that a closed facility no longer needs.
"""

from collections.abc import Iterable, Sequence

import msgspec

from ledger.allocation.cut import claw_back_flow, issued_flow
from ledger.districts.budget import Measure
from ledger.errors import Refused
from ledger.post import AmountNotPositive
from ledger.substitution.file import MeasureTwice
from ledger.substitution.look_up import RECORDED
from ledger.substitution.tables import FlowClawbackRow, FreedClaimRow
from ledger.work import Work


class NothingClosed(Refused):
    """Flow is asked back on a claim that closed nothing."""

    code = "nothing_closed"
    rule = "FRQ-58"

    def __init__(self, claim: str) -> None:
        super().__init__(
            f"claim {claim} closed no facility, so no flow is asked back; send none", claim=claim
        )


class UnusedFlowNotStated(Refused):
    """A closure is confirmed without a word on the flow that was issued for its year."""

    code = "unused_flow_not_stated"
    rule = "FRQ-60"

    def __init__(self, claim: str, *, measure: str, year: int, issued: int) -> None:
        super().__init__(
            f"{issued} of {measure} flow was issued for {year}, and claim {claim} does not say how "
            "much of it the closed facility leaves unused: zero is accepted, silence is not",
            claim=claim,
            measure=measure,
            year=year,
            issued=issued,
        )


class FlowLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much flow of the closure year a closed facility leaves unused, in kgce or kg."""

    measure: Measure
    unused: int


def claw_back(work: Work, row: FreedClaimRow, lines: Sequence[FlowLine]) -> list[dict[str, object]]:
    """
    Move unused flow of the closure year to the district's budget, as far as the enterprise has it.

    What it no longer has becomes a due claim; a balance never goes below zero.

    Rule: FRQ-58.
    """
    if lines and not row.closed_on:
        raise NothingClosed(row.id)
    seen: set[str] = set()
    for line in lines:
        if line.unused < 0:
            raise AmountNotPositive(line.unused)
        if line.measure in seen:
            raise MeasureTwice(row.id, line.measure)
        seen.add(line.measure)
    return [_claw_back(work, row, line) for line in lines]


def require_stated(
    work: Work, row: FreedClaimRow, lines: Sequence[FlowLine], measures: Iterable[str]
) -> None:
    """Refuse silence on a measure in which flow of the closure year was issued. Rule: FRQ-60."""
    stated = {line.measure for line in lines}
    for measure in measures:
        if not row.closed_on or measure not in RECORDED or measure in stated:
            continue
        issued = issued_flow(work, row.enterprise, measure=measure, year=row.freed_year)
        if issued:
            raise UnusedFlowNotStated(row.id, measure=measure, year=row.freed_year, issued=issued)


def _claw_back(work: Work, row: FreedClaimRow, line: FlowLine) -> dict[str, object]:
    taken, due = _taken(work, row, line) if line.unused else (0, 0)
    work.session.add(
        FlowClawbackRow(
            claim=row.id, measure=line.measure, unused=line.unused, taken=taken, due=due
        )
    )
    return {"measure": line.measure, "taken": taken, "due": due}


def _taken(work: Work, row: FreedClaimRow, line: FlowLine) -> tuple[int, int]:
    split = claw_back_flow(
        work,
        row.enterprise,
        measure=line.measure,
        year=row.freed_year,
        amount=line.unused,
        rule="FRQ-58",
    )
    return split.taken_kgce, split.due_claim_kgce
