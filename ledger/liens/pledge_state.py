"""
Where a pledge stands and which units lie pledged for it, for every step that follows.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from ledger.chart import of_enterprise
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.liens.freeze import fill
from ledger.liens.tables import PledgeRow, PledgeSaleRow
from ledger.moves.home import home_of, place_for, quota_of
from ledger.post import post
from ledger.work import Work


class PledgeUnknown(Refused):
    """There is no such pledge."""

    code = "pledge_unknown"
    rule = "LIE-12"

    def __init__(self, pledge: str) -> None:
        super().__init__(f"there is no pledge {pledge[:40]}", pledge=pledge[:40])


class PledgeNotReady(Refused):
    """The pledge is not at the stage that this step follows."""

    code = "pledge_not_ready"
    rule = "LIE-12"

    def __init__(self, pledge: str, *, state: str, needed: str) -> None:
        super().__init__(
            f"pledge {pledge} is {state}, but this step takes one that is {needed}",
            pledge=pledge,
            state=state,
            needed=needed,
        )


class PledgeInSale(Refused):
    """Units of the lot are being sold."""

    code = "pledge_in_sale"
    rule = "LIE-16"

    def __init__(self, pledge: str, *, sale: str) -> None:
        super().__init__(
            f"units of pledge {pledge} are up for sale {sale}; end that first",
            pledge=pledge,
            sale=sale,
        )


def free_lot(work: Work, row: PledgeRow, before: int) -> int:
    """Bring home what of a lot's *before* units no active pledge covers. Rule: LIE-14."""
    work.session.flush()
    freed = before - units_of_lot(work, row.lot)
    if freed:
        asset = quota_of(work.memory, row.asset)
        home = place_for(work.memory, home_of(row.pledgor, asset))
        posting = Posting(of_enterprise(row.pledgor, "pledged"), home, row.asset, freed)
        post(work, Entry(EntryCode.PLEDGE_RELEASE, "LIE-14", (posting,)))
        fill(work, row.pledgor, row.asset)
    return freed


def end_pledge(work: Work, row: PledgeRow, state: str) -> None:
    """Let a pledge end in *state* and tell readers."""
    row.state, row.ended_by = state, work.sequence
    work.publish("pledges", {"pledge": row.id, "state": state, "rank": row.rank})


def pledge_of(work: Work, pledge: str, *states: str) -> PledgeRow:
    """Return a pledge in one of *states*, or refuse. Rule: LIE-12."""
    row = work.session.get(PledgeRow, pledge)
    if row is None:
        raise PledgeUnknown(pledge)
    if row.state not in states:
        raise PledgeNotReady(pledge, state=row.state, needed=" or ".join(states))
    return row


def active_of_lot(work: Work, lot: str) -> Sequence[PledgeRow]:
    """Return the active pledges on one lot, the first rank first."""
    return work.session.scalars(
        sa.select(PledgeRow)
        .where(PledgeRow.lot == lot, PledgeRow.state == "active")
        .order_by(PledgeRow.rank)
    ).all()


def units_of_lot(work: Work, lot: str) -> int:
    """Return how many units lie pledged for a lot: as many as its widest active pledge covers."""
    return max((row.amount for row in active_of_lot(work, lot)), default=0)


def require_not_in_sale(work: Work, row: PledgeRow) -> None:
    """Refuse while units of the lot are up for sale. Rule: LIE-16."""
    sale = work.session.scalar(
        sa.select(PledgeSaleRow.id).where(
            PledgeSaleRow.lot == row.lot,
            PledgeSaleRow.state.in_(("offered", "consented", "auctioned")),
        )
    )
    if sale is not None:
        raise PledgeInSale(row.id, sale=sale)
