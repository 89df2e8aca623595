"""
Close one enterprise's year: what is missing is followed up by the pack, what is left lapses or stays.

Nothing here is chosen by whoever sends the command: packs and balances decide. One command closes
one enterprise, so that a year closes in small steps and goes on where it stopped.
"""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ledger.calculation import Sheet, Step, step
from ledger.chart import of_enterprise
from ledger.command import Payload, canonical
from ledger.compliance.book import Book, Standing, Year, YearState, require_state
from ledger.compliance.follow_up import FollowUp, follow_up
from ledger.compliance.keep import close_standings
from ledger.compliance.leftover import (
    LEFT_PURPOSES,
    LeftoverPlan,
    exchange_postings,
    expiry_postings,
    leftover_plan,
    next_vintage,
)
from ledger.compliance.lookup import last_day_of, terms_of
from ledger.compliance.surrender import EnterpriseYearClosed, ObligationMissing
from ledger.compliance.terms import Terms
from ledger.compliance.units_accepted import free_units
from ledger.days import day_of
from ledger.entry import Entry, EntryCode
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.post import post
from ledger.register import open_asset
from ledger.subject import Result
from ledger.work import Work

EXPIRED_MAX = 200
"""How many enterprises one sweep of past vintages takes."""


class GraceRunning(Refused):
    """The enterprise is short, and its days of grace are not over."""

    code = "grace_running"
    rule = "CMP-61"

    def __init__(self, enterprise: str, *, last_day: date, today: date) -> None:
        super().__init__(
            f"{enterprise} is short but may surrender until the end of {last_day}; the ledger's "
            f"day is {today}",
            enterprise=enterprise,
            last_day=last_day.isoformat(),
            today=today.isoformat(),
        )


class CloseEnterprise(Payload, frozen=True):
    """Close one enterprise's compliance year."""

    kind: ClassVar[str] = "years.close_enterprise"
    year: int
    enterprise: str


class ExpireVintages(Payload, frozen=True):
    """
    Let past vintages lapse where the close of a year did not reach them.

    That is with holders who owe nothing, and of units that were on order, pledged or frozen.
    """

    kind: ClassVar[str] = "vintages.expire"
    year: int
    enterprises: tuple[str, ...]


def close_enterprise(work: Work, payload: CloseEnterprise) -> Result:
    """
    Follow up what an enterprise lacks, and let what it has left lapse or stay.

    Checks in this order: enterprise, year, closing, once, obligation, grace.
    Rule: CMP-61, CMP-62, CMP-63, CMP-64, CMP-65.
    """
    memory = work.memory
    memory.cache(Parties).enterprise(payload.enterprise)
    book = memory.cache(Book)
    year = book.year(payload.year)
    require_state(year, YearState.CLOSING)
    if book.is_closed(payload.year, payload.enterprise):
        raise EnterpriseYearClosed(payload.enterprise, compliance_year=payload.year)
    standings = [
        standing
        for measure in year.measures
        if (standing := book.standing(payload.year, payload.enterprise, measure)) is not None
    ]
    if not standings:
        raise ObligationMissing(payload.enterprise, compliance_year=payload.year)
    found = terms_of(memory, payload.enterprise, on=year.deadline)
    _require_grace_over(work, standings, last_day=last_day_of(year, found))
    closed = {each.measure: _close_measure(work, year, each, found) for each in standings}
    close_standings(work, payload.year, payload.enterprise)
    return {"enterprise": payload.enterprise, "year": payload.year, **closed}


def _require_grace_over(work: Work, standings: list[Standing], *, last_day: date) -> None:
    today = day_of(work.now)
    if today <= last_day and any(standing.outstanding for standing in standings):
        raise GraceRunning(standings[0].enterprise, last_day=last_day, today=today)


def _close_measure(
    work: Work, year: Year, standing: Standing, found: Terms
) -> dict[str, int]:
    followed = follow_up(work, year, standing, found)
    left = _lapse(work, year, standing.enterprise, measure=standing.measure, owed=standing.owed)
    _record(work, standing, followed, left)
    return {
        "missing": followed.missing,
        "recovered": followed.recovered,
        "deducted_next": followed.deducted_next,
        "banked": left.banked,
        "expired": left.expired,
    }


def _lapse(
    work: Work, year: Year, enterprise: str, *, measure: str, owed: int
) -> LeftoverPlan:
    """Expire and exchange what is left of one measure. Rule: CMP-65."""
    found = terms_of(work.memory, enterprise, on=year.deadline)
    addresses = [of_enterprise(enterprise, purpose) for purpose in LEFT_PURPOSES]
    plan = leftover_plan(
        free_units(work.memory.holdings(addresses)),
        compliance_year=year.compliance_year,
        measure=measure,
        owed=owed,
        found=found,
    )
    if plan.expire:
        post(work, Entry(EntryCode.EXPIRY, "CMP-65", expiry_postings(plan)))
    if plan.exchange:
        for unit in plan.exchange:
            open_asset(work, next_vintage(unit.asset))
        post(work, Entry(EntryCode.EXPIRY, "CMP-65", exchange_postings(plan)))
    return plan


def _record(
    work: Work, standing: Standing, followed: FollowUp, left: LeftoverPlan
) -> None:
    sheet = followed.sheet.then(_left_step(standing, left))
    work.add(
        "closings",
        (
            standing.compliance_year,
            standing.enterprise,
            standing.measure,
            standing.owed,
            standing.surrendered,
            followed.missing,
            followed.recovered,
            followed.deducted_next,
            left.banked,
            left.expired,
            canonical(sheet.plain()).decode(),
            work.sequence,
        ),
    )


def _left_step(standing: Standing, left: LeftoverPlan) -> Step:
    return step(
        f"{standing.measure} left over",
        "banked within the limit of the pack; the rest expired",
        {
            "owed": standing.owed,
            "expired": left.expired,
            "exchanged for the next vintage": sum(unit.amount for unit in left.exchange),
        },
        result=left.banked,
        unit="minor units",
        rule="CMP-65",
    )
