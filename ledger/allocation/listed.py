"""
Hand quota that the city listed for one project to the project's enterprise, as a right of its own.
"""

from typing import ClassVar

from ledger.allocation.tables import EntitlementRow
from ledger.chart import of_enterprise
from ledger.command import Payload
from ledger.districts.decision import require_decision
from ledger.districts.listing import listing_of, scope_of_listing
from ledger.entry import Entry, EntryCode, Posting
from ledger.post import post
from ledger.subject import Handler, Result, Role
from ledger.work import Work


class HandOverListing(Payload, frozen=True):
    """Hand granted quota to the project's enterprise, by the number of the acceptance."""

    kind: ClassVar[str] = "listings.hand_over"
    project: str
    document: str


def hand_over_listing(work: Work, payload: HandOverListing) -> Result:
    """
    Move granted quota to the rights of the project's enterprise, from which its flow derives.

    Rule: DST-79.
    """
    row = listing_of(work, payload.project, needed="granted")
    require_decision("the handing over", payload.document)
    work.require_keys(payload.document)
    entitlement = of_enterprise(row.enterprise, "entitlement")
    posting = Posting(f"district:{row.district}:listed", entitlement, row.asset, row.granted)
    post(work, Entry(EntryCode.LISTING, "DST-79", (posting,)))
    work.session.add(
        EntitlementRow(
            sequence=work.sequence,
            ordinal=0,
            enterprise=row.enterprise,
            measure="energy",
            amount=row.granted,
            remaining=row.granted,
            last_year=row.last_year,
            facility="",
            document=f"listing:{row.project}",
            asset=row.asset,
        )
    )
    row.state, row.handed_over_by = "handed_over", work.sequence
    return {"project": row.project, "enterprise": row.enterprise, "amount_kgce": row.granted}


def _scope(work: Work, payload: HandOverListing) -> str:
    return scope_of_listing(work, payload.project)


LISTED_HANDLERS = (
    Handler(
        HandOverListing,
        hand_over_listing,
        makers=frozenset({Role.DISTRICT_REGULATOR}),
        checkers=frozenset({Role.CITY_REGULATOR}),
        scope=_scope,
    ),
)
