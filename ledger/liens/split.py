"""
Split an enterprise (分立): declared shares of all it has and owes, summing exactly.
"""

from fractions import Fraction
from typing import ClassVar

import msgspec
import sqlalchemy as sa

from ledger.allocation.allocate import require_document
from ledger.allocation.ended import require_lasting
from ledger.allocation.quota import number
from ledger.allocation.tables import AllocationCutRow, AllocationRow, DueClaimRow, EntitlementRow
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.compliance.tables import DeductionRow
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.liens.change import (
    TAKEN,
    ChangePartyUnfit,
    add_history,
    add_standing,
    drop_plans,
    empty_standing,
    keep_change,
    newest_history,
    require_free,
    standings_of,
)
from ledger.parties.party import Parties
from ledger.post import post
from ledger.rows import each_row
from ledger.subject import Result
from ledger.units import largest_remainder
from ledger.work import Work

PARTS_MAX = 20


class SharesUnfit(Refused):
    """The shares of a split do not come to one, or name somebody twice."""

    code = "split_shares_unfit"
    rule = "CHG-06"

    def __init__(self, *, needed: str, available: str) -> None:
        super().__init__(
            f"2 to {PARTS_MAX} different successors with shares that sum to {needed} are needed, "
            f"but the shares given sum to {available}",
            needed=needed,
            available=available,
            largest=PARTS_MAX,
        )


