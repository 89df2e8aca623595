"""Create what becomes of freed quota; let a claim and measure have more than one source."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "reserve_sales",
    "reserve_lots",
    "reserve_batches",
    "freed_revocations",
    "project_deficits",
    "renewable_uses",
    "freed_shares",
    "freed_ways",
    "source_endings",
    "source_holders",
)
UNIQUE = "uq_freed_sources_claim_measure"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_sources()
    else:
        op.drop_constraint(UNIQUE, "freed_sources", type_="unique")
    op.create_index(op.f("ix_freed_sources_claim"), "freed_sources", ["claim"], unique=False)
    op.create_table(
        "source_holders",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("opened_by", WHOLE, nullable=False),
        sa.CheckConstraint(
            "cause IN ('share', 'pool', 'split', 'transfer', 'collection', 'release', 'buy_back')",
            name=op.f("ck_source_holders_cause"),
        ),
        sa.ForeignKeyConstraint(
            ["source"], ["freed_sources.id"], name=op.f("fk_source_holders_source")
        ),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_holders")),
    )
    op.create_index(op.f("ix_source_holders_holder"), "source_holders", ["holder"], unique=False)
    op.create_index(op.f("ix_source_holders_parent"), "source_holders", ["parent"], unique=False)
    op.create_table(
        "source_endings",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ended_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_source_endings_amount")),
        sa.ForeignKeyConstraint(
            ["source"], ["freed_sources.id"], name=op.f("fk_source_endings_source")
        ),
        sa.PrimaryKeyConstraint("source", "ended_by", name=op.f("pk_source_endings")),
    )
    op.create_table(
        "freed_ways",
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "way IN ('elimination', 'overcapacity', 'management', 'renewable')",
            name=op.f("ck_freed_ways_way"),
        ),
        sa.ForeignKeyConstraint(["claim"], ["freed_claims.id"], name=op.f("fk_freed_ways_claim")),
        sa.PrimaryKeyConstraint("claim", name=op.f("pk_freed_ways")),
    )
    op.create_table(
        "freed_shares",
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("share", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["claim"], ["freed_claims.id"], name=op.f("fk_freed_shares_claim")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_freed_shares_enterprise")
        ),
        sa.PrimaryKeyConstraint("claim", "ordinal", name=op.f("pk_freed_shares")),
        sa.UniqueConstraint("claim", "enterprise", name=op.f("uq_freed_shares_claim_enterprise")),
    )
    op.create_table(
        "renewable_uses",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("locked_by", WHOLE, nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_renewable_uses_days")),
        sa.CheckConstraint(
            "purpose IN ('freed_claim', 'deduction')", name=op.f("ck_renewable_uses_purpose")
        ),
        sa.PrimaryKeyConstraint(
            "place", "purpose", "reference", "first_day", name=op.f("pk_renewable_uses")
        ),
    )
    op.create_table(
        "project_deficits",
        sa.Column("opened_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("settled", WHOLE, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_project_deficits_amount")),
        sa.CheckConstraint(
            "settled >= 0 AND settled <= amount", name=op.f("ck_project_deficits_settled")
        ),
        sa.ForeignKeyConstraint(
            ["project"], ["projects.id"], name=op.f("fk_project_deficits_project")
        ),
        sa.PrimaryKeyConstraint("opened_by", "ordinal", name=op.f("pk_project_deficits")),
    )
    op.create_index(
        op.f("ix_project_deficits_project"), "project_deficits", ["project"], unique=False
    )
    op.create_table(
        "freed_revocations",
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("revoked", WHOLE, nullable=False),
        sa.Column("consumed", WHOLE, nullable=False),
        sa.Column("returned", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("revoked_by", WHOLE, nullable=False),
        sa.ForeignKeyConstraint(
            ["claim"], ["freed_claims.id"], name=op.f("fk_freed_revocations_claim")
        ),
        sa.PrimaryKeyConstraint("claim", "measure", name=op.f("pk_freed_revocations")),
    )
    op.create_table(
        "reserve_batches",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reserve", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("opinion_evidence", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("planned_by", WHOLE, nullable=False),
        sa.Column("decided_by", WHOLE, nullable=True),
        sa.CheckConstraint(
            "body IN ('commission', 'government')", name=op.f("ck_reserve_batches_body")
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'reviewed', 'rejected', 'decided')",
            name=op.f("ck_reserve_batches_state"),
        ),
        sa.ForeignKeyConstraint(
            ["reserve"], ["districts.code"], name=op.f("fk_reserve_batches_reserve")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reserve_batches")),
    )
    op.create_table(
        "reserve_lots",
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("lot_kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("base", WHOLE, nullable=False),
        sa.Column("collected", WHOLE, nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "base > 0 AND collected > 0 AND collected <= base", name=op.f("ck_reserve_lots_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["batch"], ["reserve_batches.id"], name=op.f("fk_reserve_lots_batch")
        ),
        sa.PrimaryKeyConstraint("batch", "ordinal", name=op.f("pk_reserve_lots")),
    )
    op.create_table(
        "reserve_sales",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("reserve", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("paid_fen", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.CheckConstraint("amount > 0 AND paid_fen >= 0", name=op.f("ck_reserve_sales_amounts")),
        sa.CheckConstraint(
            "direction IN ('release', 'buy_back')", name=op.f("ck_reserve_sales_direction")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_reserve_sales_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["reserve"], ["districts.code"], name=op.f("fk_reserve_sales_reserve")
        ),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_reserve_sales")),
    )
    op.create_index(
        op.f("ix_reserve_sales_enterprise"), "reserve_sales", ["enterprise"], unique=False
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_index(op.f("ix_freed_sources_claim"), table_name="freed_sources")
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_sources(_unique())
    else:
        op.create_unique_constraint(UNIQUE, "freed_sources", ["claim", "measure"])


def _rebuild_sources(*unique: sa.UniqueConstraint) -> None:
    """
    Build the table of sources anew, which is how SQLite changes a constraint.

    Retirements refer to sources, so they are set aside meanwhile.
    """
    op.execute("CREATE TABLE kept_retirements AS SELECT * FROM source_retirements")
    op.drop_table("source_retirements")
    op.rename_table("freed_sources", "kept_sources")
    op.create_table(
        "freed_sources",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("against", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "against IN ('entitlement', 'released_use')", name=op.f("ck_freed_sources_against")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_freed_sources_amount")),
        sa.ForeignKeyConstraint(
            ["claim"], ["freed_claims.id"], name=op.f("fk_freed_sources_claim")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freed_sources")),
        *unique,
    )
    op.execute("INSERT INTO freed_sources SELECT * FROM kept_sources")
    op.drop_table("kept_sources")
    op.create_table(
        "source_retirements",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_source_retirements_amount")),
        sa.ForeignKeyConstraint(
            ["project"], ["projects.id"], name=op.f("fk_source_retirements_project")
        ),
        sa.ForeignKeyConstraint(
            ["source"], ["freed_sources.id"], name=op.f("fk_source_retirements_source")
        ),
        sa.PrimaryKeyConstraint("project", "source", name=op.f("pk_source_retirements")),
    )
    op.execute("INSERT INTO source_retirements SELECT * FROM kept_retirements")
    op.drop_table("kept_retirements")


def _unique() -> sa.UniqueConstraint:
    return sa.UniqueConstraint("claim", "measure", name=op.f(UNIQUE))
