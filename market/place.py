"""
Place an order: check everything, hold its cover, then match or rest it and settle what it filled.

The checks run in the order of the rule and the first that fails is the answer: instrument,
enterprise, phase, validity, area, quantity, price, own orders, open accounts, cover (MKT-83). The
hold is the last step that may refuse; from there on a refusal is a bug.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from ledger.command import Payload
from ledger.errors import Refused
from ledger.memory import Hold
from ledger.subject import Result
from ledger.work import Work
from market.calendar import Phase, require_entry
from market.clearing import buyer_cover_fen
from market.cover import hold_cash, hold_quota, require_open
from market.limits import (
    require_lot,
    require_no_own_cross,
    require_size,
    require_tick,
    require_within_band,
)
from market.matching import Fill, Matched, match
from market.order import Order, Side, Validity
from market.settle import settle_orders
from market.venue import Listing, OutsideArea, Seat, Venue
from market.withdraw import fill_state, withdraw, write_order

_BUY, _SELL = Side.BUY, Side.SELL
_DAY = Validity.DAY
_CONTINUOUS = Phase.CONTINUOUS
_RESTED = Matched((), (), True)

HOLD_PURPOSE = "market:order"


class ValidityNotTaken(Refused):
    """Where orders are gathered, there is nothing to fill at once."""

    code = "validity_not_taken"
    rule = "MKT-76"

    def __init__(self, validity: Validity, phase: Phase) -> None:
        super().__init__(
            f"{validity} is not accepted in {phase}, where nothing fills at once; a day order is",
            validity=str(validity),
            phase=str(phase),
            accepted_validity=str(_DAY),
        )


class PlaceOrder(Payload, frozen=True):
    """Buy or sell up to *quantity_tce* at *price_fen* or better."""

    kind: ClassVar[str] = "orders.place"
    instrument: str
    enterprise: str
    side: Literal["buy", "sell"]
    price_fen: int
    quantity_tce: int
    validity: Literal["day", "immediate_or_cancel", "fill_or_kill"] = "day"


def place(work: Work, payload: PlaceOrder) -> Result:
    """
    Take one order and return what became of it; its number is the command's sequence.

    Rules: MKT-83, SET-30 to SET-33.
    """
    venue = work.memory.cache(Venue)
    listing = venue.listing(payload.instrument)
    enterprise = payload.enterprise
    seat = venue.seats.get(enterprise) or venue.seat(work.memory, enterprise)
    validity = _DAY if payload.validity == "day" else Validity(payload.validity)
    side = _BUY if payload.side == "buy" else _SELL
    price_fen, quantity_tce = payload.price_fen, payload.quantity_tce
    _require_admitted(listing, seat, validity)
    _require_acceptable(listing, price_fen, quantity_tce)
    if listing.own is not None:
        require_no_own_cross(side, price_fen, listing.own_orders(seat.group))
    hold = _hold_cover(work, listing, seat, side, price_fen, quantity_tce)
    order = Order(
        id=work.sequence,
        owner=seat.group,
        enterprise=enterprise,
        side=side,
        price_fen=price_fen,
        quantity_tce=quantity_tce,
        sequence=work.sequence,
        hold_id=hold.id,
    )
    return _enter(work, venue, listing, order, validity)


def _require_admitted(listing: Listing, seat: Seat, validity: Validity) -> None:
    if listing.phase is not _CONTINUOUS:
        require_entry(listing.phase)
        if validity is not _DAY:
            raise ValidityNotTaken(validity, listing.phase)
    if listing.area not in seat.areas and not listing.terms.cross_district:
        raise OutsideArea(seat.enterprise, area=listing.area)


def _require_acceptable(listing: Listing, price_fen: int, quantity_tce: int) -> None:
    """Refuse a quantity or price the instrument does not take; the lawful case is one look."""
    limits = listing.limits
    if (
        limits.quantity_min_tce <= quantity_tce <= limits.quantity_max_tce
        and listing.low_fen <= price_fen <= listing.high_fen
        and not quantity_tce % limits.lot_tce
        and not price_fen % limits.tick_fen
    ):
        return
    require_lot(quantity_tce, lot_tce=limits.lot_tce)
    require_size(
        quantity_tce,
        quantity_min_tce=limits.quantity_min_tce,
        quantity_max_tce=limits.quantity_max_tce,
    )
    require_tick(price_fen, tick_fen=limits.tick_fen)
    require_within_band(price_fen, band_fen=(listing.low_fen, listing.high_fen))


def _hold_cover(
    work: Work, listing: Listing, seat: Seat, side: Side, price_fen: int, quantity_tce: int
) -> Hold:
    """Set aside what the order needs at most; its other accounts must be open for what it gets."""
    if side is _SELL:
        require_open(seat.cash)
        return hold_quota(
            work,
            account=seat.holding,
            held=seat.held,
            asset=listing.asset,
            quantity_tce=quantity_tce,
            purpose=HOLD_PURPOSE,
        )
    require_open(seat.bought, seat.holding)
    needed_fen = buyer_cover_fen(
        price_fen, quantity_tce, fee_basis_points=listing.terms.fee_basis_points
    )
    return hold_cash(
        work,
        seat,
        needed_fen=needed_fen,
        fee_fen=needed_fen - price_fen * quantity_tce,
        purpose=HOLD_PURPOSE,
    )


def _enter(work: Work, venue: Venue, listing: Listing, order: Order, validity: Validity) -> Result:
    """Match or rest a covered order; nothing refuses from here on."""
    book = listing.book
    venue.orders[order.id] = order, listing
    if listing.phase is _CONTINUOUS:
        matched = match(book, order, self_match=listing.terms.self_match, validity=validity)
    else:
        book.rest(order)
        listing.own_orders(order.owner).append(order)
        matched = _RESTED
    fills: list[list[int]] = []
    if matched.fills:
        fills = _settle(work, venue, listing, order, matched.fills)
        work.publish("trades", {"instrument": listing.id, "trades": fills})
    is_cancelled = False
    if matched.withdrawn:
        is_cancelled = withdraw(work, listing, order, matched.withdrawn, validity)
    if not is_cancelled:
        write_order(work, listing, order, validity=validity.value)
    work.publish("book", {"instrument": listing.id, "bid": book.best_bid(), "ask": book.best_ask()})
    leaves_tce = order.leaves_tce
    return {
        "order": order.id,
        "state": "cancelled" if is_cancelled else fill_state(order.quantity_tce, leaves_tce),
        "filled_tce": order.quantity_tce - leaves_tce,
        "leaves_tce": 0 if is_cancelled else leaves_tce,
        "fills": fills,
    }


def _settle(
    work: Work, venue: Venue, listing: Listing, order: Order, fills: Sequence[Fill]
) -> list[list[int]]:
    """Settle each fill in its own entry; return [trade, price_fen, quantity_tce] of each."""
    settled: list[list[int]] = []
    # What the order still has to fill after each trade; self-matches are seen to afterwards.
    open_tce = order.leaves_tce + sum(fill[2] for fill in fills)
    is_buy = order.side is _BUY
    for maker, price_fen, quantity_tce in fills:
        open_tce -= quantity_tce
        trade = settle_orders(
            work,
            venue,
            listing,
            buy=order if is_buy else maker,
            sell=maker if is_buy else order,
            price_fen=price_fen,
            quantity_tce=quantity_tce,
            buy_open_tce=open_tce if is_buy else maker.leaves_tce,
            mode="continuous",
            taker_side="buy" if is_buy else "sell",
        )
        write_order(work, listing, maker)
        settled.append([trade, price_fen, quantity_tce])
    return settled
