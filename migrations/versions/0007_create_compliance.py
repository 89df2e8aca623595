"""Create compliance."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "compliance_years",
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("deadline", sa.Text(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("waiver", sa.Text(), nullable=False),
        sa.Column("waived", sa.Text(), nullable=False),
        sa.Column("opened_by", WHOLE, nullable=False),
        sa.Column("closed_by", WHOLE, nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_by IS NOT NULL)",
            name=op.f("ck_compliance_years_closed_by"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'closing', 'closed')", name=op.f("ck_compliance_years_state")
        ),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_compliance_years")),
    )
    op.create_table(
        "mean_prices",
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("recorded_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("turnover_fen", WHOLE, nullable=False),
        sa.Column("volume", WHOLE, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("turnover_fen > 0 AND volume > 0", name=op.f("ck_mean_prices_amounts")),
        sa.ForeignKeyConstraint(
            ["year"], ["compliance_years.year"], name=op.f("fk_mean_prices_year")
        ),
        sa.PrimaryKeyConstraint("year", "measure", "recorded_by", name=op.f("pk_mean_prices")),
    )
    op.create_table(
        "closings",
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("owed", WHOLE, nullable=False),
        sa.Column("surrendered", WHOLE, nullable=False),
        sa.Column("missing", WHOLE, nullable=False),
        sa.Column("recovered", WHOLE, nullable=False),
        sa.Column("deducted_next", WHOLE, nullable=False),
        sa.Column("banked", WHOLE, nullable=False),
        sa.Column("expired", WHOLE, nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("closed_by", WHOLE, nullable=False),
        sa.CheckConstraint("measure IN ('energy', 'coal')", name=op.f("ck_closings_measure")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_closings_enterprise")
        ),
        sa.ForeignKeyConstraint(["year"], ["compliance_years.year"], name=op.f("fk_closings_year")),
        sa.PrimaryKeyConstraint("year", "enterprise", "measure", name=op.f("pk_closings")),
    )
    op.create_table(
        "deductions",
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("taken", WHOLE, nullable=False),
        sa.Column("claimed", WHOLE, nullable=False),
        sa.Column("decided_by", WHOLE, nullable=False),
        sa.Column("applied_by", WHOLE, nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_deductions_amount")),
        sa.CheckConstraint(
            "taken + claimed = CASE WHEN applied_by IS NULL THEN 0 ELSE amount END",
            name=op.f("ck_deductions_applied"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_deductions_enterprise")
        ),
        sa.PrimaryKeyConstraint("year", "enterprise", "measure", name=op.f("pk_deductions")),
    )
    op.create_table(
        "obligations",
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("owed", WHOLE, nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("report_hash", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("computed_by", WHOLE, nullable=False),
        sa.CheckConstraint("measure IN ('energy', 'coal')", name=op.f("ck_obligations_measure")),
        sa.CheckConstraint("owed >= 0", name=op.f("ck_obligations_owed")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_obligations_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["year"], ["compliance_years.year"], name=op.f("fk_obligations_year")
        ),
        sa.PrimaryKeyConstraint("year", "enterprise", "measure", name=op.f("pk_obligations")),
    )
    op.create_table(
        "penalty_proposals",
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("base", WHOLE, nullable=False),
        sa.Column("min_fen", WHOLE, nullable=True),
        sa.Column("max_fen", WHOLE, nullable=True),
        sa.Column("proposed_by", WHOLE, nullable=False),
        sa.CheckConstraint(
            "kind IN ('fine', 'credit_record')", name=op.f("ck_penalty_proposals_kind")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_penalty_proposals_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["year"], ["compliance_years.year"], name=op.f("fk_penalty_proposals_year")
        ),
        sa.PrimaryKeyConstraint(
            "year", "enterprise", "measure", "kind", name=op.f("pk_penalty_proposals")
        ),
    )
    op.create_table(
        "standings",
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("owed", WHOLE, nullable=False),
        sa.Column("surrendered", WHOLE, nullable=False),
        sa.Column("recovered", WHOLE, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("measure IN ('energy', 'coal')", name=op.f("ck_standings_measure")),
        sa.CheckConstraint("state IN ('due', 'closed')", name=op.f("ck_standings_state")),
        sa.CheckConstraint(
            "owed >= 0 AND surrendered >= 0 AND recovered >= 0", name=op.f("ck_standings_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_standings_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["year"], ["compliance_years.year"], name=op.f("fk_standings_year")
        ),
        sa.PrimaryKeyConstraint("year", "enterprise", "measure", name=op.f("pk_standings")),
    )
    op.create_index(
        "ix_standings_enterprise_year", "standings", ["enterprise", "year"], unique=False
    )
    op.create_table(
        "surrenders",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("entry", WHOLE, nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("checker", sa.Text(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_surrenders_amount")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_surrenders_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["year"], ["compliance_years.year"], name=op.f("fk_surrenders_year")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_surrenders")),
    )
    op.create_index(
        "ix_surrenders_enterprise_year", "surrenders", ["enterprise", "year"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_surrenders_enterprise_year", table_name="surrenders")
    op.drop_table("surrenders")
    op.drop_index("ix_standings_enterprise_year", table_name="standings")
    op.drop_table("standings")
    op.drop_table("penalty_proposals")
    op.drop_table("obligations")
    op.drop_table("deductions")
    op.drop_table("closings")
    op.drop_table("mean_prices")
    op.drop_table("compliance_years")
