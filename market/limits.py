"""
What an instrument accepts: tick, lot, size, and the day's price band.

Every function here refuses with what would have been accepted. Prices are fen per tce, quantities
whole tce; the band is a ratio in basis points (1,000 = 10 %) of the reference price.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ledger.errors import Refused
from ledger.units import format_yuan
from market.order import Order, Side

_WHOLE = 10_000  # basis points


class BandRounding(StrEnum):
    """How a band limit off the tick grid is rounded. Rule: MKT-29."""

    HALF_UP = "half_up"
    INWARD = "inward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """The limits of one listed instrument in one trading mode, as its policy pack sets them."""

    tick_fen: int
    lot_tce: int
    band_basis_points: int
    quantity_min_tce: int
    quantity_max_tce: int
    band_rounding: BandRounding = BandRounding.HALF_UP

    def __post_init__(self) -> None:
        assert self.tick_fen > 0
        assert self.lot_tce > 0
        assert 0 < self.band_basis_points < _WHOLE
        assert 0 < self.quantity_min_tce <= self.quantity_max_tce


class PriceNotPositive(Refused):
    """A price must be more than nothing."""

    code = "price_not_positive"
    rule = "MKT-35"

    def __init__(self, price_fen: int) -> None:
        super().__init__(
            f"a price of {price_fen} fen is refused, it must be at least 1 fen per tce",
            price_fen=price_fen,
            price_min_fen=1,
        )


class QuantityNotPositive(Refused):
    """A quantity must be more than nothing."""

    code = "quantity_not_positive"
    rule = "MKT-35"

    def __init__(self, quantity_tce: int) -> None:
        super().__init__(
            f"a quantity of {quantity_tce} tce is refused, it must be at least 1 tce",
            quantity_tce=quantity_tce,
            quantity_min_tce=1,
        )


class OffTick(Refused):
    """A price stands between two ticks."""

    code = "off_tick"
    rule = "MKT-27"

    def __init__(self, price_fen: int, *, tick_fen: int) -> None:
        below_fen = price_fen // tick_fen * tick_fen
        super().__init__(
            f"{price_fen} fen is not a multiple of the tick of {tick_fen} fen, "
            f"the nearest prices are {below_fen} and {below_fen + tick_fen} fen",
            price_fen=price_fen,
            tick_fen=tick_fen,
            nearest_below_fen=below_fen,
            nearest_above_fen=below_fen + tick_fen,
        )


class OffLot(Refused):
    """A quantity is not a whole number of lots."""

    code = "off_lot"
    rule = "MKT-28"

    def __init__(self, quantity_tce: int, *, lot_tce: int) -> None:
        below_tce = quantity_tce // lot_tce * lot_tce
        super().__init__(
            f"{quantity_tce} tce is not a multiple of the lot of {lot_tce} tce, "
            f"the nearest quantities are {below_tce} and {below_tce + lot_tce} tce",
            quantity_tce=quantity_tce,
            lot_tce=lot_tce,
            nearest_below_tce=below_tce,
            nearest_above_tce=below_tce + lot_tce,
        )


class OrderTooSmall(Refused):
    """A quantity is below what this mode of trading takes."""

    code = "order_too_small"
    rule = "MKT-30"

    def __init__(self, quantity_tce: int, *, quantity_min_tce: int) -> None:
        super().__init__(
            f"{quantity_tce} tce is too small, one order takes at least {quantity_min_tce} tce",
            quantity_tce=quantity_tce,
            quantity_min_tce=quantity_min_tce,
        )


class OrderTooLarge(Refused):
    """A quantity is above what this mode of trading takes."""

    code = "order_too_large"
    rule = "MKT-30"

    def __init__(self, quantity_tce: int, *, quantity_max_tce: int) -> None:
        super().__init__(
            f"{quantity_tce} tce is too large, one order takes at most {quantity_max_tce} tce",
            quantity_tce=quantity_tce,
            quantity_max_tce=quantity_max_tce,
        )


class OutsideBand(Refused):
    """A price is outside the day's band; it is refused, never moved to the edge."""

    code = "outside_band"
    rule = "MKT-29"

    def __init__(self, price_fen: int, *, low_fen: int, high_fen: int) -> None:
        super().__init__(
            f"{format_yuan(price_fen)} yuan is outside today's band, accepted are prices from "
            f"{format_yuan(low_fen)} to {format_yuan(high_fen)} yuan per tce",
            price_fen=price_fen,
            low_fen=low_fen,
            high_fen=high_fen,
        )


