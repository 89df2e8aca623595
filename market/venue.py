"""
The market as the writer keeps it in memory: what is listed, its books, who sits where.

These are hot values: mutable slotted classes, changed only by the market's own verbs while a
command is applied, and rebuilt from the database by `market.load`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ledger.chart import of_enterprise
from ledger.errors import Refused
from ledger.memory import Account, HeldAsset, Memory
from ledger.parties.party import Parties
from market.auction import Reading
from market.book import Book
from market.calendar import Phase
from market.limits import Instrument
from market.matching import SelfMatch
from market.order import Order, Side


class Mode(StrEnum):
    """A way of trading that an instrument may be listed for. Rule: MKT-73."""

    LISTED_DEAL = "listed_deal"
    CONTINUOUS = "continuous"
    CALL_AUCTION = "call_auction"
    BLOCK_TRADE = "block_trade"
    TENDER = "tender"


CENTRALISED = frozenset({Mode.CONTINUOUS, Mode.CALL_AUCTION})
"""Modes that a live ledger opens only with a recorded approval. Rule: MKT-72."""


class ClosingPrice(StrEnum):
    """What the day's closing price is taken from. Rules: MKT-46, MKT-47."""

    VWAP_DAY = "vwap_day"
    VWAP_LAST_MINUTE = "vwap_last_minute"
    CLOSING_AUCTION = "closing_auction"


class InstrumentUnknown(Refused):
    """Nothing of this id is listed."""

    code = "instrument_unknown"
    rule = "MKT-70"

    def __init__(self, instrument: str) -> None:
        super().__init__(
            f"no instrument {instrument[:40]!r} is listed, name one that is",
            instrument=instrument[:40],
        )


class ModeNotListed(Refused):
    """The instrument is not listed for this way of trading."""

    code = "mode_not_listed"
    rule = "MKT-73"

    def __init__(self, instrument: str, mode: Mode, *, modes: Iterable[Mode]) -> None:
        listed = ", ".join(modes)
        super().__init__(
            f"{instrument} is not listed for {mode}, it trades by {listed}",
            instrument=instrument,
            mode=str(mode),
            modes=listed,
        )