class SplitUnsettled(Refused):
    """A year's allocation was issued and not trued up, or a deduction waits."""

    code = "split_unsettled"
    rule = "CHG-07"

    def __init__(self, enterprise: str, *, year: int, measure: str, waits: str) -> None:
        super().__init__(
            f"{waits} of {enterprise} for {year} ({measure}) must be settled before a split",
            enterprise=enterprise,
            year=year,
            measure=measure,
            waits=waits,
        )


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A successor and its share, a decimal or fraction as text."""

    successor: str
    share: str


class SplitEnterprise(Payload, frozen=True):
    """Divide *enterprise* among *rows* of successors, by the decision *document*."""

    kind: ClassVar[str] = "enterprises.split"
    enterprise: str
    document: str
    rows: tuple[Part, ...]


def split_enterprise(work: Work, payload: SplitEnterprise) -> Result:
    """
    Divide every balance, right, debt and past year by largest remainder, and end the enterprise.

    Ties go to the successor named first. Checks in this order: document, parties, shares, years
    settled, free of orders and liens. Rule: CHG-01 to CHG-04, CHG-06, CHG-07.
    """
    require_document(payload.document)
    shares = _shares(work, payload)
    _require_settled(work, payload.enterprise)
    require_free(work, payload.enterprise)
    names = [part.successor for part in payload.rows]
    moved = _move(work, payload.enterprise, names, shares)
    _divide_standings(work, payload.enterprise, names, shares)
    _divide_rights(work, payload.enterprise, names, shares)
    _divide_debts(work, payload.enterprise, names, shares)
    _divide_history(work, payload.enterprise, names, shares)
    dropped = drop_plans(work, payload.enterprise)
    for ordinal, part in enumerate(payload.rows):
        keep_change(
            work,
            "split",
            payload.enterprise,
            other=part.successor,
            share=part.share,
            document=payload.document,
            ordinal=ordinal,
        )
    result = {
        "enterprise": payload.enterprise,
        "successors": names,
        "postings_count": moved,
        "plans_dropped_count": dropped,
    }
    work.publish("enterprises.split", {"document": payload.document, **result})
    return result


def _shares(work: Work, payload: SplitEnterprise) -> list[Fraction]:
    parties = work.memory.cache(Parties)
    whole = parties.enterprise(payload.enterprise)
    require_lasting(work, whole.id)
    shares: list[Fraction] = []

    def take(part: Part) -> None:
        other = parties.enterprise(part.successor)
        if other == whole or other.district != whole.district:
            problem = "a successor is another enterprise of the same district"
            raise ChangePartyUnfit(whole.id, other.id, problem=problem)
        require_lasting(work, other.id)
        shares.append(number("share", part.share, at_most=1))

    each_row(payload.rows, take)
    names = {part.successor for part in payload.rows}
    is_fit = len(names) == len(shares) and 2 <= len(shares) <= PARTS_MAX and all(shares)
    if sum(shares) != 1 or not is_fit:
        raise SharesUnfit(needed="1", available=str(sum(shares)))
    return shares


def _require_settled(work: Work, enterprise: str) -> None:
    """Refuse while a figure is still to be made of terms that cannot be divided. Rule: CHG-07."""
    row = work.session.scalars(
        sa.select(AllocationRow)
        .where(AllocationRow.enterprise == enterprise, AllocationRow.state == "issued")
        .order_by(AllocationRow.year, AllocationRow.measure)
    ).first()
    if row is not None:
        raise SplitUnsettled(
            enterprise, year=row.year, measure=row.measure, waits="the issued allocation"
        )
    waiting = work.session.scalars(
        sa.select(DeductionRow).where(
            DeductionRow.enterprise == enterprise, DeductionRow.applied_by.is_(None)
        )
    ).first()
    if waiting is not None:
        raise SplitUnsettled(
            enterprise, year=waiting.year, measure=waiting.measure, waits="the deduction"
        )


def _move(work: Work, enterprise: str, names: list[str], shares: list[Fraction]) -> int:
    postings = tuple(
        Posting(address, of_enterprise(name, purpose), asset, part)
        for purpose in TAKEN
        for (address, asset), amount in work.memory.holdings(
            [of_enterprise(enterprise, purpose)]
        ).items()
        for name, part in zip(names, largest_remainder(shares, amount), strict=True)
        if part
    )
    if postings:
        post(work, Entry(EntryCode.SUCCESSION, "CHG-06", postings))
    return len(postings)


def _divide_standings(
    work: Work, enterprise: str, names: list[str], shares: list[Fraction]
) -> None:
    for standing in standings_of(work, enterprise):
        figures = (standing.owed, standing.surrendered, standing.recovered)
        parts = zip(*(largest_remainder(shares, figure) for figure in figures), strict=True)
        for name, (owed, surrendered, recovered) in zip(names, parts, strict=True):
            add_standing(
                work, standing, name, owed=owed, surrendered=surrendered, recovered=recovered
            )
        empty_standing(work, standing)


def _divide_rights(work: Work, enterprise: str, names: list[str], shares: list[Fraction]) -> None:
    """Divide what is left of each right; the decision that made it stays named. Rule: CHG-06."""
    rights = work.session.scalars(
        sa.select(EntitlementRow)
        .where(EntitlementRow.enterprise == enterprise, EntitlementRow.remaining > 0)
        .order_by(EntitlementRow.sequence, EntitlementRow.ordinal)
    ).all()
    ordinal = 0
    for right in rights:
        for name, part in zip(names, largest_remainder(shares, right.remaining), strict=True):
            if part:
                work.session.add(_right(work, right, name, part, ordinal=ordinal))
                ordinal += 1
        right.remaining = 0


def _right(
    work: Work, right: EntitlementRow, successor: str, part: int, *, ordinal: int
) -> EntitlementRow:
    return EntitlementRow(
        sequence=work.sequence,
        ordinal=ordinal,
        enterprise=successor,
        measure=right.measure,
        amount=part,
        remaining=part,
        last_year=right.last_year,
        facility="",
        document=f"{right.document} ({right.enterprise})",
        asset=right.asset,
    )


def _divide_debts(work: Work, enterprise: str, names: list[str], shares: list[Fraction]) -> None:
    """Divide due claims and cuts of later allocations."""
    claims = work.session.scalars(
        sa.select(DueClaimRow)
        .where(DueClaimRow.enterprise == enterprise, DueClaimRow.settled < DueClaimRow.amount)
        .order_by(DueClaimRow.sequence, DueClaimRow.ordinal)
    ).all()
    made = 0
    for claim in claims:
        owed = claim.amount - claim.settled
        for name, part in zip(names, largest_remainder(shares, owed), strict=True):
            if part:
                work.session.add(
                    DueClaimRow(
                        sequence=work.sequence,
                        ordinal=made,
                        enterprise=name,
                        asset=claim.asset,
                        amount=part,
                        settled=0,
                    )
                )
                made += 1
        claim.settled = claim.amount
    _divide_cuts(work, enterprise, names, shares)


def _divide_cuts(work: Work, enterprise: str, names: list[str], shares: list[Fraction]) -> None:
    cuts = work.session.scalars(
        sa.select(AllocationCutRow)
        .where(AllocationCutRow.enterprise == enterprise)
        .order_by(AllocationCutRow.sequence, AllocationCutRow.ordinal)
    ).all()
    made = 0
    for cut in cuts:
        for name, part in zip(names, largest_remainder(shares, cut.amount), strict=True):
            if part:
                work.session.add(
                    AllocationCutRow(
                        sequence=work.sequence,
                        ordinal=made,
                        enterprise=name,
                        measure=cut.measure,
                        from_year=cut.from_year,
                        amount=part,
                    )
                )
                made += 1


def _divide_history(work: Work, enterprise: str, names: list[str], shares: list[Fraction]) -> None:
    parts: list[dict[tuple[int, str], tuple[int, int, int]]] = [{} for _ in names]
    for key, row in newest_history(work, enterprise).items():
        figures = (row.energy_kgce, row.coal_kg, row.output)
        divided = zip(*(largest_remainder(shares, figure) for figure in figures), strict=True)
        for own, (energy_kgce, coal_kg, output) in zip(parts, divided, strict=True):
            own[key] = (energy_kgce, coal_kg, output)
    for name, own in zip(names, parts, strict=True):
        add_history(work, name, own)
