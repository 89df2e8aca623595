"""
What an order would do now, without placing it: its cover, its fills, or the refusal it would meet.

The order is placed by the market's own verb, on a stage that is thrown away; nothing of its rules
is told here a second time.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from api.read.rehearsal import stage
from ledger.asset import CNY
from ledger.chart import of_enterprise
from ledger.errors import Refused
from ledger.memory import Memory
from ledger.roles import require_role
from ledger.subject import Handler, Result
from ledger.units import KGCE_PER_TCE, round_half_up
from ledger.work import Work
from market.clearing import buyer_cover_fen
from market.limits import require_lot, require_size, require_tick, require_within_band
from market.place import PlaceOrder
from market.venue import Listing, Venue


@dataclass(frozen=True, slots=True)
class Preview:
    """
    The *refusal* the order would meet, or None; and *figures*, ready to be shown.

    Figures, absent ones None: *phase*, *tick_fen*, *lot_tce*, *quantity_min_tce*,
    *quantity_max_tce*, *low_limit_fen*, *high_limit_fen*, *is_on_tick*, *is_in_band*,
    *is_of_lots*; the cover *needed_fen* with *fee_fen* in it, or *needed_kgce*, and
    *available_fen* or *available_kgce*; and what would come of it: *state*, *filled_tce*,
    *average_price_fen* (half up), *consideration_fen*, *resting_tce*.
    """

    refusal: Refused | None
    figures: dict[str, Any]


def preview(
    connection: sa.Connection,
    handler: Handler,
    order: PlaceOrder,
    *,
    person: str,
    grants: Collection[tuple[str, str]],
) -> Preview:
    """
    Return what *order* would do if *person*, who has *grants*, placed it in this state.

    *handler* is the one by which the writer would apply it. Whoever may not place it learns only
    that. Rule: API-12.
    """
    memory = stage(connection, order)
    memory.roles[person] = set(grants)
    work = Work(memory, sequence=memory.sequence + 1, now=memory.now + 1, actor=person)
    try:
        require_role(
            memory,
            person,
            kind=order.kind,
            roles=handler.makers,
            scope=handler.scope(work, order),
        )
    except Refused as refusal:
        return Preview(refusal, {})
    figures = _limits(memory, order) | _cover(memory, order)
    try:
        return Preview(None, figures | _outcome(handler.apply(work, order)))
    except Refused as refusal:
        return Preview(refusal, figures)


def _limits(memory: Memory, order: PlaceOrder) -> dict[str, Any]:
    """Return what the instrument takes, and which of it the order keeps."""
    listing = memory.cache(Venue).listings.get(order.instrument)
    if listing is None:
        return {}
    limits, has_day = listing.limits, listing.number > 0
    price_fen, quantity_tce = order.price_fen, order.quantity_tce
    band_fen = (listing.low_fen, listing.high_fen)
    return {
        "phase": listing.phase.value,
        "tick_fen": limits.tick_fen,
        "lot_tce": limits.lot_tce,
        "quantity_min_tce": limits.quantity_min_tce,
        "quantity_max_tce": limits.quantity_max_tce,
        "low_limit_fen": listing.low_fen if has_day else None,
        "high_limit_fen": listing.high_fen if has_day else None,
        "is_on_tick": _takes(lambda: require_tick(price_fen, tick_fen=limits.tick_fen)),
        "is_in_band": has_day and _takes(lambda: require_within_band(price_fen, band_fen=band_fen)),
        "is_of_lots": _takes(lambda: _require_quantity(listing, quantity_tce)),
    }


def _require_quantity(listing: Listing, quantity_tce: int) -> None:
    limits = listing.limits
    require_lot(quantity_tce, lot_tce=limits.lot_tce)
    require_size(
        quantity_tce,
        quantity_min_tce=limits.quantity_min_tce,
        quantity_max_tce=limits.quantity_max_tce,
    )


def _takes(require: Callable[[], None]) -> bool:
    try:
        require()
    except Refused:
        return False
    return True


def _cover(memory: Memory, order: PlaceOrder) -> dict[str, Any]:
    """Return what must be set aside for the order, and what is free for it."""
    listing = memory.cache(Venue).listings.get(order.instrument)
    if listing is None or order.price_fen <= 0 or order.quantity_tce <= 0:
        return {}
    enterprise, price_fen, quantity_tce = order.enterprise, order.price_fen, order.quantity_tce
    if order.side == "sell":
        return {
            "needed_kgce": quantity_tce * KGCE_PER_TCE,
            "available_kgce": memory.balance(
                of_enterprise(enterprise, "holding"), listing.asset.code
            ),
        }
    needed_fen = buyer_cover_fen(
        price_fen, quantity_tce, fee_basis_points=listing.terms.fee_basis_points
    )
    return {
        "needed_fen": needed_fen,
        "fee_fen": needed_fen - price_fen * quantity_tce,
        "available_fen": memory.balance(of_enterprise(enterprise, "cash"), CNY),
    }


def _outcome(result: Result) -> dict[str, Any]:
    fills: Any = result["fills"]
    consideration_fen = sum(price_fen * quantity_tce for _, price_fen, quantity_tce in fills)
    traded_tce = sum(quantity_tce for _, _, quantity_tce in fills)
    return {
        "state": result["state"],
        "filled_tce": traded_tce,
        "average_price_fen": round_half_up(Fraction(consideration_fen, traded_tce))
        if traded_tce
        else None,
        "consideration_fen": consideration_fen,
        "resting_tce": result["leaves_tce"],
    }
