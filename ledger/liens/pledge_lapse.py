"""
Let pledged annual units expire when no year accepts them any more; the pledge falls away with them.
"""

from typing import ClassVar

from ledger.asset import Asset, Kind
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.compliance.book import Book, YearState
from ledger.compliance.lookup import terms_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.liens.pledge_state import (
    active_of_lot,
    end_pledge,
    pledge_of,
    require_not_in_sale,
    units_of_lot,
)
from ledger.moves.home import quota_of
from ledger.post import post
from ledger.subject import Result
from ledger.work import Work


class PledgedUnitsAlive(Refused):
    """The pledged units may still be used, so the pledge stands."""

    code = "pledged_units_alive"
    rule = "LIE-19"

    def __init__(self, pledge: str, asset: str) -> None:
        super().__init__(
            f"{asset} of pledge {pledge} is still accepted by a year that is not closed, or is no "
            "annual allowance; the pledge stands",
            pledge=pledge,
            asset=asset,
        )


class LapsePledge(Payload, frozen=True):
    """Let the units of a pledge expire with their vintage, and the pledge with them."""

    kind: ClassVar[str] = "pledges.lapse"
    pledge: str


def lapse_pledge(work: Work, payload: LapsePledge) -> Result:
    """
    Expire the units of a pledge's lot; every pledge on them falls away, and readers are told.

    Refusals in this order: unknown or not active, in sale, still accepted. Rule: LIE-19.
    """
    row = pledge_of(work, payload.pledge, "active")
    require_not_in_sale(work, row)
    asset = quota_of(work.memory, row.asset)
    if not is_over(work, row.pledgor, asset):
        raise PledgedUnitsAlive(row.id, row.asset)
    units = units_of_lot(work, row.lot)
    posting = Posting(of_enterprise(row.pledgor, "pledged"), "scheme:expired", row.asset, units)
    entry = post(work, Entry(EntryCode.EXPIRY, "LIE-19", (posting,)))
    for each in active_of_lot(work, row.lot):
        end_pledge(work, each, "lapsed")
    return {"pledge": row.id, "entry": entry, "expired": units}


def is_over(work: Work, enterprise: str, asset: Asset) -> bool:
    """Return whether a year is closed after which no year accepts the vintage. Rule: LIE-19."""
    if asset.kind is not Kind.FLOW:
        return False
    for year in work.memory.cache(Book).years.values():
        found = terms_of(work.memory, enterprise, on=year.deadline)
        alive = found.oldest_vintage(year.compliance_year + 1)
        if year.state is YearState.CLOSED and asset.vintage < alive:
            return True
    return False