class OwnOrderOpposite(Refused):
    """During a call an order would cross another of its own group."""

    code = "own_order_opposite"
    rule = "MKT-26"

    def __init__(self, own: Order) -> None:
        accepted = "buy below" if own.side is Side.SELL else "sell above"
        price = format_yuan(own.price_fen)
        super().__init__(
            f"order {own.id} of your own group, to {own.side} at {price} yuan, could trade with "
            f"this one, during a call you may {accepted} {price} yuan or cancel it first",
            order_id=own.id,
            side=str(own.side),
            price_fen=own.price_fen,
        )


def require_acceptable(
    instrument: Instrument, *, price_fen: int, quantity_tce: int, band_fen: tuple[int, int]
) -> None:
    """
    Refuse an order the instrument does not take; of several reasons the first in this order.

    *band_fen* is the (low, high) of `price_band`, worked out once a day.
    """
    require_tick(price_fen, tick_fen=instrument.tick_fen)
    require_lot(quantity_tce, lot_tce=instrument.lot_tce)
    require_size(
        quantity_tce,
        quantity_min_tce=instrument.quantity_min_tce,
        quantity_max_tce=instrument.quantity_max_tce,
    )
    require_within_band(price_fen, band_fen=band_fen)


def require_tick(price_fen: int, *, tick_fen: int) -> None:
    """Refuse a price that is not positive or not on the tick. Rules: MKT-35, MKT-27."""
    if price_fen <= 0:
        raise PriceNotPositive(price_fen)
    if price_fen % tick_fen:
        raise OffTick(price_fen, tick_fen=tick_fen)


def require_lot(quantity_tce: int, *, lot_tce: int) -> None:
    """Refuse a quantity that is not positive or not whole lots. Rules: MKT-35, MKT-28."""
    if quantity_tce <= 0:
        raise QuantityNotPositive(quantity_tce)
    if quantity_tce % lot_tce:
        raise OffLot(quantity_tce, lot_tce=lot_tce)


def require_size(quantity_tce: int, *, quantity_min_tce: int, quantity_max_tce: int) -> None:
    """Refuse a quantity outside the sizes of one order, both ends included. Rule: MKT-30."""
    if quantity_tce < quantity_min_tce:
        raise OrderTooSmall(quantity_tce, quantity_min_tce=quantity_min_tce)
    if quantity_tce > quantity_max_tce:
        raise OrderTooLarge(quantity_tce, quantity_max_tce=quantity_max_tce)


def require_within_band(price_fen: int, *, band_fen: tuple[int, int]) -> None:
    """Refuse a price outside the band, both ends included. Rule: MKT-29."""
    low_fen, high_fen = band_fen
    if not low_fen <= price_fen <= high_fen:
        raise OutsideBand(price_fen, low_fen=low_fen, high_fen=high_fen)


def require_no_own_cross(order_side: Side, price_fen: int, own_orders: Iterable[Order]) -> None:
    """
    Refuse an order for a call that could trade with one of its own group's open orders.

    A call pairs orders by quantity, not by choice, so the meeting must be prevented on entry. Own
    orders that cannot meet at any one price may stand.

    Rule: MKT-26.
    """
    sign = 1 if order_side is Side.BUY else -1
    meeting = [
        own
        for own in own_orders
        if own.side is not order_side and sign * (price_fen - own.price_fen) >= 0
    ]
    if meeting:  # the strictest, whatever order they come in: answers must survive a restart
        raise OwnOrderOpposite(min(meeting, key=lambda own: (sign * own.price_fen, own.id)))


def price_band(
    reference_price_fen: int,
    *,
    band_basis_points: int,
    tick_fen: int,
    rounding: BandRounding = BandRounding.HALF_UP,
) -> tuple[int, int]:
    """
    Return the lowest and highest price of the day, both on the tick and both accepted.

    The band is at least one tick wide on either side of the reference, and never reaches zero.

    Rule: MKT-29.
    """
    assert reference_price_fen > 0
    assert reference_price_fen % tick_fen == 0
    low_exact = reference_price_fen * (_WHOLE - band_basis_points)
    high_exact = reference_price_fen * (_WHOLE + band_basis_points)
    step = _WHOLE * tick_fen
    if rounding is BandRounding.HALF_UP:
        low_ticks = (2 * low_exact + step) // (2 * step)
        high_ticks = (2 * high_exact + step) // (2 * step)
    else:
        low_ticks = -(-low_exact // step)
        high_ticks = high_exact // step
    low_fen = min(low_ticks * tick_fen, reference_price_fen - tick_fen)
    high_fen = max(high_ticks * tick_fen, reference_price_fen + tick_fen)
    return max(low_fen, tick_fen), high_fen
