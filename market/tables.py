"""
The market's tables: what is listed, its days, orders, trades, calls, tenders and bought lots.

No logic. Prices are fen per tce, quantities whole tce, days ISO text. Orders and trades carry no
foreign keys: the single writer is their only author, and every look-up would cost as much as the
row.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ledger.db import WHOLE, Base, Key, Whole, Words, WordsKey


class InstrumentRow(Base):
    """
    One asset listed against cash, with the terms it was listed on.

    *modes* are words separated by spaces; *sources* is JSON text that says which policy pack, in
    which version, gave each term.
    """

    __tablename__ = "instruments"

    id: Mapped[WordsKey]
    asset: Mapped[str] = mapped_column(sa.Text(), unique=True)
    modes: Mapped[Words]
    tick_fen: Mapped[Whole]
    lot_tce: Mapped[Whole]
    quantity_max_tce: Mapped[Whole]
    band_basis_points: Mapped[Whole]
    band_rounding: Mapped[Words]
    fee_basis_points: Mapped[Whole]
    first_reference_price_fen: Mapped[Whole]
    auction_reading: Mapped[Words]
    self_match: Mapped[Words]
    closing_price: Mapped[Words]
    resale_days: Mapped[Whole]
    cross_district: Mapped[Words]
    approval_number: Mapped[Words]
    sources: Mapped[Words]
    listed_by: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("tick_fen > 0 AND lot_tce > 0", "steps"),
        sa.CheckConstraint("quantity_max_tce >= lot_tce", "size"),
        sa.CheckConstraint("fee_basis_points >= 0 AND fee_basis_points < 10000", "fee"),
        sa.CheckConstraint("resale_days >= 0", "resale"),
        sa.CheckConstraint("cross_district IN ('yes', 'no')", "cross_district"),
    )


class MarketDayRow(Base):
    """
    One trading day of one instrument; *number* counts its days from 1.

    Prices of the day are absent while it has not closed, and stay so where nothing traded; the
    close is then the one before.
    """

    __tablename__ = "market_days"

    instrument: Mapped[str] = mapped_column(sa.ForeignKey("instruments.id"), primary_key=True)
    number: Mapped[Key]
    day: Mapped[Words]
    phase: Mapped[Words]
    reference_price_fen: Mapped[Whole]
    low_limit_fen: Mapped[Whole]
    high_limit_fen: Mapped[Whole]
    open_price_fen: Mapped[int | None] = mapped_column(WHOLE)
    high_price_fen: Mapped[int | None] = mapped_column(WHOLE)
    low_price_fen: Mapped[int | None] = mapped_column(WHOLE)
    close_price_fen: Mapped[int | None] = mapped_column(WHOLE)
    volume_tce: Mapped[Whole]
    turnover_fen: Mapped[Whole]
    trades: Mapped[Whole]
    opened_by: Mapped[Whole]
    closed_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.UniqueConstraint("instrument", "day"),
        sa.CheckConstraint(
            "0 < low_limit_fen AND low_limit_fen <= reference_price_fen"
            " AND reference_price_fen <= high_limit_fen",
            "band",
        ),
        sa.CheckConstraint("(closed_by IS NULL) = (close_price_fen IS NULL)", "closed_has_price"),
        sa.CheckConstraint("(closed_by IS NULL) = (phase <> 'closed')", "closed_by"),
    )


class OrderRow(Base):
    """
    One order; its id is the sequence of the command that placed it, and so its time priority.

    *quantity_tce* is what was ordered less what a self-match decremented. *ended_because* is
    "request", "self_match", "validity" or "day_end" where it ended otherwise than by filling.
    """

    __tablename__ = "orders"

    id: Mapped[Key]
    instrument: Mapped[Words]
    day_number: Mapped[Whole]
    enterprise: Mapped[Words]
    owner_group: Mapped[Words]
    side: Mapped[Words]
    price_fen: Mapped[Whole]
    quantity_tce: Mapped[Whole]
    filled_tce: Mapped[Whole]
    validity: Mapped[Words]
    state: Mapped[Words]
    ended_because: Mapped[Words]
    hold_id: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("side IN ('buy', 'sell')", "side"),
        sa.CheckConstraint("price_fen > 0", "price"),
        sa.CheckConstraint("filled_tce >= 0 AND filled_tce <= quantity_tce", "filled"),
        sa.CheckConstraint(
            "state IN ('new', 'partially_filled', 'filled', 'cancelled', 'expired')", "state"
        ),
        sa.CheckConstraint("state <> 'filled' OR filled_tce = quantity_tce", "filled_is_all"),
        sa.CheckConstraint("state <> 'new' OR filled_tce = 0", "new_is_none"),
        sa.Index("ix_orders_instrument_day_number", "instrument", "day_number"),
        sa.Index("ix_orders_enterprise_id", "enterprise", "id"),
    )


class TradeRow(Base):
    """
    One trade; its id is the sequence of the entry that settled it.

    *mode* is "continuous", "call_auction" or "tender"; *taker_side* is that of the order that came
    later, empty where neither did. A tender's trade has no orders: both are 0.
    """

    __tablename__ = "trades"

    id: Mapped[Key]
    instrument: Mapped[Words]
    day_number: Mapped[Whole]
    mode: Mapped[Words]
    buy_order: Mapped[Whole]
    sell_order: Mapped[Whole]
    buyer: Mapped[Words]
    seller: Mapped[Words]
    taker_side: Mapped[Words]
    price_fen: Mapped[Whole]
    quantity_tce: Mapped[Whole]
    consideration_fen: Mapped[Whole]
    buyer_fee_fen: Mapped[Whole]
    seller_fee_fen: Mapped[Whole]
    traded_at: Mapped[Whole]

    __table_args__ = (
        sa.CheckConstraint("price_fen > 0 AND quantity_tce > 0", "positive"),
        sa.CheckConstraint("consideration_fen = price_fen * quantity_tce", "consideration"),
        sa.CheckConstraint("buyer <> seller", "two_parties"),
        sa.Index("ix_trades_instrument_day_number", "instrument", "day_number"),
        sa.Index("ix_trades_buyer_id", "buyer", "id"),
        sa.Index("ix_trades_seller_id", "seller", "id"),
    )


class AuctionRow(Base):
    """
    One call auction that has ended; its id is the sequence of the command that ended it.

    *price_fen* is absent where nothing crossed. *settled_tce* reaches *volume_tce* when every pair
    has been settled, which may take several commands; only then does *next_phase* begin.
    """

    __tablename__ = "auctions"

    id: Mapped[Key]
    instrument: Mapped[str] = mapped_column(sa.ForeignKey("instruments.id"))
    day_number: Mapped[Whole]
    reading: Mapped[Words]
    reference_price_fen: Mapped[Whole]
    price_fen: Mapped[int | None] = mapped_column(WHOLE)
    volume_tce: Mapped[Whole]
    imbalance_tce: Mapped[Whole]
    settled_tce: Mapped[Whole]
    trades: Mapped[Whole]
    next_phase: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("settled_tce >= 0 AND settled_tce <= volume_tce", "settled"),
        sa.CheckConstraint("(price_fen IS NULL) = (volume_tce = 0)", "price"),
        sa.Index("ix_auctions_instrument_day_number", "instrument", "day_number"),
    )


class TenderRow(Base):
    """
    One ascending one-way auction; its id is the sequence of the command that opened it.

    *seller* is an owner: "enterprise:E001" or "district:370200". *bidders* are the admitted
    enterprises, separated by spaces, in order of their ids. *trade* is set when it has sold.
    """

    __tablename__ = "tenders"

    id: Mapped[Key]
    instrument: Mapped[str] = mapped_column(sa.ForeignKey("instruments.id"))
    seller: Mapped[Words]
    quantity_tce: Mapped[Whole]
    reserve_price_fen: Mapped[Whole]
    increment_fen: Mapped[Whole]
    rounds_max: Mapped[int | None] = mapped_column(WHOLE)
    bidders: Mapped[Words]
    round: Mapped[Whole]
    state: Mapped[Words]
    hold_id: Mapped[Whole]
    trade: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint(
            "quantity_tce > 0 AND reserve_price_fen > 0 AND increment_fen > 0", "positive"
        ),
        sa.CheckConstraint("state IN ('open', 'sold', 'unsold')", "state"),
        sa.CheckConstraint("(state = 'sold') = (trade IS NOT NULL)", "sold_has_trade"),
    )


class TenderBidRow(Base):
    """
    One bid for a whole lot; its id is the sequence of its command.

    Only the leading bid's hold is open: *state* is "leading", "outbid" or "won".
    """

    __tablename__ = "tender_bids"

    id: Mapped[Key]
    tender: Mapped[int] = mapped_column(WHOLE, sa.ForeignKey("tenders.id"))
    round: Mapped[Whole]
    bidder: Mapped[Words]
    price_fen: Mapped[Whole]
    hold_id: Mapped[Whole]
    state: Mapped[Words]

    __table_args__ = (
        sa.CheckConstraint("state IN ('leading', 'outbid', 'won')", "state"),
        sa.UniqueConstraint("tender", "price_fen"),
    )


class BoughtLotRow(Base):
    """
    What one enterprise bought of one instrument and may offer again from the same trading day on.

    *due_number* is the number of that day; *released_by* is set when the day has come.
    """

    __tablename__ = "bought_lots"

    instrument: Mapped[WordsKey]
    enterprise: Mapped[WordsKey]
    due_number: Mapped[Key]
    amount_kgce: Mapped[Whole]
    released_by: Mapped[int | None] = mapped_column(WHOLE)

    __table_args__ = (
        sa.CheckConstraint("amount_kgce > 0", "positive"),
        sa.Index("ix_bought_lots_released_by", "released_by"),
    )