class OutsideArea(Refused):
    """The enterprise lies outside the area where the allowance may be used."""

    code = "outside_area"
    rule = "MKT-77"

    def __init__(self, enterprise: str, *, area: str) -> None:
        super().__init__(
            f"{enterprise} lies outside {area}, only enterprises there trade this allowance",
            enterprise=enterprise,
            area=area,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What an instrument was listed on, fixed on that day.

    *resale_days* counts trading days until what was bought may be offered; *cross_district* says
    whether enterprises outside the allowance's area may trade it.
    """

    modes: tuple[Mode, ...]
    fee_basis_points: int
    first_reference_price_fen: int
    auction_reading: Reading
    self_match: SelfMatch
    closing_price: ClosingPrice
    resale_days: int
    cross_district: bool
    approval_number: str


class Seat:
    """
    One enterprise as the market sees it: its owner group, its accounts, and where it lies.

    *areas* are its district and all above it.
    """

    __slots__ = ("areas", "bought", "cash", "cash_held", "enterprise", "group", "held", "holding")

    def __init__(
        self, enterprise: str, group: str, areas: frozenset[str], accounts: dict[str, Account]
    ) -> None:
        self.enterprise = enterprise
        self.group = group
        self.areas = areas
        self.holding = accounts[of_enterprise(enterprise, "holding")]
        self.held = accounts[of_enterprise(enterprise, "held")]
        self.bought = accounts[of_enterprise(enterprise, "bought")]
        self.cash = accounts[of_enterprise(enterprise, "cash")]
        self.cash_held = accounts[of_enterprise(enterprise, "cash_held")]


class Crossing:
    """A call that has its price and is being settled, *left_tce* of it still to come."""

    __slots__ = ("auction", "left_tce", "next_phase", "price_fen")

    def __init__(self, auction: int, *, price_fen: int, left_tce: int, next_phase: Phase) -> None:
        self.auction = auction
        self.price_fen = price_fen
        self.left_tce = left_tce
        self.next_phase = next_phase


class Listing:
    """
    One listed instrument and its day.

    *number* counts its trading days, 0 before the first. *close_price_fen* is the last one;
    *last_price_fen* the last trade's of the day, or None. *own* holds the open orders of each owner
    group where orders rest without matching, and is None in continuous trading, which needs none.
    *lots* are the kgce each enterprise may not offer yet, by the number of the day they fall due.
    """

    __slots__ = (
        "area",
        "asset",
        "book",
        "close_price_fen",
        "crossing",
        "day",
        "high_fen",
        "id",
        "last_price_fen",
        "limits",
        "lots",
        "low_fen",
        "number",
        "own",
        "phase",
        "reference_price_fen",
        "terms",
    )

    def __init__(
        self, instrument: str, *, asset: HeldAsset, area: str, limits: Instrument, terms: Terms
    ) -> None:
        self.id = instrument
        self.asset = asset
        self.area = area
        self.limits = limits
        self.terms = terms
        self.phase = Phase.CLOSED
        self.number = 0
        self.day = ""
        self.close_price_fen = terms.first_reference_price_fen
        self.reference_price_fen = terms.first_reference_price_fen
        self.last_price_fen: int | None = None
        self.lots: dict[str, dict[int, int]] = {}
        self.crossing: Crossing | None = None
        self.own: dict[str, list[Order]] | None = None
        self.set_band(limits.tick_fen, limits.tick_fen)

    def set_band(self, low_fen: int, high_fen: int) -> None:
        """Begin an empty book between two prices, both included."""
        self.low_fen = low_fen
        self.high_fen = high_fen
        self.book = Book(tick_fen=self.limits.tick_fen, low_fen=low_fen, high_fen=high_fen)

    def enter(self, phase: Phase) -> None:
        """Go into *phase*, knowing each group's own orders wherever orders rest unmatched."""
        self.phase = phase
        self.own = None
        if phase in UNMATCHED:
            self.own = {}
            for side in Side:
                for order in self.book.resting(side):
                    self.own.setdefault(order.owner, []).append(order)

    def own_orders(self, group: str) -> list[Order]:
        """Return the open orders of *group*; only where orders rest unmatched."""
        assert self.own is not None
        # A cancelled order has left its level; dropping it here keeps the cancel itself short.
        still_open = [order for order in self.own.get(group, ()) if order.level is not None]
        self.own[group] = still_open
        return still_open

    def require_mode(self, mode: Mode) -> None:
        """Refuse a way of trading the instrument is not listed for. Rule: MKT-73."""
        if mode not in self.terms.modes:
            raise ModeNotListed(self.id, mode, modes=self.terms.modes)


UNMATCHED = frozenset({Phase.CALL, Phase.CALL_LOCKED, Phase.HALTED})
"""Phases in which an order rests without being matched."""

Placed = tuple[Order, Listing]


class Venue:
    """
    Every listing by id, every seat taken so far, and the day's orders, open or ended, by number.
    """

    def __init__(self) -> None:
        self.listings: dict[str, Listing] = {}
        self.seats: dict[str, Seat] = {}
        self.orders: dict[int, Placed] = {}

    def listing(self, instrument: str) -> Listing:
        """Return the listing of this id, or refuse."""
        found = self.listings.get(instrument)
        if found is None:
            raise InstrumentUnknown(instrument)
        return found

    def seat(self, memory: Memory, enterprise: str) -> Seat:
        """Return the seat of an enterprise, or refuse one that is not registered."""
        found = self.seats.get(enterprise)
        if found is None:
            found = self.seats[enterprise] = _take_seat(memory, enterprise)
        return found


def _take_seat(memory: Memory, enterprise: str) -> Seat:
    parties = memory.cache(Parties)
    party = parties.enterprise(enterprise)
    areas = set()
    code = party.district
    while code:
        areas.add(code)
        code = parties.district(code).parent
    return Seat(party.id, party.owner_group, frozenset(areas), memory.accounts)
