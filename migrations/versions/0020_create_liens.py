"""Create moves without a price, leases, pledges, freezes, court orders and successions."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "trusted_partners",
    "transfer_ceilings",
    "transfers",
    "cancellations",
    "conversions",
    "leases",
    "pledges",
    "pledge_sales",
    "freezes",
    "court_orders",
    "successions",
)


def upgrade() -> None:
    _moves()
    _leases()
    _pledges()
    _courts()


def _moves() -> None:
    op.create_table(
        "trusted_partners",
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("added_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("active_at", WHOLE, nullable=False),
        sa.Column("removed_by", WHOLE, nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_trusted_partners_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["partner"], ["enterprises.id"], name=op.f("fk_trusted_partners_partner")
        ),
        sa.PrimaryKeyConstraint(
            "enterprise", "partner", "added_by", name=op.f("pk_trusted_partners")
        ),
    )
    op.create_table(
        "transfer_ceilings",
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("ceiling", WHOLE, nullable=True),
        sa.Column("set_by", WHOLE, nullable=False),
        sa.CheckConstraint("ceiling > 0", name=op.f("ck_transfer_ceilings_ceiling")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_transfer_ceilings_enterprise")
        ),
        sa.PrimaryKeyConstraint("enterprise", name=op.f("pk_transfer_ceilings")),
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("hold_id", WHOLE, nullable=True),
        sa.Column("settles_at", WHOLE, nullable=True),
        sa.Column("made_by", WHOLE, nullable=False),
        sa.Column("entry", WHOLE, nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfers_amount")),
        sa.CheckConstraint(
            "(state = 'made') = (entry IS NOT NULL)", name=op.f("ck_transfers_entry")
        ),
        sa.CheckConstraint(
            "state IN ('made', 'waiting', 'recalled', 'returned')", name=op.f("ck_transfers_state")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_transfers_enterprise")
        ),
        sa.ForeignKeyConstraint(["partner"], ["enterprises.id"], name=op.f("fk_transfers_partner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
    )
    op.create_index(op.f("ix_transfers_enterprise"), "transfers", ["enterprise"])
    op.create_index(op.f("ix_transfers_partner"), "transfers", ["partner"])
    op.create_table(
        "cancellations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("beneficiary", sa.Text(), nullable=False),
        sa.Column("check_code", sa.Text(), nullable=False),
        sa.Column("cancelled_on", sa.Text(), nullable=False),
        sa.Column("cancelled_by", WHOLE, nullable=False),
        sa.Column("entry", WHOLE, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_cancellations_amount")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_cancellations_enterprise")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellations")),
        sa.UniqueConstraint("check_code", name=op.f("uq_cancellations_check_code")),
    )
    op.create_index(op.f("ix_cancellations_enterprise"), "cancellations", ["enterprise"])
    op.create_table(
        "conversions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("standing_asset", sa.Text(), nullable=False),
        sa.Column("flow_asset", sa.Text(), nullable=False),
        sa.Column("level_amount", WHOLE, nullable=False),
        sa.Column("flow_amount", WHOLE, nullable=False),
        sa.Column("level_back", WHOLE, nullable=False),
        sa.Column("flow_back", WHOLE, nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_by", WHOLE, nullable=False),
        sa.CheckConstraint(
            "level_amount > 0 AND flow_amount > 0", name=op.f("ck_conversions_amounts")
        ),
        sa.CheckConstraint(
            "flow_back >= 0 AND flow_back <= flow_amount", name=op.f("ck_conversions_flow_back")
        ),
        sa.CheckConstraint(
            "level_back >= 0 AND level_back <= level_amount", name=op.f("ck_conversions_level_back")
        ),
        sa.CheckConstraint("state IN ('open', 'over')", name=op.f("ck_conversions_state")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_conversions_enterprise")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversions")),
    )
    op.create_index(op.f("ix_conversions_enterprise"), "conversions", ["enterprise"])


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lessor", sa.Text(), nullable=False),
        sa.Column("lessee", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("rent_fen", WHOLE, nullable=False),
        sa.Column("return_on", sa.Text(), nullable=False),
        sa.Column("used_part", sa.Text(), nullable=False),
        sa.Column("owed", WHOLE, nullable=False),
        sa.Column("ending_asked_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offered_by", WHOLE, nullable=False),
        sa.Column("accepted_by", WHOLE, nullable=True),
        sa.Column("returned_by", WHOLE, nullable=True),
        sa.CheckConstraint("amount > 0 AND rent_fen >= 0", name=op.f("ck_leases_amounts")),
        sa.CheckConstraint("owed >= 0 AND owed <= amount", name=op.f("ck_leases_owed")),
        sa.CheckConstraint(
            "state IN ('offered', 'withdrawn', 'running', 'short', 'returned')",
            name=op.f("ck_leases_state"),
        ),
        sa.CheckConstraint("lessor <> lessee", name=op.f("ck_leases_two")),
        sa.ForeignKeyConstraint(["lessee"], ["enterprises.id"], name=op.f("fk_leases_lessee")),
        sa.ForeignKeyConstraint(["lessor"], ["enterprises.id"], name=op.f("fk_leases_lessor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leases")),
    )
    op.create_index(op.f("ix_leases_lessee"), "leases", ["lessee"])
    op.create_index(op.f("ix_leases_lessor"), "leases", ["lessor"])


def _pledges() -> None:
    op.create_table(
        "pledges",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("rank", WHOLE, nullable=False),
        sa.Column("pledgor", sa.Text(), nullable=False),
        sa.Column("pledgee", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("secured_fen", WHOLE, nullable=False),
        sa.Column("paid_fen", WHOLE, nullable=False),
        sa.Column("matures_on", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offered_by", WHOLE, nullable=False),
        sa.Column("accepted_by", WHOLE, nullable=True),
        sa.Column("ended_by", WHOLE, nullable=True),
        sa.CheckConstraint(
            "amount >= 0 AND secured_fen > 0 AND rank > 0", name=op.f("ck_pledges_amounts")
        ),
        sa.CheckConstraint(
            "paid_fen >= 0 AND paid_fen <= secured_fen", name=op.f("ck_pledges_paid")
        ),
        sa.CheckConstraint(
            "state IN ('offered', 'withdrawn', 'active', 'released', 'satisfied', 'enforced',"
            " 'lapsed')",
            name=op.f("ck_pledges_state"),
        ),
        sa.CheckConstraint("pledgor <> pledgee", name=op.f("ck_pledges_two")),
        sa.ForeignKeyConstraint(["pledgee"], ["enterprises.id"], name=op.f("fk_pledges_pledgee")),
        sa.ForeignKeyConstraint(["pledgor"], ["enterprises.id"], name=op.f("fk_pledges_pledgor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledges")),
    )
    op.create_index(op.f("ix_pledges_lot"), "pledges", ["lot"])
    op.create_index(op.f("ix_pledges_pledgee"), "pledges", ["pledgee"])
    op.create_index(op.f("ix_pledges_pledgor"), "pledges", ["pledgor"])
    op.create_table(
        "pledge_sales",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("pledge", sa.Text(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("price_fen", WHOLE, nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("tender", WHOLE, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offered_by", WHOLE, nullable=False),
        sa.Column("entry", WHOLE, nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_pledge_sales_amount")),
        sa.CheckConstraint(
            "state IN ('offered', 'consented', 'auctioned', 'sold', 'unsold', 'withdrawn')",
            name=op.f("ck_pledge_sales_state"),
        ),
        sa.CheckConstraint(
            "way IN ('agreed', 'eligible_sale', 'auction')", name=op.f("ck_pledge_sales_way")
        ),
        sa.ForeignKeyConstraint(["pledge"], ["pledges.id"], name=op.f("fk_pledge_sales_pledge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge_sales")),
    )
    op.create_index(op.f("ix_pledge_sales_lot"), "pledge_sales", ["lot"])
    op.create_index(op.f("ix_pledge_sales_tender"), "pledge_sales", ["tender"])


def _courts() -> None:
    op.create_table(
        "freezes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("court", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("wanted", WHOLE, nullable=True),
        sa.Column("frozen", WHOLE, nullable=False),
        sa.Column("starts_on", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("arrived_by", WHOLE, nullable=False),
        sa.Column("ended_by", WHOLE, nullable=True),
        sa.CheckConstraint(
            "frozen >= 0 AND (wanted IS NULL OR frozen <= wanted)", name=op.f("ck_freezes_frozen")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'active', 'ended')", name=op.f("ck_freezes_state")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_freezes_enterprise")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
    )
    op.create_index(op.f("ix_freezes_enterprise"), "freezes", ["enterprise"])
    op.create_table(
        "court_orders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("partner", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("from_frozen", WHOLE, nullable=False),
        sa.Column("court", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("entry", WHOLE, nullable=False),
        sa.Column("decided_by", WHOLE, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_court_orders_amount")),
        sa.CheckConstraint(
            "from_frozen >= 0 AND from_frozen <= amount", name=op.f("ck_court_orders_from_frozen")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_court_orders_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["partner"], ["enterprises.id"], name=op.f("fk_court_orders_partner")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_court_orders")),
    )
    op.create_index(op.f("ix_court_orders_enterprise"), "court_orders", ["enterprise"])
    op.create_index(op.f("ix_court_orders_partner"), "court_orders", ["partner"])
    op.create_table(
        "successions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("successor", sa.Text(), nullable=False),
        sa.Column("extent", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("entry", WHOLE, nullable=False),
        sa.Column("decided_by", WHOLE, nullable=False),
        sa.CheckConstraint("extent IN ('whole', 'named')", name=op.f("ck_successions_extent")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_successions_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["successor"], ["enterprises.id"], name=op.f("fk_successions_successor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_successions")),
    )
    op.create_index(op.f("ix_successions_enterprise"), "successions", ["enterprise"])
    op.create_index(op.f("ix_successions_successor"), "successions", ["successor"])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
