"""
Take back the annual flow that a closed facility no longer needs.
"""

from collections.abc import Iterator, Sequence

import msgspec

from ledger.asset import Kind, parse_asset
from ledger.chart import of_enterprise
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.post import AmountNotPositive, post
from ledger.subject import Result
from ledger.substitution.filing import MeasureTwice
from ledger.substitution.tables import FlowClawbackRow, FreedClaimRow
from ledger.work import Work

_TAKEN_FROM = ("restricted", "holding")
"""What was pre-issued and never earned goes back before what may be sold."""


class NothingClosed(Refused):
    """Flow is asked back on a claim that closed nothing."""

    code = "nothing_closed"
    rule = "FRQ-58"

    def __init__(self, claim: str) -> None:
        super().__init__(
            f"claim {claim} closed no facility, so no flow is asked back; send none", claim=claim
        )


class FlowLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much flow of the closure year a closed facility leaves unused, in one measure."""

    measure: str
    unused: int


def claw_back(work: Work, row: FreedClaimRow, lines: Sequence[FlowLine]) -> list[Result]:
    """
    Move unused flow of the closure year to the district's budget, as far as the enterprise has it.

    What it no longer has stays in the row as *unused* less *taken*, for allocation to settle;
    a balance never goes below zero.

    Rule: FRQ-58.
    """
    if lines and not row.closed_on:
        raise NothingClosed(row.id)
    seen: set[str] = set()
    for line in lines:
        if line.unused <= 0:
            raise AmountNotPositive(line.unused)
        if line.measure in seen:
            raise MeasureTwice(row.id, line.measure)
        seen.add(line.measure)
    return [_claw_back(work, row, line) for line in lines]


def _claw_back(work: Work, row: FreedClaimRow, line: FlowLine) -> Result:
    vintage = int(row.closed_on[:4])
    postings = tuple(_postings(work, row.enterprise, line, vintage))
    if postings:
        post(work, Entry(EntryCode.CLAWBACK, "FRQ-58", postings))
    taken = sum(posting.amount for posting in postings)
    work.session.add(
        FlowClawbackRow(
            claim=row.id, measure=line.measure, vintage=vintage, unused=line.unused, taken=taken
        )
    )
    return {"measure": line.measure, "taken": taken, "due": line.unused - taken}


def _postings(work: Work, enterprise: str, line: FlowLine, vintage: int) -> Iterator[Posting]:
    district = work.memory.cache(Parties).enterprise(enterprise).district
    left = line.unused
    for purpose in _TAKEN_FROM:
        address = of_enterprise(enterprise, purpose)
        for (_, code), amount in work.memory.holdings([address]).items():
            asset = parse_asset(code)
            if asset.kind is Kind.FLOW and (asset.measure, asset.vintage) == (
                line.measure,
                vintage,
            ):
                taken = min(left, amount)
                left -= taken
                if taken:
                    yield Posting(address, f"district:{district}:budget", code, taken)
