"""
Open a trading day: yesterday's close becomes the reference, and what was bought may be offered.
"""

from datetime import date
from typing import ClassVar

from ledger.command import Payload
from ledger.days import day_of
from ledger.entry import Entry, EntryCode, Posting
from ledger.errors import Refused
from ledger.post import post
from ledger.subject import Result
from ledger.work import Work
from market.calendar import Phase
from market.limits import price_band
from market.tables import BoughtLotRow, MarketDayRow
from market.venue import Listing, Venue


class DayNotToday(Refused):
    """A trading day is opened on its own date."""

    code = "day_not_today"
    rule = "MKT-74"

    def __init__(self, day: date, *, today: date) -> None:
        super().__init__(
            f"{day} cannot be opened on {today}, only today can",
            day=day.isoformat(),
            today=today.isoformat(),
        )


class DayNotClosed(Refused):
    """The trading day before is still running."""

    code = "day_not_closed"
    rule = "MKT-74"

    def __init__(self, instrument: str, day: str) -> None:
        super().__init__(
            f"{day} of {instrument} is not closed yet, close it first",
            instrument=instrument,
            day=day,
        )


class DayOverAlready(Refused):
    """The date has had its trading day."""

    code = "day_over_already"
    rule = "MKT-74"

    def __init__(self, instrument: str, day: str) -> None:
        super().__init__(
            f"{day} of {instrument} is over, a date has one trading day",
            instrument=instrument,
            day=day,
        )


class OpenDay(Payload, frozen=True):
    """Open today's trading day of one instrument."""

    kind: ClassVar[str] = "market.open_day"
    instrument: str
    day: date


def open_day(work: Work, payload: OpenDay) -> Result:
    """
    Set the reference price and the band, and let what was bought long enough ago be offered.

    Refusals in this order: instrument unknown, not today, the day before not closed, today over.
    Rules: MKT-74, SET-34.
    """
    venue = work.memory.cache(Venue)
    listing = venue.listing(payload.instrument)
    _require_openable(listing, payload.day, today=day_of(work.now))
    reference_fen = listing.close_price_fen
    low_fen, high_fen = price_band(
        reference_fen,
        band_basis_points=listing.limits.band_basis_points,
        tick_fen=listing.limits.tick_fen,
        rounding=listing.limits.band_rounding,
    )
    released_kgce = _release_lots(work, listing, listing.number + 1)
    work.session.add(
        MarketDayRow(
            instrument=listing.id,
            number=listing.number + 1,
            day=payload.day.isoformat(),
            phase=Phase.PRE_OPEN.value,
            reference_price_fen=reference_fen,
            low_limit_fen=low_fen,
            high_limit_fen=high_fen,
            volume_tce=0,
            turnover_fen=0,
            trades=0,
            opened_by=work.sequence,
        )
    )
    work.session.flush()
    _begin(venue, listing, payload.day, band_fen=(low_fen, high_fen))
    return {
        "instrument": listing.id,
        "number": listing.number,
        "reference_price_fen": reference_fen,
        "low_limit_fen": low_fen,
        "high_limit_fen": high_fen,
        "released_kgce": released_kgce,
    }


def _require_openable(listing: Listing, day: date, *, today: date) -> None:
    if day != today:
        raise DayNotToday(day, today=today)
    if listing.phase is not Phase.CLOSED:
        raise DayNotClosed(listing.id, listing.day)
    # Ledger time never goes back, so the last day is at most today.
    if listing.day == day.isoformat():
        raise DayOverAlready(listing.id, listing.day)


def _begin(venue: Venue, listing: Listing, day: date, *, band_fen: tuple[int, int]) -> None:
    """Let the new day begin in memory; nothing can refuse any more."""
    assert not listing.book.orders
    venue.orders = {
        order_id: placed for order_id, placed in venue.orders.items() if placed[1] is not listing
    }
    listing.number += 1
    listing.day = day.isoformat()
    listing.reference_price_fen = listing.close_price_fen
    listing.last_price_fen = None
    listing.set_band(*band_fen)
    listing.enter(Phase.PRE_OPEN)


def _release_lots(work: Work, listing: Listing, number: int) -> int:
    """
    Move what has been kept apart long enough to the holding it may be sold from.

    An owner may have surrendered some of it meanwhile, the oldest first; what is not due yet stays.
    A frozen account waits for a day on which it is open. Rule: SET-34.
    """
    asset = listing.asset.code
    accounts = work.memory.accounts
    released_kgce = 0
    for enterprise in sorted(listing.lots):
        lots = listing.lots[enterprise]
        due = sorted(lot for lot in lots if lot <= number)
        bought, holding = f"enterprise:{enterprise}:bought", f"enterprise:{enterprise}:holding"
        if not due or not (accounts[bought].is_open and accounts[holding].is_open):
            continue
        not_due_kgce = sum(amount for lot, amount in lots.items() if lot > number)
        amount_kgce = work.memory.balance(bought, asset) - not_due_kgce
        if amount_kgce > 0:
            posting = Posting(bought, holding, asset, amount_kgce)
            post(work, Entry(EntryCode.RESALE, "SET-34", (posting,)))
            released_kgce += amount_kgce
        for lot in due:
            _end_lot(work, listing, enterprise, lot)
    return released_kgce


def _end_lot(work: Work, listing: Listing, enterprise: str, due_number: int) -> None:
    row = work.session.get_one(BoughtLotRow, (listing.id, enterprise, due_number))
    row.released_by = work.sequence
    lots = listing.lots[enterprise]
    amount_kgce = lots.pop(due_number)

    def undo() -> None:
        lots[due_number] = amount_kgce

    work.on_refusal(undo)
