"""Create the market."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "bought_lots",
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("due_number", WHOLE, autoincrement=False, nullable=False),
        sa.Column("amount_kgce", WHOLE, nullable=False),
        sa.Column("released_by", WHOLE, nullable=True),
        sa.CheckConstraint("amount_kgce > 0", name=op.f("ck_bought_lots_positive")),
        sa.PrimaryKeyConstraint(
            "instrument", "enterprise", "due_number", name=op.f("pk_bought_lots")
        ),
    )
    op.create_index("ix_bought_lots_released_by", "bought_lots", ["released_by"], unique=False)
    op.create_table(
        "instruments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("modes", sa.Text(), nullable=False),
        sa.Column("tick_fen", WHOLE, nullable=False),
        sa.Column("lot_tce", WHOLE, nullable=False),
        sa.Column("quantity_max_tce", WHOLE, nullable=False),
        sa.Column("band_basis_points", WHOLE, nullable=False),
        sa.Column("band_rounding", sa.Text(), nullable=False),
        sa.Column("fee_basis_points", WHOLE, nullable=False),
        sa.Column("first_reference_price_fen", WHOLE, nullable=False),
        sa.Column("auction_reading", sa.Text(), nullable=False),
        sa.Column("self_match", sa.Text(), nullable=False),
        sa.Column("closing_price", sa.Text(), nullable=False),
        sa.Column("resale_days", WHOLE, nullable=False),
        sa.Column("cross_district", sa.Text(), nullable=False),
        sa.Column("approval_number", sa.Text(), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("listed_by", WHOLE, nullable=False),
        sa.CheckConstraint(
            "cross_district IN ('yes', 'no')", name=op.f("ck_instruments_cross_district")
        ),
        sa.CheckConstraint(
            "fee_basis_points >= 0 AND fee_basis_points < 10000", name=op.f("ck_instruments_fee")
        ),
        sa.CheckConstraint("quantity_max_tce >= lot_tce", name=op.f("ck_instruments_size")),
        sa.CheckConstraint("resale_days >= 0", name=op.f("ck_instruments_resale")),
        sa.CheckConstraint("tick_fen > 0 AND lot_tce > 0", name=op.f("ck_instruments_steps")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instruments")),
        sa.UniqueConstraint("asset", name=op.f("uq_instruments_asset")),
    )
    op.create_table(
        "orders",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("day_number", WHOLE, nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("owner_group", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("price_fen", WHOLE, nullable=False),
        sa.Column("quantity_tce", WHOLE, nullable=False),
        sa.Column("filled_tce", WHOLE, nullable=False),
        sa.Column("validity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_because", sa.Text(), nullable=False),
        sa.Column("hold_id", WHOLE, nullable=False),
        sa.CheckConstraint("side IN ('buy', 'sell')", name=op.f("ck_orders_side")),
        sa.CheckConstraint(
            "state <> 'filled' OR filled_tce = quantity_tce", name=op.f("ck_orders_filled_is_all")
        ),
        sa.CheckConstraint("state <> 'new' OR filled_tce = 0", name=op.f("ck_orders_new_is_none")),
        sa.CheckConstraint(
            "state IN ('new', 'partially_filled', 'filled', 'cancelled', 'expired')",
            name=op.f("ck_orders_state"),
        ),
        sa.CheckConstraint(
            "filled_tce >= 0 AND filled_tce <= quantity_tce", name=op.f("ck_orders_filled")
        ),
        sa.CheckConstraint("price_fen > 0", name=op.f("ck_orders_price")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
    )
    op.create_index("ix_orders_enterprise_id", "orders", ["enterprise", "id"], unique=False)
    op.create_index(
        "ix_orders_instrument_day_number", "orders", ["instrument", "day_number"], unique=False
    )
    op.create_table(
        "trades",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("day_number", WHOLE, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("buy_order", WHOLE, nullable=False),
        sa.Column("sell_order", WHOLE, nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("seller", sa.Text(), nullable=False),
        sa.Column("taker_side", sa.Text(), nullable=False),
        sa.Column("price_fen", WHOLE, nullable=False),
        sa.Column("quantity_tce", WHOLE, nullable=False),
        sa.Column("consideration_fen", WHOLE, nullable=False),
        sa.Column("buyer_fee_fen", WHOLE, nullable=False),
        sa.Column("seller_fee_fen", WHOLE, nullable=False),
        sa.Column("traded_at", WHOLE, nullable=False),
        sa.CheckConstraint("buyer <> seller", name=op.f("ck_trades_two_parties")),
        sa.CheckConstraint(
            "consideration_fen = price_fen * quantity_tce", name=op.f("ck_trades_consideration")
        ),
        sa.CheckConstraint("price_fen > 0 AND quantity_tce > 0", name=op.f("ck_trades_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trades")),
    )
    op.create_index("ix_trades_buyer_id", "trades", ["buyer", "id"], unique=False)
    op.create_index(
        "ix_trades_instrument_day_number", "trades", ["instrument", "day_number"], unique=False
    )
    op.create_index("ix_trades_seller_id", "trades", ["seller", "id"], unique=False)
    op.create_table(
        "auctions",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("day_number", WHOLE, nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("reference_price_fen", WHOLE, nullable=False),
        sa.Column("price_fen", WHOLE, nullable=True),
        sa.Column("volume_tce", WHOLE, nullable=False),
        sa.Column("imbalance_tce", WHOLE, nullable=False),
        sa.Column("settled_tce", WHOLE, nullable=False),
        sa.Column("trades", WHOLE, nullable=False),
        sa.Column("next_phase", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(price_fen IS NULL) = (volume_tce = 0)", name=op.f("ck_auctions_price")
        ),
        sa.CheckConstraint(
            "settled_tce >= 0 AND settled_tce <= volume_tce", name=op.f("ck_auctions_settled")
        ),
        sa.ForeignKeyConstraint(
            ["instrument"], ["instruments.id"], name=op.f("fk_auctions_instrument")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auctions")),
    )
    op.create_index(
        "ix_auctions_instrument_day_number", "auctions", ["instrument", "day_number"], unique=False
    )
    op.create_table(
        "market_days",
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("number", WHOLE, autoincrement=False, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("reference_price_fen", WHOLE, nullable=False),
        sa.Column("low_limit_fen", WHOLE, nullable=False),
        sa.Column("high_limit_fen", WHOLE, nullable=False),
        sa.Column("open_price_fen", WHOLE, nullable=True),
        sa.Column("high_price_fen", WHOLE, nullable=True),
        sa.Column("low_price_fen", WHOLE, nullable=True),
        sa.Column("close_price_fen", WHOLE, nullable=True),
        sa.Column("volume_tce", WHOLE, nullable=False),
        sa.Column("turnover_fen", WHOLE, nullable=False),
        sa.Column("trades", WHOLE, nullable=False),
        sa.Column("opened_by", WHOLE, nullable=False),
        sa.Column("closed_by", WHOLE, nullable=True),
        sa.CheckConstraint(
            "(closed_by IS NULL) = (phase <> 'closed')", name=op.f("ck_market_days_closed_by")
        ),
        sa.CheckConstraint(
            "(closed_by IS NULL) = (close_price_fen IS NULL)",
            name=op.f("ck_market_days_closed_has_price"),
        ),
        sa.CheckConstraint(
            "0 < low_limit_fen AND low_limit_fen <= reference_price_fen"
            " AND reference_price_fen <= high_limit_fen",
            name=op.f("ck_market_days_band"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument"], ["instruments.id"], name=op.f("fk_market_days_instrument")
        ),
        sa.PrimaryKeyConstraint("instrument", "number", name=op.f("pk_market_days")),
        sa.UniqueConstraint("instrument", "day", name=op.f("uq_market_days_instrument_day")),
    )
    op.create_table(
        "tenders",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("seller", sa.Text(), nullable=False),
        sa.Column("quantity_tce", WHOLE, nullable=False),
        sa.Column("reserve_price_fen", WHOLE, nullable=False),
        sa.Column("increment_fen", WHOLE, nullable=False),
        sa.Column("rounds_max", WHOLE, nullable=True),
        sa.Column("bidders", sa.Text(), nullable=False),
        sa.Column("round", WHOLE, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("hold_id", WHOLE, nullable=False),
        sa.Column("trade", WHOLE, nullable=True),
        sa.CheckConstraint(
            "(state = 'sold') = (trade IS NOT NULL)", name=op.f("ck_tenders_sold_has_trade")
        ),
        sa.CheckConstraint("state IN ('open', 'sold', 'unsold')", name=op.f("ck_tenders_state")),
        sa.CheckConstraint(
            "quantity_tce > 0 AND reserve_price_fen > 0 AND increment_fen > 0",
            name=op.f("ck_tenders_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument"], ["instruments.id"], name=op.f("fk_tenders_instrument")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenders")),
    )
    op.create_table(
        "tender_bids",
        sa.Column("id", WHOLE, autoincrement=False, nullable=False),
        sa.Column("tender", WHOLE, nullable=False),
        sa.Column("round", WHOLE, nullable=False),
        sa.Column("bidder", sa.Text(), nullable=False),
        sa.Column("price_fen", WHOLE, nullable=False),
        sa.Column("hold_id", WHOLE, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('leading', 'outbid', 'won')", name=op.f("ck_tender_bids_state")
        ),
        sa.ForeignKeyConstraint(["tender"], ["tenders.id"], name=op.f("fk_tender_bids_tender")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_bids")),
        sa.UniqueConstraint("tender", "price_fen", name=op.f("uq_tender_bids_tender_price_fen")),
    )


def downgrade() -> None:
    op.drop_table("tender_bids")
    op.drop_table("tenders")
    op.drop_table("market_days")
    op.drop_index("ix_auctions_instrument_day_number", table_name="auctions")
    op.drop_table("auctions")
    op.drop_index("ix_trades_seller_id", table_name="trades")
    op.drop_index("ix_trades_instrument_day_number", table_name="trades")
    op.drop_index("ix_trades_buyer_id", table_name="trades")
    op.drop_table("trades")
    op.drop_index("ix_orders_instrument_day_number", table_name="orders")
    op.drop_index("ix_orders_enterprise_id", table_name="orders")
    op.drop_table("orders")
    op.drop_table("instruments")
    op.drop_index("ix_bought_lots_released_by", table_name="bought_lots")
    op.drop_table("bought_lots")
