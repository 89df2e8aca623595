"""
Cut what an enterprise gives up when its plant closes: its entitlement and its unused flow.

For the subject that confirms freed quota. Later allocations that look at past totals are cut too.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

import sqlalchemy as sa

from ledger.allocation.grant import terms_of_row
from ledger.allocation.methods import ClawBack
from ledger.allocation.quota import BY_THE_PAST, BY_TOTALS, Method, quota
from ledger.allocation.settle import take_back
from ledger.allocation.tables import AllocationCutRow, AllocationRow, EntitlementRow
from ledger.chart import of_enterprise
from ledger.districts.budget import flow_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.post import AmountNotPositive, post
from ledger.units import round_half_up
from ledger.work import Work

LAST_YEAR = 9_999


class EntitlementShort(Refused):
    """An enterprise is entitled to less than it is to give up."""

    code = "entitlement_short"
    rule = "ALC-61"

    def __init__(self, enterprise: str, *, measure: str, needed: int, available: int) -> None:
        super().__init__(
            f"{enterprise} is to give up {needed} of its {measure} right but is entitled to "
            f"{available}",
            enterprise=enterprise,
            measure=measure,
            needed=needed,
            available=available,
        )


class ClawBackTooLarge(Refused):
    """More is to be clawed back of a year's flow than was issued."""

    code = "claw_back_too_large"
    rule = "ALC-61"

    def __init__(self, enterprise: str, *, year: int, needed: int, available: int) -> None:
        super().__init__(
            f"{needed} is to be clawed back from {enterprise}, but only {available} of {year} "
            "was issued",
            enterprise=enterprise,
            year=year,
            needed=needed,
            available=available,
        )


@dataclass(frozen=True, slots=True)
class EntitlementCut:
    """A part of a right that was reclassified: *amount* of *asset*, which ran to *last_year*."""

    asset: str
    last_year: int
    amount: int


def cut_entitlement(
    work: Work,
    enterprise: str,
    *,
    measure: str,
    amount: int,
    closure_year: int,
    facility: str = "",
    rule: str = "ALC-61",
) -> tuple[EntitlementCut, ...]:
    """
    Reclassify *amount* of an enterprise's entitlement and cut its allocations after closure.

    The units go to scheme:converted; the caller issues the freed quota that they become. The
    facility's own rights are taken first, then those that end first; those of another facility
    are left alone. Empty where the enterprise was never given a right: then there is nothing to
    reclassify and the caller issues against the district's released use. A right that is used up
    is refused, since what was freed of it would be issued twice. Allocations are cut either way.

    Rule: ALC-61.
    """
    if amount <= 0:
        raise AmountNotPositive(amount)
    rights = _rights(work, enterprise, measure=measure, facility=facility)
    available = sum(right.remaining for right in rights)
    if rights and available < amount:
        raise EntitlementShort(enterprise, measure=measure, needed=amount, available=available)
    cuts = _reclassify(work, enterprise, rights, amount=amount, rule=rule)
    _cut_later(work, enterprise, measure=measure, amount=amount, from_year=closure_year + 1)
    return cuts


def entitled(work: Work, enterprise: str, *, measure: str, facility: str) -> int:
    """Return what an enterprise may still give up for one of its facilities. Rule: ALC-61."""
    return sum(
        right.remaining for right in _rights(work, enterprise, measure=measure, facility=facility)
    )


def _rights(work: Work, enterprise: str, *, measure: str, facility: str) -> list[EntitlementRow]:
    """Return the rights that answer for *facility*, used up or not; all where none is named."""
    rows = work.session.scalars(
        sa.select(EntitlementRow).where(
            EntitlementRow.enterprise == enterprise, EntitlementRow.measure == measure
        )
    )
    return sorted(
        (row for row in rows if not facility or row.facility in ("", facility)),
        key=lambda row: (
            not facility or row.facility != facility,
            row.last_year,
            row.sequence,
            row.ordinal,
        ),
    )


def _reclassify(
    work: Work, enterprise: str, rights: list[EntitlementRow], *, amount: int, rule: str
) -> tuple[EntitlementCut, ...]:
    account = of_enterprise(enterprise, "entitlement")
    cuts: list[EntitlementCut] = []
    left = amount
    for right in rights:
        part = min(left, right.remaining)
        if part:
            right.remaining -= part
            left -= part
            cuts.append(EntitlementCut(right.asset, right.last_year, part))
    if cuts:
        postings = tuple(
            Posting(account, "scheme:converted", cut.asset, cut.amount) for cut in cuts
        )
        post(work, Entry(EntryCode.FREED_QUOTA, rule, postings))
    return tuple(cuts)


