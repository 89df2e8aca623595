"""
Freeze units for a court (司法冻结): what stands in the way gives way, then the freeze takes hold.

Of the units that an enterprise has set aside itself, the newest go back first until enough is free:
orders to sell, transfers that wait, holds of its own. A lot that others bid for stays; unsold, it
comes back and the freeze takes it.
"""

from datetime import date
from typing import ClassVar

import sqlalchemy as sa

from ledger import hold as holds
from ledger.command import Payload
from ledger.days import day_of
from ledger.errors import Refused
from ledger.liens.freeze import FreezeEndPassed, begin, free_places
from ledger.liens.tables import FreezeRow
from ledger.memory import Hold
from ledger.moves.home import quota_of, require_amount, require_text
from ledger.moves.tables import TransferRow
from ledger.moves.transfer import HOLD_PURPOSE as TRANSFER_PURPOSE
from ledger.moves.transfer import give_back
from ledger.parties.party import Parties, require_id
from ledger.set_aside import OF_SUBJECT
from ledger.subject import Result
from ledger.units import AMOUNT_MAX
from ledger.work import Work
from market.order import Order
from market.venue import Listing, Placed, Venue
from market.withdraw import end_order


class FreezeExists(Refused):
    """A freeze of this id was ordered before."""

    code = "freeze_exists"
    rule = "LIE-30"

    def __init__(self, freeze: str) -> None:
        super().__init__(
            f"freeze {freeze} was ordered before; give a new one a new id", freeze=freeze
        )


class FreezeUnits(Payload, frozen=True):
    """
    Hold *amount* minor units of an enterprise's *asset* fast until the end of *ends_on*.

    Without an amount all of it, what comes free later too. *document* is the court's number.
    """

    kind: ClassVar[str] = "freezes.make"
    freeze: str
    enterprise: str
    asset: str
    court: str
    document: str
    ends_on: date
    amount: int | None = None


def freeze_units(work: Work, payload: FreezeUnits) -> Result:
    """
    Record a freeze and let it take what it can get now; for the rest it waits in line.

    Refusals in this order: id, known before, enterprise, asset, amount, court and document, end.
    Rule: LIE-30 to LIE-32, LIE-36.
    """
    require_id(payload.freeze)
    if work.session.get(FreezeRow, payload.freeze) is not None:
        raise FreezeExists(payload.freeze)
    work.memory.cache(Parties).enterprise(payload.enterprise)
    quota_of(work.memory, payload.asset)
    if payload.amount is not None:
        require_amount(payload.amount)
    require_text("the court", payload.court)
    require_text("the document", payload.document)
    today = day_of(work.now)
    if payload.ends_on < today:
        raise FreezeEndPassed(payload.ends_on, earliest=today)
    ended = _make_free(work, payload)
    row = FreezeRow(
        id=payload.freeze,
        enterprise=payload.enterprise,
        asset=payload.asset,
        court=payload.court,
        document=payload.document,
        wanted=payload.amount,
        frozen=0,
        starts_on=today.isoformat(),
        ends_on=payload.ends_on.isoformat(),
        state="waiting",
        arrived_by=work.sequence,
    )
    frozen = begin(work, row)
    work.publish("freezes", {"freeze": row.id, "enterprise": row.enterprise, "state": row.state})
    return {"freeze": row.id, "frozen": frozen, "state": row.state, "ended_holds_count": ended}


def _make_free(work: Work, payload: FreezeUnits) -> int:
    """Give back the enterprise's own holds, newest first, until enough is free. Rule: LIE-36."""
    needed = AMOUNT_MAX if payload.amount is None else payload.amount
    places = free_places(payload.enterprise, payload.asset)
    placed = _open_orders(work, payload.enterprise)
    ended = 0
    for hold in _holds_of(work, places, payload.asset):
        if sum(work.memory.balance(place, payload.asset) for place in places) >= needed:
            break
        ended += _end_hold(work, hold, placed)
    return ended


def _open_orders(work: Work, enterprise: str) -> dict[int, Placed]:
    """
    Return the orders of an enterprise that may still be cancelled, by their holds.

    A call that is being settled has its price and its pairs; an order in it has as good as traded.
    """
    return {
        order.hold_id: (order, listing)
        for order, listing in work.memory.cache(Venue).orders.values()
        if order.enterprise == enterprise and order.level is not None and not listing.crossing
    }


def _holds_of(work: Work, places: list[str], asset: str) -> list[Hold]:
    """Return the open holds on an asset that came from *places*, newest first."""
    of_asset = (hold for hold in work.memory.holds.values() if hold.asset.code == asset)
    own = [hold for hold in of_asset if hold.account.address in places]
    return sorted(own, key=lambda hold: -hold.id)


def _end_hold(work: Work, hold: Hold, placed: dict[int, Placed]) -> bool:
    """Give a hold back if it is of a kind that gives way; return whether it was."""
    if hold.id in placed:
        _cancel_order(work, *placed[hold.id])
    elif hold.purpose == TRANSFER_PURPOSE:
        query = sa.select(TransferRow).where(TransferRow.hold_id == hold.id)
        give_back(work, work.session.scalars(query).one(), state="recalled")
    elif OF_SUBJECT not in hold.purpose:
        holds.release(work, hold)
    else:
        return False
    return True


def _cancel_order(work: Work, order: Order, listing: Listing) -> None:
    """Cancel an order, whatever the phase: a court does not wait for one."""
    book = listing.book
    book.remove(order.id)
    end_order(work, listing, order, state="cancelled", because="court_freeze")
    work.publish("book", {"instrument": listing.id, "bid": book.best_bid(), "ask": book.best_ask()})
