"""
Follow up a shortfall by the steps of the pack: deduct, cut next year, propose the rest.

A fine and a credit record are proposals for an officer, never entries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ledger.calculation import Sheet
from ledger.compliance.book import Book, Standing, Year
from ledger.compliance.keep import put_standing
from ledger.compliance.lookup import claim_of, units_of
from ledger.compliance.shortfall import (
    CreditRecord,
    FineProposal,
    ForcedDeduction,
    NextYearDeduction,
    shortfall_plan,
)
from ledger.compliance.surrender_order import Holding, surrender_plan
from ledger.compliance.terms import Terms
from ledger.compliance.units_accepted import Unit, accepted_units, as_holdings, picks_to_postings
from ledger.entry import Entry, EntryCode
from ledger.post import post
from ledger.work import Work


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What was missing, what of it was deducted by force, what next year is cut by, and why."""

    missing: int
    recovered: int
    deducted_next: int
    sheet: Sheet


def follow_up(work: Work, year: Year, standing: Standing, found: Terms) -> FollowUp:
    """
    Carry out what the pack says about what one enterprise lacks of one measure.

    Rule: CMP-21 to CMP-26, CMP-62, CMP-63, CMP-64.
    """
    missing = standing.outstanding
    if missing == 0:
        return FollowUp(missing=0, recovered=0, deducted_next=0, sheet=Sheet(found.packs))
    units, holdings = _usable(work, year, standing, found)
    plan = shortfall_plan(
        found.shortfall,
        missing=missing,
        available=sum(holding.available for holding in holdings),
        mean_price_fen=work.memory.cache(Book).prices.get((year.compliance_year, standing.measure)),
        deadline=year.deadline,
        pack_version=found.packs,
    )
    recovered = deducted_next = 0
    for step in plan.steps:
        match step:
            case ForcedDeduction(amount=amount):
                recovered = amount
                _deduct(work, standing, amount, units=units, holdings=holdings)
            case NextYearDeduction(amount=amount) if amount:
                deducted_next = amount
                _cut_next_year(work, standing, amount)
            case FineProposal():
                _propose(work, standing, "fine", base=step.base, fine=step)
            case CreditRecord():
                _propose(work, standing, "credit_record", base=step.missing)
    return FollowUp(
        missing=missing, recovered=recovered, deducted_next=deducted_next, sheet=plan.sheet
    )


def _usable(
    work: Work, year: Year, standing: Standing, found: Terms
) -> tuple[list[Unit], list[Holding]]:
    """Return the free units that could still have been surrendered on the last day."""
    claim = claim_of(
        work.memory,
        year,
        enterprise=standing.enterprise,
        measure=standing.measure,
        found=found,
    )
    vintages = range(claim.oldest_vintage, year.compliance_year + 1)
    units = [
        unit
        for unit in accepted_units(units_of(work.memory, standing.enterprise), claim)
        if unit.asset.vintage in vintages
    ]
    return units, as_holdings(units, claim)


def _deduct(
    work: Work,
    standing: Standing,
    amount: int,
    *,
    units: Sequence[Unit],
    holdings: Sequence[Holding],
) -> None:
    """Take *amount* in the order of surrender. Rule: CMP-62."""
    # The last day is over, but what could answer on it still can: time stops for the holdings.
    first_to_end = min(holding.expires_on for holding in holdings)
    plan = surrender_plan(
        holdings,
        needed=amount,
        compliance_year=standing.compliance_year,
        today=first_to_end,
    )
    assert plan.short == 0
    to = f"scheme:surrendered:{standing.compliance_year}"
    postings = tuple(picks_to_postings(plan.picks, units, to=to))
    post(work, Entry(EntryCode.SURRENDER, "CMP-62", postings))
    put_standing(work, replace(standing, recovered=standing.recovered + amount))


def _cut_next_year(work: Work, standing: Standing, amount: int) -> None:
    """Record what the next allocation is cut by; `deduct` applies it. Rule: CMP-63."""
    work.add(
        "deductions",
        (
            standing.compliance_year + 1,
            standing.enterprise,
            standing.measure,
            amount,
            0,
            0,
            work.sequence,
            None,
        ),
    )


def _propose(
    work: Work, standing: Standing, kind: str, *, base: int, fine: FineProposal | None = None
) -> None:
    """Put a proposal before an officer. Rule: CMP-64."""
    work.add(
        "penalty_proposals",
        (
            standing.compliance_year,
            standing.enterprise,
            standing.measure,
            kind,
            base,
            None if fine is None else fine.min_fen,
            None if fine is None else fine.max_fen,
            work.sequence,
        ),
    )
    work.publish(
        "penalty_proposals",
        {
            "kind": kind,
            "enterprise": standing.enterprise,
            "year": standing.compliance_year,
            "measure": standing.measure,
            "base": base,
        },
    )
