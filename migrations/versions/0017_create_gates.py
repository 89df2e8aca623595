"""Create what weighs on budgets, their moves, project gates, regional assessments, evaluations."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "budget_uses",
    "budget_lines",
    "budget_moves",
    "gate_verdicts",
    "quota_listings",
    "regional_assessments",
    "region_projects",
    "evaluation_inputs",
    "evaluation_scores",
    "district_ratings",
)


def upgrade() -> None:
    _create_budget_tables()
    _create_gate_tables()
    _create_evaluation_tables()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_budget_tables() -> None:
    op.create_table(
        "budget_uses",
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("uncovered", WHOLE, nullable=False),
        sa.Column("freed", WHOLE, nullable=False),
        sa.Column("listed", WHOLE, nullable=False),
        sa.Column("split", WHOLE, nullable=False),
        sa.CheckConstraint(
            "freed >= 0 AND listed >= 0 AND split >= 0", name=op.f("ck_budget_uses_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_budget_uses_district")
        ),
        sa.PrimaryKeyConstraint("district", "year", "measure", name=op.f("pk_budget_uses")),
    )
    op.create_table(
        "budget_lines",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("ordinal", WHOLE, autoincrement=False, nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_budget_lines_amount")),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_budget_lines_district")
        ),
        sa.PrimaryKeyConstraint("sequence", "ordinal", name=op.f("pk_budget_lines")),
    )
    op.create_index(
        op.f("ix_budget_lines_district_year_measure"),
        "budget_lines",
        ["district", "year", "measure"],
    )
    op.create_table(
        "budget_moves",
        sa.Column("sequence", WHOLE, autoincrement=False, nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("taker", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("amount", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("returned_by", WHOLE, nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_budget_moves_amount")),
        sa.CheckConstraint(
            "state IN ('moved', 'lent', 'returned')", name=op.f("ck_budget_moves_state")
        ),
        sa.ForeignKeyConstraint(["giver"], ["districts.code"], name=op.f("fk_budget_moves_giver")),
        sa.ForeignKeyConstraint(["taker"], ["districts.code"], name=op.f("fk_budget_moves_taker")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_budget_moves")),
        sa.UniqueConstraint("document", name=op.f("uq_budget_moves_document")),
    )


def _create_gate_tables() -> None:
    op.create_table(
        "gate_verdicts",
        sa.Column("assessed_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("place", WHOLE, nullable=False),
        sa.Column("asks", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.CheckConstraint("asks > 0", name=op.f("ck_gate_verdicts_asks")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_gate_verdicts_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_gate_verdicts_district")
        ),
        sa.PrimaryKeyConstraint("assessed_by", name=op.f("pk_gate_verdicts")),
    )
    op.create_index(op.f("ix_gate_verdicts_district_year"), "gate_verdicts", ["district", "year"])
    op.create_index(op.f("ix_gate_verdicts_project"), "gate_verdicts", ["project"])
    op.create_table(
        "quota_listings",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, nullable=False),
        sa.Column("asked", WHOLE, nullable=False),
        sa.Column("granted", WHOLE, nullable=False),
        sa.Column("last_year", WHOLE, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("applied_by", WHOLE, nullable=False),
        sa.Column("decided_by", WHOLE, nullable=True),
        sa.Column("handed_over_by", WHOLE, nullable=True),
        sa.CheckConstraint(
            "asked > 0 AND granted >= 0 AND granted <= asked",
            name=op.f("ck_quota_listings_amounts"),
        ),
        sa.CheckConstraint(
            "state IN ('applied', 'granted', 'refused', 'handed_over')",
            name=op.f("ck_quota_listings_state"),
        ),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_quota_listings_district")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_quota_listings_enterprise")
        ),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_quota_listings")),
    )
    op.create_table(
        "regional_assessments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("total", WHOLE, nullable=False),
        sa.Column("remaining", WHOLE, nullable=False),
        sa.Column("intensity", sa.Text(), nullable=False),
        sa.Column("negative_list", sa.Text(), nullable=False),
        sa.Column("standard", sa.Text(), nullable=False),
        sa.Column("last_year", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("registered_by", WHOLE, nullable=False),
        sa.CheckConstraint(
            "remaining >= 0 AND remaining <= total", name=op.f("ck_regional_assessments_remaining")
        ),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_regional_assessments_district")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regional_assessments")),
    )
    op.create_table(
        "region_projects",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("sector", sa.Text(), nullable=False),
        sa.Column("energy", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("linked_by", WHOLE, nullable=False),
        sa.CheckConstraint("energy > 0", name=op.f("ck_region_projects_energy")),
        sa.ForeignKeyConstraint(
            ["region"], ["regional_assessments.id"], name=op.f("fk_region_projects_region")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_region_projects_enterprise")
        ),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_region_projects")),
    )


def _create_evaluation_tables() -> None:
    op.create_table(
        "evaluation_inputs",
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("recorded_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("value_added_fen", WHOLE, nullable=False),
        sa.Column("tax_fen", WHOLE, nullable=False),
        sa.Column("energy_kgce", WHOLE, nullable=False),
        sa.Column("land_m2", WHOLE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "energy_kgce > 0 AND land_m2 > 0", name=op.f("ck_evaluation_inputs_divisors")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_evaluation_inputs_enterprise")
        ),
        sa.PrimaryKeyConstraint(
            "enterprise", "year", "recorded_by", name=op.f("pk_evaluation_inputs")
        ),
    )
    op.create_table(
        "evaluation_scores",
        sa.Column("enterprise", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("scored_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("score", WHOLE, nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("rank", WHOLE, nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.CheckConstraint("score >= 0 AND rank > 0", name=op.f("ck_evaluation_scores_amounts")),
        sa.CheckConstraint("band IN ('a', 'b', 'c', 'd')", name=op.f("ck_evaluation_scores_band")),
        sa.ForeignKeyConstraint(
            ["enterprise"], ["enterprises.id"], name=op.f("fk_evaluation_scores_enterprise")
        ),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_evaluation_scores_district")
        ),
        sa.PrimaryKeyConstraint(
            "enterprise", "year", "scored_by", name=op.f("pk_evaluation_scores")
        ),
    )
    op.create_index(
        op.f("ix_evaluation_scores_district_year"), "evaluation_scores", ["district", "year"]
    )
    op.create_table(
        "district_ratings",
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("year", WHOLE, autoincrement=False, nullable=False),
        sa.Column("recorded_by", WHOLE, autoincrement=False, nullable=False),
        sa.Column("rating", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "rating IN ('a', 'b', 'c', 'd')", name=op.f("ck_district_ratings_rating")
        ),
        sa.ForeignKeyConstraint(
            ["district"], ["districts.code"], name=op.f("fk_district_ratings_district")
        ),
        sa.PrimaryKeyConstraint(
            "district", "year", "recorded_by", name=op.f("pk_district_ratings")
        ),
    )
