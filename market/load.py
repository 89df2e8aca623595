"""Rebuild the market's memory from its rows: listings, the day's orders in their order, lots."""

import sqlalchemy as sa

from ledger.asset import parse_asset
from ledger.memory import Memory
from market.auction import Reading
from market.calendar import Phase
from market.limits import BandRounding, Instrument
from market.matching import SelfMatch
from market.order import Order, OrderState, Side
from market.tables import (
    AuctionRow,
    BoughtLotRow,
    InstrumentRow,
    MarketDayRow,
    OrderRow,
    TradeRow,
)
from market.venue import ClosingPrice, Crossing, Listing, Mode, Terms, Venue

_OPEN = frozenset({OrderState.NEW, OrderState.PARTIALLY_FILLED})


def load_venue(connection: sa.Connection, memory: Memory) -> Venue:
    """Return the market as the last commit left it."""
    venue = Venue()
    rows = connection.execute(sa.select(InstrumentRow.__table__).order_by(InstrumentRow.id))
    for row in rows.all():
        listing = venue.listings[row.id] = listing_of(row, memory)
        _load_day(connection, listing)
        _load_orders(connection, venue, listing)
        _load_lots(connection, listing)
        _load_crossing(connection, listing)
        listing.enter(listing.phase)
    return venue


def listing_of(row: sa.Row[tuple[object, ...]] | InstrumentRow, memory: Memory) -> Listing:
    """Return the listing that a row describes, before its first day."""
    return Listing(
        row.id,
        asset=memory.assets[row.asset],
        area=parse_asset(row.asset).area,
        limits=Instrument(
            tick_fen=row.tick_fen,
            lot_tce=row.lot_tce,
            band_basis_points=row.band_basis_points,
            quantity_min_tce=row.lot_tce,
            quantity_max_tce=row.quantity_max_tce,
            band_rounding=BandRounding(row.band_rounding),
        ),
        terms=Terms(
            modes=tuple(Mode(word) for word in row.modes.split()),
            fee_basis_points=row.fee_basis_points,
            first_reference_price_fen=row.first_reference_price_fen,
            auction_reading=Reading(row.auction_reading),
            self_match=SelfMatch(row.self_match),
            closing_price=ClosingPrice(row.closing_price),
            resale_days=row.resale_days,
            cross_district=row.cross_district == "yes",
            approval_number=row.approval_number,
        ),
    )


def _load_day(connection: sa.Connection, listing: Listing) -> None:
    days = (
        sa.select(MarketDayRow.__table__)
        .where(MarketDayRow.instrument == listing.id)
        .order_by(MarketDayRow.number.desc())
        .limit(2)
    )
    found = connection.execute(days).all()
    if not found:
        return
    today = found[0]
    listing.number, listing.day = today.number, today.day
    listing.phase = Phase(today.phase)
    listing.reference_price_fen = today.reference_price_fen
    listing.set_band(today.low_limit_fen, today.high_limit_fen)
    for row in found:
        if row.close_price_fen is not None:
            listing.close_price_fen = row.close_price_fen
            break
    listing.last_price_fen = connection.execute(
        sa.select(TradeRow.price_fen)
        .where(
            TradeRow.instrument == listing.id,
            TradeRow.day_number == listing.number,
            TradeRow.mode.in_((Mode.CONTINUOUS, Mode.CALL_AUCTION)),
        )
        .order_by(TradeRow.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _load_orders(connection: sa.Connection, venue: Venue, listing: Listing) -> None:
    """Put the day's orders back; by number, which is the order of their arrival."""
    rows = connection.execute(
        sa.select(OrderRow.__table__)
        .where(OrderRow.instrument == listing.id, OrderRow.day_number == listing.number)
        .order_by(OrderRow.id)
    )
    for row in rows:
        order = Order(
            id=row.id,
            owner=row.owner_group,
            enterprise=row.enterprise,
            side=Side(row.side),
            price_fen=row.price_fen,
            quantity_tce=row.quantity_tce,
            sequence=row.id,
            hold_id=row.hold_id,
        )
        order.leaves_tce = row.quantity_tce - row.filled_tce
        venue.orders[order.id] = order, listing
        if row.state in _OPEN:
            listing.book.rest(order)


def _load_lots(connection: sa.Connection, listing: Listing) -> None:
    rows = connection.execute(
        sa.select(BoughtLotRow.__table__)
        .where(BoughtLotRow.instrument == listing.id, BoughtLotRow.released_by.is_(None))
        .order_by(BoughtLotRow.enterprise, BoughtLotRow.due_number)
    )
    for row in rows:
        listing.lots.setdefault(row.enterprise, {})[row.due_number] = row.amount_kgce


def _load_crossing(connection: sa.Connection, listing: Listing) -> None:
    row = connection.execute(
        sa.select(AuctionRow.__table__).where(
            AuctionRow.instrument == listing.id,
            AuctionRow.day_number == listing.number,
            AuctionRow.settled_tce < AuctionRow.volume_tce,
        )
    ).one_or_none()
    if row is not None:
        listing.crossing = Crossing(
            row.id,
            price_fen=row.price_fen,
            left_tce=row.volume_tce - row.settled_tce,
            next_phase=Phase(row.next_phase),
        )
