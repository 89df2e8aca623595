"""
Let allowances lapse at the close of a year, and sweep up what the close did not reach.
"""

from collections.abc import Sequence
from typing import ClassVar

from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.compliance.book import Book, Year, YearState, require_state
from ledger.compliance.leftover import (
    LEFT_PURPOSES,
    LeftoverPlan,
    exchange_postings,
    expiry_postings,
    leftover_plan,
    next_vintage,
    past_units,
)
from ledger.compliance.lookup import terms_of
from ledger.compliance.terms import Terms
from ledger.compliance.units_accepted import Unit, free_units
from ledger.entry import Entry, EntryCode
from ledger.errors import Refused
from ledger.parties.party import Parties
from ledger.post import post
from ledger.register import open_asset
from ledger.rows import each_row
from ledger.subject import Result
from ledger.work import Work

EXPIRED_MAX = 200
"""How many enterprises one sweep takes, so that it never keeps the writer for long."""


class TooManySwept(Refused):
    """A sweep names more enterprises than one command takes."""

    code = "too_many_swept"
    rule = "CMP-68"

    def __init__(self, enterprises: int) -> None:
        super().__init__(
            f"{enterprises} enterprises are named; at most {EXPIRED_MAX} are taken at a time",
            enterprises=enterprises,
            largest=EXPIRED_MAX,
        )


class ExpireVintages(Payload, frozen=True):
    """
    Let vintages lapse where the close of *year* did not reach them.

    That is with holders who owed nothing, and of units that were on order, pledged or frozen then.
    """

    kind: ClassVar[str] = "vintages.expire"
    year: int
    enterprises: tuple[str, ...]


def lapse(
    work: Work, year: Year, *, enterprise: str, measure: str, owed: int, found: Terms
) -> LeftoverPlan:
    """
    Expire or exchange what an enterprise has left of one measure, and return what was done.

    Rule: CMP-65.
    """
    plan = leftover_plan(
        _left(work, enterprise),
        compliance_year=year.compliance_year,
        measure=measure,
        owed=owed,
        found=found,
    )
    _expire(work, plan.expire)
    if plan.exchange:
        for unit in plan.exchange:
            open_asset(work, next_vintage(unit.asset))
        post(work, Entry(EntryCode.BANKING, "CMP-65", exchange_postings(plan)))
    return plan


def expire_vintages(work: Work, payload: ExpireVintages) -> Result:
    """
    Sweep up lapsed units once the year is closed; sweeping again takes what has come free since.

    Rule: CMP-68.
    """
    year = work.memory.cache(Book).year(payload.year)
    require_state(year, YearState.CLOSED)
    if len(payload.enterprises) > EXPIRED_MAX:
        raise TooManySwept(len(payload.enterprises))
    expired: list[int] = []
    each_row(payload.enterprises, lambda each: expired.append(_sweep(work, year, each)))
    return {"year": payload.year, "expired": sum(expired)}


def _sweep(work: Work, year: Year, enterprise: str) -> int:
    work.memory.cache(Parties).enterprise(enterprise)
    book = work.memory.cache(Book)
    found = terms_of(work.memory, enterprise, on=year.deadline)
    expired = 0
    for measure in year.measures:
        if book.is_closed(year.compliance_year, enterprise):
            # Its close has banked what may be banked; only what no year accepts any more goes.
            first_alive = found.oldest_vintage(year.compliance_year + 1)
            past = past_units(_left(work, enterprise), measure=measure, before=first_alive)
            expired += _expire(work, past)
        else:
            expired += lapse(
                work, year, enterprise=enterprise, measure=measure, owed=0, found=found
            ).expired
    return expired


def _left(work: Work, enterprise: str) -> list[Unit]:
    addresses = [of_enterprise(enterprise, purpose) for purpose in LEFT_PURPOSES]
    return free_units(work.memory.holdings(addresses))


def _expire(work: Work, units: Sequence[Unit]) -> int:
    if units:
        post(work, Entry(EntryCode.EXPIRY, "CMP-65", expiry_postings(units)))
    return sum(unit.amount for unit in units)
