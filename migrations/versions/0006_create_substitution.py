"""Create substitution."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("industry", sa.Text(), nullable=False),
        sa.Column("qualifying", sa.Text(), nullable=False),
        sa.Column("planned_major", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("pollutant_standard", sa.Text(), nullable=False),
        sa.Column("last_year", WHOLE, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("plan", WHOLE, nullable=True),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("registered_by", WHOLE, nullable=False),
        sa.Column("accepted_by", WHOLE, nullable=True),
        sa.CheckConstraint(
            "planned_major IN ('yes', 'no')", name=op.f("ck_projects_planned_major")
        ),
        sa.CheckConstraint(
            "pollutant_standard IN ('met', 'failed')", name=op.f("ck_projects_pollutant_standard")
        ),
        sa.CheckConstraint("qualifying IN ('yes', 'no')", name=op.f("ck_projects_qualifying")),
        sa.CheckConstraint(
            "state IN ('registered', 'planned', 'accepted')", name=op.f("ck_projects_state")
        ),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_projects_district")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_projects_enterprise")
        ),
        sa.ForeignKeyConstraint(["sector"], ["sectors.code"], name=op.f("fk_projects_sector")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
    )
    op.create_table(
        "freed_claims",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("works", sa.Text(), nullable=False),
        sa.Column("closed_on", sa.Text(), nullable=False),
        sa.Column("freed_year", WHOLE, nullable=False),
        sa.Column("first_day", sa.Text(), nullable=False),
        sa.Column("last_day", sa.Text(), nullable=False),
        sa.Column("last_year", WHOLE, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("opinion_evidence", sa.Text(), nullable=False),
        sa.Column("confirmation", sa.Text(), nullable=False),
        sa.Column("claimed_by", WHOLE, nullable=False),
        sa.Column("reviewed_by", WHOLE, nullable=True),
        sa.Column("confirmed_by", WHOLE, nullable=True),
        sa.CheckConstraint(
            "method IN ('closure', 'retrofit', 'renewable')", name=op.f("ck_freed_claims_method")
        ),
        sa.CheckConstraint(
            "state IN ('claimed', 'reviewed', 'rejected', 'confirmed')",
            name=op.f("ck_freed_claims_state"),
        ),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_freed_claims_days")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_freed_claims_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["facility"], ["facilities.id"], name=op.f("fk_freed_claims_facility")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freed_claims")),
    )
    op.create_index(op.f("ix_freed_claims_facility"), "freed_claims", ["facility"], unique=False)
    op.create_table(
        "plan_lines",
        sa.Column("plan", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_plan_lines_amount")),
        sa.ForeignKeyConstraint(["project"], ["projects.id"], name=op.f("fk_plan_lines_project")),
        sa.PrimaryKeyConstraint("plan", "ordinal", name=op.f("pk_plan_lines")),
    )
    op.create_table(
        "project_measures",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("added", WHOLE, nullable=False),
        sa.Column("retired", WHOLE, nullable=True),
        sa.Column("net_reduction", WHOLE, nullable=True),
        sa.CheckConstraint("added >= 0", name=op.f("ck_project_measures_added")),
        sa.ForeignKeyConstraint(
            ["project"], ["projects.id"], name=op.f("fk_project_measures_project")
        ),
        sa.PrimaryKeyConstraint("project", "measure", name=op.f("pk_project_measures")),
    )
    op.create_table(
        "retrofit_audits",
        sa.Column("works", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("facility", sa.Text(), nullable=False),
        sa.Column("consumed", WHOLE, nullable=False),
        sa.Column("output", WHOLE, nullable=False),
        sa.Column("audited_on", sa.Text(), nullable=False),
        sa.Column("filed_on", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("filed_by", WHOLE, nullable=False),
        sa.CheckConstraint("stage IN ('before', 'after')", name=op.f("ck_retrofit_audits_stage")),
        sa.CheckConstraint(
            "consumed >= 0 AND output >= 0", name=op.f("ck_retrofit_audits_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["facility"], ["facilities.id"], name=op.f("fk_retrofit_audits_facility")
        ),
        sa.PrimaryKeyConstraint("works", "measure", "stage", name=op.f("pk_retrofit_audits")),
    )
    op.create_table(
        "flow_clawbacks",
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("unused", WHOLE, nullable=False),
        sa.Column("taken", WHOLE, nullable=False),
        sa.Column("due", WHOLE, nullable=False),
        sa.CheckConstraint(
            "taken >= 0 AND due >= 0 AND taken + due <= unused",
            name=op.f("ck_flow_clawbacks_amounts"),
        ),
        sa.ForeignKeyConstraint(
            ["claim"], ["freed_claims.id"], name=op.f("fk_flow_clawbacks_claim")
        ),
        sa.PrimaryKeyConstraint("claim", "measure", name=op.f("pk_flow_clawbacks")),
    )
    op.create_table(
        "freed_measures",
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("statistics", WHOLE, nullable=False),
        sa.Column("approved", WHOLE, nullable=True),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_freed_measures_amount")),
        sa.ForeignKeyConstraint(
            ["claim"], ["freed_claims.id"], name=op.f("fk_freed_measures_claim")
        ),
        sa.PrimaryKeyConstraint("claim", "measure", name=op.f("pk_freed_measures")),
    )
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
        sa.UniqueConstraint("claim", "measure", name=op.f("uq_freed_sources_claim_measure")),
    )
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


def downgrade() -> None:
    op.drop_table("source_retirements")
    op.drop_table("freed_sources")
    op.drop_table("freed_measures")
    op.drop_table("flow_clawbacks")
    op.drop_table("retrofit_audits")
    op.drop_table("project_measures")
    op.drop_table("plan_lines")
    op.drop_index(op.f("ix_freed_claims_facility"), table_name="freed_claims")
    op.drop_table("freed_claims")
    op.drop_table("projects")
