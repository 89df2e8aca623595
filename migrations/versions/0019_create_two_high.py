"""Create the register of two-high projects, reservations, stages and rectifications."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TABLES = (
    "industry_lists",
    "two_high_industries",
    "two_high_register",
    "two_high_steps",
    "plan_terms",
    "source_reservations",
    "project_stages",
    "project_acceptances",
    "project_undoings",
    "deficit_settlements",
    "project_rectifications",
)


def upgrade() -> None:
    _create_register()
    _create_reservations()
    _create_stages()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_register() -> None:
    op.create_table(
        "industry_lists",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("adopted_by", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_industry_lists")),
    )
    op.create_table(
        "two_high_industries",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "category IN ('two_high', 'two_high_one_low')",
            name=op.f("ck_two_high_industries_category"),
        ),
        sa.ForeignKeyConstraint(
            ["version"], ["industry_lists.version"], name=op.f("fk_two_high_industries_version")
        ),
        sa.PrimaryKeyConstraint("version", "code", name=op.f("pk_two_high_industries")),
    )
    op.create_table(
        "two_high_register",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("list_version", sa.Text(), nullable=False),
        sa.Column("industry", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("adds_capacity", sa.Text(), nullable=False),
        sa.Column("energy_kgce", WHOLE, nullable=False),
        sa.Column("approval", sa.Text(), nullable=False),
        sa.Column("guidance", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("review_by", sa.Text(), nullable=False),
        sa.Column("entered_by", WHOLE, nullable=False),
        sa.CheckConstraint(
            "adds_capacity IN ('yes', 'no')", name=op.f("ck_two_high_register_adds_capacity")
        ),
        sa.CheckConstraint(
            "approval IN ('local', 'province')", name=op.f("ck_two_high_register_approval")
        ),
        sa.CheckConstraint("energy_kgce >= 0", name=op.f("ck_two_high_register_energy_kgce")),
        sa.CheckConstraint("guidance IN ('yes', 'no')", name=op.f("ck_two_high_register_guidance")),
        sa.CheckConstraint(
            "state IN ('proposed', 'under_construction', 'existing', 'removed')",
            name=op.f("ck_two_high_register_state"),
        ),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_two_high_register_district")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_two_high_register_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["list_version", "industry"],
            ["two_high_industries.version", "two_high_industries.code"],
            name=op.f("fk_two_high_register_list_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_two_high_register")),
    )
    op.create_index(
        op.f("ix_two_high_register_district"), "two_high_register", ["district"], unique=False
    )
    op.create_index(
        op.f("ix_two_high_register_enterprise"), "two_high_register", ["enterprise"], unique=False
    )
    op.create_table(
        "two_high_steps",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("review_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "step IN ('entered', 'classified', 'moved')", name=op.f("ck_two_high_steps_step")
        ),
        sa.ForeignKeyConstraint(
            ["entry"], ["two_high_register.id"], name=op.f("fk_two_high_steps_entry")
        ),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_two_high_steps")),
    )
    op.create_index(op.f("ix_two_high_steps_entry"), "two_high_steps", ["entry"], unique=False)


def _create_reservations() -> None:
    op.create_table(
        "plan_terms",
        sa.Column("plan", WHOLE, autoincrement=False, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("retires_all", sa.Text(), nullable=False),
        sa.CheckConstraint("retires_all IN ('yes', 'no')", name=op.f("ck_plan_terms_retires_all")),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_plan_terms_project")),
        sa.PrimaryKeyConstraint("plan", name=op.f("pk_plan_terms")),
    )
    op.create_table(
        "source_reservations",
        sa.Column("plan", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("retired", WHOLE, nullable=False),
        sa.Column("released", WHOLE, nullable=False),
        sa.CheckConstraint(
            "amount > 0 AND retired >= 0 AND released >= 0",
            name=op.f("ck_source_reservations_amounts"),
        ),
        sa.CheckConstraint(
            "retired + released <= amount", name=op.f("ck_source_reservations_parts")
        ),
        sa.ForeignKeyConstraint(
            ["project"], ["projects.id"], name=op.f("fk_source_reservations_project")
        ),
        sa.ForeignKeyConstraint(
            ["source"], ["freed_sources.id"], name=op.f("fk_source_reservations_source")
        ),
        sa.PrimaryKeyConstraint("plan", "ordinal", name=op.f("pk_source_reservations")),
    )
    op.create_index(
        op.f("ix_source_reservations_project"), "source_reservations", ["project"], unique=False
    )
    op.create_index(
        op.f("ix_source_reservations_source"), "source_reservations", ["source"], unique=False
    )


def _create_stages() -> None:
    op.create_table(
        "project_stages",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("commissioned_on", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("set_by", WHOLE, nullable=False),
        sa.CheckConstraint(
            "stage IN ('withdrawn', 'commissioned', 'closed')", name=op.f("ck_project_stages_stage")
        ),
        sa.ForeignKeyConstraint(
            ["project"], ["projects.id"], name=op.f("fk_project_stages_project")
        ),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_project_stages")),
    )
    op.create_table(
        "project_acceptances",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("entry", WHOLE, nullable=True),
        sa.ForeignKeyConstraint(
            ["project"], ["projects.id"], name=op.f("fk_project_acceptances_project")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_project_acceptances")),
    )
    op.create_index(
        op.f("ix_project_acceptances_project"), "project_acceptances", ["project"], unique=False
    )
    op.create_table(
        "project_undoings",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("accepted_by", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project"], ["projects.id"], name=op.f("fk_project_undoings_project")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_project_undoings")),
    )
    op.create_index(
        op.f("ix_project_undoings_project"), "project_undoings", ["project"], unique=False
    )
    op.create_table(
        "deficit_settlements",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_deficit_settlements_amount")),
        sa.ForeignKeyConstraint(
            ["project"], ["projects.id"], name=op.f("fk_deficit_settlements_project")
        ),
        sa.ForeignKeyConstraint(
            ["source"], ["freed_sources.id"], name=op.f("fk_deficit_settlements_source")
        ),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_deficit_settlements")),
    )
    op.create_index(
        op.f("ix_deficit_settlements_project"), "deficit_settlements", ["project"], unique=False
    )
    op.create_index(
        op.f("ix_deficit_settlements_source"), "deficit_settlements", ["source"], unique=False
    )
    op.create_table(
        "project_rectifications",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("limit_name", sa.Text(), nullable=False),
        sa.Column("allowed", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("deadline", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("ordered_by", WHOLE, nullable=False),
        sa.Column("done_on", sa.Text(), nullable=False),
        sa.Column("done_document", sa.Text(), nullable=False),
        sa.Column("done_evidence", sa.Text(), nullable=False),
        sa.Column("done_by", WHOLE, nullable=True),
        sa.ForeignKeyConstraint(
            ["project"], ["projects.id"], name=op.f("fk_project_rectifications_project")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_rectifications")),
    )
    op.create_index(
        op.f("ix_project_rectifications_project"),
        "project_rectifications",
        ["project"],
        unique=False,
    )