def _cut_later(work: Work, enterprise: str, *, measure: str, amount: int, from_year: int) -> None:
    """Cut what is planned from now on by the row kept here, and what was issued at true-up."""
    by_product: dict[int, int] = {}
    for row in _issued(work, enterprise, measure=measure, since=from_year):
        if row.state != "issued":
            continue
        if row.method in BY_TOTALS:
            row.cut += amount
        elif row.method == Method.LEADER_LEVEL:
            part = min(amount - by_product.get(row.year, 0), max(row.granted - row.cut, 0))
            by_product[row.year] = by_product.get(row.year, 0) + part
            row.cut += part
    made_here = sa.select(sa.func.count()).where(AllocationCutRow.sequence == work.sequence)
    work.session.add(
        AllocationCutRow(
            sequence=work.sequence,
            ordinal=work.session.scalar(made_here),
            enterprise=enterprise,
            measure=measure,
            from_year=from_year,
            amount=amount,
        )
    )


def claw_back_flow(
    work: Work, enterprise: str, *, measure: str, year: int, amount: int, rule: str = "ALC-61"
) -> ClawBack:
    """
    Take back unused flow of the closure year, restricted units first; claim what has been sold.

    Where the enterprise was issued nothing for the year there is nothing to take. The final quota
    of a method that looks at past totals is lowered with it, so true-up does not give it back.

    Rule: ALC-61, ALC-07.
    """
    if amount <= 0:
        raise AmountNotPositive(amount)
    rows = _issued(work, enterprise, measure=measure, since=year, until=year)
    if not rows:
        return ClawBack(taken_kgce=0, due_claim_kgce=0)
    issued = sum(row.issued for row in rows)
    if amount > issued:
        raise ClawBackTooLarge(enterprise, year=year, needed=amount, available=issued)
    left = amount
    for row in rows:
        part = min(left, row.issued)
        row.issued -= part
        row.cut += part
        left -= part
    # An enterprise that moved owes what it was issued to the district that issued it.
    asset = flow_of(rows[0].district, year=year, measure=measure).code
    return take_back(work, enterprise, asset=asset, amount=amount, rule=rule)


def undo_right(
    work: Work,
    enterprise: str,
    *,
    measure: str,
    right: int,
    since: int,
    year: int,
    unused: int,
    rule: str,
) -> ClawBack:
    """
    Take back *unused* flow of *year*, and let true-up grant nothing for a *right* that is undone.

    The right was there from the command *since* on; what was planned by entitlement after it
    counted it. Of such rows all that the right gave is cut, taken back or not issued yet.

    Rule: ALC-61, ALC-71.
    """
    counted = [
        (row, row.cut)
        for row in _issued(work, enterprise, measure=measure, since=year)
        if row.method == Method.ENTITLEMENT and row.state == "issued" and row.planned_by > since
    ]
    split = ClawBack(taken_kgce=0, due_claim_kgce=0)
    if unused:
        split = claw_back_flow(
            work, enterprise, measure=measure, year=year, amount=unused, rule=rule
        )
    for row, before in counted:
        given = quota(replace(terms_of_row(row), level=right), output=0, pack_version="")
        part = round_half_up(Fraction(given.amount_kgce * row.granted, row.requested or 1))
        row.cut = max(row.cut, before + part)
    return split


def issued_flow(work: Work, enterprise: str, *, measure: str, year: int) -> int:
    """Return how much flow of a year counts as issued to an enterprise. Rule: ALC-61."""
    return sum(
        row.issued for row in _issued(work, enterprise, measure=measure, since=year, until=year)
    )


def _issued(
    work: Work, enterprise: str, *, measure: str, since: int, until: int = LAST_YEAR
) -> list[AllocationRow]:
    """Return issued rows, those by past figures first, since the others follow output anyway."""
    rows = work.session.scalars(
        sa.select(AllocationRow).where(
            AllocationRow.enterprise == enterprise,
            AllocationRow.measure == measure,
            AllocationRow.year >= since,
            AllocationRow.year <= until,
            AllocationRow.state != "planned",
        )
    )
    return sorted(rows, key=lambda row: (row.method not in BY_THE_PAST, row.year, row.product))
