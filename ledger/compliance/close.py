"""
Close one enterprise's year: the pack follows up what is missing, what is left lapses or stays.

Nothing here is chosen by whoever sends the command: packs and balances decide. One command closes
one enterprise, so that a year closes in small steps and goes on where it stopped.
"""

from datetime import date
from typing import ClassVar

from ledger.chart import of_enterprise
from ledger.command import Payload, canonical
from ledger.compliance.book import Book, Standing, Year, YearState, require_state
from ledger.compliance.follow_up import FollowUp, follow_up
from ledger.compliance.keep import close_standings
from ledger.compliance.lapse import lapse
from ledger.compliance.leftover import LeftoverPlan
from ledger.compliance.lent import require_leases_over
from ledger.compliance.lookup import last_day_of, terms_of
from ledger.compliance.surrender import EnterpriseYearClosed, ObligationMissing
from ledger.compliance.terms import Terms
from ledger.days import day_of
from ledger.districts.budget import flow_of
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.subject import Result
from ledger.work import Work


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


class TrueUpMissing(Refused):
    """What was issued beforehand has not been trued up, so nobody knows what is left or short."""

    code = "true_up_missing"
    rule = "CMP-70"

    def __init__(
        self, enterprise: str, *, compliance_year: int, measure: str, restricted: int
    ) -> None:
        super().__init__(
            f"{restricted} minor units of {measure} of {enterprise} for {compliance_year} are "
            "pre-issued and restricted: true the allocation up first",
            enterprise=enterprise,
            compliance_year=compliance_year,
            measure=measure,
            restricted=restricted,
        )


class CloseEnterprise(Payload, frozen=True):
    """Close one enterprise's compliance year."""

    kind: ClassVar[str] = "years.close_enterprise"
    year: int
    enterprise: str


def close_enterprise(work: Work, payload: CloseEnterprise) -> Result:
    """
    Follow up what an enterprise lacks, and let what it has left lapse or stay.

    Checks in this order: enterprise, year, closing, once, obligation, grace, trued up, leases.
    Rule: CMP-61 to CMP-65, CMP-70.
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
    for standing in standings:
        _require_trued_up(work, standing)
    require_leases_over(memory, payload.enterprise, compliance_year=payload.year)
    closed = {each.measure: _close_measure(work, year, each, found) for each in standings}
    close_standings(work, payload.year, payload.enterprise)
    return {"enterprise": payload.enterprise, "year": payload.year, **closed}


def _require_grace_over(work: Work, standings: list[Standing], *, last_day: date) -> None:
    today = day_of(work.now)
    if today <= last_day and any(standing.outstanding for standing in standings):
        raise GraceRunning(standings[0].enterprise, last_day=last_day, today=today)


def _require_trued_up(work: Work, standing: Standing) -> None:
    """Refuse while pre-issued flow of the year is still restricted. Rule: CMP-70."""
    year, enterprise, measure = standing.compliance_year, standing.enterprise, standing.measure
    district = work.memory.cache(Parties).enterprise(enterprise).district
    asset = flow_of(district, year=year, measure=measure).code
    restricted = work.memory.balance(of_enterprise(enterprise, "restricted"), asset)
    if restricted:
        raise TrueUpMissing(
            enterprise, compliance_year=year, measure=measure, restricted=restricted
        )


def _close_measure(work: Work, year: Year, standing: Standing, found: Terms) -> dict[str, int]:
    followed = follow_up(work, year, standing, found)
    left = lapse(
        work,
        year,
        enterprise=standing.enterprise,
        measure=standing.measure,
        owed=standing.owed,
        found=found,
    )
    _record(work, standing, followed, left)
    return {
        "missing": followed.missing,
        "recovered": followed.recovered,
        "deducted_next": followed.deducted_next,
        "banked": left.banked,
        "expired": left.expired,
    }


def _record(work: Work, standing: Standing, followed: FollowUp, left: LeftoverPlan) -> None:
    """Keep what closing one measure of an enterprise's year found and did."""
    sheet = followed.sheet.then(*left.steps)
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
