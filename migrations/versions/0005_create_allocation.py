"""Create allocation."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "budget_decisions",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "step IN ('set', 'reserve', 'release')", name=op.f("ck_budget_decisions_step")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_budget_decisions_amount")),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_budget_decisions_district")
        ),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_budget_decisions")),
        sa.UniqueConstraint(
            "district",
            "year",
            "measure",
            "step",
            "document",
            name=op.f("uq_budget_decisions_district_year_measure_step_document"),
        ),
    )
    op.create_table(
        "budgets",
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("cap", WHOLE, nullable=False),
        sa.Column("committed", WHOLE, nullable=False),
        sa.CheckConstraint("measure IN ('energy', 'coal')", name=op.f("ck_budgets_measure")),
        sa.CheckConstraint("cap > 0", name=op.f("ck_budgets_cap")),
        sa.CheckConstraint(
            "committed >= 0 AND committed <= cap", name=op.f("ck_budgets_committed")
        ),
        sa.ForeignKeyConstraint(["district"], ["districts.code"], name=op.f("fk_budgets_district")),
        sa.PrimaryKeyConstraint("district", "year", "measure", name=op.f("pk_budgets")),
    )
    op.create_table(
        "district_figures",
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("recorded_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_district_figures_district")
        ),
        sa.PrimaryKeyConstraint(
            "district", "year", "figure", "recorded_by", name=op.f("pk_district_figures")
        ),
    )
    op.create_table(
        "allocation_cuts",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("from_year", WHOLE, nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.CheckConstraint(
            "measure IN ('energy', 'coal')", name=op.f("ck_allocation_cuts_measure")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_allocation_cuts_amount")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_allocation_cuts_enterprise")
        ),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_allocation_cuts")),
    )
    op.create_table(
        "allocations",
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("output", WHOLE, nullable=False),
        sa.Column("requested", WHOLE, nullable=False),
        sa.Column("granted", WHOLE, nullable=False),
        sa.Column("pre_issued", WHOLE, nullable=False),
        sa.Column("saleable", WHOLE, nullable=False),
        sa.Column("issued", WHOLE, nullable=False),
        sa.Column("cut", WHOLE, nullable=False),
        sa.Column("pack_version", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("planned_by", WHOLE, nullable=False),
        sa.Column("issued_by", WHOLE, nullable=True),
        sa.Column("final_output", WHOLE, nullable=True),
        sa.Column("final_sheet", sa.Text(), nullable=False),
        sa.Column("report_hash", sa.Text(), nullable=False),
        sa.Column("final_by", WHOLE, nullable=True),
        sa.CheckConstraint("measure IN ('energy', 'coal')", name=op.f("ck_allocations_measure")),
        sa.CheckConstraint(
            "state IN ('planned', 'issued', 'final')", name=op.f("ck_allocations_state")
        ),
        sa.CheckConstraint(
            "granted <= requested AND output >= 0", name=op.f("ck_allocations_granted")
        ),
        sa.CheckConstraint("issued >= 0 AND cut >= 0", name=op.f("ck_allocations_issued")),
        sa.CheckConstraint(
            "saleable >= 0 AND saleable <= pre_issued AND pre_issued <= granted",
            name=op.f("ck_allocations_parts"),
        ),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_allocations_district")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_allocations_enterprise")
        ),
        sa.PrimaryKeyConstraint(
            "year", "measure", "enterprise", "product", name=op.f("pk_allocations")
        ),
    )
    op.create_index(
        "ix_allocations_district_year_measure",
        "allocations",
        ["district", "year", "measure"],
        unique=False,
    )
    op.create_table(
        "due_claims",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("settled", WHOLE, nullable=False),
        sa.CheckConstraint(
            "amount > 0 AND settled >= 0 AND settled <= amount", name=op.f("ck_due_claims_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_due_claims_enterprise")
        ),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_due_claims")),
    )
    op.create_table(
        "energy_history",
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("recorded_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("energy_kgce", WHOLE, nullable=False),
        sa.Column("coal_kg", WHOLE, nullable=False),
        sa.Column("output", WHOLE, nullable=False),
        sa.CheckConstraint(
            "energy_kgce >= 0 AND coal_kg >= 0 AND output >= 0",
            name=op.f("ck_energy_history_amounts"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_energy_history_enterprise")
        ),
        sa.PrimaryKeyConstraint(
            "enterprise", "year", "product", "recorded_by", name=op.f("pk_energy_history")
        ),
    )
    op.create_table(
        "entitlements",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("remaining", WHOLE, nullable=False),
        sa.Column("last_year", WHOLE, nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.CheckConstraint("measure IN ('energy', 'coal')", name=op.f("ck_entitlements_measure")),
        sa.CheckConstraint(
            "remaining >= 0 AND remaining <= amount", name=op.f("ck_entitlements_remaining")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_entitlements_enterprise")
        ),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_entitlements")),
        sa.UniqueConstraint(
            "enterprise",
            "measure",
            "document",
            name=op.f("uq_entitlements_enterprise_measure_document"),
        ),
    )


def downgrade() -> None:
    op.drop_table("entitlements")
    op.drop_table("energy_history")
    op.drop_table("due_claims")
    op.drop_index("ix_allocations_district_year_measure", table_name="allocations")
    op.drop_table("allocations")
    op.drop_table("allocation_cuts")
    op.drop_table("district_figures")
    op.drop_table("budgets")
    op.drop_table("budget_decisions")
